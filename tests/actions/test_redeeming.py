"""Uses on the database: limits for each customer, codes that are good once, and that all of it can be given back."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from onebasket.base.locking import OutsideTransactionError
from onebasket.commerce.pricing.actions.redeeming import claim_uses, release_uses
from onebasket.commerce.pricing.models import CouponSerial, UseCount
from onebasket.commerce.pricing.models import Use as Row
from onebasket.commerce.pricing.queries.audit import audit_pricing
from onebasket.commerce.pricing.rules.uses import RefusedUse, Use
from tests.builders import MORNING, make_chain
from tests.offers import ORDERS, add_codes, add_coupon, add_customers, once_each, put, quoted, worth

pytestmark = pytest.mark.django_db

ONE, TWO, THREE, *_ = ORDERS


@pytest.fixture
def source() -> int:
    source = make_chain()
    add_customers(source, "1001", "1002")
    add_coupon(source, "once", "single_use")
    add_codes(source, "once", "aaaaaaaaaa", "bbbbbbbbbb")
    put(source, once_each("one"), once_each("three", 3), worth("code", "once"))
    return source


def use(order: UUID, code: str = "one", times: int = 1, number: str = "1001", serial: str = "") -> Use:
    return Use(order, code, times, number, serial)


def claim(*uses: Use) -> list[RefusedUse]:
    with transaction.atomic():
        return claim_uses(uses, now=MORNING)


def release(*orders: UUID) -> int:
    with transaction.atomic():
        return release_uses(orders, now=MORNING + timedelta(minutes=1))


def counts() -> dict[tuple[str, str], int]:
    return {(row.loyalty_number, row.code): row.times for row in UseCount.objects.all()}


def faults() -> list[str]:
    return [f"{one.check}: {one.examples}" for one in audit_pricing() if one.differences]


def test_a_customer_uses_a_promotion_as_often_as_its_limit(source: int) -> None:
    assert claim(use(ONE)) == []
    assert claim(use(TWO)) == [RefusedUse(use(TWO), "limit")]
    assert claim(use(TWO, number="1002")) == []
    assert claim(use(THREE, "three", 4)) == [RefusedUse(use(THREE, "three", 4), "limit")]
    assert claim(use(THREE, "three", 3)) == []

    assert {key: times for key, times in counts().items() if times} == {
        ("1001", "one"): 1,
        ("1002", "one"): 1,
        ("1001", "three"): 3,
    }
    rows = Row.objects.order_by("id").values_list("code", "times", "counted", "most")
    assert list(rows) == [("one", 1, 1, 1), ("one", 1, 1, 1), ("three", 3, 3, 3)]
    assert quoted({"milk": 1}, number="1001").basket.total == 199
    assert faults() == []


def test_a_batch_is_decided_in_its_order(source: int) -> None:
    refused = claim(use(ONE, "three", 2), use(TWO, "three", 2), use(THREE, "three"))

    assert refused == [RefusedUse(use(TWO, "three", 2), "limit")]
    assert counts()["1001", "three"] == 3


def test_an_order_claims_all_or_nothing(source: int) -> None:
    claim(use(ONE))

    refused = claim(use(TWO, "three"), use(TWO), use(TWO, "code", serial="aaaaaaaaaa"))

    assert refused == [RefusedUse(use(TWO), "limit")]
    assert Row.objects.filter(order=TWO).count() == 0
    assert CouponSerial.objects.filter(order__isnull=False).count() == 0
    assert counts().get(("1001", "three"), 0) == 0
    assert claim(use(TWO, "code", serial="AAAAA aaaaa")) == []


def test_a_single_use_code_is_good_once(source: int) -> None:
    code = use(ONE, "code", serial="aaaaaaaaaa")
    assert claim(code) == []
    again = use(TWO, "code", serial=" AAAAAAAAAA")
    assert claim(again) == [RefusedUse(again, "used")]
    unknown = use(TWO, "code", serial="cccccccccc")
    assert claim(unknown) == [RefusedUse(unknown, "unknown")]

    used = CouponSerial.objects.get(order__isnull=False)
    assert (used.order, used.used_at) == (ONE, MORNING)
    claims = [quoted({"milk": 1}, coupons=(text,)).claims for text in ("aaaaaaaaaa", "bbbbbbbbbb")]
    assert [[one.serial for one in found if one.serial] for found in claims] == [[], ["bbbbbbbbbb"]]


def test_a_code_is_good_for_one_order_of_a_batch(source: int) -> None:
    first, second = use(ONE, "code", serial="aaaaaaaaaa"), use(TWO, "code", serial="aaaaaaaaaa")

    assert claim(first, second) == [RefusedUse(second, "used")]
    assert list(Row.objects.values_list("order", flat=True)) == [ONE]


def test_claimed_again_nothing_changes(source: int) -> None:
    uses = (use(ONE), use(ONE, "code", serial="aaaaaaaaaa"), use(ONE, "three", 2))
    assert claim(*uses) == []
    assert claim(*uses, *uses) == []

    assert Row.objects.count() == 3
    assert counts() == {("1001", "one"): 1, ("1001", "code"): 1, ("1001", "three"): 2}


def test_a_cancelled_order_gives_everything_back(source: int) -> None:
    claim(use(ONE), use(ONE, "three", 2), use(ONE, "code", serial="aaaaaaaaaa"), use(TWO, "three"))

    assert (release(ONE), release(ONE), release(THREE)) == (3, 0, 0)

    assert counts() == {("1001", "one"): 0, ("1001", "code"): 0, ("1001", "three"): 1}
    assert CouponSerial.objects.filter(order__isnull=False).count() == 0
    assert claim(use(THREE), use(THREE, "code", serial="aaaaaaaaaa")) == []
    assert claim(use(ONE, number="1002")) == []
    assert faults() == []


def test_who_has_no_number_is_not_counted(source: int) -> None:
    assert claim(use(ONE, number=""), use(TWO, number="")) == []
    assert counts() == {}
    assert list(Row.objects.values_list("most", flat=True)) == [None, None]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_claimed_outside_a_transaction() -> None:
    with pytest.raises(OutsideTransactionError):
        claim_uses([use(ONE)], now=MORNING)


def test_a_row_above_its_limit_cannot_be_written(source: int) -> None:
    """The second witness: the database refuses what the rules would have let through."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Row.objects.create(order=ONE, code="one", loyalty_number="1001", times=1, counted=2, most=1, claimed_at=MORNING)


def test_the_audit_sees_what_is_at_odds(source: int) -> None:
    claim(use(ONE), use(TWO, "code", serial="aaaaaaaaaa"))
    assert faults() == []

    UseCount.objects.filter(code="one").update(times=2)
    Row.objects.create(order=THREE, code="one", loyalty_number="1001", times=1, counted=1, most=1, claimed_at=MORNING)
    CouponSerial.objects.filter(order=TWO).update(order=THREE)

    found = {one.check: one.differences for one in audit_pricing()}
    assert found == {"pricing.counts": 0, "pricing.limits": 1, "pricing.serials": 2, "pricing.tills": 0}
    Row.objects.filter(order=THREE).delete()
    assert {one.check: one.differences for one in audit_pricing()}["pricing.counts"] == 1
