"""Search over a small catalogue: what is found, in which order, with which facets, prices and availability."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from onebasket.commerce.catalogue.actions import retire_products
from onebasket.commerce.catalogue.rules import ProductRetirement
from onebasket.commerce.search.models import SearchState
from onebasket.commerce.search.queries import IndexMissingError, find, suggest
from onebasket.commerce.search.rules.messages import FacetValue, HitPrice, PriceBand, SearchQuery, Suggestion
from onebasket.commerce.stock.actions import set_buffers
from onebasket.commerce.stock.rules.buffers import BufferSetting
from tests.builders import basket, take_holds
from tests.searching import (
    EAN,
    PRODUCTS,
    build,
    found,
    open_store,
    place_id,
    put_products,
    search,
    sell_lines,
    set_chain_prices,
    skus,
    values,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def source() -> int:
    source = open_store()
    build()
    return source


class TestWhatIsFound:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("bananas", ["banana", "bread"]),
            ("banana", ["banana", "bread"]),
            ("chocolate milk", ["milk3", "candy"]),
            ("milk chocolate", ["candy", "milk3"]),
            ("coffee", ["coffee"]),
            ("ENTREES", ["cake"]),
            ("fluid products", ["milk1", "milk2", "milk3"]),
            ("own brand", ["bread", "coffee", "milk1", "milk2"]),
            ("grocery own brand coffee", ["coffee"]),
            # sizes
            ("1 gal", ["milk1"]),
            ("1 gal milk", ["milk1"]),
            ("milk half gallon", ["milk2"]),
            ("64 oz milk", ["milk2"]),
            ("2 l cola", ["cola1"]),
            ("12 pack soft drink", ["cola2"]),
            # synonyms, one of them one way
            ("soda", ["cola2", "cola1"]),
            ("crisps", ["chips"]),
            ("cola", ["cola1", "cola2"]),
            # typos, words together and apart
            ("bananna", ["banana", "bread"]),
            ("choclate milk", ["milk3", "candy"]),
            ("potatochips", ["chips"]),
            # beginnings
            ("coff", ["coffee"]),
            ("banana br", ["bread"]),
            # codes
            ("milk2", ["milk2"]),
            (EAN, ["banana"]),
            (f" {EAN} ", ["banana"]),
            # nothing
            ("xyzzyq", []),
            ("!!!", []),
        ],
    )
    def test_the_products_and_their_order(self, text: str, expected: list[str]) -> None:
        assert found(text) == expected

    def test_an_exact_code_says_so(self) -> None:
        assert [(hit.sku, hit.exact) for hit in search("candy").hits] == [("candy", True)]
        assert [(hit.sku, hit.exact) for hit in search(EAN).hits] == [("banana", True)]
        assert not search("bananas").hits[0].exact

    @pytest.mark.parametrize(
        ("text", "suggestion"),
        [("choclate milk", "chocolate milk"), ("chocolate milk", ""), ("Potatochips", "potato chips"), ("xyzzyq", "")],
    )
    def test_what_was_mended_is_told(self, text: str, suggestion: str) -> None:
        assert search(text).suggestion == suggestion

    def test_what_has_most_of_it_is_shown_where_nothing_has_all(self) -> None:
        size = search("coffee 99 oz")
        assert (skus(size), size.relaxed) == (["coffee"], True)
        word = search("ground coffee xyzzyq")
        assert (skus(word), word.relaxed) == (["coffee"], True)
        assert not search("ground coffee").relaxed

    def test_a_word_that_most_products_have_says_nothing_where_others_fail(self, source: int) -> None:
        put_products(source, {f"w{number}": (f"Widget {number}", "", "", "Acme", 1) for number in range(20)})
        build()
        page = search("acme coffee unicorn")
        assert (skus(page), page.relaxed) == (["coffee"], True)
        assert search("acme").total == 20

    def test_an_empty_text_is_everything_by_what_sells(self) -> None:
        page = search("  ")
        assert page.total == len(PRODUCTS)
        assert len(page.hits) == len(PRODUCTS)

    @pytest.mark.parametrize(
        "text",
        [
            "x" * 5_000, "milk " * 1_000, "'; DROP TABLE search_searchstate; --", '" OR 1=1', "name:milk AND (",
            "milk~2", "[a TO z]", "*", "?", "\\", "milk^", "+milk -candy", "mi\x00lk", "молоко", "牛乳", "שלום",
            "👍🏽", "%", "_", "{{ 7*7 }}", "<script>", "\u202e", "1/0 oz", "1//2 gal", "9" * 300 + " oz",
        ],
    )  # fmt: skip
    def test_no_text_is_a_query_or_an_error(self, text: str) -> None:
        page = search(text, "p1")
        assert page.total == len(page.hits)
        assert page.total < len(PRODUCTS)

    @pytest.mark.parametrize("text", ["\x00", "\ud800", " \t\n"])
    def test_what_no_keyboard_types_is_an_empty_text(self, text: str) -> None:
        assert search(text).total == len(PRODUCTS)

    def test_other_scripts_are_found(self, source: int) -> None:
        put_products(source, {"ru": ("Молоко белое, 1 l", "Молочное", "", "", 1), "jp": ("牛乳", "", "", "", 1)})
        build()
        assert found("молоко") == ["ru"]
        assert found("молако ") == ["ru"]
        assert found("牛乳") == ["jp"]


class TestWhatSells:
    def test_what_sells_at_the_place_comes_first_there(self, source: int) -> None:
        assert found("milk", "p1", limit=3) == ["milk1", "milk2", "milk3"]
        sell_lines(source, {"milk2": 3, "milk3": 1})
        sell_lines(source, {"milk1": 1}, place="p2")
        build()
        assert found("milk", "p1") == ["milk2", "milk3", "milk1", "candy"]
        assert found("milk", "p2") == ["milk1", "candy", "milk2", "milk3"]
        assert found("", "p1", limit=3) == ["milk2", "milk3", "milk1"]
        assert found("", department="Grocery", limit=3) == ["milk2", "milk1", "milk3"]

    def test_popular_ranks_by_sales_alone_among_what_is_found(self, source: int) -> None:
        sell_lines(source, {"candy": 4, "milk1": 1})
        build()
        assert found("milk", "p1", limit=2) == ["milk1", "candy"]
        assert found("milk", limit=2, sort="popular") == ["candy", "milk1"]
        assert found("milk", "p1", limit=2, sort="popular") == ["candy", "milk1"]

    def test_what_keeps_no_stock_goes_last_however_often_it_sells(self, source: int) -> None:
        sell_lines(source, {"fuel": 9, "chips": 1})
        build()
        assert found("", "p1")[0] == "chips"
        assert found("")[-1] != "chips"
        assert found("gasoline", "p1") == ["fuel"]

    def test_old_sales_and_other_places_do_not_count(self, source: int) -> None:
        now = datetime.now(UTC)
        sell_lines(source, {"chips": 5}, when=now - timedelta(days=40))
        sell_lines(source, {"coffee": 1}, when=now)
        build()
        assert found("", "p1", limit=1) == ["coffee"]


class TestNarrowing:
    @pytest.mark.parametrize(
        ("narrow", "expected"),
        [
            ({"department": "Produce"}, ["banana"]),
            ({"category": "Soft drinks"}, ["cola1", "cola2"]),
            ({"brand": "Fizz"}, ["cola1", "cola2"]),
            ({"brand": "fizz"}, []),
            ({"department": "Grocery", "brand": "Own brand"}, ["coffee", "milk1", "milk2"]),
            ({"department": "No' such"}, []),
            ({"price_to": 120}, ["banana", "candy"]),
            ({"price_from": 799}, ["cake", "coffee"]),
            ({"price_from": 149, "price_to": 159}, ["cola1", "milk3"]),
            ({"price_from": 500, "price_to": 100}, []),
            ({"price_from": -5, "price_to": 10**30}, sorted(PRODUCTS)),
            ({"available_only": True}, sorted(PRODUCTS)),
        ],
    )
    def test_hits_are_narrowed(self, narrow: dict[str, Any], expected: list[str]) -> None:
        assert sorted(found("", **narrow)) == expected

    def test_only_what_is_on_the_shelf_there(self) -> None:
        assert sorted(found("", "p2", available_only=True)) == ["candy", "milk1"]
        assert found("milk", "p2", available_only=True) == ["milk1", "candy"]

    def test_pages_hold_every_hit_once(self) -> None:
        parts = [search("", offset=offset, limit=5) for offset in (0, 5, 10, 15)]
        assert [part.total for part in parts] == [12] * 4
        assert [len(part.hits) for part in parts] == [5, 5, 2, 0]
        assert sorted(sku for part in parts for sku in skus(part)) == sorted(PRODUCTS)
        assert len(search("", limit=0).hits) == 1
        assert len(search("", limit=10**9, offset=-7).hits) == 12
        assert search("", offset=10**9).hits == ()

    def test_prices_in_order_both_ways_and_what_has_none_last(self, source: int) -> None:
        put_products(source, {"new": ("Milk shake", "Grocery", "", "", 0)})
        build()
        assert found("milk", sort="price") == ["candy", "milk3", "milk2", "milk1", "new"]
        assert found("milk", sort="price_desc") == ["milk1", "milk2", "milk3", "candy", "new"]
        assert found("milk", sort="price", offset=1, limit=2) == ["milk3", "milk2"]


class TestFacets:
    def test_each_is_counted_without_its_own_narrowing(self) -> None:
        facets = search("milk", "p1", category="Candy").facets
        assert values(facets.categories) == {"Fluid milk products": 3, "Candy": 1}
        assert facets.categories[1] == FacetValue("Candy", 1, chosen=True)
        assert values(facets.departments) == {"Grocery": 1}
        assert values(facets.brands) == {"Sweet & Co": 1}
        assert facets.prices == (PriceBand(0, 99, 1),)
        assert facets.available == 0

    def test_counts_cover_all_hits_and_not_only_the_page(self) -> None:
        facets = search("", "p1", limit=1).facets
        assert values(facets.departments) == {"Grocery": 8, "Deli": 1, "Fuel": 1, "Pastry": 1, "Produce": 1}
        assert values(facets.brands) == {"Own brand": 4, "Fizz": 2, "Crunch": 1, "Moo": 1, "Sweet & Co": 1}
        assert sum(band.count for band in facets.prices) == 12
        assert facets.available == 10

    def test_without_a_place_nothing_is_available(self) -> None:
        page = search("milk")
        assert page.facets.available is None
        assert {hit.available for hit in page.hits} == {None}

    def test_price_bands_under_a_price_still_show_the_others(self) -> None:
        page = search("milk", price_from=100, price_to=199)
        assert skus(page) == ["milk2", "milk3"]
        assert page.facets.prices == (PriceBand(0, 99, 1), PriceBand(100, 199, 2), PriceBand(200, 499, 1))


class TestPricesOfAPlace:
    @pytest.fixture(autouse=True)
    def own(self, source: int) -> None:
        set_chain_prices(source, {"milk1": 50, "candy": 700}, place="p2")
        build()

    def test_hits_have_the_shelf_price_of_the_place(self) -> None:
        assert [(hit.sku, hit.price) for hit in search("1 gal milk", "p2").hits] == [("milk1", HitPrice(50, 1, "USD"))]
        assert [(hit.sku, hit.price) for hit in search("1 gal milk", "p1").hits] == [("milk1", HitPrice(269, 1, "USD"))]
        assert [(hit.sku, hit.price) for hit in search("1 gal milk").hits] == [("milk1", HitPrice(269, 1, "USD"))]

    def test_own_prices_are_ordered_narrowed_and_counted_with_the_chains(self) -> None:
        assert found("milk", "p2", sort="price") == ["milk1", "milk3", "milk2", "candy"]
        assert found("milk", "p2", sort="price_desc") == ["candy", "milk2", "milk3", "milk1"]
        assert found("milk", "p2", sort="price", offset=1, limit=2) == ["milk3", "milk2"]
        assert sorted(found("milk", "p2", price_to=149)) == ["milk1", "milk3"]
        assert sorted(found("milk", "p1", price_to=149)) == ["candy", "milk3"]
        bands = search("milk", "p2", price_to=149).facets.prices
        assert bands == (PriceBand(0, 99, 1), PriceBand(100, 199, 2), PriceBand(500, 999, 1))

    def test_a_price_that_begins_later_is_not_taken_before(self, source: int) -> None:
        set_chain_prices(source, {"milk1": 1}, since=datetime.now(UTC) + timedelta(days=1))
        build()
        assert found("milk", sort="price")[0] == "candy"


class TestFreshness:
    def test_the_hits_tell_what_is_there_now(self, source: int) -> None:
        take_holds(source, basket("h1", {"milk1": 9}))
        assert [hit.available for hit in search("1 gal milk", "p1").hits] == [1]
        set_buffers(source, [BufferSetting("b1", "p1", 4, channel="web", sku="milk1")])
        assert [hit.available for hit in search("1 gal milk", "p1").hits] == [0]

    def test_a_retired_product_is_gone_before_the_index_knows(self, source: int) -> None:
        retire_products(source, [ProductRetirement("x1", "milk2")])
        assert found("milk", limit=4) == ["milk1", "milk3", "candy"]

    def test_statements_are_the_same_whatever_is_found(self, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        place = place_id("p1")
        now = datetime.now(UTC)
        for text in ("", "milk", "bananas", "1 gal milk", "choclate milk"):
            with django_assert_num_queries(6):
                find(SearchQuery(text=text, place_id=place), now=now)
        with django_assert_num_queries(2):
            find(SearchQuery(text="xyzzyq", place_id=place), now=now)
        with django_assert_num_queries(11):
            find(SearchQuery(text=EAN, place_id=place))


class TestSuggestions:
    def test_kinds_and_categories_by_what_sells(self, source: int) -> None:
        sell_lines(source, {"milk3": 9, "milk1": 2})
        build()
        assert suggest("mil").items == (
            Suggestion("Chocolate milk", "product", 1),
            Suggestion("Fluid milk, white", "product", 2),
            Suggestion("Milk chocolate candy bars", "product", 1),
            Suggestion("Fluid milk products", "category", 3),
        )
        mended = suggest("choclate")
        assert [one.text for one in mended.items] == ["Chocolate milk", "Milk chocolate candy bars"]
        assert (mended.mended, suggest("mil").mended) == ("chocolate", "")
        assert [one.text for one in suggest("soda").items] == ["Soft drink cans", "Cola 2 liter bottle"]

    def test_at_a_place_what_is_there(self) -> None:
        assert [one.text for one in suggest("mil", place_id=place_id("p2")).items] == [
            "Fluid milk, white", "Milk chocolate candy bars", "Fluid milk products",
        ]  # fmt: skip

    @pytest.mark.parametrize("text", ["", " ", "!!!", "\x00", "\ud800", "zzzzzq", '"(', "x" * 5_000])
    def test_nothing_comes_of_nothing(self, text: str) -> None:
        assert suggest(text).items == ()

    def test_no_more_than_asked_for(self) -> None:
        assert [len(suggest("m", limit=limit).items) for limit in (-1, 1, 2, 100)] == [1, 1, 2, 4]


def test_without_an_index_search_says_so() -> None:
    SearchState.objects.update(token=1)
    with pytest.raises(IndexMissingError):
        search("milk")
    with pytest.raises(IndexMissingError):
        suggest("milk")
