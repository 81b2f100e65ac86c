"""Orders placed: where they are served, what they promise, and why they are refused."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from onebasket.base.models import Event, InboxEntry
from onebasket.commerce.catalogue.actions import retire_products
from onebasket.commerce.catalogue.rules import ProductRetirement
from onebasket.commerce.orders.models import Fulfilment, Order, OrderLine
from onebasket.commerce.orders.rules.messages import OrderConflict, OrderPlaced, OrderRefused, PlacedLine, Shortfall
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.rules import PlaceItem
from onebasket.commerce.stock.actions.buffers import set_buffers
from onebasket.commerce.stock.models import Reservation
from onebasket.commerce.stock.rules.buffers import BufferSetting
from tests.builders import (
    Clock,
    add_prices,
    at,
    basket,
    counts_of,
    deliver,
    faults_in_stock,
    make_chain,
    order,
    place,
    placed,
    shelf,
    take_holds,
    versions,
)

pytestmark = pytest.mark.django_db

FIVE = ("p1", "p2", "p3", "p4", "p5")


def test_an_order_takes_its_promise() -> None:
    source = make_chain(stock={"milk": 10, "apples": 5_000})

    outcome = placed(source, order("o1", {"milk": 2, "apples": 1_250}, loyalty_number="44", note="Ring."))

    assert outcome.lines == (
        PlacedLine(1, "milk", 2, 2, 199, 1, 398, "chain", 398),
        PlacedLine(2, "apples", 1_250, 1_250, 300, 1_000, 375, "chain", 375),
    )
    assert (outcome.place, outcome.number, outcome.status, outcome.currency, outcome.total, outcome.shortfalls) == (
        "p1", "p1-0001", "placed", "USD", 773, (),
    )  # fmt: skip
    assert outcome.reason == "p1 was the only place considered and serves it whole"
    assert (shelf("milk"), shelf("apples")) == ((10, 2, 0), (5_000, 1_250, 0))
    row = Order.objects.get()
    assert (row.pk, row.total, row.line_count, row.loyalty_number, row.note, row.status) == (
        outcome.id, 773, 2, "44", "Ring.", "placed",
    )  # fmt: skip
    assert row.reason["asked"] == ["p1"]
    assert Fulfilment.objects.values_list("order_id", "owner", "status").get() == (outcome.id, "chain", "placed")
    assert list(Reservation.objects.order_by("line").values_list("reference", "line", "quantity", "state")) == [
        (outcome.id, 1, 2, 1), (outcome.id, 2, 1_250, 1),
    ]  # fmt: skip
    assert faults_in_stock() == []


def test_the_same_again_changes_nothing() -> None:
    source = make_chain(stock={"milk": 10})
    request, refused = order("o1", {"milk": 2}), order("o2", {"milk": 11})
    first = place(source, request, refused)
    before = counts_of(Order, OrderLine, Fulfilment, Reservation, Event, InboxEntry), versions()
    deliver(source, {"bread": 1}, key="more")
    after_delivery = versions()

    assert place(source, request, refused, request) == [*first, first[0]]
    assert place(source, refused, request) == first[::-1]

    assert counts_of(Order, OrderLine, Fulfilment, Reservation) == before[0][:4]
    assert versions() == after_delivery
    assert shelf("milk") == (10, 2, 0)


def test_doubled_within_a_batch_and_conflicting() -> None:
    source = make_chain(stock={"milk": 10})

    one, two, three = place(source, order("o1", {"milk": 2}), order("o1", {"milk": 2}), order("o1", {"milk": 3}))
    (later,) = place(source, order("o1", {"milk": 4}))

    assert isinstance(one, OrderPlaced)
    assert (two, three, later) == (one, OrderConflict(), OrderConflict())
    assert (Order.objects.count(), shelf("milk")) == (1, (10, 2, 0))


def test_a_batch_is_decided_one_after_the_other() -> None:
    source = make_chain(stock={"milk": 5})

    outcomes = place(source, *(order(f"o{number}", {"milk": number}) for number in (2, 4, 3, 1)))

    assert [type(outcome).__name__ for outcome in outcomes] == [
        "OrderPlaced", "OrderRefused", "OrderPlaced", "OrderRefused",
    ]  # fmt: skip
    assert outcomes[1] == OrderRefused(
        "short",
        "There is not enough of every line: p1 came closest.",
        "p1",
        (Shortfall(1, "milk", 4, 3, 1),),
    )
    assert shelf("milk") == (5, 5, 0)


def test_a_refusal_names_each_short_line() -> None:
    source = make_chain(stock={"milk": 5, "bread": 1})

    (outcome,) = place(source, order("o1", {"milk": 2, "bread": 3, "apples": 500}))

    assert isinstance(outcome, OrderRefused)
    assert outcome.shortfalls == (Shortfall(2, "bread", 3, 1, 2), Shortfall(3, "apples", 500, 0, 500))
    assert (shelf("milk"), Order.objects.count()) == ((5, 0, 0), 0)


def test_what_no_stock_can_change_is_refused() -> None:
    source = make_chain("p1", "p2", stock={"milk": 9, "bread": 9})
    retire_products(source, [ProductRetirement("retire", "bread")])
    upsert_places(source, [PlaceItem("close", "p2", "p2", "USD", "America/New_York", active=False)])
    doubled = order("o6", {"milk": 1})
    doubled = type(doubled)("o6", ("p1",), doubled.lines * 2)

    outcomes = place(
        source,
        order("o1", {"milk": 1}, "p9"),
        order("o2", {"milk": 1}, "p2"),
        order("o3", {"silk": 1, "milk": 1}),
        order("o4", {"bread": 1}),
        order("o5", {"fuel": 1}),
        doubled,
        order("o7", {"milk": 1}, "p1", "p2", hold=UUID(int=1)),
        order("o8", {"milk": 1}, hold=UUID(int=1)),
    )

    assert [outcome.code for outcome in outcomes if isinstance(outcome, OrderRefused)] == [
        "unknown_place", "inactive_place", "unknown_product", "inactive_product", "untracked_product", "doubled_line",
        "hold_not_usable", "hold_not_usable",
    ]  # fmt: skip
    assert [outcome.skus for outcome in outcomes[2:5] if isinstance(outcome, OrderRefused)] == [
        ("silk",), ("bread",), ("fuel",),
    ]  # fmt: skip
    assert (Order.objects.count(), shelf("milk")) == (0, (9, 0, 0))


def test_no_price_no_order() -> None:
    source = make_chain("p1", "p2", stock={"milk": 9})
    upsert_places(source, [PlaceItem("p3", "p3", "p3", "CAD", "America/Toronto")])

    (outcome,) = place(source, order("o1", {"milk": 1}, "p3"))

    assert outcome == OrderRefused("no_price", "Some products have no price at p3.", "p3", skus=("milk",))


def test_partial_takes_what_there_is() -> None:
    source = make_chain(stock={"milk": 3})

    outcome = placed(source, order("o1", {"milk": 5, "bread": 2}, partial=True))
    (nothing,) = place(source, order("o2", {"milk": 5, "bread": 2}, partial=True))

    assert outcome.shortfalls == (Shortfall(1, "milk", 5, 3, 2), Shortfall(2, "bread", 2, 0, 2))
    assert [(line.ordered, line.promised, line.amount) for line in outcome.lines] == [(5, 3, 597), (2, 0, 0)]
    assert (outcome.total, shelf("milk")) == (597, (3, 3, 0))
    assert isinstance(nothing, OrderRefused)
    assert Reservation.objects.count() == 1


def test_the_first_place_that_serves_it_whole() -> None:
    source = make_chain(*FIVE, stock={"milk": 1})
    for code in ("p2", "p4", "p5"):
        deliver(source, {"milk": 2, "bread": 2} if code != "p2" else {"milk": 2}, place=code)
    both = {"milk": 2, "bread": 1}

    outcomes = [placed(source, order(f"o{number}", both, *FIVE)) for number in range(2)]
    (short,) = place(source, order("o3", both, *FIVE))

    assert [outcome.place for outcome in outcomes] == ["p4", "p5"]
    assert isinstance(short, OrderRefused)
    assert (short.code, short.place) == ("short", "p2")
    assert short.shortfalls == (Shortfall(2, "bread", 1, 0, 1),)


@pytest.mark.parametrize(("seconds", "served_by"), [(59, None), (60, "p5")])
def test_of_many_places_one_whose_hold_has_expired_counts_as_free(
    monkeypatch: pytest.MonkeyPatch, seconds: int, served_by: str | None
) -> None:
    """Expiry is half-open: a hold of 60 seconds stands for 59 of them, although nobody has released it yet."""
    clock = Clock().hold_still(monkeypatch)
    source = make_chain(*FIVE)
    deliver(source, {"milk": 2}, place="p5")
    take_holds(source, basket("h1", {"milk": 2}, place="p5", seconds=60))
    clock.now = at(0, seconds=seconds)

    (outcome,) = place(source, order("o1", {"milk": 2}, *FIVE))

    assert (outcome.place if isinstance(outcome, OrderPlaced) else None) == served_by
    assert shelf("milk", place_code="p5") == ((2, 2, 0) if served_by else (2, 0, 2))
    assert faults_in_stock() == []


def test_places_are_asked_in_the_order_given() -> None:
    source = make_chain("p1", "p2", stock={"milk": 1})
    deliver(source, {"milk": 1}, place="p2")

    outcome = placed(source, order("o1", {"milk": 1}, "p2", "p1"))

    assert (outcome.place, outcome.reason) == ("p2", "p2 comes first and serves it whole")


@pytest.mark.parametrize("places", [5, 8, 20])
def test_one_batch_empties_place_after_place(places: int) -> None:
    """However many places there are: no order is refused while one of them still serves it."""
    codes = [f"q{number:02}" for number in range(places)]
    source = make_chain(*codes)
    for code in codes:
        deliver(source, {"milk": 2}, place=code)

    outcomes = place(source, *(order(f"o{number}", {"milk": 2}, *codes) for number in range(places + 2)))

    served = [outcome.place for outcome in outcomes if isinstance(outcome, OrderPlaced)]
    assert sorted(served) == codes
    refused = [outcome for outcome in outcomes if isinstance(outcome, OrderRefused)]
    assert [outcome.code for outcome in refused] == ["short", "short"]
    assert faults_in_stock() == []


def test_partial_is_served_by_the_first_place_that_has_any() -> None:
    source = make_chain(*FIVE)
    deliver(source, {"milk": 4}, place="p5")

    outcome = placed(source, order("o1", {"milk": 10}, *FIVE, partial=True))

    assert (outcome.place, outcome.lines[0].promised) == ("p5", 4)


def test_partial_prefers_a_place_that_serves_it_whole() -> None:
    source = make_chain(*FIVE)
    deliver(source, {"milk": 4}, place="p1")
    deliver(source, {"milk": 10}, place="p5")

    whole, part = place(source, *(order(key, {"milk": 10}, *FIVE, partial=True) for key in ("o1", "o2")))

    assert isinstance(whole, OrderPlaced)
    assert isinstance(part, OrderPlaced)
    assert [(one.place, one.lines[0].promised) for one in (whole, part)] == [("p5", 10), ("p1", 4)]


def test_a_place_without_a_price_is_passed_over() -> None:
    source = make_chain(*FIVE)
    upsert_places(source, [PlaceItem(f"c{n}", f"c{n}", "Canada", "CAD", "America/Toronto") for n in range(4)])
    for code in ("c0", "c1", "c2", "c3", "p5"):
        deliver(source, {"milk": 4}, place=code)

    assert placed(source, order("o1", {"milk": 1}, "c0", "c1", "c2", "c3", "p5")).place == "p5"


def test_a_place_has_its_own_price() -> None:
    source = make_chain("p1", "p2", stock={"milk": 9})
    deliver(source, {"milk": 9}, place="p2")
    add_prices(source, {"milk": (150, 1)}, place="p2")

    assert [placed(source, order(code, {"milk": 2}, code)).total for code in ("p1", "p2")] == [398, 300]


def test_a_buffer_is_kept_back_from_its_channel() -> None:
    source = make_chain(stock={"milk": 5})
    set_buffers(source, [BufferSetting("b1", "p1", 3, "web", "milk")])

    web, kiosk = place(source, order("o1", {"milk": 3}), order("o2", {"milk": 3}, channel="kiosk"))

    assert isinstance(web, OrderRefused)
    assert web.shortfalls == (Shortfall(1, "milk", 3, 2, 1),)
    assert isinstance(kiosk, OrderPlaced)


def test_numbers_count_by_place_and_day(monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_chain("p1", "p2", stock={"milk": 9})
    deliver(source, {"milk": 9}, place="p2")
    clock = Clock().hold_still(monkeypatch)

    first = place(source, *(order(key, {"milk": 1}, code) for key, code in (("a", "p1"), ("b", "p2"), ("c", "p1"))))
    clock.now += timedelta(days=1)
    second = placed(source, order("d", {"milk": 1}))

    assert [one.number for one in first if isinstance(one, OrderPlaced)] == ["p1-0001", "p2-0001", "p1-0002"]
    assert second.number == "p1-0001"
    assert set(Order.objects.values_list("business_day", flat=True)) == {date(2026, 3, 2), date(2026, 3, 3)}


def test_two_sources_may_use_the_same_key() -> None:
    source = make_chain(stock={"milk": 9})

    assert placed(source, order("o1", {"milk": 1})).id != placed(source + 1, order("o1", {"milk": 1})).id
