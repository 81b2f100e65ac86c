"""Open and change baskets in batches: claim, load, lock, decide one after the other, write in bulk, record."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from onebasket.base import bulk, inbox, outbox
from onebasket.base.clock import ask_now
from onebasket.commerce.orders.actions.basket_world import Read, ask_world, lock_shelves_of, names_of
from onebasket.commerce.orders.actions.basket_writing import write_baskets
from onebasket.commerce.orders.queries.offering import offers_for
from onebasket.commerce.orders.rules.basket import Basket
from onebasket.commerce.orders.rules.basket_changes import (
    Known,
    Shelves,
    apply,
    lines_touched,
    refuse_change,
    refuse_offers,
    refuse_place,
    refuse_products,
)
from onebasket.commerce.orders.rules.baskets import (
    BasketOutcome,
    BasketRefused,
    BasketRequest,
    BasketStands,
    BasketUnknown,
    ChangeBasket,
    LineWanted,
    OpenBasket,
)
from onebasket.commerce.orders.rules.messages import OrderConflict
from onebasket.commerce.slots.actions import ask_slots_book, post_slots
from onebasket.commerce.stock.actions import post
from onebasket.commerce.stock.rules.book import ShelfKey
from onebasket.commerce.stock.rules.ends import End
from onebasket.kernel.identity import fingerprint, new_id

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(BasketStands | BasketRefused).decode


class BasketCall(NamedTuple):
    """A request, the source that makes it, and the place codes that it may reach (None: every place)."""

    source_id: int
    request: BasketRequest
    places: frozenset[str] | None = None


def change_baskets(calls: Sequence[BasketCall]) -> list[BasketOutcome]:
    """Open and change baskets one after the other; each is answered with how the basket stands or a typed refusal.

    A basket of another source is unknown, which is not stored.
    """
    with bulk.batch():
        claims = [inbox.Claim(c.source_id, c.request.key, fingerprint(c.request)) for c in calls]
        claiming = inbox.ask_claim("basket", claims)
        reading = ask_world(
            {call.request.basket for call in calls if isinstance(call.request, ChangeBasket)},
            codes={call.request.place for call in calls if call.request.place},
            skus={line.sku for call in calls for line in call.request.lines},
        )
        clock = ask_now()
        claimed, now = claiming(), clock()
        read = reading(now)
        fresh = {position: calls[position] for position in sorted(claimed.fresh)}
        unknown = {p: found for p, call in fresh.items() if (found := _unknown(call, read.baskets))}
        inbox.unclaim([claimed.fresh[position] for position in unknown])
        theirs = {position: call for position, call in fresh.items() if position not in unknown}
        decided = _decide_all(theirs, claimed.fresh, read, now=now) if theirs else {}
        return inbox.answer(
            claimed, decided | unknown, count=len(calls), decode=_decode, conflict=lambda _: OrderConflict()
        )


def _unknown(call: BasketCall, baskets: Mapping[UUID, Basket]) -> BasketUnknown | None:
    request = call.request
    if isinstance(request, OpenBasket):
        return None
    basket = baskets.get(request.basket)
    if basket is None or basket.source_id != call.source_id:
        return BasketUnknown(request.basket)
    return None if call.places is None or basket.place.code in call.places else BasketUnknown(request.basket)


def _decide_all(
    fresh: Mapping[int, BasketCall], entries: Mapping[int, int], read: Read, *, now: datetime
) -> dict[int, BasketOutcome]:
    baskets, known = read
    decided: dict[int, BasketOutcome] = {}
    changes: dict[int, ChangeBasket] = {}
    for position, call in fresh.items():
        change = _open(call, known, baskets, now=now) if isinstance(call.request, OpenBasket) else call.request
        if isinstance(change, BasketRefused):
            decided[position] = change
        else:
            changes[position] = change
    known = known._replace(offers=offers_for(changes.values(), baskets, known, now=now))
    shelves = _lock(changes.values(), baskets, known, now=now)
    changed: dict[UUID, Basket] = {}
    for position, change in changes.items():
        basket = baskets[change.basket]
        refused = refuse_change(change, basket, known) or _refuse_offers(change, basket, known)
        refused = refused or apply(change, basket, known, shelves)
        if refused is None:
            changed[basket.id] = basket
            basket.version += 1
        decided[position] = refused or basket.stands()
    with outbox.gathering():
        write_baskets(list(changed.values()), now=now)
        post_slots(shelves.slots, now=now)
        post(shelves.book, now=now, names=names_of(known, baskets.values()))
        inbox.settle({entries[p]: _encode(outcome).decode() for p, outcome in decided.items()})
    return decided


def _open(
    call: BasketCall, known: Known, baskets: dict[UUID, Basket], *, now: datetime
) -> ChangeBasket | BasketRefused:
    """Open a basket in memory, and return its first lines as the first change of it."""
    request = call.request
    assert isinstance(request, OpenBasket)  # noqa: S101 - asked by the caller
    skus = [line.sku for line in request.lines]
    if refused := refuse_place(request.place, known) or refuse_products(skus, known):
        return refused
    basket = Basket(new_id(), call.source_id, request.channel, known.places[request.place], request.loyalty_number, now)
    baskets[basket.id] = basket
    lines = tuple(LineWanted(line.sku, line.quantity) for line in request.lines)
    return ChangeBasket(request.key, basket.id, lines, offers=request.offers)


def _refuse_offers(change: ChangeBasket, basket: Basket, known: Known) -> BasketRefused | None:
    return refuse_offers(change, basket, known) if change.offers else None


def _lock(changes: Iterable[ChangeBasket], baskets: Mapping[UUID, Basket], known: Known, *, now: datetime) -> Shelves:
    """Lock the slots, then the shelves, that these changes may touch, and read what the baskets hold."""
    slots: set[int] = set()
    references: set[UUID] = set()
    keys: set[ShelfKey] = set()
    names: set[UUID] = set()
    for change in changes:
        basket = baskets[change.basket]
        everything = lines_touched(change, basket, now)
        if change.slot is not None or (everything and basket.slot_id):
            slots |= {slot for slot in (change.slot, basket.slot_id) if slot}
            references.add(basket.id)
        products = {known.products[line.sku].id for line in change.lines if line.sku in known.products}
        if everything or not products.isdisjoint(basket.lines):
            names.add(basket.id)
        if everything:
            products |= basket.lines.keys()
        places = {basket.place.id} | ({known.places[change.place].id} if change.place in known.places else set())
        keys |= {ShelfKey(place, End.SELLABLE, product) for place in places for product in products}
    slot_book = ask_slots_book(slots, references=references, now=now)
    return lock_shelves_of(keys, {name: baskets[name] for name in names}, slot_book, now=now)
