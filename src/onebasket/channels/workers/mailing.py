"""Which facts are told by e-mail: one letter for each, to whoever placed the order in our own shop or at a kiosk.

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
from onebasket.commerce.access.rules import KIOSK_SOURCE, SHOP_SOURCE
from onebasket.commerce.fulfilment.rules.messages import ReturnNews
from onebasket.commerce.orders.queries.contacts import orders_with_address
from onebasket.commerce.orders.rules.life import Status
from onebasket.commerce.orders.rules.messages import OrderNews
from onebasket.commerce.partners.queries.parts import orders_of_parts
from onebasket.commerce.partners.rules.messages import PartNews, PartReturnNews
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
PARTS = {
    "part.placed": "part_placed",
    "part.shipped": "part_shipped",
    "part.refused": "part_refused",
    "part.cancelled": "part_cancelled",
}
"""What each event of a partner's part is told as: what was left out is told with what was taken in."""
RETURNED, REFUNDED, PART_RETURNED = "return.accepted", "payment.refunded", "part.returned"
TYPES = frozenset({*ORDERS, *PARTS, RETURNED, REFUNDED, PART_RETURNED})

OF_ORDER = "order/"
OLD = timedelta(days=2)
"""What happened before is no news: a subscription begins with the oldest event kept, and mail may have been off."""

_order = msgspec.json.Decoder(OrderNews).decode
_return = msgspec.json.Decoder(ReturnNews).decode
_part = msgspec.json.Decoder(PartNews).decode
_part_return = msgspec.json.Decoder(PartReturnNews).decode
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
    ours = {source.id for source in sources_by_code([SHOP_SOURCE, KIOSK_SOURCE]).values()}
    facts = _of_orders([fact for event in events if event.occurred_at > now - OLD for fact in _facts(event)])
    if not ours or not facts:
        return
    reached = orders_with_address({fact.order for fact in facts}, sources=ours)
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


def _of_orders(facts: list[_Fact]) -> list[_Fact]:
    """Return the facts with the order that each is about: what is paid for a partner's part bears the part's id."""
    parts = orders_of_parts(fact.order for fact in facts if fact.kind == "refunded")
    return [fact._replace(order=parts.get(fact.order, fact.order)) for fact in facts]


def _facts(event: Heard) -> Iterator[_Fact]:
    if event.type == RETURNED:
        back = _return(event.data)
        if back.reference.startswith(OF_ORDER):
            yield _Fact("returned", back.id, UUID(back.reference.removeprefix(OF_ORDER)), event)
    elif event.type == REFUNDED:
        refund = _refund(event.data)
        yield _Fact("refunded", refund.refund, UUID(refund.order), event)
    elif event.type in PARTS:
        part = _part(event.data)  # taken in again for less, it is another fact
        yield _Fact(PARTS[event.type], f"{part.part}/{part.total}", UUID(part.order), event)
    elif event.type == PART_RETURNED:
        brought = _part_return(event.data)
        yield _Fact("part_returned", f"{brought.part}/{brought.number}", UUID(brought.order), event)
    else:
        news = _order(event.data)
        if news.status != Status.AWAITING_PAYMENT and not news.reopened:
            yield _Fact(ORDERS[event.type], news.order, UUID(news.order), event)
