"""A plain chain for the order benchmarks: places, products with a price, promotions and stock; made by the actions."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from onebasket.base.clock import database_now
from onebasket.commerce.access.actions import TokenRequest, enrol_source, issue_token
from onebasket.commerce.catalogue.actions import upsert_products, upsert_units
from onebasket.commerce.catalogue.rules import ProductItem, UnitItem
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import WEEKDAYS, PlaceItem
from onebasket.commerce.pricing.actions import set_prices, set_promotions
from onebasket.commerce.pricing.rules.book import PriceItem
from onebasket.commerce.pricing.rules.messages import PromotionItem
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    MultiBuy,
    PercentOff,
    Promotion,
    Saving,
    Selector,
)
from onebasket.commerce.slots.actions import set_slot_plans
from onebasket.commerce.slots.queries import open_slots
from onebasket.commerce.slots.rules.messages import SlotPlanItem, WeeklyWindow
from onebasket.commerce.stock.actions import book_movements
from onebasket.commerce.stock.rules.messages import FactKind, FactLine, StockFact

ACTOR = "bench"
PLACES = 20
PRODUCTS = 1_000
PLENTY = 1_000_000
ROOM = 1_000
SLOT_DAYS = 4


class Bench(NamedTuple):
    """What the benchmarks order: a source with a token for everything, places, SKUs, and slots by place."""

    source_id: int
    token: str
    places: tuple[str, ...]
    skus: tuple[str, ...]
    slots: dict[str, tuple[int, ...]] = {}


def make_chain(*, scopes: frozenset[str], scarce: int = 0) -> Bench:
    """Make the chain; every product has plenty of stock everywhere, but for one called `scarce` with so many units."""
    source_id = enrol_source("bench", actor=ACTOR)
    request = TokenRequest(source="bench", name="bench", scopes=tuple(sorted(scopes)), places=("*",))
    _, token = issue_token(request, actor=ACTOR)
    places = tuple(f"B{number:02d}" for number in range(1, PLACES + 1))
    skus = tuple(f"sku-{number:04d}" for number in range(1, PRODUCTS + 1))
    since = datetime.now(UTC) - timedelta(days=1)
    upsert_units(source_id, [UnitItem("u", "each", 0, "each")])
    upsert_places(source_id, [PlaceItem(f"p-{c}", c, f"Store {c}", "USD", "America/New_York") for c in places])
    upsert_products(source_id, [ProductItem(f"s-{sku}", sku, f"Product {sku}") for sku in (*skus, "scarce")])
    set_prices(source_id, [PriceItem(f"c-{sku}", sku, "USD", 199, since) for sku in (*skus, "scarce")])
    set_promotions(source_id, _promotions(skus, since), actor=ACTOR)
    for place in places:
        lines = tuple(FactLine(sku, PLENTY) for sku in skus)
        book_movements(source_id, [StockFact(f"d-{place}", place, FactKind.DELIVERY, since, lines)])
    if scarce:
        line = (FactLine("scarce", scarce),)
        book_movements(source_id, [StockFact("d-scarce", places[0], FactKind.DELIVERY, since, line)])
    return Bench(source_id, token, places, skus, _slots(source_id, places))


def _promotions(skus: Sequence[str], since: datetime) -> list[PromotionItem]:
    """Put every tenth product on offer: in turn so much off, a share off, and several for a price."""
    savings: tuple[Saving, ...] = (AmountOff(20), PercentOff(100_000), MultiBuy(3, 500))
    found = [
        Promotion(f"deal-{sku}", f"Deal {sku}", savings[number % 3], since, Selector(skus=frozenset({sku})))
        for number, sku in enumerate(skus[::10])
    ]
    return [PromotionItem(f"p-{one.code}", msgspec.structs.replace(one, currency="USD"), "live") for one in found]


def _slots(source_id: int, places: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Let every place hand out all day, with room for all; return the slots of the days to come by place."""
    windows = tuple(WeeklyWindow(day, "08:00", "20:00", 60, ROOM) for day in WEEKDAYS)
    set_slot_plans(source_id, [SlotPlanItem(f"slots-{code}", code, windows) for code in places])
    found = places_by_code(places)
    now = database_now()
    return {code: tuple(slot.id for slot in open_slots(found[code], now=now, days=SLOT_DAYS)) for code in places}
