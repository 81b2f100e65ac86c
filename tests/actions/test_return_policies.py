"""A broken multi-buy: what is kept is priced again as it was, where the chain or the place says so."""

from collections.abc import Mapping

import pytest

from onebasket.commerce.access.actions import intake
from onebasket.commerce.fulfilment.actions import (
    ReturnCall,
    ReturnPolicyError,
    accept_returns,
    policies,
    preview_return,
    returning,
    set_return_policy,
)
from onebasket.commerce.fulfilment.models import Return, ReturnLine, ReturnPolicy
from onebasket.commerce.fulfilment.queries.audit import audit_fulfilment
from onebasket.commerce.fulfilment.rules.messages import BackLine, ReturnAccepted, ReturnRequest
from onebasket.commerce.orders.actions import CheckoutCall, check_out
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.queries.quoting import quote_basket
from onebasket.commerce.orders.rules.baskets import Checkout, Contact
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderPlaced
from onebasket.commerce.payments.actions import settle_orders
from onebasket.commerce.payments.rules.messages import Settling
from onebasket.commerce.pricing.actions import set_tax_classes, set_tax_terms, set_taxes
from onebasket.commerce.pricing.models import UseCount
from onebasket.commerce.pricing.queries.quoting import Quoted
from onebasket.commerce.pricing.rules.messages import TaxClassItem, TaxItem, TaxTermsItem
from onebasket.commerce.pricing.rules.promotions import (
    Bundle,
    BundlePart,
    MultiBuy,
    PercentOff,
    Promotion,
    Selector,
)
from onebasket.commerce.sales.queries.audit import audit_sales
from tests.actions.test_baskets import opening, stands
from tests.builders import MORNING, Clock, add_prices, at, counts_of, faults_in_stock, make_chain, on_hand, step
from tests.offers import SINCE, add_customers, once_each, put

pytestmark = pytest.mark.django_db
DEAL = Promotion("milk-3", "Three for 5.00", MultiBuy(3, 500), SINCE, Selector(frozenset({"milk"})), currency="USD")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock().hold_still(monkeypatch)
    for module in (returning, policies, intake):
        monkeypatch.setattr(module, "database_now", clock)
    return clock


@pytest.fixture
def source(clock: Clock) -> int:
    clock.now = at(-10)
    source = make_chain("p1", "p2", stock={"milk": 20, "bread": 20, "apples": 9_000})
    set_return_policy("reprice_kept", actor="eve")
    put(source, DEAL)
    clock.now = MORNING
    return source


def collect(
    source: int, lines: Mapping[str, int], *, picked: Mapping[int, int] | None = None, **more: str
) -> OrderPlaced:
    """Buy lines through a basket, and collect and pay them."""
    basket = stands(source, opening("b1", lines, **more))
    quoted = quote_basket(basket, now=basket.held_since or MORNING)
    assert isinstance(quoted, Quoted)
    request = Checkout("c1", basket.id, basket.version, quoted.basket.total, Contact("Ada", phone="1"))
    (order,) = check_out([CheckoutCall(source, request, basket.version, quoted)])
    assert isinstance(order, OrderPlaced), order
    step(source, "pick", order, Step.PICK, picked)
    step(source, "out", order, Step.HAND_OVER)
    settle_orders([Settling(order.id, "hand_over", Order.objects.get().total)])
    return order


def bring(source: int, key: str, order: OrderPlaced, *lines: BackLine, **more: str) -> ReturnAccepted:
    request = ReturnRequest(key, "p1", "eve", lines, order=order.id, **more)  # type: ignore[arg-type]
    shown = preview_return(ReturnCall(source, request))
    (done,) = accept_returns([ReturnCall(source, request)])
    assert isinstance(done, ReturnAccepted), done
    assert (shown.total, shown.lines) == (done.total, done.lines)  # type: ignore[union-attr]
    return done


def faults() -> list[str]:
    return [one.check for one in [*audit_fulfilment(), *audit_sales()] if one.differences]


def policies_kept() -> list[str]:
    return list(Return.objects.order_by("receipt_id").values_list("policy", flat=True))


def test_who_breaks_three_for_five_keeps_two_at_the_shelf_s_price(source: int) -> None:
    """Three milks are 5.00, two are 3.98: the first back is 1.02, the others 1.99 each, and all of them 5.00."""
    order = collect(source, {"milk": 3, "bread": 1})
    assert order.total == 750

    totals = [bring(source, f"r{n}", order, BackLine(1, 1)).total for n in range(3)]

    assert totals == [102, 199, 199]
    assert bring(source, "r9", order, BackLine(1, 2)).total == 250
    assert policies_kept() == ["reprice_kept"] * 4
    assert faults() == []
    assert faults_in_stock() == []


def test_by_default_each_unit_is_worth_its_part(source: int) -> None:
    """The control: the policy is data, and without it 1.67 goes back."""
    ReturnPolicy.objects.all().delete()
    order = collect(source, {"milk": 3})

    assert [bring(source, f"r{n}", order, BackLine(1, 1)).total for n in range(3)] == [167, 166, 167]
    assert policies_kept() == ["allocated"] * 3


def test_an_order_keeps_the_policy_of_the_day_it_was_placed_on(source: int, clock: Clock) -> None:
    order = collect(source, {"milk": 3})
    clock.now = at(5)
    set_return_policy("allocated", actor="eve")

    assert bring(source, "r1", order, BackLine(1, 1)).total == 102


def test_a_place_has_a_policy_of_its_own(source: int, clock: Clock) -> None:
    clock.now = at(-5)
    set_return_policy("allocated", place="p1", actor="eve")
    clock.now = MORNING
    order = collect(source, {"milk": 3})

    assert bring(source, "r1", order, BackLine(1, 1)).total == 167


def test_an_empty_policy_of_a_place_is_the_chain_s(source: int, clock: Clock) -> None:
    clock.now = at(-5)
    set_return_policy("allocated", place="p1", actor="eve")
    set_return_policy("", place="p1", actor="eve")
    order = collect(source, {"milk": 3})

    assert bring(source, "r1", order, BackLine(1, 1)).total == 102


def test_what_is_no_policy_is_refused() -> None:
    make_chain()
    for policy, place in (("generous", ""), ("", ""), ("allocated", "p9")):
        with pytest.raises(ReturnPolicyError):
            set_return_policy(policy, place=place, actor="eve")
    assert counts_of(ReturnPolicy) == [0]


def test_prices_and_promotions_are_those_of_the_order_s_minute(source: int, clock: Clock) -> None:
    """What is dearer, or what deal has ended since, changes nothing of what was agreed."""
    order = collect(source, {"milk": 5})
    assert order.total == 500 + 2 * 199
    clock.now = at(5)
    put(source, Promotion("milk-3", "Now for 4.00", MultiBuy(3, 400), SINCE, DEAL.goods, currency="USD"), key="x")
    put(source, Promotion("half", "Half", PercentOff(500_000), SINCE, DEAL.goods, currency="USD"))
    add_prices(source, {"milk": (999, 1)}, place="p1")

    assert bring(source, "r1", order, BackLine(2, 1)).total == 398
    assert bring(source, "r2", order, BackLine(1, 1)).total == 102


def test_goods_that_are_kept_bear_what_they_cost_more(source: int) -> None:
    """Milk 1.99 and bread 2.50 are 3.00 together, 7 % of tax in it: milk kept at 1.99 leaves 1.01 for the bread."""
    meal = Bundle((BundlePart(Selector(frozenset({"milk"}))), BundlePart(Selector(frozenset({"bread"})))), price=300)
    put(source, Promotion("meal", "Meal", meal, SINCE, currency="USD"))
    set_taxes(source, [TaxItem("t1", "vat", 70_000, SINCE, "food")])
    set_tax_classes(source, [TaxClassItem("class-1", "food", sku="milk"), TaxClassItem("class-2", "food", sku="bread")])
    set_tax_terms(source, [TaxTermsItem("terms", SINCE, included=True)])
    order = collect(source, {"milk": 1, "bread": 1})
    assert [line.amount for line in order.lines] == [133, 167]

    done = bring(source, "r1", order, BackLine(1, 2))

    assert (done.total, done.tax_total) == (101, 7)
    assert [(one.sku, one.quantity, one.amount, one.tax_amount) for one in done.lines] == [
        ("bread", 1, 167, 11),
        ("milk", 0, -66, -4),
    ]
    rest = bring(source, "r2", order, BackLine(1, 1))
    assert (rest.total, rest.tax_total) == (199, 13)
    assert Return.objects.count() == 2
    assert (on_hand("milk"), ReturnLine.objects.filter(quantity=0).count()) == (19, 1)
    assert faults() == []


def test_nothing_is_asked_back_but_goes_off_what_comes_back_later(source: int) -> None:
    """Together 1.50, below the milk's own price: the bread gives back nothing, and 0.49 goes off the milk."""
    meal = Bundle((BundlePart(Selector(frozenset({"milk"}))), BundlePart(Selector(frozenset({"bread"})))), price=150)
    put(source, Promotion("meal", "Meal", meal, SINCE, currency="USD"))
    order = collect(source, {"milk": 1, "bread": 1})

    assert bring(source, "r1", order, BackLine(1, 2)).total == 0
    assert Return.objects.get().owed == 49
    assert bring(source, "r2", order, BackLine(1, 1)).total == 150
    assert faults() == []


def test_what_the_store_was_short_of_breaks_no_deal(source: int) -> None:
    """Of three milks for 5.00 two were there: each is worth 1.67."""
    order = collect(source, {"milk": 3}, picked={1: 2})

    assert [bring(source, f"r{n}", order, BackLine(1, 1)).total for n in range(2)] == [167, 166]
    assert policies_kept() == ["allocated"] * 2


def test_where_the_past_cannot_be_repeated_each_unit_is_worth_its_part(source: int) -> None:
    order = collect(source, {"milk": 3})
    Order.objects.update(asked='{"at":"2020-01-01T00:00:00Z","lines":[{}]}')

    assert bring(source, "r1", order, BackLine(1, 1)).total == 167
    assert policies_kept() == ["allocated"]


def test_an_override_is_neither_made_up_for_nor_paid_twice(source: int) -> None:
    """1.02 was worked out and 0.50 decided: the others are 1.99 each, as if it had been 1.02."""
    order = collect(source, {"milk": 3})

    low = bring(source, "r1", order, BackLine(1, 1, amount=50), override="open")
    assert (low.total, bring(source, "r2", order, BackLine(2, 1)).total) == (50, 398)


def test_with_overrides_too_no_more_goes_back_than_was_paid(source: int) -> None:
    order = collect(source, {"milk": 3})

    high = bring(source, "r1", order, BackLine(1, 1, amount=300), override="a gesture")
    assert (high.total, bring(source, "r2", order, BackLine(2, 1)).total) == (300, 200)


def test_a_coupon_s_use_comes_back_with_the_whole_order(source: int) -> None:
    add_customers(source, "1001")
    put(source, once_each("once", goods=Selector(frozenset({"bread"}))))
    order = collect(source, {"bread": 1, "apples": 500}, loyalty_number="1001")
    uses = UseCount.objects.filter(code="once").values_list("times", flat=True)
    assert (order.total, list(uses.all())) == (350, [1])

    bring(source, "r1", order, BackLine(1, 1))
    assert list(uses.all()) == [1]
    bring(source, "r2", order, BackLine(200, 2))
    assert list(uses.all()) == [1]
    bring(source, "r3", order, BackLine(300, 2))
    assert list(uses.all()) == [0]

    again = stands(source, opening("b2", {"bread": 1}, loyalty_number="1001"))
    quoted = quote_basket(again, now=again.held_since or MORNING)
    assert isinstance(quoted, Quoted)
    assert quoted.basket.total == 200
