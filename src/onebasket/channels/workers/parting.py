"""What follows when partners' parts move on: orders that partners send all of end with them, returns earn nothing."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from onebasket.base.subscriptions import Heard
from onebasket.channels.workers.settling import confirm_paid
from onebasket.commerce.orders.actions.parted import end_parted
from onebasket.commerce.orders.queries.paying import awaiting_among
from onebasket.commerce.partners.actions.commissions import note_returns
from onebasket.commerce.partners.rules.messages import PartNews, PartReturnNews

ENDS = frozenset({"part.delivered", "part.refused", "part.cancelled"})
RETURNS = frozenset({"part.returned"})

_part = msgspec.json.Decoder(PartNews).decode
_return = msgspec.json.Decoder(PartReturnNews).decode


def end(events: Sequence[Heard]) -> None:
    """End the orders that partners sent all of, when the last part has ended; where one was left out, the rest goes on.

    An order that waits for its payment may be paid for without the part that was left out.
    """
    orders = {UUID(_part(event.data).order) for event in events}
    end_parted(orders)
    left_out = {UUID(_part(event.data).order) for event in events if event.type == "part.cancelled"}
    if left_out:
        confirm_paid(awaiting_among(left_out))


def lower_commission(events: Sequence[Heard]) -> None:
    """Expect no commission on what was brought back."""
    note_returns(sorted({UUID(_return(event.data).part) for event in events}))
