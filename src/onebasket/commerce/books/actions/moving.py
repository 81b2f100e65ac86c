"""Points follow a person: to the number that stands for all of theirs, back again, and out when they are erased."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from onebasket.base import bulk
from onebasket.base.locking import require_transaction
from onebasket.commerce.books.actions.posting import post_entries
from onebasket.commerce.books.locking import lock_points
from onebasket.commerce.books.models import PointsAccount, Posting
from onebasket.commerce.books.rules.accounts import OF_CUSTOMERS, POINTS, Account
from onebasket.commerce.books.rules.entries import Entry
from onebasket.commerce.books.rules.points import PointsFacts, points_expired, points_moved
from onebasket.commerce.places.queries import places_by_id
from onebasket.kernel.identity import new_id

_ACCOUNTS = tuple(sorted(int(account) for account in OF_CUSTOMERS))


def move_points(numbers: Iterable[str], *, to: str, fact: str, now: datetime) -> int:
    """Move what can be spent under these numbers to another, in the present transaction; return how many points.

    Points that wait for a hand-over stay under the number that earned them until then. `fact` names what made the
    numbers one, so that `return_points` finds what to give back; it may be moved for as often as there is something.
    """
    entries = []
    figures = lock_points([*numbers, to])
    for number in sorted(figures.keys() - {to}):
        available = figures[number].available
        if available:
            entries.append(points_moved(_facts(number, available, fact=fact, now=now), to=to))
    post_entries(entries, now=now)
    return -sum(line.amount for entry in entries for line in entry.lines if line.part == to)


def return_points(numbers: Iterable[str], *, of: str, fact: str, now: datetime) -> int:
    """Give back what `move_points` moved for this fact from these numbers to `of`; return how many points.

    What was spent meanwhile is missing from `of` afterwards, which may so fall below zero.
    """
    entries, given = [], 0
    lock_points([*numbers, of])
    for number in sorted(set(numbers)):
        moved = _moved(number, fact)
        if moved:
            entries.append(points_moved(_facts(of, moved, fact=f"{fact}/back", now=now), to=number))
            given += moved
    post_entries(entries, now=now)
    return given


def forget_points(numbers: Sequence[str], *, put: str, now: datetime) -> int:
    """Let the points of these numbers lapse and take the numbers out of the journal; return how many points lapsed.

    Amounts, accounts and facts stay as they were posted. `put` is nobody's number, under which they stand from now on.
    """
    require_transaction()
    known = sorted({number for number in numbers if number and number != put})
    figures = lock_points([*known, put])
    lapsing: list[Entry] = []
    for number in known:
        available = figures[number].available
        if available:
            lapsing.append(points_expired(_facts(number, available, fact="erasure", now=now)))
    post_entries(lapsing, now=now)
    Posting.objects.filter(account__in=_ACCOUNTS, part__in=known).update(part=put)
    left = [(one.available, one.pending) for number, one in lock_points(known).items() if number in known]
    kept = lock_points([put])[put]
    kept.available += sum(available for available, _ in left)
    kept.pending += sum(pending for _, pending in left)
    PointsAccount.objects.filter(loyalty_number__in=known).delete()
    PointsAccount.objects.filter(pk=kept.id).update(
        available=kept.available, pending=kept.pending, version=kept.version + 1
    )
    return sum(figures[number].available for number in known)


def _facts(number: str, points: int, *, fact: str, now: datetime) -> PointsFacts:
    return PointsFacts(
        fact=f"{fact}/{new_id()}", occurred_at=now, place_code=_place(number), loyalty_number=number, points=points
    )


def _place(number: str) -> str:
    """Return where a number's points moved last: an entry stands at a place."""
    place = Posting.objects.filter(account__in=_ACCOUNTS, part=number).order_by("-id").values_list("place_id").first()
    return places_by_id([place[0]])[place[0]].code if place else ""


def _moved(number: str, fact: str) -> int:
    """Return how many points went from a number for a fact, less those that came back."""
    rows = bulk.fetch(
        "SELECT e.fact, p.amount FROM books_posting p JOIN books_entry e ON e.id = p.entry_id "
        "WHERE p.account = %s AND p.part = %s AND p.unit = %s AND e.kind = 'points moved'",
        [int(Account.POINTS_AVAILABLE), number, POINTS],
    )
    return sum(amount for of, amount in rows if of.startswith(f"{fact}/"))
