"""What the books do when orders, payments and returns move on; receipts have a job of their own."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from onebasket.base.subscriptions import Heard
from onebasket.commerce.fulfilment.actions.journalising import journalise_returns
from onebasket.commerce.fulfilment.queries.journal import credit_paying_returns
from onebasket.commerce.fulfilment.rules.messages import ReturnNews
from onebasket.commerce.orders.actions.journalising import OrderMoved, journalise_orders
from onebasket.commerce.orders.rules.messages import OrderNews
from onebasket.commerce.partners.actions.journalising import PartTold, journalise_parts
from onebasket.commerce.partners.rules.messages import PartNews, PartReturnNews
from onebasket.commerce.payments.actions.journalising import journalise_payments
from onebasket.commerce.payments.rules.journal import News, Told
from onebasket.commerce.payments.rules.messages import BalanceNews, PaymentNews, RefundNews

ORDERS = {
    "order.placed": "placed",
    "order.handed_over": "handed_over",
    "order.cancelled": "ended",
    "order.expired": "ended",
}
"""What each event means for the books."""

PAYMENTS: dict[str, type[News]] = {
    "payment.captured": PaymentNews,
    "payment.refunded": RefundNews,
    "balance.changed": BalanceNews,
}
RETURNS = "return.accepted"
PARTS: dict[str, type[PartNews | PartReturnNews]] = {
    "part.shipped": PartNews,
    "part.delivered": PartNews,
    "part.returned": PartReturnNews,
}

_order = msgspec.json.Decoder(OrderNews).decode
_return = msgspec.json.Decoder(ReturnNews).decode


def book_orders(events: Sequence[Heard]) -> None:
    """Book what happened to orders."""
    journalise_orders(
        [OrderMoved(UUID(_order(event.data).order), ORDERS[event.type], event.occurred_at) for event in events]  # type: ignore[arg-type] # one of the three
    )


def book_payments(events: Sequence[Heard]) -> None:
    """Book what was captured, given back, issued and spent."""
    told = [
        Told(str(event.event_id), event.occurred_at, msgspec.json.decode(event.data, type=PAYMENTS[event.type]))
        for event in events
    ]
    loaded = {
        one.news.account
        for one in told
        if isinstance(one.news, BalanceNews) and one.news.kind == "store_credit" and one.news.entry == "load"
    }
    journalise_payments(told, paying_returns=credit_paying_returns(loaded))


def book_parts(events: Sequence[Heard]) -> None:
    """Book what partners sent, and what of it came back."""
    journalise_parts(
        [PartTold(event.occurred_at, msgspec.json.decode(event.data, type=PARTS[event.type])) for event in events]
    )


def book_returns(events: Sequence[Heard]) -> None:
    """Book what returns of orders do beside their receipts."""
    journalise_returns([UUID(_return(event.data).id) for event in events])
