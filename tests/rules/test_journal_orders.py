"""What orders and returns do to the books, by rules alone: proportions, tax beside the price, gift cards, points."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.books.rules.accounts import Account
from onebasket.commerce.books.rules.entries import Entry, fault
from onebasket.commerce.books.rules.points import EarningRule
from onebasket.commerce.books.rules.selling import Reduced, Taxed
from onebasket.commerce.fulfilment.rules.journal import points_due
from onebasket.commerce.orders.rules.journal import (
    JournalOrder,
    JournalOrderLine,
    earned_entry,
    handed_over_entry,
    pending_entry,
    points_of,
)
from onebasket.kernel.money import divide_half_up

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
ONE = UUID(int=7)
RULE = EarningRule("USD", date(2026, 1, 1), 1, 100, ("Fuel",))


def order(*lines: JournalOrderLine, **more: Any) -> JournalOrder:
    stated: dict[str, Any] = {
        "id": ONE, "place_code": "p1", "business_day": AT.date(), "currency": "USD", "tax_included": True,
        "total": sum(line.amount for line in lines), "lines": lines, "loyalty_number": "77",
    }  # fmt: skip
    return JournalOrder(**stated | more)


def posted(entry: Entry) -> list[tuple[str, str, int]]:
    assert fault(entry) is None
    return [(one.account.name, one.part, one.amount) for one in entry.lines]


def test_tax_beside_the_price_is_due_and_no_sale() -> None:
    tax = Taxed("state", 40_000, 900, 36)
    cut = Reduced("coupon", "manufacturer", 100, "upc-9")
    line = JournalOrderLine(2, 1, 1_000, 100, 468, reductions=(cut,), taxes=(tax,))
    assert posted(handed_over_entry(order(line, tax_included=False), AT)) == [
        ("ORDERS_DUE", str(ONE), 468), ("TAX", "state 4 %", -18), ("ORDER_SALES", "4 %", -500),
        ("MANUFACTURERS", "upc-9", 50),
    ]  # fmt: skip


def test_what_was_not_picked_is_not_sold() -> None:
    lines = JournalOrderLine(1, 1, 300, 0, 300), JournalOrderLine(2, 0, 500, 0, 0)
    assert posted(handed_over_entry(order(*lines), AT)) == [
        ("ORDERS_DUE", str(ONE), 300),
        ("ORDER_SALES", "0 %", -300),
    ]


def test_a_gift_card_ordered_is_owed_and_earns_nothing() -> None:
    lines = JournalOrderLine(1, 1, 5_000, 0, 5_000, "Gift cards"), JournalOrderLine(1, 1, 300, 0, 300)
    one = order(*lines)
    assert posted(handed_over_entry(one, AT)) == [
        ("ORDERS_DUE", str(ONE), 5_300),
        ("GIFT_CARDS", "sold", -5_000),
        ("ORDER_SALES", "0 %", -300),
    ]
    assert points_of(one, RULE) == 3


def test_points_wait_for_all_and_come_for_what_was_handed_over() -> None:
    one = order(JournalOrderLine(3, 2, 900, 0, 600), JournalOrderLine(1, 1, 800, 0, 800, "Fuel"))
    pending = pending_entry(one, RULE, AT)
    assert pending is not None
    assert posted(pending) == [("POINTS_GRANTED", "", 9), ("POINTS_PENDING", "77", -9)]
    earned = earned_entry(one, points_of(one, RULE), pending.lines, AT)
    assert earned is not None
    assert sorted(posted(earned)) == [
        ("POINTS_AVAILABLE", "77", -6),
        ("POINTS_GRANTED", "", -3),
        ("POINTS_PENDING", "77", 9),
    ]


def test_nobodys_order_earns_nothing() -> None:
    one = order(JournalOrderLine(1, 1, 900, 0, 900), loyalty_number="")
    assert (pending_entry(one, RULE, AT), points_of(one, RULE), earned_entry(one, 0, (), AT)) == (None, 0, None)
    assert pending_entry(order(JournalOrderLine(1, 1, 900, 0, 900)), None, AT) is None


@given(
    st.integers(1, 50),
    st.data(),
    st.booleans(),
    st.integers(0, 100_000),
    st.lists(st.integers(0, 900), max_size=3),
)
def test_whatever_is_handed_over_ties(
    promised: int,
    data: st.DataObject,
    tax_included: bool,  # noqa: FBT001 - drawn
    listed: int,
    cuts: list[int],
) -> None:
    picked = data.draw(st.integers(0, promised))
    paid = listed - sum(cuts)
    tax = Taxed("VAT", 70_000, paid, divide_half_up(paid * 7, 107 if tax_included else 100))
    agreed = paid + (0 if tax_included else tax.amount)
    reduced = tuple(Reduced("promotion", "retailer", cut) for cut in cuts if cut)
    amount = divide_half_up(agreed * picked, promised)
    line = JournalOrderLine(promised, picked, listed, sum(cuts), amount, reductions=reduced, taxes=(tax,))
    entry = handed_over_entry(order(line, tax_included=tax_included), AT)
    assert fault(entry) is None
    assert Account.SUSPENSE not in {one.account for one in entry.lines}
    assert sum(one.amount for one in entry.lines if one.account is Account.ORDERS_DUE) == amount


@given(st.integers(0, 10_000), st.integers(-5, 10_000), st.lists(st.integers(0, 3_000), max_size=6))
def test_points_taken_back_never_pass_what_was_earned(earned: int, base: int, backs: list[int]) -> None:
    taken, before = [], 0
    for back in backs:
        taken.append(points_due(earned, base, before, back))
        before += back
    assert min(taken, default=0) >= 0
    assert sum(taken) == (earned * min(before, base) // base if base > 0 else 0)
