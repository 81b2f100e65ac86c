"""How an order is paid, as whoever placed it sees it: its tenders in their order; one statement."""

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


def tenders_of(order: UUID) -> list[TenderSeen]:
    """Return the tenders of an order."""
    rows = Payment.objects.filter(order_id=order).order_by("number")
    return [TenderSeen(*row) for row in rows.values_list(*TenderSeen.__struct_fields__)]
