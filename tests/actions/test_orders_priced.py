"""Orders of outside shops are priced as baskets are, and what they use of promotions and coupons is claimed."""

from typing import Any

import pytest

from onebasket.commerce.customers.actions import upsert_customers
from onebasket.commerce.customers.rules import CustomerItem
from onebasket.commerce.orders.actions import placing
from onebasket.commerce.orders.models import Order, OrderReduction, OrderTax
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderPlaced, OrderRefused
from onebasket.commerce.pricing.actions import set_tax_classes, set_tax_terms, set_taxes
from onebasket.commerce.pricing.models import CouponSerial, Use, UseCount
from onebasket.commerce.pricing.queries.audit import audit_pricing
from onebasket.commerce.pricing.rules.messages import TaxClassItem, TaxItem, TaxTermsItem
from onebasket.commerce.pricing.rules.promotions import (
    Audience,
    Limits,
    MultiBuy,
    PercentOff,
    Promotion,
    Selector,
)
from tests.builders import Clock, counts_of, faults_in_stock, make_chain, on_hand, order, place, placed, shelf, step
from tests.offers import (
    SINCE,
    add_codes,
    add_coupon,
    add_customers,
    card_prices,
    clip,
    once_each,
    put,
    worth,
)

pytestmark = pytest.mark.django_db
MILK = Selector(frozenset({"milk"}))
DEAL = Promotion("milk-3", "Three for 5.00", MultiBuy(3, 500), SINCE, MILK, currency="USD")


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    Clock().hold_still(monkeypatch)
    return make_chain("p1", "p2", stock={"milk": 20, "bread": 20})


def counts() -> dict[tuple[str, str], int]:
    return {(one.loyalty_number, one.code): one.times for one in UseCount.objects.filter(times__gt=0)}


def faults() -> list[str]:
    return [one.check for one in audit_pricing() if one.differences] + faults_in_stock()


def test_three_for_five_is_five_in_an_outside_shop_too(source: int) -> None:
    put(source, DEAL)
    set_taxes(source, [TaxItem("tax", "vat", 70_000, SINCE, "food")])
    set_tax_classes(source, [TaxClassItem("class", "food", sku="milk")])
    set_tax_terms(source, [TaxTermsItem("terms", SINCE, included=True)])

    one = placed(source, order("o1", {"milk": 3, "bread": 1}))

    assert (one.total, [line.amount for line in one.lines]) == (750, [500, 250])
    row = Order.objects.get()
    assert (row.list_total, row.reduction_total, row.tax_total, row.tax_included) == (847, 97, 33, True)
    cuts = OrderReduction.objects.values_list("line", "kind", "reference", "funder", "amount")
    assert list(cuts) == [(1, "promotion", "milk-3", "retailer", 97)]
    assert list(OrderTax.objects.values_list("line", "code", "rate", "base", "amount")) == [(1, "vat", 70_000, 467, 33)]
    assert row.reason["method"] == "exact"
    assert row.asked
    assert Use.objects.values_list("order", "code", "times").get() == (one.id, "milk-3", 1)
    assert faults() == []


def test_taxes_that_lie_beside_prices_are_due_as_well(source: int) -> None:
    set_taxes(source, [TaxItem("tax", "vat", 100_000, SINCE, "")])
    set_tax_terms(source, [TaxTermsItem("terms", SINCE, included=False)])

    one = placed(source, order("o1", {"bread": 2}))

    assert (one.total, one.lines[0].amount, one.lines[0].tax_amount) == (550, 550, 50)
    assert Order.objects.values_list("list_total", "tax_total", "tax_included").get() == (500, 50, False)


def test_a_card_has_its_prices_and_its_limits(source: int) -> None:
    add_customers(source, "1001")
    card_prices(source, bread=200)
    put(source, once_each("once"))

    totals = [placed(source, order(f"o{n}", {"milk": 1, "bread": 1}, loyalty_number="1001")).total for n in range(2)]

    assert totals == [149 + 200, 199 + 200]
    assert placed(source, order("guest", {"bread": 1})).total == 250
    assert counts() == {("1001", "once"): 1}
    assert faults() == []


def test_two_orders_of_one_batch_use_the_last_use_once(source: int) -> None:
    """The second is decided again with a fresh look, and pays the price without it."""
    add_customers(source, "1001")
    put(source, once_each("once"))

    found = place(source, *(order(f"o{n}", {"milk": 1}, loyalty_number="1001") for n in range(3)))

    assert [one.total for one in found if isinstance(one, OrderPlaced)] == [149, 199, 199]
    assert counts() == {("1001", "once"): 1}
    assert on_hand("milk") == 20
    assert shelf("milk")[1] == 3
    assert faults() == []


def test_a_single_use_code_is_good_for_one_order(source: int) -> None:
    add_coupon(source, "once", "single_use")
    add_codes(source, "once", "aaaaaaaaaa")
    put(source, worth("code", "once"))

    first, second = place(
        source, *(order(f"o{n}", {"milk": 1}, coupons=("AAAAA-aaaaa".replace("-", ""),)) for n in (1, 2))
    )

    assert isinstance(first, OrderPlaced)
    assert isinstance(second, OrderPlaced)
    assert (first.total, second.total) == (149, 199)
    assert CouponSerial.objects.get().order == first.id
    reasons = [note[4] for note in Order.objects.get(pk=second.id).reason["notes"] if not note[3]]
    assert "used_before" in reasons
    assert faults() == []


def test_a_coupon_on_the_card_applies_by_itself_and_comes_back_with_a_cancel(source: int) -> None:
    add_customers(source, "1001")
    add_coupon(source, "soup", "digital")
    put(source, worth("fifty", "soup", limits=Limits(per_customer=1)))
    clip(source, "soup", "1001")

    one = placed(source, order("o1", {"milk": 1}, loyalty_number="1001"))
    assert (one.total, counts()) == (149, {("1001", "fifty"): 1})
    step(source, "s1", one, Step.CANCEL)

    assert counts() == {}
    assert placed(source, order("o2", {"milk": 1}, loyalty_number="1001")).total == 149


def test_nobody_is_staff_to_an_outside_shop(source: int) -> None:
    upsert_customers(source, [CustomerItem("c-staff", "2001", staff=True)])
    put(source, Promotion("staff", "Staff", PercentOff(500_000), SINCE, MILK, audience=Audience("staff")))

    assert placed(source, order("o1", {"milk": 1}, loyalty_number="2001")).total == 199


def test_what_comes_to_another_amount_than_expected_changes_nothing(source: int) -> None:
    put(source, DEAL)

    (refused,) = place(source, order("o1", {"milk": 3}, expected_total=597))

    assert isinstance(refused, OrderRefused)
    assert (refused.code, refused.total, refused.place) == ("price_changed", 500, "p1")
    assert counts_of(Order, Use) == [0, 0]
    assert shelf("milk") == (20, 0, 0)
    assert placed(source, order("o2", {"milk": 3}, expected_total=500)).total == 500


def test_what_is_promised_in_part_is_priced_as_promised(source: int) -> None:
    put(source, DEAL)

    one = placed(source, order("o1", {"milk": 22, "bread": 1, "apples": 100}, partial=True))

    assert [(line.promised, line.amount) for line in one.lines] == [(20, 6 * 500 + 2 * 199), (1, 250), (0, 0)]
    assert one.total == 3_648
    assert Use.objects.get().times == 6


def test_what_a_part_uses_beyond_all_of_it_is_locked_in_a_second_pass(
    source: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All 22 milks would be half price; of the 20 promised one is 50 off, once for each customer."""
    add_customers(source, "1001")
    put(source, Promotion("many", "Many", PercentOff(500_000, 21), SINCE, MILK), once_each("once"))
    passes: list[int] = []
    decide_all = placing._decide_all

    def counted(*given: Any, **named: Any) -> Any:
        passes.append(len(passes))
        return decide_all(*given, **named)

    monkeypatch.setattr(placing, "_decide_all", counted)

    one = placed(source, order("o1", {"milk": 22}, partial=True, loyalty_number="1001"))

    assert (one.total, len(passes)) == (20 * 199 - 50, 2)
    assert counts() == {("1001", "once"): 1}
    assert faults() == []


def test_it_is_priced_at_the_place_that_serves_it(source: int) -> None:
    """Of several places the one that has all of it, with the promotions of there."""
    add_customers(source, "1001")
    put(source, once_each("here", places=frozenset({"p1"})), once_each("there", places=frozenset({"p2"})))

    one = placed(source, order("o1", {"milk": 1}, "p2", "p1", loyalty_number="1001"))

    assert (one.place, one.total) == ("p1", 149)
    assert counts() == {("1001", "here"): 1}


def test_a_price_costs_a_fixed_number_of_statements(
    source: int, django_assert_max_num_queries: object
) -> None:  # fmt: skip
    put(source, DEAL)
    placed(source, order("warm", {"milk": 3}))
    with django_assert_max_num_queries(30) as few:  # type: ignore[operator]
        place(source, order("a", {"milk": 3}))
    with django_assert_max_num_queries(len(few.captured_queries)):  # type: ignore[operator]
        place(source, *(order(f"b{n}", {"milk": 1, "bread": 1}) for n in range(5)))
