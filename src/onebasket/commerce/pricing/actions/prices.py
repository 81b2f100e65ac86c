"""Set and end prices: what the price book says from when on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from onebasket.base import bulk, outbox
from onebasket.base.columns import Row, as_instant
from onebasket.commerce.access.actions.intake import take_in
from onebasket.commerce.access.rules import CREATED, UNCHANGED, UPDATED, ItemOutcome, invalid
from onebasket.commerce.catalogue import queries as catalogue
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.places import queries as places
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.pricing.models import Price
from onebasket.commerce.pricing.rules.book import (
    KIND_NUMBERS,
    PriceChanged,
    PriceEnd,
    PriceEnded,
    PriceItem,
    Span,
    cut,
    end_problem,
    lay,
    price_problem,
)

_NAMES = (
    "product", "place", "currency", "kind", "amount", "per_quantity", "valid_from", "valid_to", "version",
    "recorded_at", "superseded_at",
)  # fmt: skip
Label = tuple[int, int | None, str, int]
"""Whose price: product id, place id or None for the chain, currency, number of the kind."""


@dataclass(slots=True)
class _Book:
    """The part of the price book that a batch names: the rows it held, and the spans as the batch leaves them."""

    products: dict[str, ProductFacts]
    places: dict[str, PlaceFacts]
    held: dict[Label, tuple[Span, ...]] = field(default_factory=dict)
    spans: dict[Label, tuple[Span, ...]] = field(default_factory=dict)
    versions: dict[Label, int] = field(default_factory=dict)
    laid: list[tuple[Label, Span]] = field(default_factory=list)


def set_prices(source_id: int, items: Sequence[PriceItem]) -> list[ItemOutcome]:
    """Set prices, one transaction for the batch; return one outcome for each item, in order.

    Each takes its span of validity from what was said of it before; no row is ever overwritten. `created` is the
    first price of its kind under this product, place and currency, `unchanged` one that holds over the whole span
    already. The same key again returns the first outcome.
    """
    return take_in("price", source_id, items, book="prices", decide=_set)


def end_prices(source_id: int, items: Sequence[PriceEnd]) -> list[ItemOutcome]:
    """End prices at an instant, future versions too; outcomes as `set_prices` gives them."""
    return take_in("price.end", source_id, items, book="prices", decide=_end)


def _set(items: Sequence[PriceItem], now: datetime) -> list[ItemOutcome]:
    book = _load(items)
    outcomes, news = [], []
    for item in items:
        label = _label(item, book)
        problem = price_problem(item) if isinstance(label, tuple) else label
        if problem or isinstance(label, str):
            outcomes.append(invalid(problem))
            continue
        new = _span(item, book.versions.get(label, 0) + 1)
        spans = lay(book.spans.get(label, ()), new)
        if spans is None:
            outcomes.append(UNCHANGED)
            continue
        outcomes.append(UPDATED if label in book.versions else CREATED)
        book.spans[label], book.versions[label] = spans, new.version
        book.laid.append((label, new))
        news.append(_changed(item, new, now))
    _write(book, now)
    outbox.record(news)
    return outcomes


def _end(items: Sequence[PriceEnd], now: datetime) -> list[ItemOutcome]:
    book = _load(items)
    outcomes, news = [], []
    for item in items:
        label = _label(item, book)
        problem = end_problem(item) if isinstance(label, tuple) else label
        if problem or isinstance(label, str):
            outcomes.append(invalid(problem))
            continue
        ends_at = item.ends_at.astimezone(UTC)
        spans = book.spans.get(label, ())
        left = cut(spans, ends_at, None)
        if left == spans:
            outcomes.append(UNCHANGED)
            continue
        outcomes.append(UPDATED)
        book.spans[label] = left
        data = msgspec.json.encode(PriceEnded(item.sku, item.place, item.currency, ends_at, item.kind)).decode()
        news.append(outbox.News("price.ended", _subject(item), now, data, place_code=item.place))
    _write(book, now)
    outbox.record(news)
    return outcomes


def _label(item: PriceItem | PriceEnd, book: _Book) -> Label | str:
    """Return whose price an item speaks of, or a sentence that says why there is no such thing."""
    product = book.products.get(item.sku)
    if product is None:
        return f"sku: there is no product {item.sku!r}. Load the product first."
    if not item.place:
        return product.id, None, item.currency, KIND_NUMBERS[item.kind]
    place = book.places.get(item.place)
    if place is None:
        return f"place: there is no place {item.place!r}. Load the place first."
    if place.currency != item.currency:
        return f"currency: {item.place} trades in {place.currency}, not {item.currency}. Send it in {place.currency}."
    return product.id, place.id, item.currency, KIND_NUMBERS[item.kind]


def _span(item: PriceItem, version: int) -> Span:
    return Span(
        valid_from=item.valid_from.astimezone(UTC),
        valid_to=None if item.valid_to is None else item.valid_to.astimezone(UTC),
        amount=item.amount,
        per_quantity=item.per_quantity,
        version=version,
    )


def _subject(item: PriceItem | PriceEnd) -> str:
    return f"price/{item.sku}/{item.place}" if item.place else f"price/{item.sku}"


def _changed(item: PriceItem, new: Span, now: datetime) -> outbox.News:
    data = PriceChanged(
        sku=item.sku,
        place=item.place,
        currency=item.currency,
        amount=new.amount,
        per_quantity=new.per_quantity,
        valid_from=new.valid_from,
        valid_to=new.valid_to,
        version=new.version,
        kind=item.kind,
    )
    return outbox.News("price.changed", _subject(item), now, msgspec.json.encode(data).decode(), place_code=item.place)


def _load(items: Sequence[PriceItem | PriceEnd]) -> _Book:
    """Read products, places, the last versions and the rows that hold: five statements at most."""
    codes = {item.place for item in items if item.place}
    book = _Book(
        products=catalogue.products_by_sku(item.sku for item in items),
        places=places.places_by_code(codes) if codes else {},
    )
    products = bulk.list_parameter({product.id for product in book.products.values()})
    place_ids = bulk.list_parameter({place.id for place in book.places.values()})
    where = f"(place_id IS NULL OR {bulk.in_list('place_id')}) AND {bulk.in_list('product_id')}"
    book.versions = {
        (product, place, currency, kind): version
        for product, place, currency, kind, version in bulk.fetch(
            f"SELECT product_id, place_id, currency, kind, MAX(version) FROM pricing_price WHERE {where} "  # noqa: S608
            "GROUP BY product_id, place_id, currency, kind",
            [place_ids, products],
        )
    }
    if book.versions:
        _load_spans(book, where, [place_ids, products])
    return book


def _load_spans(book: _Book, where: str, parameters: list[object]) -> None:
    rows = bulk.fetch(
        "SELECT product_id, place_id, currency, kind, valid_from, valid_to, amount, per_quantity, version, id "  # noqa: S608
        f"FROM pricing_price WHERE superseded_at IS NULL AND {where} ORDER BY valid_from",
        parameters,
    )
    found: dict[Label, list[Span]] = {}
    for product, place, currency, kind, valid_from, valid_to, *rest in rows:
        span = Span(as_instant(valid_from), as_instant(valid_to), *rest)  # type: ignore[arg-type] # never null
        found.setdefault((product, place, currency, kind), []).append(span)
    book.held = {label: tuple(spans) for label, spans in found.items()}
    book.spans = dict(book.held)


def _write(book: _Book, now: datetime) -> None:
    """Supersede the rows that no longer hold, then insert those that do; a price that was laid is always kept."""
    superseded: list[Row] = []
    fresh: list[Row] = []
    kept: set[tuple[Label, Span]] = set()
    for label, spans in book.spans.items():
        before = book.held.get(label, ())
        if spans is before:
            continue
        standing = {span.id for span in spans}
        superseded += [(span.id, now) for span in before if span.id not in standing]
        new = [span for span in spans if not span.id]
        fresh += [_row(label, span, now, superseded_at=None) for span in new]
        kept.update((label, span) for span in new)
    fresh += [_row(label, span, now, superseded_at=now) for label, span in book.laid if (label, span) not in kept]
    bulk.update_guarded(Price, ("id",), ("superseded_at",), sorted(superseded))
    bulk.insert(Price, _NAMES, fresh)


def _row(label: Label, span: Span, now: datetime, *, superseded_at: datetime | None) -> Row:
    return (*label, span.amount, span.per_quantity, span.valid_from, span.valid_to, span.version, now, superseded_at)
