"""One customer, one code, many at once: outside shops and tills together use up what there is, and no more is given.

The control stands in `tests/concurrency/test_redeeming.py`: without the locks more get it.
"""

from collections.abc import Callable
from typing import Any

import pytest

from onebasket.commerce.orders.actions import OrderCall, place_orders
from onebasket.commerce.orders.rules.messages import OrderPlaced
from onebasket.commerce.pricing.actions.tills import book_receipts
from onebasket.commerce.pricing.models import CouponSerial, Overuse, UseCount
from onebasket.commerce.pricing.queries.audit import audit_pricing
from onebasket.commerce.sales.rules.receipt import Discount, Funder, Receipt
from tests.builders import faults_in_stock, item, make_chain, order, receipt
from tests.concurrency.test_lock_order import in_threads
from tests.offers import add_codes, add_coupon, add_customers, once_each, put, worth

pytestmark = pytest.mark.django_db(transaction=True)
CODE, LIMIT, MANY = "aaaaaaaaaa", 3, 6


@pytest.fixture
def source() -> int:
    source = make_chain(stock={"milk": 500, "bread": 500})
    add_customers(source, "1001")
    add_coupon(source, "single", "single_use")
    add_codes(source, "single", CODE)
    put(source, once_each("thrice", LIMIT), worth("code", "single", amount=80))
    return source


def shop(source: int, key: str, **more: object) -> Callable[[], int]:
    """Order a milk, twice in one batch with bread about it; return what the two come to."""
    lines = {"milk": 1} if len(key) % 2 else {"bread": 1, "milk": 1}
    calls = [OrderCall(source, order(f"{key}-{n}", lines, **more)) for n in range(2)]

    def act() -> int:
        made = place_orders(calls)
        assert all(isinstance(one, OrderPlaced) for one in made)
        return sum(one.total - 250 * (len(lines) - 1) for one in made if isinstance(one, OrderPlaced))

    return act


def till(source: int, key: str, reference: str, **more: Any) -> Callable[[], int]:
    """Book a milk with 50 off at a till."""
    cut = Discount("coupon", Funder.RETAILER, 50, reference)
    line = item("milk", 1, 149, list_amount=199, sku="milk", discounts=(cut,))
    sale: Receipt = receipt(key, item("bread", 1, 250, sku="bread"), line, **more)
    return lambda: len(book_receipts(source, [sale]))


def faults() -> list[str]:
    return [one.check for one in audit_pricing() if one.differences] + faults_in_stock()


def test_a_customer_s_limit_holds_over_outside_shops_at_once(source: int) -> None:
    totals = in_threads(*(shop(source, f"o{n}", loyalty_number="1001") for n in range(MANY)))

    assert sum(totals) == 2 * MANY * 199 - LIMIT * 50
    assert UseCount.objects.get(code="thrice").times == LIMIT
    assert faults() == []


def test_tills_and_outside_shops_at_once_count_together(source: int) -> None:
    """Tills are never refused: what both used beyond the limit is what waits, and nobody deadlocks."""
    in_threads(
        *(shop(source, f"o{n}", loyalty_number="1001") for n in range(3)),
        *(till(source, f"r{n}", "thrice", loyalty_number="1001") for n in range(3)),
    )

    count = UseCount.objects.get(code="thrice").times
    assert count >= LIMIT
    assert Overuse.objects.filter(reason="limit").count() == count - LIMIT
    assert faults() == []


def test_a_code_is_good_once_over_tills_and_outside_shops(source: int) -> None:
    totals = in_threads(
        *(shop(source, f"o{n}", coupons=(CODE,)) for n in range(3)),
        *(till(source, f"r{n}", CODE) for n in range(3)),
    )

    by_web = 6 * 149 - sum(totals[:3])
    assert by_web in {0, 30}
    assert CouponSerial.objects.filter(order__isnull=False).count() == 1
    assert Overuse.objects.filter(reason="used").count() == (3 if by_web else 2)
    assert faults() == []
