"""Which facts are told by e-mail: one letter for each, to whoever placed the order in our own shop.

Orders of other sources are told by whoever runs them, out of the same events.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from django.conf import settings

from onebasket.base.clock import database_now
from onebasket.base.letters import NewLetter, queue_letters
from onebasket.base.subscriptions import Heard
from onebasket.commerce.access.queries import sources_by_code
from onebasket.commerce.access.rules import SHOP_SOURCE
from onebasket.commerce.fulfilment.rules.messages import ReturnNews
from onebasket.commerce.orders.queries.contacts import orders_with_address
from onebasket.commerce.orders.rules.life import Status
from onebasket.commerce.orders.rules.messages import OrderNews
from onebasket.commerce.payments.queries.refunds import refunds_alone
from onebasket.commerce.payments.rules.messages import RefundNews

ORDERS = {
    "order.placed": "placed",
    "order.payment_confirmed": "placed",
    "order.ready": "ready",
    "order.cancelled": "cancelled",
    "order.expired": "lapsed",
}
"""What each event of an order is told as. What was not there is told with the order that is ready."""
RETURNED, REFUNDED = "return.accepted", "payment.refunded"
TYPES = frozenset({*ORDERS, RETURNED, REFUNDED})

OF_ORDER = "order/"
OLD = timedelta(days=2)
"""What happened before is no news: a subscription begins with the oldest event kept, and mail may have been off."""

_order = msgspec.json.Decoder(OrderNews).decode
_return = msgspec.json.Decoder(ReturnNews).decode
_refund = msgspec.json.Decoder(RefundNews).decode


class _Fact(NamedTuple):
    kind: str
    about: str
    order: UUID
    event: Heard


def queue_mail(events: Sequence[Heard]) -> None:
    """Queue a letter for each fact that somebody is to be told of."""
    now = database_now()
    if not settings.MAIL_IS_SENT:
        return
    shop = sources_by_code([SHOP_SOURCE]).get(SHOP_SOURCE)
    facts = [fact for event in events if event.occurred_at > now - OLD for fact in _facts(event)]
    if shop is None or not facts:
        return
    reached = orders_with_address({fact.order for fact in facts}, source_id=shop.id)
    refunds = {UUID(fact.about) for fact in facts if fact.kind == "refunded" and fact.order in reached}
    alone = {str(identity) for identity in refunds_alone(refunds)} if refunds else set()
    queue_letters(
        [
            NewLetter(f"{kind}/{about}", kind, f"{OF_ORDER}{order}", event.occurred_at)
            for kind, about, order, event in facts
            if order in reached and (kind != "refunded" or about in alone)
        ],
        now=now,
    )


def _facts(event: Heard) -> Iterator[_Fact]:
    if event.type == RETURNED:
        back = _return(event.data)
        if back.reference.startswith(OF_ORDER):
            yield _Fact("returned", back.id, UUID(back.reference.removeprefix(OF_ORDER)), event)
    elif event.type == REFUNDED:
        refund = _refund(event.data)
        yield _Fact("refunded", refund.refund, UUID(refund.order), event)
    else:
        news = _order(event.data)
        if news.status != Status.AWAITING_PAYMENT and not news.reopened:
            yield _Fact(ORDERS[event.type], news.order, UUID(news.order), event)
