"""Files of the API's items, one JSON object a line: master data, prices, promotions, taxes, facts about stock."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from onebasket.base import quarantine
from onebasket.channels.files.messages import MESSAGE_LIMIT, Lines, find_key, storable
from onebasket.commerce.catalogue.actions import upsert_products, upsert_units
from onebasket.commerce.catalogue.rules import ProductItem, UnitItem
from onebasket.commerce.customers.actions import upsert_customers
from onebasket.commerce.customers.rules import CustomerItem
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.rules import PlaceItem
from onebasket.commerce.pricing.actions import set_campaigns, set_coupons, set_prices, set_promotions, set_taxes
from onebasket.commerce.pricing.rules.book import PriceItem
from onebasket.commerce.pricing.rules.messages import CampaignItem, CouponItem, PromotionItem, TaxItem
from onebasket.commerce.stock.actions import book_movements
from onebasket.commerce.stock.rules.messages import FactQuarantined, StockFact
from onebasket.project.loading.pace import Pace
from onebasket.project.loading.writing import Writer

MOST_PROBLEMS = 20
BATCH = 1_000
FACTS_A_BATCH = 50
PROMOTIONS_A_BATCH = 100
ACTOR = "onebasket load"
"""Who is named as having recorded what came from a file."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file may hold: the type of its items, what takes them in, and how many at a time."""

    shape: type[msgspec.Struct]
    writer: Writer
    batch: int = BATCH


KINDS: dict[str, Kind] = {
    "places": Kind(PlaceItem, Writer(upsert_places)),
    "units": Kind(UnitItem, Writer(upsert_units)),
    "products": Kind(ProductItem, Writer(upsert_products)),
    "customers": Kind(CustomerItem, Writer(upsert_customers)),
    "prices": Kind(PriceItem, Writer(set_prices)),
    "campaigns": Kind(CampaignItem, Writer(partial(set_campaigns, actor=ACTOR)), PROMOTIONS_A_BATCH),
    "coupons": Kind(CouponItem, Writer(partial(set_coupons, actor=ACTOR))),
    "promotions": Kind(PromotionItem, Writer(partial(set_promotions, actor=ACTOR)), PROMOTIONS_A_BATCH),
    "taxes": Kind(TaxItem, Writer(set_taxes)),
    "stock": Kind(StockFact, Writer(book_movements, hot="facts"), FACTS_A_BATCH),
}


@dataclass(slots=True)
class ItemTally:
    """How many items had which outcome, and the first problems as (line, what is wrong)."""

    outcomes: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[int, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def refused(self) -> int:
        """Return how many items were not taken in; what is in quarantine was, and waits for a person."""
        return sum(self.outcomes[name] for name in ("unreadable", "invalid", "conflict"))

    def note(self, line: int, outcome: str, message: str = "") -> None:
        """Count an outcome, and keep what is wrong."""
        self.outcomes[outcome] += 1
        if message and len(self.problems) < MOST_PROBLEMS:
            self.problems.append((line, message))


@dataclass(frozen=True, slots=True)
class _Read:
    line: int
    end: int
    item: Any
    problem: str = ""


def load_items(
    kind: Kind, path: Path, *, source_id: int, tally: ItemTally, told: Callable[[int], None] | None = None
) -> None:
    """Take in a file's items in order.

    A line that cannot be read is named and passed over; where the file holds facts, it is kept in quarantine.
    """
    pace = Pace(kind.batch)
    with path.open("rb") as stream:
        lines = _read(stream, kind)
        while batch := list(islice(lines, pace.size)):
            started = time.perf_counter()
            _take_in(kind, batch, source_id, tally)
            seconds = time.perf_counter() - started
            tally.seconds += seconds
            pace.learn(len(batch), seconds, rest=not kind.writer.took_a_turn)
            if told:
                told(batch[-1].end)


def _read(stream: Any, kind: Kind) -> Iterator[_Read]:  # noqa: ANN401 - a binary stream
    decode = msgspec.json.Decoder(kind.shape).decode
    for raw, line, offset, whole in Lines(stream, MESSAGE_LIMIT):
        if not raw.strip():
            continue
        end = offset + len(raw)
        try:
            yield _Read(line, end, decode(raw if whole else b""))
        except (ValueError, RecursionError) as error:
            item = None
            if kind.shape is StockFact:
                item = quarantine.Unreadable(storable(raw), "unreadable", str(error), key=find_key(raw))
            yield _Read(line, end, item, str(error))


def _take_in(kind: Kind, batch: Sequence[_Read], source_id: int, tally: ItemTally) -> None:
    for read in batch:
        if read.item is None:
            tally.note(read.line, "unreadable", read.problem)
    sound = [read for read in batch if read.item is not None]
    if not sound:
        return
    outcomes = kind.writer.take_in(source_id, [read.item for read in sound])
    for read, outcome in zip(sound, outcomes, strict=True):
        if isinstance(outcome, FactQuarantined):
            tally.note(read.line, "quarantined", outcome.explanation)
        elif kind.shape is StockFact:
            tally.note(read.line, "booked")
        else:
            tally.note(read.line, outcome.outcome, outcome.message)
