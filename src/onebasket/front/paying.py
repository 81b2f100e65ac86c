"""What of an order is paid by card: the store's own part and each partner's, each a payment of its own."""

from typing import NamedTuple
from uuid import UUID

from onebasket.commerce.payments.queries.tenders import TenderSeen
from onebasket.front.orders import OrderView

_SURE = frozenset({"authorised", "captured"})


class ToPay(NamedTuple):
    """A card payment of an order: for whom, and how it stands; `part` names a partner's, None is the store's own."""

    who: str
    tender: TenderSeen
    part: UUID | None = None

    @property
    def is_sure(self) -> bool:
        """Whether its money is put aside."""
        return self.tender.status in _SURE


def to_pay(view: OrderView) -> list[ToPay]:
    """Return the card payments of an order: the store's own first, then the partners' in their order."""
    own = [ToPay(view.head.place_name, tender) for tender in view.tenders]
    theirs = [
        ToPay(part.part.partner_name, tender, part.part.id) for part in view.live_parts for tender in part.tenders
    ]
    return [one for one in own + theirs if one.tender.method == "card"]
