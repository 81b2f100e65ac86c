"""What a till gave counts: coupons, single-use codes and customers' limits hold over tills and web alike."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from onebasket.base.models import QuarantineItem
from onebasket.commerce.pricing.actions.forgetting import forget_numbers
from onebasket.commerce.pricing.actions.tills import SettledBeforeError, book_receipts, replay_receipt, settle_overuse
from onebasket.commerce.pricing.models import CouponSerial, Overuse, Use, UseCount
from onebasket.commerce.pricing.queries.audit import audit_pricing
from onebasket.commerce.pricing.rules.promotions import Limits
from onebasket.commerce.pricing.rules.uses import user_of_receipt
from onebasket.commerce.sales.models import Receipt as ReceiptRow
from onebasket.commerce.sales.rules.outcomes import ReceiptBooked, ReceiptOutcome
from onebasket.commerce.sales.rules.receipt import Discount, Funder, Kind, Receipt
from tests.builders import (
    Clock,
    at,
    counts_of,
    faults_in_stock,
    item,
    make_chain,
    on_hand,
    order,
    placed,
    receipt,
    sell,
)
from tests.offers import add_codes, add_coupon, add_customers, once_each, put, quoted, worth

pytestmark = pytest.mark.django_db
CODE, OTHER = "aaaaaaaaaa", "bbbbbbbbbb"


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    Clock().hold_still(monkeypatch)
    source = make_chain("p1", "p2", stock={"milk": 20})
    add_customers(source, "1001")
    add_coupon(source, "paper", "paper", "4000000000017")
    add_coupon(source, "single", "single_use")
    add_codes(source, "single", CODE, OTHER)
    put(
        source,
        once_each("once"),
        worth("fifty", "paper", limits=Limits(per_customer=1)),
        worth("code", "single", amount=80),
    )
    return source


def sale(
    key: str, reference: str, *, kind: str = "promotion", quantity: int = 1, off: int = 50, **more: Any
) -> Receipt:
    """State a sale of milks with so much off by a promotion or coupon."""
    number = more.pop("number", "1001")
    cut = Discount(kind, Funder.RETAILER, off, reference)
    line = item("milk", quantity, 199 * quantity - off, list_amount=199 * quantity, sku="milk", discounts=(cut,))
    return receipt(key, line, loyalty_number=number, **more)


def book(source: int, *receipts: Receipt) -> list[ReceiptOutcome]:
    return book_receipts(source, receipts)


def counts() -> dict[tuple[str, str], int]:
    return {(one.loyalty_number, one.code): one.times for one in UseCount.objects.filter(times__gt=0)}


def waiting() -> list[tuple[str, str, int, int | None]]:
    rows = Overuse.objects.filter(closed_at=None).order_by("id")
    return list(rows.values_list("code", "reason", "counted", "most"))


def faults() -> list[str]:
    return [f"{one.check} {one.examples}" for one in audit_pricing() if one.differences] + faults_in_stock()


def test_what_was_given_at_a_till_is_not_given_on_the_web(source: int) -> None:
    (booked,) = book(source, sale("r1", "once"))
    assert isinstance(booked, ReceiptBooked)

    assert counts() == {("1001", "once"): 1}
    row = Use.objects.get()
    assert (row.order, row.receipt, row.times, row.counted, row.most) == (
        user_of_receipt(booked.receipt), booked.receipt, 1, 1, 1,
    )  # fmt: skip
    assert quoted({"milk": 1}, number="1001").basket.total == 199
    assert placed(source, order("o1", {"milk": 1}, loyalty_number="1001")).total == 199
    assert (waiting(), faults()) == ([], [])


def test_without_the_count_the_web_would_give_it_again(source: int) -> None:
    """The control: booked as a fact alone, the use is known to nobody."""

    sell(source, sale("r1", "once"))

    assert placed(source, order("o1", {"milk": 1}, loyalty_number="1001")).total == 149


def test_a_till_is_never_refused_and_an_over_use_waits(source: int) -> None:
    placed(source, order("o1", {"milk": 1}, loyalty_number="1001"))

    outcomes = book(source, sale("r1", "once"), sale("r2", "once", number=""), sale("r3", "once", quantity=2, off=100))

    assert {type(one) for one in outcomes} == {ReceiptBooked}
    assert on_hand("milk") == 20 - 4
    assert waiting() == [("once", "limit", 2, 1), ("once", "limit", 4, 1)]
    assert counts() == {("1001", "once"): 4}
    assert faults() == []


def test_a_single_use_code_is_good_at_a_till_or_on_the_web(source: int) -> None:
    (booked,) = book(source, sale("r1", CODE, kind="coupon", number=""))
    assert isinstance(booked, ReceiptBooked)
    assert CouponSerial.objects.get(order__isnull=False).order == user_of_receipt(booked.receipt)
    assert placed(source, order("o1", {"milk": 1}, coupons=(CODE,))).total == 149
    assert placed(source, order("o2", {"milk": 1}, coupons=(OTHER,))).total == 119

    book(source, sale("r2", OTHER, kind="coupon", number=""), sale("r3", CODE, kind="coupon", number=""))

    assert waiting() == [("code", "used", 1, None), ("code", "used", 1, None)]
    assert faults() == []


def test_a_coupon_counts_by_its_own_code_and_by_its_promotion_s(source: int) -> None:
    book(source, sale("r1", "paper", kind="coupon"))
    assert counts() == {("1001", "fifty"): 1}
    book(source, sale("r2", "fifty", kind="coupon"))
    assert counts() == {("1001", "fifty"): 2}
    assert waiting() == [("fifty", "limit", 2, 1)]


def test_what_has_no_limit_and_needs_no_coupon_is_not_counted(source: int) -> None:
    book(source, sale("r1", "deal"), sale("r2", ""), receipt("r3", item("milk", 1, 199)))

    assert counts_of(Use, Overuse) == [0, 0]


def test_the_same_receipt_again_counts_nothing(source: int) -> None:
    first = book(source, sale("r1", "once"), sale("r2", CODE, kind="coupon"), sale("r3", CODE, kind="coupon"))
    before = counts(), waiting(), counts_of(Use)

    assert book(source, sale("r1", "once"), sale("r2", CODE, kind="coupon"), sale("r3", CODE, kind="coupon")) == first
    assert (counts(), waiting(), counts_of(Use)) == before
    assert faults() == []


def test_a_void_gives_back_what_its_original_used(source: int) -> None:
    book(source, sale("r1", "once"), sale("r2", CODE, kind="coupon"))
    void = [receipt("v1", kind=Kind.VOID, original="r1"), receipt("v2", kind=Kind.VOID, original="r2")]

    book(source, *void)

    assert counts() == {}
    assert CouponSerial.objects.filter(order__isnull=False).count() == 0
    book(source, *void, sale("r1", "once"), sale("r2", CODE, kind="coupon"))
    assert counts() == {}
    assert placed(source, order("o1", {"milk": 1}, loyalty_number="1001")).total == 149
    assert (waiting(), faults()) == ([], [])


def test_a_sale_that_was_voided_before_it_came_uses_nothing(source: int) -> None:
    book(source, receipt("v1", kind=Kind.VOID, original="r1"))
    book(source, sale("r1", "once"))

    assert ReceiptRow.objects.get(number="r1").voided
    assert (counts(), waiting()) == ({}, [])


def test_a_return_takes_no_use(source: int) -> None:
    book(source, sale("r1", "once", kind="promotion"))
    cut = Discount("promotion", Funder.RETAILER, 50, "once")
    book(source, receipt("b1", item("milk", 1, 149, list_amount=199, sku="milk", discounts=(cut,)), kind=Kind.RETURN))

    assert counts() == {("1001", "once"): 1}


def test_a_card_that_nobody_has_is_counted_for_nobody(source: int) -> None:
    book(source, sale("r1", "once", number="9999"))

    assert (counts(), Use.objects.get().loyalty_number, waiting()) == ({}, "", [])


def test_what_is_mended_in_quarantine_counts_when_it_is_booked(source: int) -> None:
    book(source, sale("r1", "once", place="p9"))
    assert counts() == {}
    (kept,) = QuarantineItem.objects.all()
    QuarantineItem.objects.update(mended=kept.content.replace('"p9"', '"p2"'))

    replay_receipt(kept.pk, actor="ann")

    assert counts() == {("1001", "once"): 1}


def test_an_over_use_is_settled_once_with_what_came_of_it(source: int) -> None:
    book(source, sale("r1", "once"), sale("r2", "once", when=at(1)))
    (row,) = Overuse.objects.all()

    settle_overuse(row.pk, note="A gesture of the till.", actor="ann")

    row.refresh_from_db()
    assert (row.note, row.noted_by, waiting()) == ("A gesture of the till.", "ann", [])
    with pytest.raises(SettledBeforeError):
        settle_overuse(row.pk, note="Again.", actor="bob")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda: Use.objects.filter(receipt__isnull=False).update(receipt=10**9),
        lambda: Overuse.objects.update(code="nobody"),
    ],
    ids=["a receipt that there is not", "an over-use that nobody counted"],
)
def test_a_spoiled_use_of_a_till_fails_its_check(source: int, spoil: Callable[[], int]) -> None:
    book(source, sale("r1", "once"), sale("r2", "once", when=at(1)))
    assert faults() == []

    assert spoil()

    assert [one.check for one in audit_pricing() if one.differences] == ["pricing.tills"]


def test_who_is_erased_is_named_by_no_over_use(source: int) -> None:
    book(source, sale("r1", "once"), sale("r2", "once", when=at(1)))

    with transaction.atomic():
        forget_numbers(["1001"])

    assert Overuse.objects.values_list("loyalty_number", flat=True).get() == ""
    assert (counts(), faults()) == ({}, [])
