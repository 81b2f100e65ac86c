"""The demo's offers against the figures of the data set."""

from collections import Counter
from datetime import date

import msgspec
import pytest

from onebasket.channels.demo.chain import Chain, ChainPrice, derive_chain
from onebasket.channels.demo.offers import (
    DemoCoupon,
    Offers,
    derive_offers,
    week_begins,
    week_of,
)
from onebasket.channels.demo.slices import ChainSlice
from onebasket.kernel.barcodes import Scan, parse

SLICE = ChainSlice()


@pytest.fixture(scope="module")
def chain() -> Chain:
    return derive_chain(SLICE)


@pytest.fixture(scope="module")
def offers(chain: Chain) -> Offers:
    return derive_offers(chain, SLICE)


@pytest.fixture(scope="module")
def whole(chain: Chain) -> Offers:
    """The offers where every product that the data lists is stocked, as in the demo of all stores."""
    return derive_offers(msgspec.structs.replace(chain, assortment=tuple(chain.products.values())), SLICE)


def test_weeks_are_numbered_as_the_data_numbers_them() -> None:
    stated = ((1, 1), (1, 2), (1, 8), (1, 9), (12, 23), (12, 31))
    days = [date(2017, month, day) for month, day in stated]
    assert [week_of(day) for day in days] == [1, 2, 2, 3, 52, 53]
    assert [week_begins(week_of(day)) for day in days] == [
        date(2017, 1, 1), date(2017, 1, 2), date(2017, 1, 2), date(2017, 1, 9), date(2017, 12, 18), date(2017, 12, 25),
    ]  # fmt: skip


def test_every_coupon_row_of_the_data_is_there(whole: Offers) -> None:
    """Of the distinct rows, 16 name products that the data does not list."""
    assert whole.pairs == (116_204, 111_332, 111_316)
    assert len(whole.coupons) == 1_197
    assert len({coupon.number for coupon in whole.coupons}) == 981
    assert len({coupon.campaign for coupon in whole.coupons}) == 27
    assert max(len(coupon.skus) for coupon in whole.coupons) == 14_476
    assert sum(coupon.tied for coupon in whole.coupons) == 347


def test_campaigns_are_those_of_the_data(offers: Offers) -> None:
    assert len(offers.campaigns) == 27
    assert sum(len(campaign.households) for campaign in offers.campaigns) == 6_589
    assert len({number for campaign in offers.campaigns for number in campaign.households}) == 1_559
    assert Counter(campaign.kind for campaign in offers.campaigns) == {"Type A": 4, "Type B": 17, "Type C": 6}
    assert min(campaign.begins for campaign in offers.campaigns) == date(2016, 11, 14)
    assert max(campaign.ends for campaign in offers.campaigns) == date(2018, 2, 28)


def test_a_coupons_worth_is_what_redemptions_show_else_a_dollar(offers: Offers) -> None:
    seen = {coupon.worth for coupon in offers.coupons if coupon.tied}
    assert {coupon.worth for coupon in offers.coupons if not coupon.tied} == {100}
    assert {40, 50, 75, 100, 150, 200} <= seen


def test_a_barcode_has_the_check_digit_of_a_upc() -> None:
    coupon = DemoCoupon(10000085207, 26, 100, tied=False, category="x", skus=())
    assert coupon.barcode == "100000852071"
    assert isinstance(parse(coupon.barcode), Scan)


def test_a_card_price_is_what_members_paid_most_often(chain: Chain, offers: Offers) -> None:
    """Golden, counted by hand: 995242 costs 1.85 and 1.00 with the card, 1029743 2.69 and 1.99; 819063 has no lower."""
    cards = {price.sku: price for price in offers.card_prices}
    shelf = {price.sku: price.amount for price in chain.prices if not price.place}
    assert (shelf["995242"], cards["995242"]) == (185, ChainPrice("995242", "", 100))
    assert (shelf["1029743"], cards["1029743"]) == (269, ChainPrice("1029743", "", 199))
    assert (shelf["819063"], "819063" in cards) == (167, False)
    assert len(cards) == 16_214
    assert all(price.amount < shelf[sku] for sku, price in cards.items())


def test_what_is_featured_costs_less_than_it_usually_does(chain: Chain, offers: Offers) -> None:
    usual = {price.sku: price.amount for price in chain.prices if not price.place}
    usual |= {price.sku: price.amount for price in offers.card_prices}
    assert {one.begins for one in offers.featured} == {date(2017, 12, 18), date(2017, 12, 25)}
    assert all(one.amount < usual[sku] for one in offers.featured for sku in one.skus)
    assert len(offers.featured) > 100
