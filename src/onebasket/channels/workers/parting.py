"""What partners' parts of orders do elsewhere when they move on: their payments, and the orders that they belong to."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from onebasket.base.subscriptions import Heard
from onebasket.channels.workers.settling import confirm_paid
from onebasket.commerce.orders.actions.parted import end_parted
from onebasket.commerce.orders.queries.paying import awaiting_among
from onebasket.commerce.partners.rules.messages import PartNews
from onebasket.commerce.payments.actions import settle_orders
from onebasket.commerce.payments.rules.messages import Settling
from onebasket.commerce.payments.rules.tenders import Kind

SETTLES: dict[str, Kind] = {
    "part.placed": "lower",
    "part.shipped": "hand_over",
    "part.delivered": "hand_over",
    "part.refused": "cancel",
    "part.cancelled": "cancel",
}
"""What each event means for the part's tenders: a partner may have taken in less than was paid for."""

ENDS = frozenset({"part.delivered", "part.refused", "part.cancelled"})

_part = msgspec.json.Decoder(PartNews).decode


def settle(events: Sequence[Heard]) -> None:
    """Settle the tenders of parts: capture what is due once it is sent, lower it, or let everything go."""
    told = [(event.type, _part(event.data)) for event in events]
    settle_orders([Settling(UUID(part.part), SETTLES[type_], part.total) for type_, part in told])


def end(events: Sequence[Heard]) -> None:
    """End the orders that partners sent all of, when the last part has ended; where one was left out, the rest goes on.

    An order that waits for its payment may be paid for without the part that was left out.
    """
    orders = {UUID(_part(event.data).order) for event in events}
    end_parted(orders)
    left_out = {UUID(_part(event.data).order) for event in events if event.type == "part.cancelled"}
    if left_out:
        confirm_paid(awaiting_among(left_out))
