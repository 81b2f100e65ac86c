"""The storefront: baskets that hold their units, and their checkout."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.base.clock import database_now
from onebasket.channels.api.application import BASE, Call, endpoint, reply
from onebasket.channels.api.committing import commit
from onebasket.channels.api.contract import Contract, without_key
from onebasket.channels.api.metering import count_outcomes
from onebasket.channels.api.problems import ProblemError, problem, refuse, unknown
from onebasket.channels.api.tokens import require_places
from onebasket.commerce.orders.actions import BasketCall, CheckoutCall, ReopenCall
from onebasket.commerce.orders.actions.requoting import requote
from onebasket.commerce.orders.actions.secrets import collection_code, page_secret
from onebasket.commerce.orders.queries.offering import Offered, offered
from onebasket.commerce.orders.queries.quoting import PricedBasket as Found
from onebasket.commerce.orders.queries.quoting import read_and_quote
from onebasket.commerce.orders.rules.baskets import (
    AheadMethod,
    BasketRefused,
    BasketRequest,
    BasketStands,
    BasketUnknown,
    ChangeBasket,
    Checkout,
    CheckoutRefused,
    Code,
    Contact,
    LineWanted,
    OpenBasket,
    PaymentMethod,
    ShipTo,
)
from onebasket.commerce.orders.rules.messages import OrderConflict, OrderPlaced, StepRefused, StepUnknown
from onebasket.commerce.orders.rules.offering import MOST_OF_ONE, OfferWanted
from onebasket.commerce.payments.queries import find_balance
from onebasket.commerce.pricing.queries.quoting import Quoted
from onebasket.commerce.pricing.rules.basket import PricedBasket

SCOPE = "storefront"
LARGEST_ID = 2**62
LINES_A_CHECKOUT = 10
LINES_A_CHANGE = 2
"""What a change weighs in a batch where it does not say how many lines it concerns."""
OpenBody: Any = without_key(OpenBasket, "BasketBody")
Version = Annotated[int, Meta(ge=1)]


def _contract(body: type[msgspec.Struct]) -> Contract:
    return Contract(scope=SCOPE, body=body, answers={200: BasketStands}, key=True)


class LineBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the product the basket is to hold, in steps of its unit; 0 takes it out."""

    quantity: Annotated[int, Meta(ge=0, le=10**9)]
    version: Version | None = None


class OfferBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of a partner's offer the basket is to have; 0 takes it out. It is agreed to at the price of now.

    `seen` is what one cost where the shopper saw it, in minor units: at another price nothing is done.
    """

    quantity: Annotated[int, Meta(ge=0, le=MOST_OF_ONE)]
    seen: Annotated[int, Meta(ge=0, le=10**13)] | None = None
    version: Version | None = None


class PlaceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The place that is to serve the basket."""

    place: Code


class SlotBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The collection slot to hold room in; null gives it back."""

    slot: Annotated[int, Meta(ge=1, le=2**62)] | None


class CardBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The loyalty number whose prices and coupons count; empty for none."""

    loyalty_number: Annotated[str, Meta(max_length=64)]


class CouponBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A coupon's code, as typed or scanned; `present` false takes it away."""

    code: Code
    present: bool = True


class EmptyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to say."""


class CheckoutBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the shopper saw (`version`, `expected_total`), whom to reach, and how it is paid.

    `balances` are codes of gift cards and store credit to spend first; `method` pays for the rest. Where the basket has
    partners' offers: `offers_total` is what the shopper saw that they come to, `offers_method` pays for them where
    `method` is at collection (they are paid ahead), and `ship_to` is where partners send them.
    """

    version: Version
    expected_total: Annotated[int, Meta(ge=0, le=10**13)]
    contact: Contact
    method: PaymentMethod = "at_collection"
    balances: Annotated[tuple[Code, ...], Meta(max_length=10)] = ()
    note: Annotated[str, Meta(max_length=500)] = ""
    offers_total: Annotated[int, Meta(ge=0, le=10**13)] = 0
    offers_method: AheadMethod | None = None
    ship_to: ShipTo | None = None


class BasketRead(msgspec.Struct, frozen=True):
    """A basket as it stands and what it comes to; `unpriced` names products that have no price at its place.

    `offered` is what partners would send of it now; its `changes` name what is not as it was agreed to.
    """

    basket: BasketStands
    priced: PricedBasket | None
    unpriced: tuple[str, ...] = ()
    offered: Offered = Offered()


class CheckedOut(msgspec.Struct, frozen=True):
    """The order that the basket became, and its secrets: `secret` opens its page, `collection_code` hands it over."""

    order: OrderPlaced
    secret: str
    collection_code: str


@endpoint("POST", "/baskets", Contract(scope=SCOPE, body=OpenBody, answers={201: BasketStands}, key=True))
def open_basket(call: Call) -> HttpResponse:
    """Open a basket at a place.

    It holds its units for a stated time (`held_until`); of each line as much as there is. Prices are locked as long.
    """
    request = OpenBasket(call.key, *msgspec.structs.astuple(call.body))
    require_places(call.caller, {request.place})
    basket = _change(call, request, weight=len(request.lines))
    return reply(basket, 201, headers={"Location": f"{BASE}baskets/{basket.id}"})


@endpoint("GET", "/baskets/{basket_id}", Contract(scope=SCOPE, answers={200: BasketRead}))
def get_basket(call: Call, basket_id: UUID) -> HttpResponse:
    """Get a basket and what it comes to.

    Each line says which rules took it down, which did not and why.
    """
    found = read_and_quote(call.caller.source_id, basket_id, places=call.caller.places)
    if found is None:
        raise unknown("basket")
    return reply(_read(found))


@endpoint(
    "POST", "/baskets/{basket_id}/requote", Contract(scope=SCOPE, body=EmptyBody, answers={200: BasketRead})
)  # fmt: skip
def requote_basket(call: Call, basket_id: UUID) -> HttpResponse:
    """Ask partners anew for those of a basket's offers that are too old to be paid, and get the basket.

    Waits at most two seconds for all of them together. What changed, or whose partner did not answer, stands in
    `offered.changes`; put the offer again to agree to its price of now.
    """
    return reply(_read(_requoted(call, basket_id)))


@endpoint("PUT", "/baskets/{basket_id}/offers/{offer_id}", _contract(OfferBody))
def set_basket_offer(call: Call, basket_id: UUID, offer_id: int) -> HttpResponse:
    """Set how many of a partner's offer are in a basket, at its price of now: at no other is it sold.

    Of what partners sell nothing is held: the checkout looks again, and says what has changed.
    """
    if not 1 <= offer_id <= LARGEST_ID:
        raise unknown("offer")
    wanted = OfferWanted(offer_id, call.body.quantity, call.body.seen)
    return reply(_change(call, ChangeBasket(call.key, basket_id, offers=(wanted,), version=call.body.version)))


@endpoint("PUT", "/baskets/{basket_id}/lines/{sku}", _contract(LineBody))
def set_basket_line(call: Call, basket_id: UUID, sku: str) -> HttpResponse:
    """Set how much of a product is in a basket.

    As much as there is of it is held; what the place lacks is the difference between `quantity` and `held`.
    """
    line = LineWanted(sku, call.body.quantity)
    return reply(_change(call, ChangeBasket(call.key, basket_id, (line,), version=call.body.version)))


@endpoint("PUT", "/baskets/{basket_id}/place", _contract(PlaceBody))
def set_basket_place(call: Call, basket_id: UUID) -> HttpResponse:
    """Have another place serve a basket; its units are held there, and prices are those of there."""
    require_places(call.caller, {call.body.place})
    return reply(_change(call, ChangeBasket(call.key, basket_id, place=call.body.place)))


@endpoint("PUT", "/baskets/{basket_id}/slot", _contract(SlotBody))
def set_basket_slot(call: Call, basket_id: UUID) -> HttpResponse:
    """Hold room in a collection slot for a basket, as long as its units are held."""
    return reply(_change(call, ChangeBasket(call.key, basket_id, slot=call.body.slot or 0)))


@endpoint("PUT", "/baskets/{basket_id}/card", _contract(CardBody))
def set_basket_card(call: Call, basket_id: UUID) -> HttpResponse:
    """Show a loyalty card for a basket."""
    return reply(_change(call, ChangeBasket(call.key, basket_id, loyalty_number=call.body.loyalty_number)))


@endpoint("POST", "/baskets/{basket_id}/coupons", _contract(CouponBody))
def set_basket_coupon(call: Call, basket_id: UUID) -> HttpResponse:
    """Present a coupon, or take it away.

    Whether it takes anything off stands in what the basket comes to, with the reason.
    """
    codes = (call.body.code,)
    add, remove = (codes, ()) if call.body.present else ((), codes)
    return reply(_change(call, ChangeBasket(call.key, basket_id, add=add, remove=remove)))


@endpoint("POST", "/baskets/{basket_id}/renew", _contract(EmptyBody))
def renew_basket(call: Call, basket_id: UUID) -> HttpResponse:
    """Hold all of a basket for the whole time anew, at present prices; a few times at the most."""
    return reply(_change(call, ChangeBasket(call.key, basket_id, renew=True)))


@endpoint("POST", "/baskets/{basket_id}/drop", _contract(EmptyBody))
def drop_basket(call: Call, basket_id: UUID) -> HttpResponse:
    """Give everything back that a basket holds, and end it."""
    return reply(_change(call, ChangeBasket(call.key, basket_id, drop=True)))


@endpoint(
    "POST",
    "/baskets/{basket_id}/checkout",
    Contract(scope=SCOPE, body=CheckoutBody, answers={201: CheckedOut}, key=True),
)
def check_out(call: Call, basket_id: UUID) -> HttpResponse:
    """Place a basket as an order.

    `version` and `expected_total` are what the shopper saw: where the basket stands elsewhere or comes to something
    else, nothing is done and the problem says which. Units whose hold has expired are taken if they are still there.
    """
    request = _checkout(call, basket_id)
    checking = _priced(call, request)
    outcomes = commit("checkouts", [checking], weights=[LINES_A_CHECKOUT])
    count_outcomes("checkout", outcomes)
    (outcome,) = outcomes
    if isinstance(outcome, OrderPlaced):
        answer = CheckedOut(outcome, page_secret(outcome.id, 1), collection_code(outcome.id, 1))
        return reply(answer, 201, headers={"Location": f"{BASE}orders/{outcome.id}"})
    raise _refused(outcome)


@endpoint(
    "POST", "/orders/{order_id}/reopen", Contract(scope=SCOPE, body=EmptyBody, answers={201: BasketStands}, key=True)
)
def reopen_order(call: Call, order_id: UUID) -> HttpResponse:
    """Open an order again as a basket, to change it.

    Its units and its slot pass from the order, which is cancelled, to the basket, at present prices. What is being
    picked is not opened again.
    """
    asked = ReopenCall(call.caller.source_id, call.key, order_id, call.caller.places)
    outcomes = commit("reopenings", [asked], weights=[LINES_A_CHECKOUT])
    count_outcomes("reopening", outcomes)
    (outcome,) = outcomes
    if isinstance(outcome, BasketStands):
        return reply(outcome, 201, headers={"Location": f"{BASE}baskets/{outcome.id}"})
    if isinstance(outcome, StepRefused):
        raise ProblemError(problem(422, outcome.code, outcome.message, order_status=outcome.status))
    raise unknown("order") if isinstance(outcome, StepUnknown) else refuse(409, "key_conflict", outcome.message)


def _checkout(call: Call, basket: UUID) -> Checkout:
    body = call.body
    return Checkout(call.key, basket, *msgspec.structs.astuple(body))


def _priced(call: Call, request: Checkout) -> CheckoutCall:
    """Price the basket as it stands: what the committer compares with what the shopper saw."""
    source = call.caller.source_id
    found = _requoted(call, request.basket, closed=False)
    if found.quoted is None:
        return CheckoutCall(source, request)
    balances = [find_balance(code) for code in request.balances]
    accounts = tuple(balance.id if balance else None for balance in balances)
    return CheckoutCall(source, request, found.basket.version, found.quoted, accounts)


def _requoted(call: Call, basket: UUID, *, closed: bool = True) -> Found:
    """Read and price a basket, once partners were asked for what is too old of their offers to be paid."""
    source, places = call.caller.source_id, call.caller.places
    found = read_and_quote(source, basket, places=places, closed=closed)
    if found is not None and found.basket.state == "open" and requote(found.basket, now=database_now()):
        found = read_and_quote(source, basket, places=places, closed=closed)
    if found is None:
        raise unknown("basket")
    return found


def _read(found: Found) -> BasketRead:
    sold = offered(found.basket, now=database_now()) if found.basket.offers else Offered()
    if isinstance(found.quoted, Quoted):
        return BasketRead(found.basket, found.quoted.basket, (), sold)
    return BasketRead(found.basket, None, found.quoted.skus if found.quoted else (), sold)


def _change(call: Call, request: BasketRequest, *, weight: int = LINES_A_CHANGE) -> BasketStands:
    asked = BasketCall(call.caller.source_id, request, call.caller.places)
    outcomes = commit("baskets", [asked], weights=[max(weight, 1)])
    count_outcomes("basket", outcomes)
    (outcome,) = outcomes
    if isinstance(outcome, BasketStands):
        return outcome
    raise _refused(outcome)


def _refused(outcome: BasketRefused | BasketUnknown | CheckoutRefused | OrderConflict) -> ProblemError:
    if isinstance(outcome, BasketUnknown):
        return unknown("basket")
    if isinstance(outcome, OrderConflict):
        return refuse(409, "key_conflict", outcome.message)
    if isinstance(outcome, BasketRefused):
        return ProblemError(problem(422, outcome.code, outcome.message, skus=outcome.skus, offers=outcome.offers))
    found = problem(
        422, outcome.code, outcome.message, shortfalls=outcome.shortfalls, skus=outcome.skus, total=outcome.total,
        offers=outcome.offers, offers_total=outcome.offers_total,
    )  # fmt: skip
    return ProblemError(found)
