"""How an order is paid, as whoever placed it sees it: its tenders in their order; one statement."""

from collections.abc import Collection
from uuid import UUID

import msgspec

from onebasket.commerce.payments.models import Payment


class TenderSeen(msgspec.Struct, frozen=True, gc=False):
    """A tender: what is `due` on it now, what was `captured` and `refunded`, in minor units; `label` names the card."""

    id: UUID
    method: str
    status: str
    goal: str
    due: int
    captured: int
    refunded: int
    label: str
    reason: str


def tenders_of_each(orders: Collection[UUID]) -> dict[UUID, list[TenderSeen]]:
    """Return the tenders of several orders, or parts of orders; one statement, none without any."""
    found: dict[UUID, list[TenderSeen]] = {}
    rows = Payment.objects.filter(order_id__in=set(orders)).order_by("order_id", "number")
    for order, *tender in rows.values_list("order_id", *TenderSeen.__struct_fields__) if orders else ():
        found.setdefault(order, []).append(TenderSeen(*tender))
    return found


def tenders_of(order: UUID) -> list[TenderSeen]:
    """Return the tenders of an order."""
    rows = Payment.objects.filter(order_id=order).order_by("number")
    return [TenderSeen(*row) for row in rows.values_list(*TenderSeen.__struct_fields__)]
