"""The price book on the database: which price holds where and when, and that no row is overwritten."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import DjangoAssertNumQueries

from onebasket.base.models import Event
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.access.rules import CONFLICT, CREATED, UNCHANGED, UPDATED, ItemOutcome
from onebasket.commerce.catalogue.actions import upsert_products, upsert_units
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.catalogue.rules import ProductItem, UnitItem
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import PlaceItem
from onebasket.commerce.pricing.actions import end_prices, set_prices
from onebasket.commerce.pricing.models import Price
from onebasket.commerce.pricing.queries import price_book, price_history, prices_at
from onebasket.commerce.pricing.rules.book import PriceEnd, PriceItem

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def load_chain() -> int:
    """Load two stores in dollars, one in Canadian dollars, two products; return the source."""
    source = enrol_source("erp", actor="tests")
    upsert_units(source, [UnitItem("u1", "each", 0)])
    upsert_products(source, [ProductItem("p1", "A", "Milk"), ProductItem("p2", "B", "Oil")])
    upsert_places(
        source,
        [
            PlaceItem("s1", "s1", "One", "USD", "America/New_York"),
            PlaceItem("s2", "s2", "Two", "USD", "America/New_York"),
            PlaceItem("s3", "s3", "Three", "CAD", "America/Toronto"),
        ],
    )
    return source


@pytest.fixture
def source() -> int:
    return load_chain()


def price(key: str, amount: int, start: float = 0, end: float | None = None, place: str = "") -> PriceItem:
    return PriceItem(key, "A", "USD", amount, day(start), valid_to=None if end is None else day(end), place=place)


def held(at: float, sku: str = "A") -> dict[str, int]:
    """Return the amount of the product at each place, by code."""
    places = places_by_code(["s1", "s2", "s3"])
    product = products_by_sku([sku])[sku].id
    found = prices_at([place.id for place in places.values()], [product], at=day(at))
    return {place.code: found[place.id, product].amount for place in places.values() if (place.id, product) in found}


def test_the_chain_s_price_holds_everywhere_in_its_currency(source: int) -> None:
    assert set_prices(source, [price("k1", 199)]) == [CREATED]

    assert held(-0.001) == {}
    assert held(0) == {"s1": 199, "s2": 199}
    assert held(0, "B") == {}


def test_each_currency_has_its_own_book(source: int) -> None:
    canadian = PriceItem("k2", "A", "CAD", 279, day(0))

    assert set_prices(source, [price("k1", 199), canadian]) == [CREATED, CREATED]
    assert held(0) == {"s1": 199, "s2": 199, "s3": 279}


def test_a_place_s_own_price_goes_first(source: int) -> None:
    assert set_prices(source, [price("k1", 199), price("k2", 189, 5, 9, place="s1")]) == [CREATED, CREATED]

    assert [held(at) for at in (4, 5, 8.999, 9)] == [
        {"s1": 199, "s2": 199},
        {"s1": 189, "s2": 199},
        {"s1": 189, "s2": 199},
        {"s1": 199, "s2": 199},
    ]
    places, product = places_by_code(["s1", "s2"]), products_by_sku(["A"])["A"].id
    found = prices_at([place.id for place in places.values()], [product], at=day(5))
    own, chain = found[places["s1"].id, product], found[places["s2"].id, product]
    assert (own.currency, own.per_quantity, own.version, own.place_specific) == ("USD", 1, 1, True)
    assert (chain.currency, chain.per_quantity, chain.version, chain.place_specific) == ("USD", 1, 1, False)


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        ([(100, 0, None), (120, 5, None)], {-1: None, 0: 100, 4.9: 100, 5: 120, 50: 120}),
        ([(120, 5, None), (100, 0, 5)], {-1: None, 0: 100, 4.9: 100, 5: 120, 50: 120}),
        ([(120, 5, None), (100, 0, None)], {0: 100, 5: 100, 50: 100}),
        ([(100, 0, None), (80, 10, 20)], {9.9: 100, 10: 80, 19.9: 80, 20: 100}),
        ([(100, 0, None), (80, 10, 20), (85, 10, 20)], {9.9: 100, 10: 85, 20: 100}),
        ([(100, 0, 5), (90, 9, None)], {4.9: 100, 5: None, 8.9: None, 9: 90}),
    ],
    ids=["new", "late with an end", "late without an end", "future offer", "corrected offer", "gap"],
)
def test_late_and_future_prices(
    source: int, sets: list[tuple[int, float, float | None]], expected: dict[float, int | None]
) -> None:
    one_by_one = [set_prices(source, [price(f"k{n}", *row)])[0].outcome for n, row in enumerate(sets)]

    assert one_by_one == ["created"] + ["updated"] * (len(sets) - 1)
    assert {at: held(at).get("s1") for at in expected} == expected


def test_the_same_price_again_is_unchanged(source: int) -> None:
    set_prices(source, [price("k1", 199)])

    assert set_prices(source, [price("k2", 199), price("k3", 199, 4), price("k4", 199, 4, 6)]) == [UNCHANGED] * 3
    assert Price.objects.count() == 1
    assert Event.objects.filter(type="price.changed").count() == 1


def test_history_is_kept_whole(source: int) -> None:
    set_prices(source, [price("k1", 100)])
    set_prices(source, [price("k2", 80, 10, 20)])

    rows = price_history(products_by_sku(["A"])["A"].id)
    assert [
        (row.amount, row.version, row.valid_from, row.valid_to, row.superseded_at is None) for row in rows
    ] == [
        (100, 1, day(0), None, False),
        (100, 1, day(0), day(10), True),
        (100, 1, day(20), None, True),
        (80, 2, day(10), day(20), True),
    ]  # fmt: skip
    assert rows[0].superseded_at == rows[1].recorded_at == rows[3].recorded_at
    assert rows[0].recorded_at <= rows[1].recorded_at


def test_a_price_overruled_in_its_own_batch_is_kept_too(source: int) -> None:
    assert set_prices(source, [price("k1", 100), price("k2", 110), price("k3", 120)]) == [CREATED, UPDATED, UPDATED]

    rows = price_history(products_by_sku(["A"])["A"].id)
    assert [(row.amount, row.version, row.superseded_at is None) for row in rows] == [
        (100, 1, False),
        (110, 2, False),
        (120, 3, True),
    ]
    assert held(0)["s1"] == 120


def test_one_batch_is_as_many_of_one(source: int) -> None:
    items = [(100, 0, None), (80, 10, 20), (90, 5, 15), (100, 0, None), (70, 3, None)]
    set_prices(source, [price(f"k{n}", *row) for n, row in enumerate(items)])
    together = [held(at).get("s1") for at in range(25)]
    Price.objects.all().delete()

    for n, row in enumerate(items):
        set_prices(source, [price(f"again-{n}", *row)])

    assert [held(at).get("s1") for at in range(25)] == together == [100] * 3 + [70] * 22


def test_refused_prices_stand_alone(source: int) -> None:
    outcomes = set_prices(
        source,
        [
            PriceItem("k1", "NONE", "USD", 1, day(0)),
            PriceItem("k2", "A", "USD", 1, day(0), place="s9"),
            PriceItem("k3", "A", "USD", 1, day(0), place="s3"),
            PriceItem("k4", "A", "XX1", 1, day(0)),
            price("k5", 1, 5, 5),
            PriceItem("k6", "A", "USD", -1, day(0)),
            PriceItem("k7", "A", "USD", 1, day(0), per_quantity=0),
            PriceItem("k8", "A", "USD", 1, datetime(2026, 3, 1)),  # noqa: DTZ001 - a time without a zone
            price("k9", 0),
        ],
    )

    assert outcomes == [
        ItemOutcome("invalid", "sku: there is no product 'NONE'. Load the product first."),
        ItemOutcome("invalid", "place: there is no place 's9'. Load the place first."),
        ItemOutcome("invalid", "currency: s3 trades in CAD, not USD. Send it in CAD."),
        ItemOutcome("invalid", "currency: 'XX1' is no ISO 4217 currency code, such as USD."),
        ItemOutcome("invalid", "valid_to: a price ends after it begins. Give a later valid_to, or none."),
        ItemOutcome("invalid", "amount: Expected `int` >= 0."),
        ItemOutcome("invalid", "per_quantity: Expected `int` >= 1."),
        ItemOutcome("invalid", "valid_from: Expected `datetime` with a timezone component."),
        CREATED,
    ]
    assert Price.objects.count() == 1


def test_a_key_has_one_effect(source: int) -> None:
    batch = [price("k1", 100), price("k1", 100), price("k1", 110)]

    assert set_prices(source, batch) == [CREATED, CREATED, CONFLICT]
    set_prices(source, [price("k2", 120)])
    assert set_prices(source, batch) == [CREATED, CREATED, CONFLICT]
    assert held(0)["s1"] == 120


def test_an_instant_is_the_same_in_any_zone(source: int) -> None:
    eastern = timezone(timedelta(hours=-5))
    set_prices(source, [PriceItem("k1", "A", "USD", 100, day(0).astimezone(eastern))])

    assert held(0) == {"s1": 100, "s2": 100}
    assert held(-1 / 86_400_000) == {}
    places, product = places_by_code(["s1"]), products_by_sku(["A"])["A"].id
    assert prices_at([places["s1"].id], [product], at=day(0).astimezone(eastern)).keys() == {(places["s1"].id, product)}


def test_a_price_ends(source: int) -> None:
    set_prices(source, [price("k1", 100), price("k2", 90, place="s1"), price("k3", 80, 10, 20, place="s1")])

    end = PriceEnd("e1", "A", "USD", day(5), place="s1")
    assert end_prices(source, [end, PriceEnd("e2", "A", "USD", day(6), place="s1")]) == [UPDATED, UNCHANGED]
    assert end_prices(source, [end]) == [UPDATED]
    assert end_prices(source, [PriceEnd("e3", "A", "USD", day(0), place="s2"), PriceEnd("e4", "B", "USD", day(0))]) == [
        UNCHANGED,
        UNCHANGED,
    ]
    assert [held(at)["s1"] for at in (4.9, 5, 15)] == [90, 100, 100]
    event = Event.objects.get(type="price.ended")
    assert (event.subject, event.place_code) == ("price/A/s1", "s1")
    assert json.loads(event.data) == {
        "sku": "A", "place": "s1", "currency": "USD", "ends_at": "2026-03-06T00:00:00Z", "kind": "shelf",
    }  # fmt: skip


def card_price(at: float, place: str = "s1") -> int | None:
    """Return what a member pays for the product by the card price at a place."""
    found, product = places_by_code([place])[place], products_by_sku(["A"])["A"].id
    facts = price_book({found.id: found.currency}, [product], at=day(at), loyalty=True).find_loyalty(
        (found.id, product)
    )
    return facts.amount if facts else None


def test_a_card_price_has_spans_of_its_own(source: int) -> None:
    card = PriceItem("c1", "A", "USD", 149, day(2), valid_to=day(9), kind="loyalty")
    own = PriceItem("c2", "A", "USD", 139, day(4), valid_to=day(6), place="s1", kind="loyalty")

    assert set_prices(source, [price("k1", 199), card, own]) == [CREATED, CREATED, CREATED]

    assert [held(at)["s1"] for at in (1, 2, 5, 9)] == [199, 199, 199, 199]
    assert [card_price(at) for at in (1.9, 2, 4, 6, 8.9, 9)] == [None, 149, 139, 149, 149, None]
    assert [card_price(at, "s2") for at in (2, 5)] == [149, 149]
    assert card_price(5, "s3") is None
    assert end_prices(source, [PriceEnd("e1", "A", "USD", day(3), kind="loyalty")]) == [UPDATED]
    assert [card_price(at, "s2") for at in (2.9, 3)] == [149, None]
    assert held(5) == {"s1": 199, "s2": 199}
    rows = price_history(products_by_sku(["A"])["A"].id)
    assert [(row.kind, row.version, row.place_id is None) for row in rows if row.superseded_at is None] == [
        ("shelf", 1, True),
        ("loyalty", 1, True),
        ("loyalty", 1, False),
    ]
    events = Event.objects.filter(type__startswith="price.").order_by("id")
    assert [json.loads(event.data)["kind"] for event in events] == ["shelf", "loyalty", "loyalty", "loyalty"]


def test_a_book_read_without_card_prices_does_not_guess(
    source: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    set_prices(source, [price("k1", 199), PriceItem("c1", "A", "USD", 149, day(0), kind="loyalty")])
    found, product = places_by_code(["s1"])["s1"], products_by_sku(["A"])["A"].id

    for loyalty in (False, True):
        with django_assert_num_queries(1):
            book = price_book({found.id: "USD"}, [product], at=day(0), loyalty=loyalty)
        assert book[found.id, product].amount == 199
    with pytest.raises(LookupError, match="without card prices"):
        price_book({found.id: "USD"}, [product], at=day(0)).find_loyalty((found.id, product))


def test_versions_go_on_after_an_end(source: int) -> None:
    set_prices(source, [price("k1", 100)])
    end_prices(source, [PriceEnd("e1", "A", "USD", day(0))])

    assert held(1) == {}
    assert set_prices(source, [price("k2", 100)]) == [UPDATED]
    event = Event.objects.filter(type="price.changed").order_by("id").last()
    assert event is not None
    assert json.loads(event.data) == {
        "sku": "A", "place": "", "currency": "USD", "amount": 100, "per_quantity": 1,
        "valid_from": "2026-03-01T00:00:00Z", "valid_to": None, "version": 2, "kind": "shelf",
    }  # fmt: skip


def test_prices_take_two_statements(source: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    set_prices(source, [price("k1", 100), price("k2", 90, place="s1")])
    places = [place.id for place in places_by_code(["s1", "s2", "s3"]).values()]
    products = [product.id for product in products_by_sku(["A", "B"]).values()]

    with django_assert_num_queries(2):
        assert len(prices_at(places, products, at=day(0))) == 2
    assert prices_at([], products, at=day(0)) == {}
    assert prices_at([-1], products, at=day(0)) == {}


class TestAnySequence(TestCase):
    """Hypothesis against the database: Django's test case rolls each example back."""

    @settings(max_examples=25)
    @given(
        st.lists(
            st.lists(
                st.tuples(
                    st.integers(1, 4), st.integers(0, 12), st.none() | st.integers(1, 8), st.sampled_from(["", "s1"])
                ),
                min_size=1,
                max_size=4,
            ),
            min_size=1,
            max_size=4,
        )
    )
    def test_at_any_instant_the_price_recorded_last_holds(
        self, batches: list[list[tuple[int, int, int | None, str]]]
    ) -> None:
        source = load_chain()
        said: list[tuple[int, int, float, str]] = []
        for number, batch in enumerate(batches):
            items: list[PriceItem] = []
            for amount, start, length, place in batch:
                end = None if length is None else start + length
                items.append(price(f"{number}-{len(items)}", amount, start, end, place))
                said.append((amount, start, float("inf") if end is None else end, place))
            assert all(outcome.outcome != "invalid" for outcome in set_prices(source, items))

        for half_day in range(-1, 44):
            at = half_day / 2
            own = [amount for amount, start, end, place in said if start <= at < end and place]
            chain = [amount for amount, start, end, place in said if start <= at < end and not place]
            expected = {"s2": chain[-1]} if chain else {}
            if own or chain:
                expected["s1"] = (own or chain)[-1]
            assert held(at) == expected
