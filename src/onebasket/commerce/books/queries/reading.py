"""Reads of the journal for people and programs: entries, an account's statement, balances.

`places` are place codes that the reader is bound to; None is every place.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec
from django.db.models import BigIntegerField, Case, F, Q, QuerySet, Sum, When

from onebasket.base.keyset import After, keyset
from onebasket.commerce.books.models import Entry, Posting
from onebasket.commerce.books.rules.accounts import BY_ACCOUNT
from onebasket.commerce.books.rules.reports import Balance, balance_of
from onebasket.commerce.places.queries import places_by_code


class PostingRead(msgspec.Struct, frozen=True, gc=False):
    """An amount on a part of an account: positive debits, negative credits."""

    account: int
    name: str
    part: str
    unit: str
    amount: int


class EntryRead(msgspec.Struct, frozen=True):
    """An entry with its postings; `reverses` names the entry that it undoes."""

    id: int
    place: str
    fact: str
    kind: str
    version: int
    reverses: int | None
    business_day: date
    occurred_at: datetime
    booked_at: datetime
    lines: tuple[PostingRead, ...]


class StatementRead(msgspec.Struct, frozen=True, gc=False):
    """A posting as an account's statement shows it, with the entry and the fact that it follows from."""

    id: int
    entry: int
    place: str
    fact: str
    kind: str
    business_day: date
    account: int
    name: str
    part: str
    unit: str
    amount: int


class BooksFilter(NamedTuple):
    """Which entries, postings or balances: days are business days, both included; an empty filter is everything."""

    place: str = ""
    first: date | None = None
    last: date | None = None
    account: int | None = None
    part: str | None = None
    unit: str = ""
    fact: str = ""
    kind: str = ""


_SIDES = {
    name: Sum(Case(When(condition, then=F("amount") * sign), default=0), output_field=BigIntegerField())
    for name, condition, sign in (("debit", Q(amount__gt=0), 1), ("credit", Q(amount__lt=0), -1))
}


def trial_balance(places: frozenset[str] | None, wanted: BooksFilter) -> list[Balance]:
    """Return what each account comes to in each unit, by account; at most two statements, out of one index."""
    rows = _postings(places, wanted).values_list("account", "unit").annotate(**_SIDES).order_by("account", "unit")
    return [balance_of(account, "", unit, debit=debit, credit=credit) for account, unit, debit, credit in rows]


def balances_by_part(
    places: frozenset[str] | None, wanted: BooksFilter, *, after: After | None, limit: int
) -> tuple[list[Balance], After | None]:
    """Return a page of what each part of an account comes to, by part and unit, and the cursor of the next."""
    rows = _postings(places, wanted)
    if after is not None:
        part, unit = after
        rows = rows.filter(Q(part__gt=part) | Q(part=part, unit__gt=unit))
    summed = rows.values_list("account", "part", "unit").annotate(**_SIDES).order_by("part", "unit", "account")
    found = [
        balance_of(account, part, unit, debit=debit, credit=credit)
        for account, part, unit, debit, credit in summed[: limit + 1]
    ]
    last = found[limit - 1] if len(found) > limit else None
    return found[:limit], None if last is None else (last.part, last.unit)


def read_entries(
    places: frozenset[str] | None, wanted: BooksFilter, *, after: After | None, limit: int
) -> tuple[list[EntryRead], After | None]:
    """Return a page of entries with their postings, the last booked first; at most three statements."""
    stated = {"fact": wanted.fact, "kind": wanted.kind}
    rows = Entry.objects.filter(_where(places, wanted), **{name: value for name, value in stated.items() if value})
    found, following = keyset(
        rows.values(
            "id", "place_id", "fact", "kind", "version", "reverses", "business_day", "occurred_at", "booked_at",
            place_code=F("place__code"),
        ),
        order="id", descending=True, after=after, limit=limit,
    )  # fmt: skip
    lines = _lines_of([(row["place_id"], row["id"]) for row in found])
    return [_entry(row, lines.get(row["id"], ())) for row in found], following


def read_statement(
    places: frozenset[str] | None, wanted: BooksFilter, *, after: After | None, limit: int
) -> tuple[list[StatementRead], After | None]:
    """Return a page of postings, the last booked first: the statement of an account, or of a part of it."""
    rows = _postings(places, wanted).values(
        "id", "business_day", "account", "part", "unit", "amount", of_entry=F("entry_id"), place_code=F("place__code"),
        fact=F("entry__fact"), kind=F("entry__kind"),
    )  # fmt: skip
    found, following = keyset(rows, order="id", descending=True, after=after, limit=limit)
    return [_statement(row) for row in found], following


def _postings(places: frozenset[str] | None, wanted: BooksFilter) -> QuerySet[Posting]:
    stated = {"account": wanted.account, "part": wanted.part, "unit": wanted.unit or None}
    return Posting.objects.filter(
        _where(places, wanted), **{name: value for name, value in stated.items() if value is not None}
    )


def _where(places: frozenset[str] | None, wanted: BooksFilter) -> Q:
    """Return the condition on places, by their ids so that the index by place and day is read alone, and on days."""
    condition = Q()
    if places is not None or wanted.place:
        codes = places if not wanted.place else {wanted.place} if places is None else places & {wanted.place}
        condition &= Q(place_id__in=sorted(place.id for place in places_by_code(codes or ()).values()))
    if wanted.first:
        condition &= Q(business_day__gte=wanted.first)
    if wanted.last:
        condition &= Q(business_day__lte=wanted.last)
    return condition


def _lines_of(keys: Collection[tuple[int, int]]) -> dict[int, list[PostingRead]]:
    if not keys:
        return {}
    rows = Posting.objects.filter(
        place_id__in={place for place, _ in keys}, entry_id__in=[entry for _, entry in keys]
    ).order_by("entry_id", "line")
    found: dict[int, list[PostingRead]] = {}
    for entry, account, part, unit, amount in rows.values_list("entry_id", "account", "part", "unit", "amount"):
        found.setdefault(entry, []).append(PostingRead(account, BY_ACCOUNT[account].name, part, unit, amount))
    return found


def _entry(row: dict[str, Any], lines: Sequence[PostingRead]) -> EntryRead:
    stated = dict(row)
    del stated["place_id"]
    return EntryRead(place=stated.pop("place_code"), lines=tuple(lines), **stated)


def _statement(row: dict[str, Any]) -> StatementRead:
    stated = dict(row)
    return StatementRead(
        place=stated.pop("place_code"),
        entry=stated.pop("of_entry"),
        name=BY_ACCOUNT[stated["account"]].name,
        **stated,
    )
