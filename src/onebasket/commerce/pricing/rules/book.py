"""Which price holds when: a price book whose versions never overlap.

A price is stated for [valid_from, valid_to). It takes that span from whatever held there, late and future versions
too; what is left of them on either side keeps standing. So at any instant the price that was stated last for that
instant holds. A sender who wants a later version to stand states `valid_to`.

A shelf price is for everybody, a card price (`loyalty`) for members; each kind has spans of its own.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from onebasket.commerce.access.rules import SourceItem
from onebasket.kernel.money import MAX_AMOUNT, currencies
from onebasket.kernel.quantity import MAX_QUANTITY

Instant = Annotated[datetime, Meta(tz=True)]
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
PriceKind = Literal["shelf", "loyalty"]
KIND_NUMBERS: dict[PriceKind, int] = {"shelf": 1, "loyalty": 2}
"""How the table says what a price is: what the shelf says, or what a member pays with the card."""
KIND_NAMES: dict[int, PriceKind] = {number: kind for kind, number in KIND_NUMBERS.items()}


class PriceFacts(msgspec.Struct, frozen=True, gc=False):
    """The price that holds: `amount` minor units per `per_quantity` steps; `place_specific` when the place's own."""

    id: int
    amount: int
    per_quantity: int
    currency: str
    version: int
    place_specific: bool


class PriceVersion(msgspec.Struct, frozen=True, gc=False):
    """A row of the price book; without `place_id` the chain's. Valid in [valid_from, valid_to)."""

    id: int
    place_id: int | None
    currency: str
    kind: PriceKind
    amount: int
    per_quantity: int
    valid_from: datetime
    valid_to: datetime | None
    version: int
    recorded_at: datetime
    superseded_at: datetime | None


class PriceItem(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """A price as a source states it: `amount` minor units per `per_quantity` steps; no place is every place.

    `kind` loyalty is the card price: for members, where it is below the shelf price.
    """

    sku: Annotated[str, Meta(min_length=1, max_length=64)]
    currency: str
    amount: Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]
    valid_from: Instant
    per_quantity: Annotated[int, Meta(ge=1, le=MAX_QUANTITY)] = 1
    valid_to: Instant | None = None
    place: Annotated[str, Meta(max_length=64)] = ""
    kind: PriceKind = "shelf"


class PriceEnd(SourceItem, frozen=True, forbid_unknown_fields=True, gc=False):
    """The end of a price: from `ends_at` on nothing holds here; a place falls back on the chain's price."""

    sku: Annotated[str, Meta(min_length=1, max_length=64)]
    currency: str
    ends_at: Instant
    place: Annotated[str, Meta(max_length=64)] = ""
    kind: PriceKind = "shelf"


class PriceChanged(msgspec.Struct, frozen=True, gc=False):
    """A price was set for [valid_from, valid_to); it goes over what was said of that span before."""

    sku: str
    place: str
    currency: str
    amount: int
    per_quantity: int
    valid_from: datetime
    valid_to: datetime | None
    version: int
    kind: PriceKind = "shelf"


class PriceEnded(msgspec.Struct, frozen=True):
    """From `ends_at` on there is no such price; a tombstone."""

    sku: str
    place: str
    currency: str
    ends_at: datetime
    kind: PriceKind = "shelf"


EVENTS: dict[str, type[msgspec.Struct]] = {"price.changed": PriceChanged, "price.ended": PriceEnded}
"""The data of each event type that pricing emits."""


class Span(msgspec.Struct, frozen=True, gc=False):
    """A price over [valid_from, valid_to), None being for ever; `id` is its row's, 0 while it has none."""

    valid_from: datetime
    valid_to: datetime | None
    amount: int
    per_quantity: int
    version: int
    id: int = 0


def cut(spans: tuple[Span, ...], start: datetime, end: datetime | None) -> tuple[Span, ...]:
    """Return what is left of the spans outside [start, end); what is cut stands in spans without a row."""
    left: list[Span] = []
    for span in spans:
        if not _overlaps(span, start, end):
            left.append(span)
            continue
        if span.valid_from < start:
            left.append(msgspec.structs.replace(span, valid_to=start, id=0))
        if end is not None and (span.valid_to is None or span.valid_to > end):
            left.append(msgspec.structs.replace(span, valid_from=end, id=0))
    return tuple(left)


def lay(spans: tuple[Span, ...], new: Span) -> tuple[Span, ...] | None:
    """Return the spans once a new price is laid over them, by time; None when it holds there already."""
    if _holds_already(spans, new):
        return None
    if not spans:
        return (new,)
    return tuple(sorted((*cut(spans, new.valid_from, new.valid_to), new), key=lambda span: span.valid_from))


def span_at(spans: tuple[Span, ...], at: datetime) -> Span | None:
    """Return the price that holds at an instant."""
    found = [span for span in spans if span.valid_from <= at and (span.valid_to is None or at < span.valid_to)]
    return found[0] if found else None


def price_problem(item: PriceItem) -> str:
    """Say what is wrong with the currency or the validity of a price, or nothing."""
    if problem := _currency_problem(item.currency) or _instant_problem("valid_from", item.valid_from):
        return problem
    if item.valid_to is None:
        return ""
    if item.valid_to <= item.valid_from:
        return "valid_to: a price ends after it begins. Give a later valid_to, or none."
    return _instant_problem("valid_to", item.valid_to)


def end_problem(item: PriceEnd) -> str:
    """Say what is wrong with the currency or the instant of an end, or nothing."""
    return _currency_problem(item.currency) or _instant_problem("ends_at", item.ends_at)


def _holds_already(spans: tuple[Span, ...], new: Span) -> bool:
    reached = new.valid_from
    for span in spans:
        if span.valid_to is not None and span.valid_to <= reached:
            continue
        if span.valid_from > reached or (span.amount, span.per_quantity) != (new.amount, new.per_quantity):
            return False
        if span.valid_to is None or (new.valid_to is not None and span.valid_to >= new.valid_to):
            return True
        reached = span.valid_to
    return False


def _overlaps(span: Span, start: datetime, end: datetime | None) -> bool:
    return (span.valid_to is None or span.valid_to > start) and (end is None or span.valid_from < end)


def _currency_problem(currency: str) -> str:
    return "" if currency in currencies() else f"currency: {currency!r} is no ISO 4217 currency code, such as USD."


def _instant_problem(name: str, instant: datetime) -> str:
    if EARLIEST <= instant < LATEST:
        return ""
    return f"{name}: {instant.isoformat()} lies outside the years {EARLIEST.year} to {LATEST.year - 1}. Correct it."
