"""What a worker does about parts that a partner has taken in: ask how their orders stand, and move the parts on.

A question changes nothing at the partner, so it is not written down before. Whatever comes late, twice or out of order
moves nothing back: the partner's orders only go forward in their rows, and a part by its table alone.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from onebasket.base.clock import database_now
from onebasket.base.outside import require_no_transaction, run
from onebasket.commerce.partners.actions import calling
from onebasket.commerce.partners.actions.calling import call_partner, leased
from onebasket.commerce.partners.actions.driving import AT_ONCE, while_answered
from onebasket.commerce.partners.actions.oddities import keep_odd
from onebasket.commerce.partners.actions.taking_in import (
    AMOUNTS,
    Case,
    case_of,
    lower_lines,
    odd_of,
    owe_what_is_charged,
    refuse,
    tell_words,
    tracking_of,
)
from onebasket.commerce.partners.actions.telling import MOVED, move, tell
from onebasket.commerce.partners.locking.parts import lock_part
from onebasket.commerce.partners.models import PartnerPart
from onebasket.commerce.partners.models import TheirOrder as TheirRow
from onebasket.commerce.partners.rules.asking import (
    MANY_FAILURES,
    NEVER_ENDS,
    SETTLING,
    option_seconds,
    poll_seconds,
    wait_after,
)
from onebasket.commerce.partners.rules.parts import Status, Step
from onebasket.commerce.partners.rules.policy import Reason, still_coming
from onebasket.commerce.partners.rules.port import Gateway, Lost, NotDone, Refused, TheirOrder, Trouble
from onebasket.commerce.partners.rules.statuses import (
    Meaning,
    goes_back,
    is_final,
    meaning_of,
    next_step,
    settled_meaning,
)

MOST_ORDERS = 20
"""Orders of theirs that one turn asks about for one part; there are seldom more than two."""
_TOLD = {Step.SHIP: "shipped", Step.DELIVER: "delivered"}

Read = TheirOrder | Refused | Trouble


class _Begun(NamedTuple):
    """Questions to ask: which orders of theirs, for which part."""

    part: UUID
    partner: int
    at: datetime
    until: datetime
    references: tuple[str, ...]


def follow_parts(limit: int = AT_ONCE) -> int:
    """Ask about the parts that are due to be asked about; return how many were."""
    require_no_transaction()
    open_ = PartnerPart.objects.filter(status__in=[Status.PLACED, Status.SHIPPED], next_at__lte=database_now())
    return while_answered(list(open_.order_by("next_at").values_list("pk", "partner_id")[:limit]), _drive)


def _drive(part_id: UUID) -> Read | dict[str, Read] | None:
    begun = run(partial(_begin, part_id))
    if begun is None:
        return None
    not_after = begun.at + timedelta(seconds=calling.PATIENCE.start)
    answers = call_partner(begun.partner, partial(_ask, begun), not_after=not_after)
    run(partial(_finish, begun, answers))
    if isinstance(answers, dict):
        return next((one for one in answers.values() if isinstance(one, Trouble)), answers)
    return answers


def _ask(begun: _Begun, gateway: Gateway) -> dict[str, Read]:
    """Ask about each order of theirs; where the partner is silent no more is asked."""
    answers: dict[str, Read] = {}
    for reference in begun.references:
        answers[reference] = answer = gateway.read_order(reference, seconds=calling.PATIENCE.read)
        if isinstance(answer, Lost) or (isinstance(answer, NotDone) and answer.code != "turned_away"):
            break
    return answers


def _begin(part_id: UUID) -> _Begun | None:
    now = database_now()
    row = lock_part(part_id)
    if row.next_at is None or row.next_at > now or row.status not in {Status.PLACED, Status.SHIPPED}:
        return None
    theirs = TheirRow.objects.filter(part=row).order_by("looked_at", "pk")
    open_ = [ref for ref, word in theirs.values_list("reference", "status") if not is_final(word)][:MOST_ORDERS]
    row.next_at = leased(now)
    row.save(update_fields=["next_at"])
    return _Begun(row.pk, row.partner_id, now, row.next_at, tuple(open_))


def _finish(begun: _Begun, answers: dict[str, Read] | Trouble) -> None:
    """Write down how the partner's orders stand, and the part as that leaves it."""
    now = database_now()
    row = lock_part(begun.part)
    if row.status not in {Status.PLACED, Status.SHIPPED}:
        return
    woken = row.next_at if row.next_at != begun.until else None
    case = case_of(row)
    told = answers if isinstance(answers, dict) else {}
    rows = {one.reference: one for one in TheirRow.objects.filter(part=row)}
    for reference, answer in told.items():
        rows[reference].looked_at = now  # whatever came: one that cannot be read keeps none behind it waiting
        if isinstance(answer, TheirOrder):
            _note(case, rows[reference], answer, now=now)
            continue
        rows[reference].save(update_fields=["looked_at"])
        if isinstance(answer, Refused):
            said = f"The partner does not know its order {reference}: {answer.code} {answer.message}"
            keep_odd([odd_of(row, "order_not_known", said[:500])], now=now)
    _advance(case, rows, now=now)
    silent = [one for one in (told.values() if told else [answers]) if isinstance(one, Trouble)]
    _later(case, silent, now=now)
    if woken is not None and row.next_at is not None:  # a push came while we asked: what we were told may be older
        row.next_at = min(woken, row.next_at)
        row.save(update_fields=["next_at"])


def _note(case: Case, row: TheirRow, told: TheirOrder, *, now: datetime) -> None:
    """Write down how an order of theirs stands, unless that is older than what is known, or leads back."""
    fields = ["looked_at", "tracking"]
    row.tracking = _tracking(row.tracking, told)
    is_old = row.stated_at is not None and told.changed_at is not None and told.changed_at < row.stated_at
    if told.status != row.status and not is_old:
        if goes_back(row.status, told.status):
            said = f"Order {row.reference} was {row.status}, and is said to be {told.status} now."
            keep_odd([odd_of(case.row, "moved_back", said)], now=now)
        elif meaning_of(told.status) is Meaning.UNKNOWN:
            tell_words(case.row, [told], now=now)
        else:
            was, is_now = meaning_of(row.status), meaning_of(told.status)
            if was is Meaning.CANCELLING and not row.lines and is_now is not Meaning.CANCELLED:
                said = f"The partner goes on with order {row.reference}, which it was cancelling: it is not paid for."
                keep_odd([odd_of(case.row, "cancel_undone", said)], now=now)
            row.status, row.since = told.status[:64], now
            row.stated_at = told.changed_at or row.stated_at
            fields += ["status", "since", "stated_at"]
            tell_words(case.row, [told], now=now)
    row.save(update_fields=fields)


def _tracking(known: list[dict[str, str]], told: TheirOrder) -> list[dict[str, str]]:
    """Return every parcel that was ever named, in the order in which they were."""
    return known + [one for one in tracking_of(told) if one not in known]


def _advance(case: Case, rows: Mapping[str, TheirRow], *, now: datetime) -> None:
    settle = option_seconds(case.options, "settle_seconds", SETTLING)
    meanings = {
        reference: settled_meaning(row.status, row.since, now=now, settle=settle) for reference, row in rows.items()
    }
    step = next_step(Status(case.row.status), list(meanings.values()))
    if step is Step.REFUSE:
        refuse(case, Reason.CANCELLED_BY_PARTNER, now=now)
        return
    _let_go(case, [(row, meanings[reference] is Meaning.CANCELLED) for reference, row in rows.items()], now=now)
    if step is not None:
        row = case.row
        move(row, step, now=now, reason=row.reason, next_at=now + poll_seconds(case.options, now, now))
        if step is Step.DELIVER:
            row.next_at, row.delivered_at = None, now
        row.failures = 0
        row.save(update_fields=[*MOVED, "delivered_at", "failures"])
        tell(row, _TOLD[step], now=now)


def _let_go(case: Case, theirs: Sequence[tuple[TheirRow, bool]], *, now: datetime) -> None:
    """Do once what follows from each order of theirs that is cancelled; it keeps no lines then."""
    gone = [row for row, is_cancelled in theirs if is_cancelled and row.lines]
    if not gone:
        return
    if case.row.status == Status.PLACED:
        _lower(case, [row for row, is_cancelled in theirs if not is_cancelled], now=now)
    else:
        names = ", ".join(one.reference for one in gone)
        said = f"The partner cancelled order {names} after it was sent: what was paid for it is for people to refund."
        keep_odd([odd_of(case.row, "cancelled_late", said[:500])], now=now)
    for one in gone:
        one.lines = []
        one.save(update_fields=["lines"])


def _lower(case: Case, live: Sequence[TheirRow], *, now: datetime) -> None:
    """Let the lines fall away that no order of theirs serves any more, before anything is captured for them."""
    row = case.row
    pieces: Counter[str] = Counter()
    for reference, quantity, _unit in (line for one in live for line in one.lines):
        pieces[reference] += quantity
    accepted = {line.number: line.accepted or 0 for line in case.lines}
    if not lower_lines(case, still_coming([(line.number, line.reference) for line in case.lines], accepted, pieces)):
        return
    owe_what_is_charged(case, live)
    row.reason, row.changed_at, row.version = Reason.CANCELLED_BY_PARTNER.value, now, row.version + 1
    row.save(update_fields=[*AMOUNTS, "reason", "changed_at", "version"])
    tell(row, "placed", now=now)


def _later(case: Case, silent: list[Trouble], *, now: datetime) -> None:
    """Say when the part is asked about again."""
    row = case.row
    if row.status not in {Status.PLACED, Status.SHIPPED}:
        return
    row.failures = min(row.failures + 1, 1000) if silent else 0
    if row.placed_at is not None and now - row.placed_at > NEVER_ENDS:
        row.next_at = None
        said = f"It has not arrived {NEVER_ENDS.days} days after it was placed, and is asked about no more."
        keep_odd([odd_of(row, "never_arrived", said)], now=now)
    elif silent:
        retry = silent[0].retry_seconds if isinstance(silent[0], NotDone) else None
        row.next_at = now + max(wait_after(row.failures), timedelta(seconds=retry or 0))
        if row.failures == MANY_FAILURES:
            said = f"It could not be asked about {row.failures} times, and is tried on: {silent[0].reason}"
            keep_odd([odd_of(row, "not_answered", said[:500])], now=now)
    else:
        row.next_at = now + poll_seconds(case.options, row.changed_at, now)
    row.save(update_fields=["failures", "next_at"])
