"""Payments and refunds: what was paid for an order and how, and giving it back to its tenders."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.contract import Contract, without_key
from onebasket.channels.api.fields import PlaceCode, Since, instant
from onebasket.channels.api.once import once
from onebasket.channels.api.paging import Page, PageQuery, after_of, page
from onebasket.channels.api.problems import refuse, unknown
from onebasket.channels.api.tokens import narrow_to
from onebasket.commerce.payments.actions import authorise, refund
from onebasket.commerce.payments.queries.reading import (
    PaymentFilter,
    PaymentRead,
    PaymentWhole,
    RefundRead,
    read_payment,
    read_payments,
    read_refunds,
)
from onebasket.commerce.payments.rules.life import Method, Status
from onebasket.commerce.payments.rules.messages import (
    CardOutcome,
    NewRefund,
    RefundCall,
    RefundMade,
    RefundRefused,
)

OrderId = Annotated[UUID, Meta(description="An order's id.")]
RefundBody: Any = without_key(NewRefund, "RefundBody")


class PaymentQuery(PageQuery, frozen=True, kw_only=True):
    """Which payments."""

    order: OrderId | None = None
    place: PlaceCode | None = None
    method: Method | None = None
    status: Status | None = None
    since: Since | None = None


class CardBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the provider's page or script made of the card: never a card's number."""

    token: Annotated[str, Meta(min_length=1, max_length=120)]


class RefundQuery(PageQuery, frozen=True, kw_only=True):
    """Which refunds."""

    order: OrderId | None = None


@endpoint("GET", "/payments", Contract(scope="payments:read", query=PaymentQuery, answers={200: Page[PaymentRead]}))
def list_payments(call: Call) -> HttpResponse:
    """List payments, the newest first: each is a tender of an order."""
    query = call.query
    narrow_to(call.caller, query.place)
    wanted = PaymentFilter(query.order, query.place or "", query.method or "", query.status or "", instant(query.since))
    return page(call, *read_payments(call.caller.places, wanted, after=after_of(call), limit=query.limit))


@endpoint("GET", "/payments/{payment_id}", Contract(scope="payments:read", answers={200: PaymentWhole}))
def get_payment(call: Call, payment_id: UUID) -> HttpResponse:
    """Get a payment with the calls that were made to its provider."""
    found = read_payment(call.caller.places, payment_id)
    if found is None:
        raise unknown("payment")
    return reply(found)


@endpoint(
    "POST",
    "/payments/{payment_id}/authorise",
    Contract(scope="storefront", body=CardBody, answers={200: CardOutcome}, key=True, errors=(404,)),
)
def authorise_payment(call: Call, payment_id: UUID) -> HttpResponse:
    """Pay by card: put what is due aside on the card that the provider's token stands for.

    authorised: the order is confirmed in a moment, and told as `order.payment_confirmed`. declined: no money was put
    aside, for certain; another card may be tried, under another key. unknown: what came of it is not known yet; do not
    try again, but look at the payment until it is known. Waits for the provider for up to 20 seconds.
    """
    if read_payment(call.caller.places, payment_id) is None:
        raise unknown("payment")
    return reply(authorise(payment_id, call.body.token, request=f"{call.caller.source_id}:{call.key}"))


@endpoint("GET", "/refunds", Contract(scope="payments:read", query=RefundQuery, answers={200: Page[RefundRead]}))
def list_refunds(call: Call) -> HttpResponse:
    """List refunds, the newest first, of one order or of all."""
    found = read_refunds(call.caller.places, call.query.order, after=after_of(call), limit=call.query.limit)
    return page(call, *found)


@endpoint(
    "POST",
    "/refunds",
    Contract(scope="refunds:write", body=RefundBody, answers={200: RefundMade}, key=True, errors=(404,)),
)
def make_refund(call: Call) -> HttpResponse:
    """Give an amount of an order back to its tenders, the last first.

    A gift card or store credit has it at once; what was paid at collection counts as given back at the counter. A
    card's part is pending until its provider has been asked. More than was paid is refused (`too_much`).
    """
    request = NewRefund(call.key, *msgspec.structs.astuple(call.body))
    caller = call.caller
    stated = RefundCall(caller.source_id, request, caller.actor, caller.places)
    return once(call, "refund", [request], act=lambda: _made(stated))


def _made(stated: RefundCall) -> RefundMade:
    (outcome,) = refund([stated])
    if isinstance(outcome, RefundRefused):
        if outcome.code == "unknown_order":
            raise unknown("order")
        raise refuse(409 if outcome.code == "key_conflict" else 422, outcome.code, outcome.message)
    return outcome
