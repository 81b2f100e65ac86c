"""Orders forget whose they were: lines, amounts and taxes stay, and contact, note and the number of a card go."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from onebasket.base import bulk
from onebasket.base.locking import require_transaction
from onebasket.base.models import InboxEntry
from onebasket.commerce.orders.models import Basket, Order, OrderContact
from onebasket.commerce.partners.actions.forgetting import forget_addresses

ENTRIES_AT_ONCE = 20_000
_Stood = list[tuple[int, str]]


class Forgotten(msgspec.Struct, frozen=True):
    """How many orders, contacts and baskets lost what was personal about them."""

    orders: int
    contacts: int
    baskets: int


def forget_people(ids: Sequence[UUID], numbers: Sequence[str], *, put: str) -> Forgotten:
    """Take everything personal out of these orders, and these loyalty numbers out of orders and baskets.

    The links and codes that opened the orders open nothing any more. What was asked of pricing goes too: it tells which
    groups the customer was in.
    """
    require_transaction()
    known = [number for number in numbers if number]
    forget_addresses(ids)
    contacts, _ = OrderContact.objects.filter(order_id__in=ids).delete()
    orders = Order.objects.filter(pk__in=ids).update(note="", secret_digest="", code_digest="", asked="")
    Order.objects.filter(loyalty_number__in=known).update(loyalty_number=put, asked="")
    baskets = Basket.objects.filter(loyalty_number__in=known).update(loyalty_number="")
    return Forgotten(orders, contacts, baskets)


def entries_naming(numbers: Sequence[str]) -> _Stood:
    """Return the inbox entries of baskets whose outcome names one of these numbers, with the outcome without them.

    Baskets answer with their loyalty number, and the inbox keeps what was answered. Read outside any transaction, part
    by part: there may be millions.
    """
    marks = {f'"loyalty_number":{msgspec.json.encode(number).decode()}' for number in numbers if number}
    found: _Stood = []
    after, last = 0, _last_entry()
    while after < last and marks:
        rows = bulk.fetch(
            "SELECT id, outcome FROM base_inboxentry WHERE id > %s AND id <= %s "
            "AND kind IN ('basket', 'reopening', 'take')",
            [after, after + ENTRIES_AT_ONCE],
        )
        for identity, outcome in rows:
            kept = outcome or ""
            for mark in marks:
                kept = kept.replace(mark, '"loyalty_number":""')
            if kept != (outcome or ""):
                found.append((identity, kept))
        after += ENTRIES_AT_ONCE
    return found


def rewrite_entries(entries: _Stood) -> None:
    """Keep these outcomes in the inbox: the same message again is answered without the number."""
    require_transaction()
    bulk.update(InboxEntry, ("id",), ("outcome",), sorted(entries))


def _last_entry() -> int:
    ((last,),) = bulk.fetch("SELECT COALESCE(MAX(id), 0) FROM base_inboxentry")
    return int(last)
