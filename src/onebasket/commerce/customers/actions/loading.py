"""Customers as sources state them: made, changed, brought back, retired."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from onebasket.base import bulk, outbox
from onebasket.commerce.access.actions.intake import take_in
from onebasket.commerce.access.rules import CREATED, UNCHANGED, UPDATED, ItemOutcome, invalid
from onebasket.commerce.customers.actions.belongings import load_belongings, write_belongings
from onebasket.commerce.customers.actions.numbers import REFUSED, erased_among
from onebasket.commerce.customers.models import Customer
from onebasket.commerce.customers.rules.cards import number_problem
from onebasket.commerce.customers.rules.messages import AddressItem, CustomerItem, CustomerRetirement, SegmentItem
from onebasket.commerce.customers.rules.person import Details, details_problem, email_key, phone_key

_NAMES = ("loyalty_number", "active", "name", "email", "phone", "language", "staff", "email_key", "phone_key")
_READ = "loyalty_number, id, active, staff, name, email, phone, language"


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer as a batch finds or leaves it; segments and addresses are None where nobody looked."""

    active: bool = True
    staff: bool = False
    details: Details = field(default_factory=Details)
    segments: tuple[SegmentItem, ...] | None = None
    addresses: tuple[AddressItem, ...] | None = None


def upsert_customers(source_id: int, items: Sequence[CustomerItem]) -> list[ItemOutcome]:
    """Make customers, change them or bring retired ones back, one transaction; one outcome for each item, in order.

    The same key again returns the first outcome. What is stated about a number that was merged stays with that number.
    """
    return take_in("customer", source_id, items, book="customers", decide=_upsert)


def retire_customers(source_id: int, items: Sequence[CustomerRetirement]) -> list[ItemOutcome]:
    """Retire customers, so that their number is found no more; outcomes as `upsert_customers` gives them."""
    return take_in("customer.retire", source_id, items, book="customers", decide=_retire)


def _upsert(items: Sequence[CustomerItem], now: datetime) -> list[ItemOutcome]:
    ids, before = _load(items)
    gone = erased_among({item.loyalty_number for item in items} - before.keys())
    after = dict(before)
    outcomes, news = [], []
    for item in items:
        number = item.loyalty_number
        known = after.get(number)
        if problem := REFUSED if number in gone else number_problem(number):
            outcomes.append(invalid(problem))
            continue
        stated = _stated(item, known or Standing(segments=(), addresses=()))
        if problem := details_problem(stated.details):
            outcomes.append(invalid(problem))
        elif stated == known:
            outcomes.append(UNCHANGED)
        else:
            outcomes.append(CREATED if known is None else UPDATED)
            after[number] = stated
            news.append(outbox.News("customer.changed", f"customer/{number}", now, {"loyalty_number": number}))
    _write(ids, before, after, now)
    outbox.record(news)
    return outcomes


def _retire(items: Sequence[CustomerRetirement], now: datetime) -> list[ItemOutcome]:
    ids, before = _load(items)
    after = dict(before)
    outcomes, news = [], []
    for item in items:
        number = item.loyalty_number
        if number not in after:
            outcomes.append(invalid(f"loyalty_number: nobody has {number!r}. Check the number."))
        elif not after[number].active:
            outcomes.append(UNCHANGED)
        else:
            outcomes.append(UPDATED)
            after[number] = replace(after[number], active=False)
            news.append(outbox.News("customer.retired", f"customer/{number}", now, {"loyalty_number": number}))
    _write(ids, before, after, now)
    outbox.record(news)
    return outcomes


def _stated(item: CustomerItem, known: Standing) -> Standing:
    """Return the customer as the item leaves it: what the item leaves out stays."""
    told = {name: getattr(item, name) for name in Details.__struct_fields__}
    changed = {name: value.strip() for name, value in told.items() if value is not None}
    return Standing(
        active=True,
        staff=known.staff if item.staff is None else item.staff,
        details=msgspec.structs.replace(known.details, **changed),
        segments=known.segments if item.segments is None else _in_order(item.segments),
        addresses=known.addresses if item.addresses is None else item.addresses,
    )


def _in_order(segments: tuple[SegmentItem, ...]) -> tuple[SegmentItem, ...]:
    """Return the segments by name; of one that is stated twice the last counts."""
    return tuple(segment for _, segment in sorted({segment.name: segment for segment in segments}.items()))


def _load(items: Sequence[CustomerItem] | Sequence[CustomerRetirement]) -> tuple[dict[str, int], dict[str, Standing]]:
    """Return ids and standings of the numbers that are known; what belongs to them only where an item states it."""
    sql = f"SELECT {_READ} FROM customers_customer WHERE {bulk.in_list('loyalty_number')}"  # noqa: S608 - constants
    rows = bulk.fetch(sql, [bulk.list_parameter({item.loyalty_number for item in items})])
    ids = {number: identity for number, identity, *_ in rows}
    stating = [item for item in items if isinstance(item, CustomerItem) and item.loyalty_number in ids]
    segments, addresses = load_belongings(
        segments={ids[item.loyalty_number] for item in stating if item.segments is not None},
        addresses={ids[item.loyalty_number] for item in stating if item.addresses is not None},
    )
    return ids, {
        number: Standing(bool(active), bool(staff), Details(*details), segments.get(identity), addresses.get(identity))
        for number, identity, active, staff, *details in rows
    }


def _write(ids: dict[str, int], before: dict[str, Standing], after: dict[str, Standing], now: datetime) -> None:
    fresh = sorted(after.keys() - before.keys())
    changed = [number for number in sorted(before) if before[number] != after[number]]
    made = dict(zip(fresh, bulk.next_ids(Customer, len(fresh)), strict=True))
    rows = [(*_row(number, after[number]), made[number], now) for number in fresh]
    bulk.insert(Customer, (*_NAMES, "id", "created_at"), rows)
    bulk.update_guarded(Customer, _NAMES[:1], _NAMES[1:], [_row(number, after[number]) for number in changed])
    known = ids | made
    write_belongings(
        segments={
            known[n]: after[n].segments or ()
            for n in (*fresh, *changed)
            if after[n].segments != (before[n].segments if n in before else ())
        },
        addresses={
            known[n]: after[n].addresses or ()
            for n in (*fresh, *changed)
            if after[n].addresses != (before[n].addresses if n in before else ())
        },
    )


def _row(number: str, standing: Standing) -> tuple[object, ...]:
    told = standing.details
    keys = (email_key(told.email), phone_key(told.phone))
    return (number, standing.active, told.name, told.email, told.phone, told.language, standing.staff, *keys)
