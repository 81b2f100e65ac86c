"""Place baskets as orders in batches: claim, lock, decide one after the other, write in bulk, record."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from onebasket.base import bulk, inbox, outbox
from onebasket.base.clock import ask_now
from onebasket.commerce.orders.actions.basket_world import Read, ask_world, lock_shelves_of, names_of
from onebasket.commerce.orders.actions.basket_writing import write_baskets
from onebasket.commerce.orders.actions.drafting import Draft, DraftLine
from onebasket.commerce.orders.actions.parting import plan_parts
from onebasket.commerce.orders.actions.tendering import Tendered, dues_of, plan_tenders, spend
from onebasket.commerce.orders.actions.writing import Placing, write_orders
from onebasket.commerce.orders.queries.offering import Offering, open_offering
from onebasket.commerce.orders.rules.basket import Basket
from onebasket.commerce.orders.rules.basket_changes import Known, Shelves
from onebasket.commerce.orders.rules.baskets import BasketUnknown, Checkout, CheckoutRefused
from onebasket.commerce.orders.rules.checking import closed, refuse_checkout, short_lines
from onebasket.commerce.orders.rules.messages import OrderConflict, OrderPlaced
from onebasket.commerce.partners.actions.parts import open_parts
from onebasket.commerce.partners.rules.selling import NewPart
from onebasket.commerce.payments.actions import open_balances, open_payments, post_balances
from onebasket.commerce.payments.rules.balances import BalanceBook
from onebasket.commerce.pricing.actions.redeeming import claim_uses, release_uses
from onebasket.commerce.pricing.queries.quoting import Quoted, Unpriced
from onebasket.commerce.pricing.rules.uses import Use
from onebasket.commerce.slots.actions import ask_slots_book, post_slots
from onebasket.commerce.slots.queries.plans import planned_places
from onebasket.commerce.stock.actions import post
from onebasket.commerce.stock.actions.basket_holds import end_parts
from onebasket.commerce.stock.rules.book import ShelfKey
from onebasket.commerce.stock.rules.ends import End
from onebasket.kernel.identity import fingerprint

PAYMENT_MINUTES = 15
"""How long an order that is paid by card waits for its payment."""
LATE = {
    "limit": "{} was used as often as it may be. Take it out, and look at the basket again.",
    "used": "The code for {} was used meanwhile. Take it out, and look at the basket again.",
    "unknown": "There is no such code for {}. Take it out, and look at the basket again.",
}
"""Why a use that was good when the basket was priced is not good any more."""
CheckoutOutcome = OrderPlaced | CheckoutRefused | BasketUnknown | OrderConflict
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(OrderPlaced | CheckoutRefused).decode


class CheckoutCall(NamedTuple):
    """A request, the source that makes it, and what the basket came to when it was priced for it just now.

    `version` is the basket's when it was priced; `accounts` are those of the balances' codes, None where there is none.
    """

    source_id: int
    request: Checkout
    version: int = 0
    quoted: Quoted | Unpriced | None = None
    accounts: tuple[int | None, ...] = ()


def check_out(calls: Sequence[CheckoutCall]) -> list[CheckoutOutcome]:
    """Place baskets as orders, one after the other; each is answered with its order or a typed refusal.

    What the shopper saw must be what is placed: another version or total is refused and changes nothing. Units that
    the basket holds become the order's; where its hold has expired, they are taken if they are still there.
    """
    with bulk.batch():
        claims = [inbox.Claim(c.source_id, c.request.key, fingerprint(c.request)) for c in calls]
        claiming = inbox.ask_claim("checkout", claims)
        reading = ask_world({call.request.basket for call in calls})
        clock = ask_now()
        claimed, now = claiming(), clock()
        read = reading(now)
        fresh = {position: calls[position] for position in sorted(claimed.fresh)}
        baskets = read.baskets
        unknown = {
            position: BasketUnknown(call.request.basket)
            for position, call in fresh.items()
            if call.request.basket not in baskets or baskets[call.request.basket].source_id != call.source_id
        }
        inbox.unclaim([claimed.fresh[position] for position in unknown])
        theirs = {position: call for position, call in fresh.items() if position not in unknown}
        decided = _decide_all(theirs, claimed.fresh, read, now=now) if theirs else {}
        return inbox.answer(
            claimed, {**decided, **unknown}, count=len(calls), decode=_decode, conflict=lambda _: OrderConflict()
        )


def _decide_all(
    fresh: Mapping[int, CheckoutCall], entries: Mapping[int, int], read: Read, *, now: datetime
) -> dict[int, OrderPlaced | CheckoutRefused]:
    baskets = {call.request.basket: read.baskets[call.request.basket] for call in fresh.values()}
    decided: dict[int, OrderPlaced | CheckoutRefused] = {}
    timeless = {basket.place.id for basket in baskets.values() if basket.slot_id is None and basket.lines}
    planned = planned_places(timeless) if timeless else set()
    for position, call in fresh.items():
        basket = baskets[call.request.basket]
        priced = call.quoted.basket if isinstance(call.quoted, Quoted) else None
        unpriced = call.quoted.skus if isinstance(call.quoted, Unpriced) else ()
        if refused := refuse_checkout(call.request, basket, priced, version=call.version, unpriced=unpriced):
            decided[position] = refused
        elif basket.slot_id is None and basket.lines and basket.place.id in planned:
            decided[position] = CheckoutRefused("slot_needed", f"Choose when to collect at {basket.place.name}.")
    decided |= _claim_uses({position: call for position, call in fresh.items() if position not in decided}, now)
    going = {position: call for position, call in fresh.items() if position not in decided}
    named = (baskets[call.request.basket] for call in going.values())
    offering = open_offering(((one.place.currency, offer) for one in named for offer in one.offers), now=now)
    accounts = {account for call in going.values() for account in call.accounts if account is not None}
    balances = open_balances(accounts, now=now) if accounts else BalanceBook({}, now)
    shelves = _lock(baskets, now=now)
    placings: list[Placing] = []
    for position, call in going.items():
        found = _decide(call, baskets[call.request.basket], shelves, _Open(balances, offering))
        if isinstance(found, CheckoutRefused):
            decided[position] = found
        else:
            placings.append(Placing(position, entries[position], call.source_id, found))
    if unused := {fresh[p].request.basket for p in decided if _uses(fresh[p])}:
        release_uses(unused, now=now)
    placed = [baskets[placing.draft.id] for placing in placings]
    with outbox.gathering():
        end_parts([part.id for basket in placed for part in basket.turned_over if part.id], confirmed=True)
        write_baskets(placed, now=now)
        post_slots(shelves.slots, now=now)
        post(shelves.book, now=now, names=names_of(Known({}, {}), baskets.values()))
        decided |= write_orders(placings, now=now)
        open_parts([part for placing in placings for part in placing.draft.parts], now=now)
        open_payments([payment for placing in placings for payment in placing.draft.payments], now=now)
        post_balances(balances, now=now)
        inbox.settle({entries[p]: _encode(outcome).decode() for p, outcome in decided.items()})
    return decided


def _uses(call: CheckoutCall) -> list[Use]:
    return call.quoted.uses(call.request.basket) if isinstance(call.quoted, Quoted) else []


def _claim_uses(calls: Mapping[int, CheckoutCall], now: datetime) -> dict[int, OrderPlaced | CheckoutRefused]:
    """Claim what promotions and coupons allow; refuse those who come too late for one."""
    refused = claim_uses([use for call in calls.values() for use in _uses(call)], now=now)
    late = {one.use.order: one for one in refused}
    return {
        position: CheckoutRefused("coupon_not_usable", LATE[one.reason].format(one.use.code))
        for position, call in calls.items()
        if (one := late.get(call.request.basket))
    }


def _lock(baskets: Mapping[UUID, Basket], *, now: datetime) -> Shelves:
    timed = {identity: basket.slot_id for identity, basket in baskets.items() if basket.slot_id}
    slots = ask_slots_book(timed.values(), references=timed, now=now)
    keys = {
        ShelfKey(basket.place.id, End.SELLABLE, product)
        for basket in baskets.values()
        if basket.state == "open"
        for product in basket.lines
    }
    open_ones = {identity: basket for identity, basket in baskets.items() if basket.state == "open"}
    return lock_shelves_of(keys, open_ones, slots, now=now)


class _Open(NamedTuple):
    """What checkouts are decided against beside shelves: the balances presented, and partners' offers."""

    balances: BalanceBook
    offering: Offering


def _decide(call: CheckoutCall, basket: Basket, shelves: Shelves, against: _Open) -> Draft | CheckoutRefused:
    request = call.request
    assert isinstance(call.quoted, Quoted)  # noqa: S101 - refused before
    if basket.state != "open":  # placed by another request of this batch
        return closed(basket)
    if short := short_lines(basket, shelves):
        return CheckoutRefused("short", f"{basket.place.name} has not enough of every line any more.", short)
    parts = plan_parts(request, basket, against.offering)
    if isinstance(parts, CheckoutRefused):
        return parts
    dues = dues_of(request, basket, call.quoted.basket.total, parts)
    tendered = plan_tenders(basket, dues, accounts=call.accounts, book=against.balances)
    if isinstance(tendered, CheckoutRefused):
        return tendered
    if basket.slot_id and not basket.lines:  # nothing is collected
        shelves.slots.give_back(basket.slot_id, basket.id)
        basket.slot_id = None
    if basket.slot_id and not shelves.slots.confirm(basket.slot_id, basket.id):
        return CheckoutRefused("slot_not_free", "The time chosen is full or over. Choose another.")
    spend(tendered, against.balances)
    basket.turn_over(shelves.book)
    return _draft(request, basket, call.quoted, tendered, parts=parts)


def _draft(request: Checkout, basket: Basket, quoted: Quoted, tendered: Tendered, *, parts: Sequence[NewPart]) -> Draft:
    priced = quoted.basket
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
    chosen = f"the shopper chose {basket.place.code}, which has all of it"
    reason = {
        "chosen": chosen if lines else "partners send all of it",
        "method": priced.method,
        "held_since": basket.held_since.isoformat() if basket.held_since else None,
        "notes": [[line.number, *msgspec.structs.astuple(note)] for line in priced.lines for note in line.notes],
    }
    return Draft(
        basket.id, basket.place, basket.channel, lines, reason, basket.loyalty_number, request.note,
        PAYMENT_MINUTES if tendered.awaits else None, priced.tax_included, basket.slot_id, request.contact,
        secret=True, payments=tendered.payments, asked=quoted.asked,
        parts=tuple(part if tendered.awaits else part.paid() for part in parts),
    )  # fmt: skip
