"""Facts about stock: booked whatever they say and whenever they come; kept in quarantine when they cannot be."""

from datetime import datetime
from typing import Any

import pytest

from onebasket.base.models import Event, InboxEntry, QuarantineItem
from onebasket.base.quarantine import Unreadable
from onebasket.commerce.stock.actions import book_movements
from onebasket.commerce.stock.models import Count, Movement
from onebasket.commerce.stock.rules.ends import End, Kind
from onebasket.commerce.stock.rules.messages import FactBooked, FactKind, FactQuarantined, State, StockFact
from tests.builders import (
    OPENING,
    Clock,
    as_of,
    at,
    book,
    counts_of,
    fact,
    faults_in_stock,
    make_chain,
    moved,
    on_hand,
    shelf,
    versions,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    Clock(at(60)).hold_still(monkeypatch)
    return make_chain("p1", "p2", stock={"milk": 10})


DELIVERED = (Kind.DELIVERY, End.SUPPLIER, End.SELLABLE, 10)
ADJUSTED, SENT, BACK = Kind.ADJUSTMENT, Kind.TRANSFER, Kind.RETURN


@pytest.mark.parametrize(
    ("kind", "quantity", "more", "movement", "left"),
    [
        (FactKind.DELIVERY, 4, {}, (Kind.DELIVERY, End.SUPPLIER, End.SELLABLE, 4), 14),
        (FactKind.DELIVERY, -4, {}, (Kind.DELIVERY, End.SELLABLE, End.SUPPLIER, 4), 6),
        (FactKind.ADJUSTMENT, 2, {}, (ADJUSTED, End.LOSS, End.SELLABLE, 2), 12),
        (FactKind.ADJUSTMENT, -2, {}, (ADJUSTED, End.SELLABLE, End.LOSS, 2), 8),
        (FactKind.MOVE, 3, {"to_state": State.UNSELLABLE}, (ADJUSTED, End.SELLABLE, End.UNSELLABLE, 3), 7),
        (FactKind.TRANSFER, 3, {"to_place": "p2"}, (SENT, End.SELLABLE, End.OTHER_PLACE, 3), 7),
        (FactKind.ARRIVAL, 3, {}, (SENT, End.IN_TRANSIT, End.SELLABLE, 3), 13),
        (FactKind.RETURN, 1, {}, (BACK, End.CUSTOMER, End.SELLABLE, 1), 11),
        (FactKind.RETURN, 1, {"state": State.UNSELLABLE}, (BACK, End.CUSTOMER, End.UNSELLABLE, 1), 10),
        (FactKind.DELIVERY, 0, {}, None, 10),
    ],
)
def test_each_kind_of_fact(
    source: int, kind: FactKind, quantity: int, more: dict[str, Any], movement: tuple[int, ...] | None, left: int
) -> None:
    (outcome,) = book(source, fact("f1", kind, {"milk": quantity}, **more))

    assert moved("milk") == [DELIVERED, *([movement] if movement else [])]
    assert on_hand("milk") == left
    assert outcome == FactBooked(0 if movement is None else 2 if kind is FactKind.TRANSFER else 1, 0)
    assert faults_in_stock() == []


def test_goods_travel_between_places(source: int) -> None:
    book(source, fact("send", FactKind.TRANSFER, {"milk": 3}, to_place="p2"))
    assert (on_hand("milk"), on_hand("milk", place_code="p2", state=End.IN_TRANSIT)) == (7, 3)
    assert moved("milk", place_code="p2") == [(SENT, End.OTHER_PLACE, End.IN_TRANSIT, 3)]

    book(source, fact("arrive", FactKind.ARRIVAL, {"milk": 2}, place="p2"))

    assert (on_hand("milk", place_code="p2"), on_hand("milk", place_code="p2", state=End.IN_TRANSIT)) == (2, 1)
    assert faults_in_stock() == []


def test_counts_state_what_there_is(source: int) -> None:
    outcomes = book(
        source,
        fact("c1", FactKind.COUNT, {"milk": 8, "bread": 3}, when=at(10)),
        fact("c2", FactKind.COUNT, {"milk": 8}, when=at(20)),
        fact("c3", FactKind.COUNT, {"milk": 1}, when=at(20), state=State.STAGED),
    )

    assert outcomes == [FactBooked(2, 0), FactBooked(0, 0), FactBooked(1, 0)]
    assert (on_hand("milk"), on_hand("bread"), on_hand("milk", state=End.STAGED)) == (8, 3, 1)
    assert list(
        Count.objects.order_by("entry_id", "line").values_list("product__sku", "state", "quantity", "difference")
    ) == [
        ("milk", 1, 8, -2),
        ("bread", 1, 3, 3),
        ("milk", 1, 8, 0),
        ("milk", 2, 1, 1),
    ]
    assert faults_in_stock() == []


LATE: list[list[StockFact]] = [
    [fact("sold", FactKind.ADJUSTMENT, {"milk": -2}, when=at(5))],
    [fact("c1", FactKind.COUNT, {"milk": 7}, when=at(10))],
    [fact("c2", FactKind.COUNT, {"milk": 9}, when=at(20))],
    [fact("in", FactKind.DELIVERY, {"milk": 4}, when=at(15))],
    [fact("out", FactKind.ADJUSTMENT, {"milk": -1}, when=at(25))],
]


@pytest.mark.parametrize("order", ["01234", "43210", "24130", "13024", "20431"])
@pytest.mark.parametrize("together", [True, False], ids=["one batch", "a batch each"])
def test_late_facts_and_counts_in_any_order(source: int, order: str, together: bool) -> None:  # noqa: FBT001
    batches = [LATE[int(number)] for number in order]
    if together:
        batches = [[one for batch in batches for one in batch]]

    for batch in batches:
        assert all(isinstance(outcome, FactBooked) for outcome in book(source, *batch))

    assert (as_of("milk", at(10)), as_of("milk", at(20)), on_hand("milk")) == (7, 9, 8)
    assert as_of("milk", OPENING) == 10
    assert faults_in_stock() == []


def test_a_late_fact_says_how_many_corrections_came_with_it(source: int) -> None:
    book(source, fact("c1", FactKind.COUNT, {"milk": 7}, when=at(10)))

    assert book(source, fact("late", FactKind.ADJUSTMENT, {"milk": -2}, when=at(5))) == [FactBooked(1, 1)]


def test_untracked_products_move_nothing(source: int) -> None:
    assert book(source, fact("f1", FactKind.DELIVERY, {"fuel": 4, "milk": 1})) == [FactBooked(1, 0)]
    assert (moved("fuel"), on_hand("milk")) == ([], 11)


@pytest.mark.parametrize(
    ("when", "suspect", "taken_as"),
    [
        ("2036-01-01T00:00:00+00:00", True, at(60)),
        ("2026-03-02T15:05:00+00:00", False, at(60)),
        ("1980-01-01T00:00:00+00:00", True, at(60)),
    ],
)
def test_an_unreasonable_clock_is_booked_and_flagged(
    source: int,
    when: str,
    suspect: bool,  # noqa: FBT001
    taken_as: datetime,
) -> None:
    stated = fact("f1", FactKind.DELIVERY, {"milk": 1}, when=datetime.fromisoformat(when))

    assert book(source, stated) == [FactBooked(1, 0, clock_suspect=suspect)]
    assert Movement.objects.latest("id").occurred_at == taken_as


def test_what_cannot_be_booked_is_kept_whole(source: int) -> None:
    outcomes = book_movements(
        source,
        [
            fact("f1", FactKind.DELIVERY, {"milk": 1}, place="p9"),
            fact("f2", FactKind.DELIVERY, {"milk": 1, "silk": 1}),
            fact("f3", FactKind.COUNT, {"milk": -1}),
            fact("f4", FactKind.TRANSFER, {"milk": 1}),
            fact("f5", FactKind.TRANSFER, {"milk": 1}, to_place="p9"),
            fact("f6", FactKind.MOVE, {"milk": 1}, to_state=State.SELLABLE),
            fact("f7", FactKind.ARRIVAL, {"milk": 1}, state=State.IN_TRANSIT),
            fact("f8", FactKind.RETURN, {"milk": -1}),
            Unreadable("{", "malformed", "It ends too early."),
            fact("f9", FactKind.DELIVERY, {"milk": 1}),
        ],
    )

    assert [one.reason for one in outcomes if isinstance(one, FactQuarantined)] == [
        "unknown_place", "unknown_product", "does_not_tie", "does_not_tie", "unknown_place", "does_not_tie",
        "does_not_tie", "does_not_tie", "malformed",
    ]  # fmt: skip
    assert outcomes[-1] == FactBooked(1, 0)
    assert (on_hand("milk"), QuarantineItem.objects.count()) == (11, 9)
    kept = QuarantineItem.objects.get(key="f2")
    assert (kept.place_code, kept.explanation, kept.state) == (
        "p1", "No product with SKU silk. Add it, or mend the SKU, and replay.", "open",
    )  # fmt: skip


def test_facts_twice_change_nothing(source: int) -> None:
    one, two = fact("f1", FactKind.DELIVERY, {"milk": 1}), fact("f2", FactKind.COUNT, {"milk": 5}, when=at(10))
    first = book(source, one, two, one)
    before = counts_of(Movement, Count, InboxEntry, Event), versions()

    assert first[0] == first[2]
    assert book(source, two, two, one) == [first[1], first[1], first[0]]
    assert (counts_of(Movement, Count, InboxEntry, Event), versions()) == before


def test_a_conflicting_fact_goes_to_quarantine(source: int) -> None:
    booked, conflict = book(
        source, fact("f1", FactKind.DELIVERY, {"milk": 1}), fact("f1", FactKind.DELIVERY, {"milk": 2})
    )

    assert booked == FactBooked(1, 0)
    assert isinstance(conflict, FactQuarantined)
    assert (conflict.reason, on_hand("milk")) == ("conflict", 11)


def test_many_lines_lie_on_one_shelf(source: int) -> None:
    one = fact("f1", FactKind.DELIVERY, {"milk": 1})
    doubled = StockFact("f1", "p1", FactKind.DELIVERY, one.occurred_at, one.lines * 3)

    assert book(source, doubled) == [FactBooked(3, 0)]
    assert (on_hand("milk"), shelf("milk")) == (13, (13, 0, 0))


def test_news_tell_the_figures(source: int) -> None:
    Event.objects.all().delete()
    book(source, fact("f1", FactKind.DELIVERY, {"milk": 1}))

    assert Event.objects.values_list("type", "subject", "place_code", "data").get() == (
        "stock.changed", "stock/p1", "p1",
        '{"place":"p1","shelves":[{"sku":"milk","on_hand":11,"reserved":0,"held":0}]}',
    )  # fmt: skip
