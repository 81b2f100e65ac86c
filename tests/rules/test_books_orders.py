"""What orders, payments, gift cards, store credit and points do to the books, row by row."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.books.rules.accounts import BY_ACCOUNT, CHART, POINTS_ACCOUNTS, Account
from onebasket.commerce.books.rules.entries import Entry, Posting, apart, balanced, fault, merged
from onebasket.commerce.books.rules.orders import OrderFacts, goods_returned, order_handed_over
from onebasket.commerce.books.rules.payments import (
    BalanceFacts,
    PaymentFacts,
    balance_given_back,
    balance_issued,
    balance_lapsed,
    balance_spent,
    payment_captured,
    refund_paid,
)
from onebasket.commerce.books.rules.points import (
    EarnedOn,
    EarningRule,
    PointsFacts,
    earned,
    points_earned,
    points_expired,
    points_for,
    points_moved,
    points_pending,
    points_restored,
    points_spent,
    points_taken_back,
    rule_on,
    worth_of,
)
from onebasket.commerce.books.rules.selling import Reduced, SoldLine, Taxed

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
WHERE: dict[str, Any] = {"occurred_at": AT, "place_code": "p1"}
RULE = EarningRule("USD", date(2026, 1, 1), 3, 200, ("Fuel",), 100, 50)


def posted(entry: Entry) -> list[tuple[str, str, int]]:
    assert fault(entry) is None
    return [(one.account.name, one.part, one.amount) for one in entry.lines]


LINES = (
    SoldLine(600, (Reduced("promotion", "retailer", 60),), (Taxed("VAT", 200_000, 540, 90),)),
    SoldLine(300, (Reduced("coupon", "manufacturer", 50, "upc-9"),)),
)


def order(**more: object) -> OrderFacts:
    stated = {"fact": "order/7", "order": "7", "unit": "USD", "lines": LINES, "due": 790} | WHERE | more
    return OrderFacts(**stated)  # type: ignore[arg-type]


def payment(method: str, **more: object) -> PaymentFacts:
    stated = {"fact": "payment/1", "order": "7", "unit": "USD", "method": method, "amount": 500} | WHERE | more
    return PaymentFacts(**stated)  # type: ignore[arg-type]


def balance(kind: str, **more: object) -> BalanceFacts:
    stated = {"fact": "balance/1", "unit": "USD", "balance": kind, "account": "31", "amount": 500, "order": "7"}
    return BalanceFacts(**(stated | WHERE | more))  # type: ignore[arg-type]


def points(number: int, **more: object) -> PointsFacts:
    stated = {"fact": "order/7", "loyalty_number": "77", "points": number} | WHERE | more
    return PointsFacts(**stated)  # type: ignore[arg-type]


SOLD = [
    ("ORDERS_DUE", "7", 790), ("TAX", "VAT 20 %", -90), ("ORDER_SALES", "20 %", -510), ("DISCOUNTS", "promotion", 60),
    ("ORDER_SALES", "0 %", -300), ("MANUFACTURERS", "upc-9", 50),
]  # fmt: skip

CASES: list[tuple[str, Entry, list[tuple[str, str, int]]]] = [
    ("handed over", order_handed_over(order()), SOLD),
    ("returned", goods_returned(order()), [(name, part, -amount) for name, part, amount in SOLD]),
    (
        "tax on top and rounding",
        order_handed_over(order(due=882, tax_included=False, rounding=2)),
        [
            ("ORDERS_DUE", "7", 882), ("TAX", "VAT 20 %", -90), ("ORDER_SALES", "20 %", -600),
            ("DISCOUNTS", "promotion", 60), ("ORDER_SALES", "0 %", -300), ("MANUFACTURERS", "upc-9", 50),
            ("ROUNDING", "", -2),
        ],
    ),
    (
        "an order that does not tie is in suspense",
        order_handed_over(order(due=800)),
        [("ORDERS_DUE", "7", 800), *SOLD[1:], ("SUSPENSE", "", -10)],
    ),
    (
        "a gift card that an order sells",
        order_handed_over(order(lines=(SoldLine(2500, is_gift_card=True),), due=2500)),
        [("ORDERS_DUE", "7", 2500), ("GIFT_CARDS", "sold", -2500)],
    ),
    ("paid by card", payment_captured(payment("card")), [("TAKINGS", "card", 500), ("ORDERS_DUE", "7", -500)]),
    (
        "paid at collection",
        payment_captured(payment("at_collection")),
        [("TAKINGS", "at_collection", 500), ("ORDERS_DUE", "7", -500)],
    ),
    ("invoiced", payment_captured(payment("invoice")), [("CUSTOMERS", "7", 500), ("ORDERS_DUE", "7", -500)]),
    (
        "paid by gift card",
        payment_captured(payment("gift_card", account="31")),
        [("GIFT_CARDS", "31", 500), ("ORDERS_DUE", "7", -500)],
    ),
    ("refunded to the card", refund_paid(payment("card")), [("ORDERS_DUE", "7", 500), ("TAKINGS", "card", -500)]),
    (
        "refunded as store credit",
        refund_paid(payment("store_credit", account="32")),
        [("ORDERS_DUE", "7", 500), ("STORE_CREDIT", "32", -500)],
    ),
    (
        "a card that a till sold is loaded",
        balance_issued(balance("gift_card"), against="sold"),
        [("GIFT_CARDS", "sold", 500), ("GIFT_CARDS", "31", -500)],
    ),
    (
        "a card is loaded for cash",
        balance_issued(balance("gift_card"), against="takings"),
        [("TAKINGS", "cash", 500), ("GIFT_CARDS", "31", -500)],
    ),
    (
        "store credit for what is owed on an order",
        balance_issued(balance("store_credit"), against="order"),
        [("ORDERS_DUE", "7", 500), ("STORE_CREDIT", "31", -500)],
    ),
    (
        "store credit that pays a return",
        balance_issued(balance("store_credit"), against="tendered"),
        [("STORE_CREDIT", "tendered", 500), ("STORE_CREDIT", "31", -500)],
    ),
    (
        "a cancelled order gives a card back what it had paid",
        balance_given_back(balance("gift_card")),
        [("ORDERS_DUE", "7", 500), ("GIFT_CARDS", "31", -500)],
    ),
    (
        "a card's time is over",
        balance_lapsed(balance("gift_card")),
        [("GIFT_CARDS", "31", 500), ("LAPSED", "", -500)],
    ),
    (
        "store credit for nothing",
        balance_issued(balance("store_credit"), against="goodwill"),
        [("GOODWILL", "", 500), ("STORE_CREDIT", "31", -500)],
    ),
    (
        "a card pays an order",
        balance_spent(balance("gift_card")),
        [("GIFT_CARDS", "31", 500), ("ORDERS_DUE", "7", -500)],
    ),
    (
        "a card pays at a till",
        balance_spent(balance("gift_card"), at_till=True),
        [("GIFT_CARDS", "31", 500), ("GIFT_CARDS", "tendered", -500)],
    ),
    ("points wait", points_pending(points(12)), [("POINTS_GRANTED", "", 12), ("POINTS_PENDING", "77", -12)]),
    ("points come", points_earned(points(12)), [("POINTS_GRANTED", "", 12), ("POINTS_AVAILABLE", "77", -12)]),
    (
        "points come that waited",
        points_earned(points(12), pending=12),
        [("POINTS_PENDING", "77", 12), ("POINTS_AVAILABLE", "77", -12)],
    ),
    (
        "fewer come than waited",
        points_earned(points(9), pending=12),
        [("POINTS_GRANTED", "", -3), ("POINTS_PENDING", "77", 12), ("POINTS_AVAILABLE", "77", -9)],
    ),
    (
        "points that waited for an order that was cancelled",
        points_earned(points(0), pending=12),
        [("POINTS_GRANTED", "", -12), ("POINTS_PENDING", "77", 12)],
    ),
    (
        "points pay",
        points_spent(points(100), unit="USD", amount=50, order="7"),
        [
            ("POINTS_SPENT", "", -100), ("POINTS_AVAILABLE", "77", 100), ("POINTS_COST", "", 50),
            ("ORDERS_DUE", "7", -50),
        ],
    ),
    (
        "points are given back",
        points_restored(points(100), unit="USD", amount=50, order="7"),
        [
            ("POINTS_SPENT", "", 100), ("POINTS_AVAILABLE", "77", -100), ("POINTS_COST", "", -50),
            ("ORDERS_DUE", "7", 50),
        ],
    ),
    ("points go", points_taken_back(points(4)), [("POINTS_GRANTED", "", -4), ("POINTS_AVAILABLE", "77", 4)]),
    ("points lapse", points_expired(points(4)), [("POINTS_EXPIRED", "", -4), ("POINTS_AVAILABLE", "77", 4)]),
    (
        "two numbers become one customer's",
        points_moved(points(-4), to="88", pending=3),
        [
            ("POINTS_AVAILABLE", "77", -4), ("POINTS_AVAILABLE", "88", 4), ("POINTS_PENDING", "77", 3),
            ("POINTS_PENDING", "88", -3),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_an_entry_follows(entry: Entry, expected: list[tuple[str, str, int]]) -> None:
    assert posted(entry) == expected
    assert (entry.place_code, entry.occurred_at, entry.business_day) == ("p1", AT, None)


def test_an_order_that_is_paid_handed_over_returned_and_refunded_leaves_nothing() -> None:
    entries = [
        balance_spent(balance("gift_card", amount=290)),
        payment_captured(payment("card")),
        order_handed_over(order()),
        goods_returned(order(fact="return/1")),
        refund_paid(payment("gift_card", amount=290, account="31")),
        refund_paid(payment("card")),
    ]
    assert merged(line for entry in entries for line in entry.lines) == ()


def test_entries_of_one_fact_have_kinds_of_their_own() -> None:
    kinds = {entry.kind for _, entry, _ in CASES}
    of_points = {"pending", "earned", "spent", "restored", "taken back", "expired", "moved"}
    of_money = {"handed over", "returned", "captured", "refunded", "issued", "spent", "given back", "lapsed"}
    assert kinds == of_money | {f"points {kind}" for kind in of_points}


EARNED = [
    ([EarnedOn(200)], 1, 3),
    ([EarnedOn(199)], 1, 2),
    ([EarnedOn(66)], 1, 0),
    ([EarnedOn(67)], 1, 1),
    ([EarnedOn(500), EarnedOn(-300)], 1, 3),
    ([EarnedOn(200), EarnedOn(900, "fuel")], 1, 3),
    ([EarnedOn(200), EarnedOn(900, "", "FUEL")], 1, 3),
    ([EarnedOn(-200)], 1, -3),
    ([EarnedOn(199)], -1, -2),
    ([], 1, 0),
]


@pytest.mark.parametrize(("lines", "sign", "expected"), EARNED)
def test_points_are_earned_in_whole(lines: list[EarnedOn], sign: int, expected: int) -> None:
    assert earned(RULE, lines, sign=sign) == expected


def test_without_a_rule_nothing_is_earned_and_points_pay_nothing() -> None:
    free = EarningRule("USD", date(2026, 1, 1), 1, 100)
    assert earned(None, [EarnedOn(200)]) == points_for(None, 200) == worth_of(None, 200) == 0
    assert points_for(free, 200) == worth_of(free, 200) == 0


def test_what_points_pay() -> None:
    assert [worth_of(RULE, number) for number in (1, 2, 99, 100)] == [0, 1, 49, 50]
    assert [points_for(RULE, amount) for amount in (1, 49, 50, -50)] == [2, 98, 100, -100]


def test_the_rule_of_a_day_is_the_latest_that_began_by_then() -> None:
    later = EarningRule("USD", date(2026, 3, 2), 5, 100)
    euros = EarningRule("EUR", date(2026, 2, 1), 9, 100)
    rules = (later, euros, RULE)
    assert rule_on(rules, "USD", date(2025, 12, 31)) is None
    assert rule_on(rules, "USD", date(2026, 3, 1)) is RULE
    assert rule_on(rules, "USD", date(2026, 3, 2)) is later
    assert rule_on(rules, "EUR", date(2026, 3, 2)) is euros


def test_the_chart_names_every_account_once() -> None:
    assert [facts.account for facts in CHART] == sorted(Account)
    assert set(BY_ACCOUNT) == {int(account) for account in Account}
    assert {account for account in Account if account >= 9000} == POINTS_ACCOUNTS


posting = st.builds(
    Posting,
    st.sampled_from([Account.TAKINGS, Account.TILL_SALES]),
    st.sampled_from(["USD", "EUR"]),
    st.integers(-(10**15), 10**15),
    st.sampled_from(["", "cash", "card"]),
)


@given(st.lists(posting, max_size=12))
def test_whatever_is_balanced_comes_to_zero_in_each_unit(postings: list[Posting]) -> None:
    lines = balanced(postings)
    assert apart(lines) == {}
    assert apart([*merged(postings)]) == apart(postings)
    assert len({(one.account, one.unit, one.part) for one in lines}) == len(lines)
