"""Holds: a basket's promises, all or nothing, that expire by the database's clock (half-open)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from django.db import transaction

from onebasket.base import bulk, inbox, outbox
from onebasket.base.clock import database_now
from onebasket.commerce.catalogue.queries import products_by_id, products_by_sku
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.places.queries import places_by_code, places_by_id
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.stock.actions.book import hold_news, open_book, post
from onebasket.commerce.stock.locking import lock_holds
from onebasket.commerce.stock.models import Hold, HoldLine
from onebasket.commerce.stock.queries.available import buffers_of
from onebasket.commerce.stock.rules.book import ShelfBook, ShelfKey
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.events import Names
from onebasket.commerce.stock.rules.messages import (
    HoldOutcome,
    HoldPlaced,
    HoldRefused,
    HoldRequest,
    KeyConflict,
    Short,
)
from onebasket.commerce.stock.rules.promises import Buffers, HeldLine
from onebasket.kernel.identity import fingerprint, new_id

_HOLD_NAMES = ("id", "place", "channel", "source_id", "expires_at", "created_at")
_LINE_NAMES = ("place", "hold", "number", "product", "quantity", "state", "expires_at")
_decode = msgspec.json.Decoder(HoldPlaced | HoldRefused | KeyConflict).decode


class HoldCall(NamedTuple):
    """A request and the source that makes it."""

    source_id: int
    request: HoldRequest


class _World(NamedTuple):
    places: Mapping[str, PlaceFacts]
    products: Mapping[str, ProductFacts]
    buffers: Buffers

    def names(self) -> Names:
        return Names({p.id: p.code for p in self.places.values()}, {p.id: p.sku for p in self.products.values()})


def hold_stock(calls: Sequence[HoldCall]) -> list[HoldOutcome]:
    """Take promises for baskets, one after the other; each is answered with its hold or a typed refusal."""
    with bulk.batch():
        now = database_now()
        claims = [inbox.Claim(c.source_id, c.request.key, fingerprint(c.request)) for c in calls]
        claimed = inbox.claim("hold", claims)
        fresh = {index: calls[index] for index in sorted(claimed.fresh)}
        decided = _decide_all(fresh, now=now) if fresh else {}
        inbox.settle({claimed.fresh[i]: msgspec.json.encode(outcome).decode() for i, outcome in decided.items()})
        return inbox.answer(claimed, decided, count=len(calls), decode=_decode, conflict=lambda _: KeyConflict())


def _decide_all(fresh: Mapping[int, HoldCall], *, now: datetime) -> dict[int, HoldOutcome]:
    requests = [call.request for call in fresh.values()]
    places = places_by_code({request.place for request in requests})
    products = products_by_sku({line.sku for request in requests for line in request.lines})
    book = open_book(
        {
            ShelfKey(places[request.place].id, End.SELLABLE, products[line.sku].id)
            for request in requests
            for line in request.lines
            if request.place in places and line.sku in products
        },
        now=now,
    )
    # Under the lock: what was kept back before it is not promised.
    ids = [product.id for product in products.values()]
    world = _World(places, products, buffers_of([place.id for place in places.values()], product_ids=ids))
    decided: dict[int, HoldOutcome] = {}
    taken: list[tuple[HoldCall, HoldPlaced]] = []
    for index, call in fresh.items():
        outcome = _decide(call.request, book, world, now=now)
        decided[index] = outcome
        if isinstance(outcome, HoldPlaced):
            taken.append((call, outcome))
    _write(taken, world, now=now)
    post(book, now=now, names=world.names())
    return decided


def _decide(request: HoldRequest, book: ShelfBook, world: _World, *, now: datetime) -> HoldPlaced | HoldRefused:
    if refused := _refuse_unknown(request, world):
        return refused
    place = world.places[request.place]
    shortfalls: list[Short] = []
    for number, line in enumerate(request.lines, 1):
        product = world.products[line.sku]
        kept = world.buffers.kept_back(
            place_id=place.id, channel=request.channel, product_id=product.id, unit=product.unit
        )
        shelf = book.find(place.id, product.id)
        free = max(0, shelf.available(kept)) if shelf else 0
        if free < line.quantity:
            shortfalls.append(Short(number, line.sku, line.quantity, free, line.quantity - free))
    if shortfalls:
        return HoldRefused("short", "There is not enough of every line.", tuple(shortfalls))
    for line in request.lines:
        book.hold(place.id, world.products[line.sku].id, line.quantity)
    return HoldPlaced(new_id(), place.code, now + timedelta(seconds=request.seconds))


def _refuse_unknown(request: HoldRequest, world: _World) -> HoldRefused | None:
    skus = [line.sku for line in request.lines]
    if request.place not in world.places or not world.places[request.place].active:
        return HoldRefused("unknown_place", f"There is no place {request.place!r} that serves orders.")
    if unknown := tuple(sku for sku in skus if sku not in world.products or not world.products[sku].active):
        return HoldRefused("unknown_product", "Some SKUs name no product that is sold.", skus=unknown)
    if untracked := tuple(sku for sku in skus if not world.products[sku].tracked):
        return HoldRefused("untracked_product", "Some products keep no stock and cannot be held.", skus=untracked)
    if len(set(skus)) != len(skus):
        return HoldRefused("doubled_line", "Name each product once, with its whole quantity.", skus=tuple(skus))
    return None


def _write(taken: Sequence[tuple[HoldCall, HoldPlaced]], world: _World, *, now: datetime) -> None:
    holds, lines, news = [], [], []
    for (source_id, request), placed in taken:
        place = world.places[request.place]
        holds.append((placed.id, place.id, request.channel, source_id, placed.expires_at, now))
        lines += [
            (
                place.id, placed.id, number, world.products[line.sku].id, line.quantity,
                HoldLine.State.ACTIVE.value, placed.expires_at,
            )
            for number, line in enumerate(request.lines, 1)
        ]  # fmt: skip
        pairs = [(line.sku, line.quantity) for line in request.lines]
        news.append(_news("hold.placed", placed.id, place.code, placed.expires_at, pairs, now))
    bulk.insert(Hold, _HOLD_NAMES, holds)
    bulk.insert(HoldLine, _LINE_NAMES, lines)
    outbox.record(news)


def _news(
    type_: str, hold: UUID, place: str, expires_at: datetime, lines: Iterable[tuple[str, int]], now: datetime
) -> outbox.News:
    data = {"hold": str(hold), "place": place, "expires_at": expires_at.isoformat(), "lines": list(lines)}
    return outbox.News(type_, f"hold/{hold}", now, data, place)


def claim_holds(ids: Sequence[UUID]) -> dict[UUID, list[HeldLine]]:
    """Lock the holds that orders confirm and return their active lines, expired ones included."""
    return lock_holds(ids)


def shelves_of(lines: Iterable[HeldLine]) -> set[ShelfKey]:
    """Return the shelves that held lines lie on."""
    return {ShelfKey(line.place_id, End.SELLABLE, line.product_id) for line in lines}


def still_held(holds: Mapping[UUID, list[HeldLine]]) -> dict[UUID, list[HeldLine]]:
    """Return the holds whose lines are all active yet, asked under the shelves' lock: others may have met them."""
    ids = [line.id for lines in holds.values() for line in lines]
    if not ids:
        return {}
    active = set(HoldLine.objects.filter(pk__in=ids, state=HoldLine.State.ACTIVE).values_list("pk", flat=True))
    return {hold: lines for hold, lines in holds.items() if all(line.id in active for line in lines)}


def confirm_lines(lines: Sequence[HeldLine]) -> None:
    """Mark held lines as turned over to an order that has taken their place in the book."""
    if lines:
        HoldLine.objects.filter(pk__in=[line.id for line in lines]).update(state=HoldLine.State.CONFIRMED)


def release_holds(ids: Sequence[UUID], *, source_id: int | None = None) -> int:
    """Give holds back before their time; releasing one again changes nothing. Returns how many lines were freed.

    With a source, another source's holds are left alone.
    """
    with transaction.atomic():
        if source_id is not None:
            ids = list(Hold.objects.filter(pk__in=ids, source_id=source_id).values_list("pk", flat=True))
        locked = lock_holds(ids)
        return _free([line for lines in locked.values() for line in lines], HoldLine.State.RELEASED)


def release_expired(limit: int = 200) -> int:
    """Release expired holds that nobody has met on a shelf, oldest first; returns how many lines were freed."""
    with transaction.atomic():
        now = database_now()
        due = HoldLine.objects.filter(state=HoldLine.State.ACTIVE, expires_at__lte=now).order_by("expires_at")
        locked = lock_holds(sorted(set(due.values_list("hold_id", flat=True)[:limit])))
        lines = [line for lines in locked.values() for line in lines if line.expires_at <= now]
        return _free(lines, HoldLine.State.EXPIRED)


def _free(lines: Sequence[HeldLine], state: HoldLine.State) -> int:
    if not lines:
        return 0
    now = database_now()
    book = open_book(shelves_of(lines), now=now)
    still = set(
        HoldLine.objects.filter(pk__in=[li.id for li in lines], state=HoldLine.State.ACTIVE).values_list(
            "pk", flat=True
        )
    )
    freed = [line for line in lines if line.id in still]
    for line in freed:
        book.hold(line.place_id, line.product_id, -line.quantity)
    HoldLine.objects.filter(pk__in=still).update(state=state)
    places = places_by_id({line.place_id for line in lines})
    products = products_by_id({line.product_id for line in lines})
    names = Names({p.id: p.code for p in places.values()}, {p.id: p.sku for p in products.values()})
    post(book, now=now, names=names)
    outbox.record(hold_news(f"hold.{state.value}", freed, now=now, names=names))
    return len(freed) + sum(line in lines for line in book.expired)
