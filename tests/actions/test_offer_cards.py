"""What a card tells of an offer: price, age, shipping, delivery, stock, its seller, why it cannot be bought."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.utils import translation

from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions.registering import upsert_rates
from onebasket.commerce.partners.queries.offers import PricedOffer, priced_offers
from onebasket.commerce.partners.rules.offers import Unsellable
from onebasket.commerce.partners.rules.partners import ExchangeRateItem, Merchant
from onebasket.front import offers, stores
from onebasket.front.offers import OfferCard, age_text, offer_cards
from tests.builders import make_chain
from tests.partnering import add_offers, make_partner

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def source() -> int:
    stores.forget_stores()
    return make_chain()


def cards(found: list[PricedOffer], now: datetime | None = None) -> list[OfferCard]:
    return offer_cards(
        found, address=lambda identity, title: f"/x/{title}/{identity}", channel="web", place_id=0, associate="",
        now=now or database_now(),
    )  # fmt: skip


def priced(stated: dict[str, Any], **terms: Any) -> PricedOffer:
    ids = add_offers(make_partner(**terms), {"lamp": stated})
    return priced_offers(ids.values(), currency="USD", now=database_now())[ids["lamp"]]


def card_of(stated: dict[str, Any], **terms: Any) -> OfferCard:
    return cards([priced(stated, **terms)])[0]


def test_a_card_tells_what_the_partner_states() -> None:
    card = card_of(
        {"title": "Desk lamp", "price": 2450, "shipping_amount": 499, "days_from": 3, "days_to": 7, "stock": 12},
        return_days=14,
    )
    assert (card.title, card.partner, card.price_text, card.cost_text) == ("Desk lamp", "Lantern", "$24.50", "")
    assert (card.amount, card.currency) == (2450, "USD")
    assert card.shipping_text == "plus $4.99 shipping"
    assert card.delivery_text == "delivered in 3 to 7 days"
    assert card.stock_text == "12 in stock at Lantern"
    assert card.seller_text == "sold and shipped by Lantern"
    assert card.return_text == "can be returned for 14 days after delivery"
    assert card.age_text.startswith("price as of ")
    assert card.address == f"/x/Desk lamp/{card.id}"
    assert (card.can_buy, card.why_not, card.is_old) == (True, "", False)


@pytest.mark.parametrize(
    ("stated", "terms", "text"),
    [
        ({"stock": 0}, {}, "The partner says that it is sold out."),
        ({"available": False}, {}, "The partner says that it is sold out."),
        ({"gone": True}, {}, "The partner does not sell it any more."),
        ({"price": 0}, {}, "The partner states no price."),
        ({"currency": "EUR"}, {}, "Its price cannot be told in your currency now."),
        ({}, {"ships": False}, "The partner sells it on its own pages alone."),
    ],
)
def test_what_cannot_be_bought_says_why(stated: dict[str, Any], terms: dict[str, Any], text: str) -> None:
    card = card_of(stated, **terms)
    assert (card.can_buy, card.why_not) == (False, text)


@pytest.mark.parametrize(
    ("stated", "shipping", "delivery", "stock"),
    [
        ({"stock": None}, "shipping is told before you pay", "when it is delivered is not stated",
         "in stock at Lantern"),
        ({"shipping_amount": 0, "days_to": 1}, "free shipping", "delivered within 1 day", "5 in stock at Lantern"),
        ({"days_from": 2, "stock": 0}, "shipping is told before you pay", "delivered in 2 days at the earliest",
         "sold out at Lantern"),
        ({"days_from": 4, "days_to": 4}, "shipping is told before you pay", "delivered within 4 days",
         "5 in stock at Lantern"),
    ],
)  # fmt: skip
def test_what_is_not_stated_is_not_made_up(stated: dict[str, Any], shipping: str, delivery: str, stock: str) -> None:
    card = card_of(stated)
    assert (card.shipping_text, card.delivery_text, card.stock_text) == (shipping, delivery, stock)


def test_a_foreign_price_is_exchanged_and_told_beside(source: int) -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    upsert_rates(
        source, [ExchangeRateItem(key="r1", base="GBP", quote="USD", billionths=1_250_000_000, valid_from=since)]
    )
    card = card_of({"price": 1000, "currency": "GBP", "shipping_amount": 400})
    assert (card.price_text, card.cost_text, card.shipping_text) == ("$12.50", "£10.00", "plus $5.00 shipping")


def test_who_sells_it_is_told() -> None:
    assert card_of({}, merchant=Merchant.PRINCIPAL).seller_text == "sold by us, shipped by Lantern"


def test_a_seller_on_a_marketplace_is_told() -> None:
    assert card_of({"seller": "Ada's shop"}).seller_text == "sold by Ada's shop, through Lantern"
    assert card_of({}, code="harbour", ships=False).seller_text == "sold by Harbour on its own pages"


def test_an_old_price_says_so_and_can_be_bought_once_asked() -> None:
    found = priced({"stated_at": database_now() - timedelta(hours=2)}, fresh_minutes=60)
    card = cards([found])[0]
    assert (card.is_old, card.can_buy) == (True, True)
    ended = msgspec.structs.replace(found, refused=Unsellable.NO_AGREEMENT, price=None)
    none = cards([ended])[0]
    assert (none.can_buy, none.go, none.price_text, none.stock_text) == (False, "", "", "")


@pytest.mark.parametrize(
    ("ago", "english", "german"),
    [
        (timedelta(hours=1), "price as of 6:00\N{NARROW NO-BREAK SPACE}AM", "Preis von 06:00"),
        (timedelta(days=1), "price as of yesterday", "Preis von gestern"),
        (timedelta(hours=8), "price as of yesterday", "Preis von gestern"),
        (timedelta(days=18), "price as of Nov 2, 2026", "Preis vom 02.11.2026"),
        (timedelta(minutes=-3), "price as of 7:03\N{NARROW NO-BREAK SPACE}AM", "Preis von 07:03"),
    ],
)
def test_the_age_is_told_by_the_clock_of_the_place(ago: timedelta, english: str, german: str) -> None:
    assert age_text(NOON - ago, NOON, "America/New_York") == english
    with translation.override("de"):
        assert age_text(NOON - ago, NOON, "America/New_York") == german


def test_every_reason_has_its_words() -> None:
    assert set(offers.WHY_NOT) == set(Unsellable)
