"""Loads the demo's offers: card prices, campaigns, coupons and promotions; loading again changes nothing."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from onebasket.channels.demo.chain import Chain
from onebasket.channels.demo.clock import DemoDay
from onebasket.channels.demo.loading import ACTOR, Progress, load_items
from onebasket.channels.demo.offers import DIGITAL_CAMPAIGN, DemoCampaign, DemoCoupon, Featured, Offers
from onebasket.channels.demo.slices import local_instant, moved
from onebasket.commerce.pricing.actions import set_campaigns, set_coupons, set_prices, set_promotions
from onebasket.commerce.pricing.rules.book import PriceItem
from onebasket.commerce.pricing.rules.messages import CampaignItem, CouponItem, PromotionItem
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    Audience,
    BasketOff,
    Bundle,
    BundlePart,
    BuyGet,
    Coupon,
    FixedPrice,
    Limits,
    PercentOff,
    Promotion,
    Selector,
    Stacking,
    Tier,
)
from onebasket.kernel.money import format_amount

_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
WELCOME = "WELCOME5"
"""A coupon's code for whoever tries the shop."""


def load_offers(
    offers: Offers, chain: Chain, day: DemoDay, *, source_id: int, priced_from: datetime, progress: Progress
) -> None:
    """Load what takes prices down, its days moved as the demo's day moves; stated twice it changes nothing."""
    currency = chain.places[0].currency
    prices = [
        PriceItem(f"card-{price.sku}", price.sku, currency, price.amount, priced_from, kind="loyalty")
        for price in offers.card_prices
    ]
    kinds = {campaign.number: campaign.kind for campaign in offers.campaigns}
    dates = {campaign.number: _span(campaign, day) for campaign in offers.campaigns}
    campaigns = [_campaign(campaign, dates[campaign.number]) for campaign in offers.campaigns]
    coupons = [_coupon(coupon, digital=kinds[coupon.campaign] == DIGITAL_CAMPAIGN) for coupon in offers.coupons]
    coupons.append(CouponItem(f"coupon-{WELCOME}", WELCOME, "paper"))
    promotions = [
        *(_worth(coupon, currency, dates[coupon.campaign]) for coupon in offers.coupons),
        *(_featured(featured, currency, day) for featured in offers.featured),
        *_illustrative(chain, currency, priced_from),
    ]
    live = [PromotionItem(f"promotion-{one.code}", one, state="live") for one in promotions]
    load_items("card prices", prices, lambda batch: set_prices(source_id, batch), progress)
    load_items("campaigns", campaigns, lambda batch: set_campaigns(source_id, batch, actor=ACTOR), progress)
    load_items("coupons", coupons, lambda batch: set_coupons(source_id, batch, actor=ACTOR), progress)
    load_items("promotions", live, lambda batch: set_promotions(source_id, batch, actor=ACTOR), progress)


def campaign_code(number: int) -> str:
    """Return the code of a campaign of the data."""
    return f"campaign-{number}"


def coupon_code(coupon: DemoCoupon) -> str:
    """Return the code of a coupon of the data: the same number comes in several campaigns, for other goods."""
    return f"c{coupon.campaign}-{coupon.number}"


def _span(campaign: DemoCampaign, day: DemoDay) -> tuple[datetime, datetime]:
    return _midnight(campaign.begins, day), _midnight(campaign.ends + _DAY, day)


def _midnight(of_data: date, day: DemoDay) -> datetime:
    return moved(local_instant(of_data, time()), day.move_days)


def _campaign(campaign: DemoCampaign, span: tuple[datetime, datetime]) -> CampaignItem:
    code = campaign_code(campaign.number)
    name = f"Campaign {campaign.number} of {campaign.kind.lower()}"
    return CampaignItem(code, code, name, *span, households=frozenset(campaign.households))


def _coupon(coupon: DemoCoupon, *, digital: bool) -> CouponItem:
    code = coupon_code(coupon)
    return CouponItem(f"coupon-{code}", code, "digital") if digital else CouponItem(
        f"coupon-{code}", code, "paper", coupon.barcode
    )  # fmt: skip


def _worth(coupon: DemoCoupon, currency: str, span: tuple[datetime, datetime]) -> Promotion:
    code = coupon_code(coupon)
    return Promotion(
        code=code,
        name=f"{format_amount(coupon.worth, currency)} off {coupon.category}",
        saving=AmountOff(coupon.worth),
        valid_from=span[0],
        valid_to=span[1],
        goods=Selector(skus=frozenset(coupon.skus)),
        currency=currency,
        audience=Audience("members", frozenset({f"campaign:{campaign_code(coupon.campaign)}"})),
        limits=Limits(per_customer=1),
        stacking=Stacking("stackable"),
        coupon=Coupon(code),
        funder="manufacturer",
    )


def _featured(featured: Featured, currency: str, day: DemoDay) -> Promotion:
    begins = _midnight(featured.begins, day)
    category = "".join(letter if letter.isalnum() else "-" for letter in featured.category.lower())[:32]
    return Promotion(
        code=f"week-{featured.begins:%m-%d}-{category}-{featured.amount}",
        name=f"{featured.category} at {format_amount(featured.amount, currency)} this week",
        saving=FixedPrice(featured.amount),
        valid_from=begins,
        valid_to=_midnight(featured.begins + _WEEK, day),
        goods=Selector(skus=frozenset(featured.skus)),
        currency=currency,
        audience=Audience("members"),
    )


def _illustrative(chain: Chain, currency: str, since: datetime) -> Iterator[Promotion]:
    """Yield promotions that are made up, one of each sort that the data cannot show; on the web alone."""
    categories = {product.category for product in chain.assortment}
    web = frozenset({"web"})

    def made_up(code: str, name: str, saving: Any, *groups: str, **more: Any) -> Iterator[Promotion]:  # noqa: ANN401
        if {group.removeprefix("category:") for group in groups} <= categories:
            goods = more.pop("goods", Selector(groups=frozenset(groups)))
            yield Promotion(
                f"illustrative-{code}", name, saving, since, goods, currency=currency, channels=web, **more
            )  # fmt: skip

    every = Selector(everything=True)
    pasta, sauce = "category:Dry noodles/pasta", "category:Pasta sauce"
    parts = tuple(BundlePart(Selector(groups=frozenset({group}))) for group in (pasta, sauce))
    yield from made_up("candy", "Candy: two and the third is free", BuyGet(2, 1), "category:Candy, packaged")
    yield from made_up("pasta", "Pasta and its sauce: 15 % off", Bundle(parts, share_off=150_000), goods=Selector())
    tiers = (Tier(7_500, amount_off=500), Tier(15_000, share_off=80_000))
    yield from made_up("basket", "$5 off from $75 on, 8 % from $150 on", BasketOff(tiers), goods=every)
    yield from made_up("staff", "Staff: 10 % off", PercentOff(100_000), goods=every, audience=Audience("staff"))
    welcome = BasketOff((Tier(2_500, amount_off=500),))
    yield from made_up(
        "welcome", "Welcome: $5 off from $25 on", welcome, goods=every, coupon=Coupon(WELCOME),
        limits=Limits(per_customer=1), stacking=Stacking("stackable"),
    )  # fmt: skip
