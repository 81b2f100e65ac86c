"""Orders, payments, gift cards and returns in the journal: exact entries, once, and all of it green."""

from datetime import date, timedelta
from typing import Any

import pytest

from onebasket.base.models import SubscriptionCursor
from onebasket.commerce.books.actions import set_earning_rule
from onebasket.commerce.books.models import Entry, Posting
from onebasket.commerce.books.queries.points import points_of
from onebasket.commerce.books.rules.points import EarningRule, Points
from onebasket.commerce.fulfilment.actions import ReturnCall, accept_returns, returning
from onebasket.commerce.fulfilment.rules.messages import BackLine, ReturnAccepted, ReturnRequest
from onebasket.commerce.orders.actions import CheckoutCall, check_out
from onebasket.commerce.orders.rules.baskets import Checkout, Contact
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderPlaced
from onebasket.commerce.payments.models import Payment
from onebasket.commerce.payments.rules.life import Method
from onebasket.commerce.pricing.queries.quoting import Quoted
from onebasket.commerce.pricing.rules.basket import PricedBasket, PricedLine, Reduction, TaxPart
from tests.actions.test_baskets import opening
from tests.actions.test_baskets import stands as basket_stands
from tests.builders import Clock, make_chain, order, placed, step
from tests.journal import of_kind, posted, run, stands, wrong
from tests.offers import add_customers
from tests.paying import Pay, balance, gift_card, open_order, store_credit
from tests.scenario_paying import authorise, pay_parts, proceed

pytestmark = pytest.mark.django_db

NUMBER = "77"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock().hold_still(monkeypatch)
    monkeypatch.setattr(returning, "database_now", clock)
    return clock


@pytest.fixture
def source(clock: Clock) -> int:
    source = make_chain("p1", "p2", stock={"milk": 10, "bread": 9})
    add_customers(source, NUMBER)
    return source


def earn() -> None:
    """Let a point be earned for each 10 cents."""
    set_earning_rule(EarningRule("USD", date(2026, 1, 1), 1, 10), actor="tests")


def bought(source: int, number: str = "", key: str = "1") -> OrderPlaced:
    """Place three milks for 5.00 (0.97 off, 0.33 tax within) and a bread at 2.50, to be paid at collection."""
    basket = basket_stands(source, opening(f"b{key}", {"milk": 3, "bread": 1}, loyalty_number=number))
    cut = Reduction("promotion", "milk-3", "Three for 5.00", "retailer", 97)
    lines = (
        PricedLine(1, "milk", 3, 597, 500, (cut,), (TaxPart("reduced", 70_000, 467, 33),), unit_amount=199),
        PricedLine(2, "bread", 1, 250, 250, unit_amount=250),
    )
    priced = PricedBasket(lines, "USD", 847, 97, 33, 750, tax_included=True)
    request = Checkout(f"c{key}", basket.id, basket.version, 750, Contact("Ada", phone="1"))
    (made,) = check_out([CheckoutCall(source, request, basket.version, Quoted(priced))])
    assert isinstance(made, OrderPlaced), made
    return made


def collect(source: int, one: OrderPlaced, picked: dict[int, int] | None = None) -> None:
    step(source, f"pick-{one.id}", one, Step.PICK, picked)
    step(source, f"out-{one.id}", one, Step.HAND_OVER)
    run()


def bring(source: int, one: OrderPlaced, *lines: BackLine, key: str = "r1", **more: Any) -> ReturnAccepted:
    (done,) = accept_returns([ReturnCall(source, ReturnRequest(key, "p2", "eve", lines, order=one.id, **more))])
    assert isinstance(done, ReturnAccepted), done
    run()
    return done


def again() -> None:
    """Let every subscription act on every event once more; nothing is posted anew."""
    before = Entry.objects.count(), Posting.objects.count(), stands()
    SubscriptionCursor.objects.update(position=0)
    run()
    assert (Entry.objects.count(), Posting.objects.count(), stands()) == before


def test_an_order_paid_at_collection_with_a_promotion_and_tax(source: int) -> None:
    earn()
    one = bought(source, NUMBER)
    run()
    assert points_of(NUMBER) == Points(0, 75)
    collect(source, one)

    assert posted(f"order/{one.id}") == {
        "p1 points pending": [("POINTS_GRANTED", "", 75), ("POINTS_PENDING", NUMBER, -75)],
        "p1 handed over": [
            ("ORDERS_DUE", str(one.id), 750), ("TAX", "reduced 7 %", -33), ("ORDER_SALES", "7 %", -564),
            ("DISCOUNTS", "promotion", 97), ("ORDER_SALES", "0 %", -250),
        ],
        "p1 points earned": [("POINTS_PENDING", NUMBER, 75), ("POINTS_AVAILABLE", NUMBER, -75)],
    }  # fmt: skip
    assert of_kind("captured") == [[("TAKINGS", "at_collection", 750), ("ORDERS_DUE", str(one.id), -750)]]
    assert points_of(NUMBER) == Points(75, 0)
    again()
    assert wrong() == []


def test_a_card_pays_what_was_handed_over_of_a_short_pick(source: int) -> None:
    earn()
    one = bought(source, NUMBER)
    Payment.objects.filter(order_id=one.id).update(method=Method.CARD.value)
    (payment,) = Payment.objects.values_list("pk", flat=True)
    authorise(payment, "authorised")
    collect(source, one, {1: 2, 2: 1})
    proceed(payment, "captured")
    run()

    # Two thirds of what three milks came to: 5.00, 0.97 off, 0.33 tax.
    assert posted(f"order/{one.id}")["p1 handed over"] == [
        ("ORDERS_DUE", str(one.id), 583), ("TAX", "reduced 7 %", -22), ("ORDER_SALES", "7 %", -376),
        ("DISCOUNTS", "promotion", 65), ("ORDER_SALES", "0 %", -250),
    ]  # fmt: skip
    assert of_kind("captured") == [[("TAKINGS", "card", 583), ("ORDERS_DUE", str(one.id), -583)]]
    assert points_of(NUMBER) == Points(58, 0)
    again()
    assert wrong() == []


def test_a_gift_card_sold_and_spent_on_an_order_that_is_cancelled(source: int) -> None:
    card = gift_card(source, 1_000)
    one = placed(source, order("o1", {"milk": 2}))
    open_order(Pay("gift_card", 398, card.account), order=one.id)
    run()
    account = str(card.account)
    assert of_kind("issued") == [[("GIFT_CARDS", "sold", 1_000), ("GIFT_CARDS", account, -1_000)]]
    assert of_kind("spent") == [[("GIFT_CARDS", account, 398), ("ORDERS_DUE", str(one.id), -398)]]
    assert stands() == {
        f"GIFT_CARDS {account}": -602,
        "GIFT_CARDS sold": 1_000,
        f"ORDERS_DUE {one.id}": -398,
    }
    step(source, "s1", one, Step.CANCEL)
    run()
    assert of_kind("given back") == [[("ORDERS_DUE", str(one.id), 398), ("GIFT_CARDS", account, -398)]]
    assert stands() == {f"GIFT_CARDS {account}": -1_000, "GIFT_CARDS sold": 1_000}
    again()
    assert wrong() == []


def test_a_gift_card_that_pays_an_order_is_posted_once(source: int) -> None:
    card, credit = gift_card(source, 300), store_credit(source, 98)
    one = placed(source, order("o1", {"milk": 2}))
    open_order(Pay("gift_card", 300, card.account), Pay("store_credit", 98, credit.account), order=one.id)
    collect(source, one)
    assert of_kind("captured") == []
    assert stands() == {"GIFT_CARDS sold": 300, "GOODWILL": 98, "ORDER_SALES 0 %": -398}
    again()
    assert wrong() == []


def test_points_of_a_cancelled_order_are_dropped(source: int) -> None:
    earn()
    one = bought(source, NUMBER)
    step(source, "s1", one, Step.CANCEL)
    run()
    assert points_of(NUMBER) == Points(0, 0)
    assert list(posted(f"order/{one.id}")) == ["p1 points pending", "p1 points earned"]
    again()
    assert wrong() == []


def test_a_part_of_an_order_comes_back_at_another_place(source: int) -> None:
    earn()
    one = bought(source, NUMBER)
    collect(source, one)
    back = bring(source, one, BackLine(1, 1))

    assert back.total == 167
    assert posted(f"return/{back.id}") == {
        "p2 returned": [("TILL_SALES", "7 %", -188), ("ORDER_SALES", "7 %", 188)],
        "p1 paid at counter": [("TAKINGS", "at_collection", 167), ("ORDERS_DUE", str(one.id), -167)],
    }
    assert of_kind("refunded") == [[("ORDERS_DUE", str(one.id), 167), ("TAKINGS", "at_collection", -167)]]
    assert of_kind("return") == [
        [
            ("TAKINGS", "at_collection", -167), ("TAX", "reduced 7 %", 11), ("TILL_SALES", "7 %", 188),
            ("DISCOUNTS", "promotion", -32), ("POINTS_GRANTED", "", -16), ("POINTS_AVAILABLE", NUMBER, 16),
        ]
    ]  # fmt: skip
    # The cash left the till at p2; what p1 took stays there, and the order is done with.
    assert stands() == {
        "DISCOUNTS promotion": 65,
        "ORDER_SALES 0 %": -250,
        "ORDER_SALES 7 %": -376,
        "POINTS_AVAILABLE 77": -59,
        "POINTS_GRANTED": 59,
        "TAKINGS at_collection p1": 750,
        "TAKINGS at_collection p2": -167,
        "TAX reduced 7 %": -22,
    }
    again()
    assert wrong() == []

    bring(source, one, BackLine(1, 2), BackLine(2, 1), key="r2")
    assert stands() == {"TAKINGS at_collection p1": 750, "TAKINGS at_collection p2": -750}
    assert points_of(NUMBER) == Points(0, 0)
    again()
    assert wrong() == []


def test_a_card_gets_its_money_back_when_its_provider_has_booked_it(source: int) -> None:
    one = bought(source)
    Payment.objects.filter(order_id=one.id).update(method=Method.CARD.value)
    (payment,) = Payment.objects.values_list("pk", flat=True)
    authorise(payment, "authorised")
    collect(source, one)
    proceed(payment, "captured")
    bring(source, one, BackLine(1, 2))
    due, takings = f"ORDERS_DUE {one.id}", "TAKINGS card p1"
    assert {name: amount for name, amount in stands().items() if name in {due, takings}} == {due: -250, takings: 750}
    pay_parts(payment, done=True)
    run()
    assert {name: amount for name, amount in stands().items() if name in {due, takings}} == {takings: 500}
    assert "TAKINGS card p2" not in stands()
    again()
    assert wrong() == []


def test_a_card_that_is_captured_for_less_gives_nothing_back(source: int) -> None:
    one = bought(source)
    Payment.objects.filter(order_id=one.id).update(method=Method.CARD.value)
    (payment,) = Payment.objects.values_list("pk", flat=True)
    authorise(payment, "authorised")
    collect(source, one)
    bring(source, one, BackLine(1, 2))
    proceed(payment, "captured")
    run()
    assert of_kind("refunded") == []
    assert of_kind("captured") == [[("TAKINGS", "card", 500), ("ORDERS_DUE", str(one.id), -500)]]
    assert f"ORDERS_DUE {one.id}" not in stands()
    again()
    assert wrong() == []


def test_a_return_paid_to_a_gift_card_or_as_credit(source: int) -> None:
    card = gift_card(source, 398)
    one = placed(source, order("o1", {"milk": 2}))
    open_order(Pay("gift_card", 398, card.account), order=one.id)
    collect(source, one)
    bring(source, one, BackLine(1, 1))
    assert stands() == {f"GIFT_CARDS {card.account}": -199, "GIFT_CARDS sold": 398, "ORDER_SALES 0 %": -199}
    back = bring(source, one, BackLine(1, 1), key="r2", to_credit=True)
    (credit,) = back.tenders
    assert stands() == {
        f"GIFT_CARDS {card.account}": -199,
        "GIFT_CARDS sold": 398,
        f"STORE_CREDIT {credit.reference}": -199,
    }
    assert (balance(card), balance(int(credit.reference))) == (199, 199)
    again()
    assert wrong() == []


def test_an_invoice_is_credited(source: int) -> None:
    one = placed(source, order("o1", {"milk": 2}))
    open_order(Pay("invoice", 398), order=one.id)
    collect(source, one)
    assert stands() == {f"CUSTOMERS {one.id}": 398, "ORDER_SALES 0 %": -398}
    assert of_kind("captured") == [[("CUSTOMERS", str(one.id), 398), ("ORDERS_DUE", str(one.id), -398)]]
    bring(source, one, BackLine(2, 1))
    assert stands() == {}
    again()
    assert wrong() == []


@pytest.mark.parametrize(
    ("then", "later", "receipt_takes", "corrected"),
    [(1, 2, 33, 17), (1, 0, 0, -16), (0, 1, 16, 16)],
)
def test_points_go_back_by_the_rule_that_gave_them(
    source: int, clock: Clock, then: int, later: int, receipt_takes: int, corrected: int
) -> None:
    for day, points in ((1, then), (3, later)):
        set_earning_rule(EarningRule("USD", date(2026, 3, day), points, 10), actor="tests")
    one = bought(source, NUMBER)
    collect(source, one)
    assert points_of(NUMBER) == Points(75 * then, 0)

    clock.now += timedelta(days=1)
    back = bring(source, one, BackLine(1, 1))

    taken = [line for line in of_kind("return")[0] if line[0] == "POINTS_AVAILABLE"]
    assert taken == ([("POINTS_AVAILABLE", NUMBER, receipt_takes)] if receipt_takes else [])
    assert posted(f"return/{back.id}")["p2 returned"][2:] == [
        ("POINTS_GRANTED", "", corrected),
        ("POINTS_AVAILABLE", NUMBER, -corrected),
    ]
    assert points_of(NUMBER) == Points(75 * then - 16 * then, 0)
    again()
    assert wrong() == []
