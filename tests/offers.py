"""Promotions, coupons and taxes for tests; a test states only what it is about."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from onebasket.commerce.access.rules import ItemOutcome
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.customers.actions import upsert_customers
from onebasket.commerce.customers.rules import CustomerItem
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.pricing.actions import (
    add_serials,
    clip_coupons,
    set_campaigns,
    set_coupons,
    set_prices,
    set_promotions,
)
from onebasket.commerce.pricing.queries.quoting import Asked, Quote, QuoteAsk, Quoted, quote_all
from onebasket.commerce.pricing.rules.basket import PricedBasket
from onebasket.commerce.pricing.rules.book import PriceItem
from onebasket.commerce.pricing.rules.messages import (
    CampaignItem,
    ClipItem,
    CouponItem,
    Medium,
    PromotionItem,
    SerialsItem,
)
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    Audience,
    Coupon,
    Limits,
    Promotion,
    Selector,
)
from tests.builders import MORNING

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
ACTOR = "tests"
ORDERS = tuple(UUID(int=number) for number in range(1, 400))


def promotion(code: str = "deal", *skus: str, amount: int = 50, **more: Any) -> Promotion:
    """Return a promotion of so much off each unit: of milk, unless stated."""
    stated: dict[str, Any] = {
        "name": f"Deal {code}", "saving": AmountOff(amount), "valid_from": SINCE, "currency": "USD",
        "goods": Selector(skus=frozenset(skus or ("milk",))),
    }  # fmt: skip
    return Promotion(code, **stated | more)


def once_each(code: str = "deal", times: int = 1, **more: Any) -> Promotion:
    """Return a promotion that a customer may use so many times."""
    return promotion(code, limits=Limits(per_customer=times), **more)


def worth(code: str, coupon: str = "", *, uses: int = 1, campaign: str = "", **more: Any) -> Promotion:
    """Return what a coupon is worth: 50 off a milk each time it is presented."""
    audience = Audience("members", frozenset({f"campaign:{campaign}"})) if campaign else Audience()
    return promotion(code, coupon=Coupon(coupon or code, uses), audience=audience, funder="manufacturer", **more)


def put(source: int, *promotions: Promotion, state: str = "live", key: str = "") -> list[ItemOutcome]:
    """Set promotions, live unless stated."""
    items = [
        PromotionItem(f"{key}{one.code}-{state}", one, state=state)  # type: ignore[arg-type] # a word of the two
        for one in promotions
    ]
    return set_promotions(source, items, actor=ACTOR)


def add_coupon(source: int, code: str, medium: Medium = "paper", barcode: str = "") -> None:
    """Set a coupon."""
    assert set_coupons(source, [CouponItem(f"coupon-{code}", code, medium, barcode)], actor=ACTOR)[0].message == ""


def add_campaign(source: int, code: str, *households: str, **more: Any) -> None:
    """Set a campaign for households."""
    item = CampaignItem(f"campaign-{code}", code, f"Campaign {code}", SINCE, households=frozenset(households), **more)
    assert set_campaigns(source, [item], actor=ACTOR)[0].message == ""


def add_codes(source: int, coupon: str, *serials: str) -> None:
    """Make single-use codes known."""
    assert (
        add_serials(source, [SerialsItem(f"serials-{coupon}-{serials[0]}", coupon, frozenset(serials))])[0].message
        == ""
    )


def add_customers(source: int, *numbers: str) -> None:
    """Make customers."""
    upsert_customers(source, [CustomerItem(f"customer-{number}", number) for number in numbers])


def clip(source: int, coupon: str, number: str, key: str = "") -> ItemOutcome:
    """Put a coupon on a card."""
    return clip_coupons(source, [ClipItem(key or f"clip-{coupon}-{number}", coupon, number)])[0]


def card_prices(source: int, **amounts: int) -> None:
    """Set the chain's card prices by SKU."""
    items = [PriceItem(f"card-{sku}", sku, "USD", amount, SINCE, kind="loyalty") for sku, amount in amounts.items()]
    set_prices(source, items)


def ask(
    quantities: dict[str, int],
    *,
    number: str = "",
    coupons: Iterable[str] = (),
    at: datetime = MORNING,
    place: str = "p1",
) -> Quote:
    """Return a basket to be quoted at a place."""
    products = products_by_sku(quantities)
    lines = [Asked(line, products[sku], steps) for line, (sku, steps) in enumerate(quantities.items(), start=1)]
    return Quote(places_by_code([place])[place], lines, QuoteAsk("web", at, number, tuple(coupons)))


def quoted(quantities: dict[str, int], **more: Any) -> Quoted:
    """Quote a basket that has a price."""
    (found,) = quote_all([ask(quantities, **more)])
    assert isinstance(found, Quoted)
    return found


def reduced(basket: PricedBasket) -> list[tuple[int, str, str, str, int]]:
    """Return what takes a basket's lines down: (line, kind, reference, funder, amount)."""
    return [
        (line.number, one.kind, one.reference, one.funder, one.amount)
        for line in basket.lines
        for one in line.reductions
    ]
