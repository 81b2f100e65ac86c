"""Breaches, discrepancies and buffers: opened by facts, kept up, and closed by figures."""

import json
from datetime import timedelta
from uuid import UUID

import pytest

from onebasket.base.models import Event, TrailEntry
from onebasket.commerce.catalogue.models import Product
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.stock.actions import note_exception, set_buffers
from onebasket.commerce.stock.models import Breach, Buffer, Discrepancy
from onebasket.commerce.stock.queries import available_everywhere
from onebasket.commerce.stock.queries.promises import at_risk_of
from onebasket.commerce.stock.rules.buffers import BufferOutcome, BufferSetting
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.messages import FactKind
from tests.builders import (
    Clock,
    at,
    basket,
    book,
    deliver,
    fact,
    faults_in_stock,
    item,
    make_chain,
    order,
    placed,
    receipt,
    sell,
    shelf,
    step,
    take_holds,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(at(60)).hold_still(monkeypatch)


@pytest.fixture
def source(clock: Clock) -> int:
    return make_chain("p1", "p2", stock={"milk": 10})


def breaches() -> list[tuple[int, bool]]:
    return [(one.shortfall, one.closed_at is not None) for one in Breach.objects.order_by("id")]


def discrepancies() -> list[tuple[int, int, bool]]:
    return [(one.state, one.quantity, one.closed_at is not None) for one in Discrepancy.objects.order_by("id")]


def news(prefix: str) -> list[tuple[str, int]]:
    rows = Event.objects.filter(type__startswith=prefix).order_by("id").values_list("type", "data")
    return [(type_, json.loads(data).get("shortfall", json.loads(data).get("on_hand"))) for type_, data in rows]


def lose(source: int, key: str, quantity: int) -> None:
    book(source, fact(key, FactKind.ADJUSTMENT, {"milk": -quantity}))


def test_a_breach_opens_shrinks_and_closes_itself(source: int) -> None:
    placed(source, order("o1", {"milk": 8}))
    lose(source, "l1", 2)
    assert breaches() == []

    lose(source, "l2", 3)
    assert breaches() == [(3, False)]
    lose(source, "l3", 1)
    assert breaches() == [(4, False)]
    deliver(source, {"milk": 3}, key="d1")
    assert breaches() == [(1, False)]
    deliver(source, {"milk": 1}, key="d2")
    assert breaches() == [(0, True)]

    assert news("breach.") == [
        ("breach.opened", 3), ("breach.changed", 4), ("breach.changed", 1), ("breach.closed", 0),
    ]  # fmt: skip
    lose(source, "l4", 1)
    assert (breaches(), faults_in_stock()) == ([(0, True), (1, False)], [])


def test_a_breach_closes_when_its_promise_ends(source: int) -> None:
    one, two = placed(source, order("o1", {"milk": 4})), placed(source, order("o2", {"milk": 4}))
    lose(source, "l1", 5)
    assert breaches() == [(3, False)]

    step(source, "c2", two, Step.CANCEL)

    assert (breaches(), shelf("milk")) == ([(0, True)], (5, 4, 0))
    assert [risk.reference for risk in at_risk_of(Breach.objects.get())] == []
    assert one.status == "placed"


def test_the_latest_placed_is_at_risk_first(source: int, clock: Clock) -> None:
    early = placed(source, order("o1", {"milk": 4}))
    clock.now += timedelta(minutes=1)
    late = placed(source, order("o2", {"milk": 4}))
    sell(source, receipt("r1", item("milk", 7, 5)))

    found = [(risk.reference, risk.line, risk.quantity, risk.short) for risk in at_risk_of(Breach.objects.get())]

    assert found == [(late.id, 1, 4, 4), (early.id, 1, 4, 1)]
    opened = json.loads(Event.objects.get(type="breach.opened").data)
    assert [(UUID(one["order"]), one["short"]) for one in opened["at_risk"]] == [(late.id, 4), (early.id, 1)]


def test_holds_are_not_breached(source: int) -> None:
    take_holds(source, basket("h1", {"milk": 10}))
    lose(source, "l1", 5)

    assert (breaches(), shelf("milk")) == ([], (5, 0, 10))


def test_picking_less_than_promised_closes_the_breach(source: int) -> None:
    one = placed(source, order("o1", {"milk": 4}))
    lose(source, "l1", 8)
    assert breaches() == [(2, False)]

    step(source, "p1", one, Step.PICK, {1: 2})

    assert (breaches(), shelf("milk")) == ([(0, True)], (0, 0, 0))


def test_a_discrepancy_opens_deepens_and_closes_itself(source: int) -> None:
    lose(source, "l1", 12)
    lose(source, "l2", 1)
    assert discrepancies() == [(1, -3, False)]
    deliver(source, {"milk": 2}, key="d1")
    assert discrepancies() == [(1, -1, False)]

    book(source, fact("c1", FactKind.COUNT, {"milk": 0}))

    assert (discrepancies(), breaches(), faults_in_stock()) == ([(1, 0, True)], [], [])
    assert news("discrepancy.") == [("discrepancy.opened", -2), ("discrepancy.closed", 0)]


def test_each_state_has_its_own_discrepancy(source: int) -> None:
    book(source, fact("a1", FactKind.ARRIVAL, {"milk": 3}))

    assert discrepancies() == [(End.IN_TRANSIT, -3, False)]


def test_both_in_one_batch_leave_nothing_open(source: int) -> None:
    placed(source, order("o1", {"milk": 8}))
    book(source, fact("l1", FactKind.ADJUSTMENT, {"milk": -20}), fact("d1", FactKind.DELIVERY, {"milk": 20}))

    assert (breaches(), discrepancies()) == ([], [])


def test_people_note_what_they_found(source: int) -> None:
    lose(source, "l1", 12)
    one = Discrepancy.objects.get()

    note_exception(Discrepancy, one.pk, actor="ann", note="Counted tonight.")

    one.refresh_from_db()
    assert (one.note, one.noted_by) == ("Counted tonight.", "ann")
    assert TrailEntry.objects.filter(action="discrepancy.note").values_list("actor", "target").get() == (
        "ann", f"discrepancy/{one.pk}",
    )  # fmt: skip


def available(sku: str, channel: str) -> list[tuple[str, int, int]]:
    product_id = Product.objects.get(sku=sku).pk
    return [
        (one.place, one.buffer, one.available) for one in available_everywhere(product_id, channel=channel, now=at(60))
    ]


def test_the_narrowest_buffer_holds(source: int) -> None:
    deliver(source, {"milk": 10}, place="p2")
    settings = [
        BufferSetting("b1", "p1", 1, unit="each"),
        BufferSetting("b2", "p1", 2, "web", unit="each"),
        BufferSetting("b3", "p2", 3, sku="milk"),
        BufferSetting("b4", "p2", 4, "web", sku="milk"),
        BufferSetting("b5", "p2", 5, "web", unit="each"),
    ]
    assert set_buffers(source, settings) == [BufferOutcome("set")] * 5

    assert available("milk", "web") == [("p1", 2, 8), ("p2", 4, 6)]
    assert available("milk", "kiosk") == [("p1", 1, 9), ("p2", 3, 7)]
    set_buffers(source, [BufferSetting("b6", "p2", 0, "web", sku="milk"), BufferSetting("b7", "p1", 9, unit="kg")])
    assert available("milk", "web") == [("p1", 2, 8), ("p2", 0, 10)]


def test_buffers_are_set_once_a_key(source: int) -> None:
    one = BufferSetting("b1", "p1", 1, sku="milk")
    outcomes = set_buffers(
        source,
        [
            one,
            one,
            BufferSetting("b1", "p1", 2, sku="milk"),
            BufferSetting("b2", "p9", 1, sku="milk"),
            BufferSetting("b3", "p1", 1),
            BufferSetting("b4", "p1", 1, sku="silk"),
            BufferSetting("b5", "p1", 1, unit="stone"),
        ],
    )
    set_buffers(source, [BufferSetting("b6", "p1", 7, sku="milk")])

    assert [outcome.outcome for outcome in outcomes] == ["set", "set", "conflict", *["invalid"] * 4]
    assert set_buffers(source, [one]) == [BufferOutcome("set")]
    assert Buffer.objects.values_list("quantity", flat=True).get() == 7


def test_available_leaves_out_what_is_promised_and_closed(source: int, clock: Clock) -> None:
    placed(source, order("o1", {"milk": 3}))
    take_holds(source, basket("h1", {"milk": 2}))

    (one,) = available_everywhere(Product.objects.get(sku="milk").pk, channel="web", now=clock.now)

    assert (one.on_hand, one.reserved, one.held, one.available) == (10, 3, 2, 5)
