"""Open placed orders again as baskets: the way in which a shopper changes an order that nobody has picked yet."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from onebasket.base import bulk, inbox
from onebasket.base.clock import database_now
from onebasket.commerce.catalogue.queries import products_by_id
from onebasket.commerce.orders.actions.basket_world import kept_back_at
from onebasket.commerce.orders.actions.basket_writing import write_baskets
from onebasket.commerce.orders.actions.stepping import StepCall, Work, open_work, post_work, take_step, visible
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.basket import Basket
from onebasket.commerce.orders.rules.baskets import BasketStands
from onebasket.commerce.orders.rules.life import Status, Step
from onebasket.commerce.orders.rules.messages import REOPENED, OrderConflict, OrderStep, StepRefused, StepUnknown
from onebasket.commerce.orders.rules.offering import BasketOffer
from onebasket.commerce.partners.queries.parts import PartState, parts_of
from onebasket.commerce.partners.rules.parts import CANCELLABLE
from onebasket.commerce.partners.rules.parts import Status as PartStatus
from onebasket.commerce.places.queries import places_by_id
from onebasket.kernel.identity import fingerprint, new_id

ReopenOutcome = BasketStands | StepRefused | StepUnknown | OrderConflict
_CHANGEABLE = frozenset({Status.AWAITING_PAYMENT, Status.PLACED})
_ASKED = frozenset(PartStatus) - CANCELLABLE - {PartStatus.CANCELLED}
"""Where a partner's part stands once its partner was asked for it: the order is changed no more."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(BasketStands | StepRefused).decode


class ReopenCall(NamedTuple):
    """An order to open again, the key and source of who asks, and the place codes that it may see (None: all)."""

    source_id: int
    key: str
    order: UUID
    places: frozenset[str] | None = None


def reopen_orders(calls: Sequence[ReopenCall]) -> list[ReopenOutcome]:
    """Cancel orders and hold their lines, and their slots, in new baskets: one decision, so that nobody comes between.

    The baskets belong to the source that asks, and are priced as of now. What has been picked is not opened again.
    """
    steps = [_step(call) for call in calls]
    with bulk.batch():
        now = database_now()
        seen = visible(steps)
        known = [index for index in range(len(calls)) if index in seen]
        claims = [_claim(calls[index]) for index in known]
        claimed = inbox.claim("reopening", claims)
        fresh = {position: steps[known[position]] for position in sorted(claimed.fresh)}
        decided: dict[int, ReopenOutcome] = {}
        if fresh:
            decided |= _decide_all(fresh, claimed.fresh, now=now)
        inbox.settle({claimed.fresh[p]: _encode(outcome).decode() for p, outcome in decided.items()})
        answers = inbox.answer(claimed, decided, count=len(known), decode=_decode, conflict=lambda _: OrderConflict())
    outcomes: dict[int, ReopenOutcome] = dict(zip(known, answers, strict=True))
    return [outcomes.get(index, StepUnknown(call.order)) for index, call in enumerate(calls)]


def _step(call: ReopenCall) -> StepCall:
    request = OrderStep(call.key, call.order, Step.CANCEL, reason=REOPENED)
    return StepCall(call.source_id, request, call.places)


def _claim(call: ReopenCall) -> inbox.Claim:
    return inbox.Claim(call.source_id, call.key, fingerprint(["reopen", call.order]))


def _decide_all(
    fresh: Mapping[int, StepCall], entries: Mapping[int, int], *, now: datetime
) -> dict[int, BasketStands | StepRefused]:
    heirs = {call.request.order: new_id() for call in fresh.values()}
    work = open_work(fresh.values(), now=now, heirs=heirs)
    parted = parts_of({order.pk for order in work.orders.values() if order.part_count})
    decided: dict[int, BasketStands | StepRefused] = {}
    baskets: list[Basket] = []
    for position, call in fresh.items():
        order = work.orders[call.request.order]
        parts = parted.get(order.pk, [])
        if refused := _refuse(order, parts):
            decided[position] = refused
            continue
        done = take_step(work, call.request, entries[position])
        if isinstance(done, StepRefused):
            decided[position] = done
            continue
        basket = _basket(work, order, call.source_id, heirs[order.pk])
        basket.offers = {one.offer: one for part in parts for one in _agreed(part)}
        baskets.append(basket)
        decided[position] = basket.stands()
    write_baskets(baskets, now=now)
    post_work(work)
    return decided


def _refuse(order: Order, parts: Sequence[PartState]) -> StepRefused | None:
    if Status(order.status) not in _CHANGEABLE:
        message = f"An order that is {order.status} cannot be changed any more."
        return StepRefused("not_open", message, order.status)
    if any(part.status in _ASKED for part in parts):
        message = "A partner was asked for its part already: the order cannot be changed any more."
        return StepRefused("not_open", message, order.status)
    return None


def _agreed(part: PartState) -> list[BasketOffer]:
    """Return what was agreed to of a part's offers; they are in the basket again at that price."""
    if part.status not in CANCELLABLE:
        return []
    return [
        BasketOffer(line.offer, line.quantity, line.unit_amount, line.shipping_amount, line.stated_at)
        for line in part.lines
    ]


def _basket(work: Work, order: Order, source_id: int, identity: UUID) -> Basket:
    place = places_by_id([order.place_id])[order.place_id]
    basket = Basket(identity, source_id, order.channel, place, order.loyalty_number, work.now, version=1)
    basket.begin(work.now)
    lines = work.lines.get(order.pk, [])
    products = products_by_id({line.product_id for line in lines})
    kept_back = kept_back_at(work.book.figures)
    for line in lines:
        basket.want(products[line.product_id], line.promised)
        basket.hold(products[line.product_id], work.book, kept_back)
    if order.slot_id and basket.held_until and work.slots.take(order.slot_id, identity, basket.held_until):
        basket.slot_id = order.slot_id
    return basket
