"""The shop over the index of search: what is found, how a list is narrowed, what is offered and what sells."""

import re
from datetime import timedelta

import pytest

from onebasket.base.clock import database_now
from onebasket.channels.shop import offers
from onebasket.commerce.hotpath.actions import asking
from onebasket.commerce.pricing.rules.promotions import AmountOff, Audience, BasketOff, Coupon, Tier
from onebasket.front import stores
from tests.channels.api import InlineCommitter
from tests.channels.shopping import Page, Shopper
from tests.offers import promotion, put
from tests.searching import build, open_store, sell_lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    committer = InlineCommitter()
    monkeypatch.setattr(asking, "committer", lambda: committer)
    stores.forget_stores()
    offers.forget_offers()
    made = open_store()
    sell_lines(made, {"cola2": 9, "milk1": 4})
    build()
    return made


def names(page: Page) -> list[str]:
    """Return the products of a list, in its order, with their sizes."""
    found = re.findall(r'<h3><a href="/shop/p/([^/]+)/', page.html)
    return [name.replace("-", " ") for name in found]


def test_a_department_shows_what_sells_best_here(source: int) -> None:
    page = Shopper().get("d/grocery")
    assert "What sells best at P1" in page.text
    assert names(page)[:2] == ["soft drink cans 1212 oz", "fluid milk white 1 gal"]
    assert "What sells best at P1" in Shopper().get("").text
    assert "What sells best" not in Shopper(store="").get("d/grocery").text


def test_a_category_shows_what_is_here_then_all(source: int) -> None:
    page = Shopper().get("d/grocery/candy")
    assert names(page) == ["milk chocolate candy bars 6 ct"]  # nothing of it is here: all is shown
    assert "Not here, at P2" in page.text
    milk = Shopper(store="p2").get("d/grocery/fluid-milk-products")
    assert names(milk) == ["fluid milk white 1 gal"]
    assert "Here now (1)" in milk.text
    everything = Shopper(store="p2").get("d/grocery/fluid-milk-products?all=1")
    assert len(names(everything)) == 3
    assert len(names(Shopper(store="").get("d/grocery/fluid-milk-products"))) == 3


def test_a_list_is_narrowed_and_let_go_again(source: int) -> None:
    shopper = Shopper()
    page = shopper.get("search?q=milk&all=1")
    assert "4 products found" in page.text
    own = shopper.get("search" + next(link for link in page.links if "brand=Own" in link))
    assert names(own) == ["fluid milk white 1 gal", "fluid milk white 12 gal"]
    assert "Own brand \N{MULTIPLICATION SIGN}" in own.text
    back = shopper.get("search" + next(link for link in own.links if link == "?q=milk&all=1"))
    assert "4 products found" in back.text
    cheap = shopper.get("search?q=milk&all=1&sort=price")
    assert names(cheap)[0] == "milk chocolate candy bars 6 ct"
    dear = shopper.get("search?q=milk&all=1&sort=price_desc&price=200-")
    assert names(dear) == ["fluid milk white 1 gal"]


@pytest.mark.parametrize(
    "odd",
    ["price=x-y", "price=5", "price=-", "sort=upside", "page=99999", "all=maybe", "department=Nowhere", "price=9-1"],
)
def test_odd_wishes_are_answered(source: int, odd: str) -> None:
    assert Shopper().get(f"search?q=milk&{odd}").status in {200, 404}


def test_typing_errors_are_mended_and_said(source: int) -> None:
    page = Shopper().get("search?q=choclate+milk&all=1")
    assert "chocolate milk 1 pt" in names(page)
    assert "read as “chocolate milk”" in page.text


def test_suggestions_come_while_one_types(source: int) -> None:
    part = Shopper().get("search/suggestions?q=ban")
    assert "<html" not in part.html
    assert "Banana" in part.text
    assert Shopper().get("search/suggestions?q=").text == ""
    assert Shopper().get("search/suggestions?q=%00").text == ""


def test_offers_are_those_that_hold_here_for_everybody(source: int) -> None:
    soon = database_now() + timedelta(days=2)
    put(
        source,
        promotion("chips", "chips", name="Chips week", saving=AmountOff(50), valid_to=soon),
        promotion("later", "coffee", valid_from=soon),
        promotion("other", "bread", places=frozenset({"p2"})),
        promotion("staff", "cola1", audience=Audience("staff")),
        promotion("coupon", "banana", coupon=Coupon("X")),
        promotion("basket", "milk2", saving=BasketOff((Tier(100, 50),))),
        promotion("gone", "candy"),
        promotion("milk", "milk1", name="Milk week"),
    )
    shopper = Shopper()
    page = shopper.get("offers")
    assert names(page) == ["potato chips 8 oz", "fluid milk white 1 gal"]
    assert "Chips week $1.69" in page.text
    assert "On offer now" in shopper.get("").text
    assert "Choose a store to see what is on offer there." in Shopper(store="").get("offers").text


def test_where_nothing_is_on_offer_the_page_says_so(source: int) -> None:
    assert "No offers just now" in Shopper().get("offers").text


def test_list_pages_are_linked_with_their_wishes(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onebasket.channels.shop.listing.PAGE_GOODS", 2)
    page = Shopper().get("search?q=milk&all=1")
    assert "?q=milk&all=1&page=2" in page.links
    second = Shopper().get("search?q=milk&all=1&page=2")
    assert len(names(second)) == 2
    assert "?q=milk&all=1" in second.links
