"""Place baskets as orders in batches: claim, lock, decide one after the other, write in bulk, record."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from django.db import transaction

from onebasket.base import inbox
from onebasket.base.clock import database_now
from onebasket.commerce.orders.actions.basket_world import (
    kept_back_at,
    load_known,
    load_parts,
    lock_and_load,
    names_of,
    settle_time,
)
from onebasket.commerce.orders.actions.basket_writing import write_baskets
from onebasket.commerce.orders.actions.drafting import Draft, DraftLine
from onebasket.commerce.orders.actions.writing import Placing, write_orders
from onebasket.commerce.orders.rules.basket import Basket
from onebasket.commerce.orders.rules.basket_changes import Shelves
from onebasket.commerce.orders.rules.baskets import BasketUnknown, Checkout, CheckoutRefused
from onebasket.commerce.orders.rules.checking import refuse_checkout, short_lines
from onebasket.commerce.orders.rules.messages import OrderConflict, OrderPlaced
from onebasket.commerce.pricing.rules.basket import PricedBasket
from onebasket.commerce.slots.actions import open_slots_book, post_slots
from onebasket.commerce.slots.rules.book import SlotBook
from onebasket.commerce.stock.actions import open_book, post
from onebasket.commerce.stock.actions.basket_holds import end_parts
from onebasket.commerce.stock.rules.book import ShelfKey
from onebasket.commerce.stock.rules.ends import End
from onebasket.kernel.identity import fingerprint

PAYMENT_MINUTES = 15
"""How long an order that is paid by card waits for its payment."""
CheckoutOutcome = OrderPlaced | CheckoutRefused | BasketUnknown | OrderConflict
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(OrderPlaced | CheckoutRefused).decode


class CheckoutCall(NamedTuple):
    """A request, the source that makes it, and what the basket came to when it was priced for it just now.

    `version` is the basket's when it was priced; without `priced` it could not be: `unpriced` names the SKUs.
    """

    source_id: int
    request: Checkout
    version: int = 0
    priced: PricedBasket | None = None
    unpriced: tuple[str, ...] = ()


def check_out(calls: Sequence[CheckoutCall]) -> list[CheckoutOutcome]:
    """Place baskets as orders, one after the other; each is answered with its order or a typed refusal.

    What the shopper saw must be what is placed: another version or total is refused and changes nothing. Units that
    the basket holds become the order's; where its hold has expired, they are taken if they are still there.
    """
    with transaction.atomic():
        now = database_now()
        claims = [inbox.Claim(c.source_id, c.request.key, fingerprint(c.request)) for c in calls]
        claimed = inbox.claim("checkout", claims, now=now)
        fresh = {position: calls[position] for position in sorted(claimed.fresh)}
        baskets = lock_and_load({call.request.basket for call in fresh.values()})
        unknown = {
            position: BasketUnknown(call.request.basket)
            for position, call in fresh.items()
            if call.request.basket not in baskets or baskets[call.request.basket].source_id != call.source_id
        }
        inbox.unclaim([claimed.fresh[position] for position in unknown])
        theirs = {position: call for position, call in fresh.items() if position not in unknown}
        decided = _decide_all(theirs, claimed.fresh, baskets, now=now) if theirs else {}
        inbox.settle({claimed.fresh[p]: _encode(outcome).decode() for p, outcome in decided.items()})
        return inbox.answer(
            claimed, {**decided, **unknown}, count=len(calls), decode=_decode, conflict=lambda _: OrderConflict()
        )


def _decide_all(
    fresh: Mapping[int, CheckoutCall], entries: Mapping[int, int], baskets: Mapping[UUID, Basket], *, now: datetime
) -> dict[int, OrderPlaced | CheckoutRefused]:
    settle_time(baskets.values(), now)
    shelves = _lock(baskets, now=now)
    decided: dict[int, OrderPlaced | CheckoutRefused] = {}
    placings: list[Placing] = []
    for position, call in fresh.items():
        basket = baskets[call.request.basket]
        found = _decide(call, basket, shelves)
        if isinstance(found, CheckoutRefused):
            decided[position] = found
        else:
            placings.append(Placing(position, entries[position], call.source_id, found))
    placed = [baskets[placing.draft.id] for placing in placings]
    end_parts([part.id for basket in placed for part in basket.turned_over if part.id], confirmed=True)
    decided |= write_orders(placings, now=now)
    write_baskets(placed, now=now)
    post_slots(shelves.slots, now=now)
    post(shelves.book, now=now, names=names_of(load_known((), ()), baskets.values()))
    return decided


def _lock(baskets: Mapping[UUID, Basket], *, now: datetime) -> Shelves:
    timed = {identity: basket.slot_id for identity, basket in baskets.items() if basket.slot_id}
    slots = open_slots_book(timed.values(), references=timed, now=now) if timed else SlotBook(now, {}, {})
    keys = {
        ShelfKey(basket.place.id, End.SELLABLE, product)
        for basket in baskets.values()
        if basket.state == "open"
        for product in basket.lines
    }
    book = open_book(keys, now=now)
    load_parts({identity: basket for identity, basket in baskets.items() if basket.state == "open"}, now=now)
    return Shelves(book, kept_back_at(keys), slots, now)


def _decide(call: CheckoutCall, basket: Basket, shelves: Shelves) -> Draft | CheckoutRefused:
    request, priced = call.request, call.priced
    if refused := refuse_checkout(request, basket, priced, version=call.version, unpriced=call.unpriced):
        return refused
    assert priced is not None  # noqa: S101 - refused above
    if short := short_lines(basket, shelves):
        return CheckoutRefused("short", f"{basket.place.name} has not enough of every line any more.", short)
    if basket.slot_id and not shelves.slots.confirm(basket.slot_id, basket.id):
        return CheckoutRefused("slot_not_free", "The time chosen is full or over. Choose another.")
    basket.turn_over(shelves.book)
    return _draft(request, basket, priced)


def _draft(request: Checkout, basket: Basket, priced: PricedBasket) -> Draft:
    ordered = sorted(basket.lines.values(), key=lambda line: line.number)
    lines = []
    for line, stated in zip(ordered, priced.lines, strict=True):
        tax = 0 if priced.tax_included else sum(part.amount for part in stated.taxes)
        lines.append(
            DraftLine(
                line.product, line.quantity, line.quantity, stated.unit_amount, stated.per_quantity,
                stated.list_amount, stated.amount + tax, stated.reductions, stated.taxes,
            )
        )  # fmt: skip
    reason = {
        "chosen": f"the shopper chose {basket.place.code}, which has all of it",
        "method": priced.method,
        "held_since": basket.held_since.isoformat() if basket.held_since else None,
        "notes": [[line.number, *msgspec.structs.astuple(note)] for line in priced.lines for note in line.notes],
    }
    return Draft(
        basket.id, basket.place, basket.channel, lines, reason, basket.loyalty_number, request.note,
        PAYMENT_MINUTES if request.method == "card" else None, priced.tax_included, basket.slot_id, request.contact,
        secret=True,
    )  # fmt: skip
