"""State changes of customers."""

from collections.abc import Sequence
from datetime import datetime

from onebasket.base import bulk, outbox
from onebasket.commerce.access.actions.intake import take_in
from onebasket.commerce.access.rules import CREATED, UNCHANGED, UPDATED, ItemOutcome, invalid
from onebasket.commerce.customers.models import Customer
from onebasket.commerce.customers.rules import CustomerItem, CustomerRetirement

_NAMES = ("loyalty_number", "active", "created_at")


def upsert_customers(source_id: int, items: Sequence[CustomerItem]) -> list[ItemOutcome]:
    """Make customers or bring retired ones back, one transaction for the batch; one outcome for each item, in order.

    The same key again returns the first outcome.
    """
    return take_in("customer", source_id, items, book="customers", decide=_upsert)


def retire_customers(source_id: int, items: Sequence[CustomerRetirement]) -> list[ItemOutcome]:
    """Retire customers, so that their number is found no more; outcomes as `upsert_customers` gives them."""
    return take_in("customer.retire", source_id, items, book="customers", decide=_retire)


def _upsert(items: Sequence[CustomerItem], now: datetime) -> list[ItemOutcome]:
    before = _load({item.loyalty_number for item in items})
    active = dict(before)
    outcomes, news = [], []
    for item in items:
        number = item.loyalty_number
        if active.get(number):
            outcomes.append(UNCHANGED)
        else:
            outcomes.append(UPDATED if number in active else CREATED)
            active[number] = True
            news.append(outbox.News("customer.changed", f"customer/{number}", now, {"loyalty_number": number}))
    _write(before, active, now)
    outbox.record(news)
    return outcomes


def _retire(items: Sequence[CustomerRetirement], now: datetime) -> list[ItemOutcome]:
    before = _load({item.loyalty_number for item in items})
    active = dict(before)
    outcomes, news = [], []
    for item in items:
        number = item.loyalty_number
        if number not in active:
            outcomes.append(invalid(f"loyalty_number: nobody has {number!r}. Check the number."))
        elif not active[number]:
            outcomes.append(UNCHANGED)
        else:
            outcomes.append(UPDATED)
            active[number] = False
            news.append(outbox.News("customer.retired", f"customer/{number}", now, {"loyalty_number": number}))
    _write(before, active, now)
    outbox.record(news)
    return outcomes


def _load(numbers: set[str]) -> dict[str, bool]:
    """Return whether each known number is active."""
    sql = (
        "SELECT loyalty_number, active FROM customers_customer "  # noqa: S608 - constants
        f"WHERE {bulk.in_list('loyalty_number')}"
    )
    return {number: bool(active) for number, active in bulk.fetch(sql, [bulk.list_parameter(numbers)])}


def _write(before: dict[str, bool], after: dict[str, bool], now: datetime) -> None:
    fresh = [(number, after[number], now) for number in sorted(after.keys() - before.keys())]
    changed = [(number, after[number]) for number in sorted(before) if before[number] != after[number]]
    bulk.insert(Customer, _NAMES, fresh)
    bulk.update_guarded(Customer, _NAMES[:1], _NAMES[1:2], changed)
