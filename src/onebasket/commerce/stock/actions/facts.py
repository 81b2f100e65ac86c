"""Book what happened to stock outside the tills: deliveries, counts, adjustments, moves, transfers, returns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from onebasket.base import bulk, inbox, quarantine
from onebasket.base.clock import database_now
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.stock.actions.book import open_book, post
from onebasket.commerce.stock.queries.ledger import moved_since
from onebasket.commerce.stock.rules.book import Cause, ShelfBook, ShelfKey
from onebasket.commerce.stock.rules.ends import End, Kind, is_shelf
from onebasket.commerce.stock.rules.events import Names
from onebasket.commerce.stock.rules.messages import (
    FactBooked,
    FactKind,
    FactOutcome,
    FactQuarantined,
    StockFact,
    fault_in,
    legs,
)
from onebasket.kernel.clock import is_credible
from onebasket.kernel.identity import fingerprint, has_nul

KIND = "stock"


@dataclass(frozen=True, slots=True)
class _World:
    places: Mapping[str, PlaceFacts]
    products: Mapping[str, ProductFacts]

    def names(self) -> Names:
        return Names(
            {place.id: code for code, place in self.places.items()},
            {product.id: sku for sku, product in self.products.items()},
        )


def book_movements(source_id: int, facts: Sequence[StockFact | quarantine.Unreadable]) -> list[FactOutcome]:
    """Book facts in the order given and return an outcome for each; what cannot be booked goes to quarantine whole."""
    with bulk.batch():
        now = database_now()
        world = _world(facts)
        faults = {index: fault for index, fact in enumerate(facts) if (fault := _fault(fact, world))}
        sound = [index for index in range(len(facts)) if index not in faults]
        claims = [_claim(source_id, facts[index]) for index in sound]
        claimed = inbox.claim(KIND, claims)
        fresh = {sound[position]: entry for position, entry in sorted(claimed.fresh.items())}
        booked = _book({entry: _sound(facts[index]) for index, entry in fresh.items()}, world, now=now)
        inbox.settle({entry: msgspec.json.encode(outcome).decode() for entry, outcome in booked.items()})
        for position in claimed.conflicts:
            faults[sound[position]] = quarantine.conflict_of(_sound(facts[sound[position]]).key)
        kept = _quarantine(source_id, facts, faults, now=now)
        quarantine.supersede(KIND, [(source_id, _sound(facts[index]).key) for index in fresh], now=now)
        answers = inbox.answer(
            claimed,
            {position: booked[entry] for position, entry in claimed.fresh.items()},
            count=len(sound),
            decode=lambda text: msgspec.json.decode(text, type=FactBooked),
            conflict=lambda position: kept[sound[position]],
        )
    outcomes: dict[int, FactOutcome] = dict(kept)
    outcomes.update(zip(sound, answers, strict=True))
    return [outcomes[index] for index in range(len(facts))]


def _sound(fact: StockFact | quarantine.Unreadable) -> StockFact:
    assert isinstance(fact, StockFact)  # noqa: S101 - unreadable ones have a fault and never get here
    return fact


def _claim(source_id: int, fact: StockFact | quarantine.Unreadable) -> inbox.Claim:
    return inbox.Claim(source_id, _sound(fact).key, fingerprint(fact))


def _world(facts: Iterable[StockFact | quarantine.Unreadable]) -> _World:
    readable = [fact for fact in facts if isinstance(fact, StockFact)]
    codes = {fact.place for fact in readable} | {fact.to_place for fact in readable if fact.to_place}
    return _World(places_by_code(codes), products_by_sku({line.sku for fact in readable for line in fact.lines}))


def _fault(fact: StockFact | quarantine.Unreadable, world: _World) -> quarantine.Fault | None:
    if isinstance(fact, quarantine.Unreadable):
        return quarantine.Fault(fact.reason, fact.explanation)
    if has_nul(fact):
        return quarantine.NUL_FAULT
    if own := fault_in(fact):
        return quarantine.Fault("does_not_tie", own)
    for code in filter(None, (fact.place, fact.to_place)):
        if code not in world.places:
            return quarantine.Fault(
                "unknown_place", f"There is no place {code!r}. Make it, or mend the place, and replay."
            )
    unknown = sorted({line.sku for line in fact.lines} - world.products.keys())
    if unknown:
        listed = ", ".join(unknown[:5])
        return quarantine.Fault(
            "unknown_product", f"No product with SKU {listed}. Add it, or mend the SKU, and replay."
        )
    return None


def _quarantine(
    source_id: int,
    facts: Sequence[StockFact | quarantine.Unreadable],
    faults: Mapping[int, quarantine.Fault],
    *,
    now: datetime,
) -> dict[int, FactOutcome]:
    items = [quarantine.unbookable(source_id, facts[index], fault) for index, fault in sorted(faults.items())]
    ids = quarantine.keep(KIND, items, now=now)
    return {
        index: FactQuarantined(identity, fault.reason, fault.explanation)
        for (index, fault), identity in zip(sorted(faults.items()), ids, strict=True)
    }


def _book(facts: Mapping[int, StockFact], world: _World, *, now: datetime) -> dict[int, FactOutcome]:
    if not facts:
        return {}
    times = {
        entry: min(f.occurred_at, now) if is_credible(f.occurred_at, now=now) else now for entry, f in facts.items()
    }
    book = open_book(_keys(facts.values(), world), now=now, make=True, facts_since=min(times.values()))
    moved = _moved_since_counts(facts, times, world)
    outcomes: dict[int, FactOutcome] = {}
    for entry, fact in facts.items():
        start = len(book.movements)
        for number, line in enumerate(fact.lines, 1):
            product = world.products[line.sku]
            if product.tracked:
                cause = Cause(entry, number, times[entry], now, fact.reference)
                _book_line(book, fact, number - 1, cause=cause, world=world, moved=moved)
        rows = book.movements[start:]
        corrections = sum(row.kind == Kind.COUNT_CORRECTION for row in rows)
        suspect = not is_credible(fact.occurred_at, now=now)
        outcomes[entry] = FactBooked(len(rows) - corrections, corrections, suspect)
    post(book, now=now, names=world.names())
    return outcomes


def _book_line(
    book: ShelfBook,
    fact: StockFact,
    index: int,
    *,
    cause: Cause,
    world: _World,
    moved: Mapping[ShelfKey, Sequence[tuple[datetime, int]]],
) -> None:
    line = fact.lines[index]
    place, product = world.places[fact.place].id, world.products[line.sku].id
    if fact.kind is FactKind.COUNT:
        key = ShelfKey(place, line.state.end, product)
        since = sum(change for at, change in moved.get(key, ()) if at > cause.occurred_at)
        since += _moved_in_book(book, key, cause.occurred_at)
        book.count(key, quantity=line.quantity, moved_since=since, cause=cause)
    for leg in legs(fact, line):
        where = world.places[fact.to_place].id if leg.elsewhere else place
        book.move(where, product, kind=leg.kind, ends=(leg.origin, leg.target), quantity=leg.quantity, cause=cause)


def _moved_in_book(book: ShelfBook, key: ShelfKey, since: datetime) -> int:
    """Return the net change by this batch's own later movements; only shelves met twice in a batch have any."""
    if not book.figures[key].changed:
        return 0
    return sum(
        (row.quantity if row.target == key.state else -row.quantity)
        for row in book.movements
        if row.place_id == key.place_id
        and row.product_id == key.product_id
        and key.state in {row.origin, row.target}
        and row.occurred_at > since
    )


def _keys(facts: Iterable[StockFact], world: _World) -> set[ShelfKey]:
    keys: set[ShelfKey] = set()
    for fact in facts:
        place = world.places[fact.place].id
        for line in fact.lines:
            product = world.products[line.sku]
            if not product.tracked:
                continue
            if fact.kind is FactKind.COUNT:
                keys.add(ShelfKey(place, line.state.end, product.id))
            for leg in legs(fact, line):
                where = world.places[fact.to_place].id if leg.elsewhere else place
                keys |= {ShelfKey(where, end, product.id) for end in (leg.origin, leg.target) if is_shelf(end)}
    return keys


def _moved_since_counts(
    facts: Mapping[int, StockFact], times: Mapping[int, datetime], world: _World
) -> dict[ShelfKey, list[tuple[datetime, int]]]:
    instants: dict[ShelfKey, datetime] = {}
    for entry, fact in facts.items():
        if fact.kind is FactKind.COUNT:
            for line in fact.lines:
                key = ShelfKey(world.places[fact.place].id, End(line.state.end), world.products[line.sku].id)
                instants[key] = min(instants.get(key, times[entry]), times[entry])
    return moved_since(instants) if instants else {}
