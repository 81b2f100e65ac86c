"""Many claim the same code, or the same customer's last use, at once: as many get it as may, and nobody more.

With the lock taken away the guarded writes refuse the rest; with both taken away more get it.
"""

import random
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction

from onebasket.base import bulk
from onebasket.commerce.pricing.actions import redeeming
from onebasket.commerce.pricing.actions.redeeming import claim_uses, release_uses
from onebasket.commerce.pricing.locking import LockedCount
from onebasket.commerce.pricing.models import CouponSerial, UseCount
from onebasket.commerce.pricing.models import Use as Row
from onebasket.commerce.pricing.queries.audit import audit_pricing
from onebasket.commerce.pricing.rules.messages import serial_digest
from onebasket.commerce.pricing.rules.uses import Counter, SerialState, Use
from tests.builders import MORNING, make_chain
from tests.concurrency.test_oversell import update_unguarded
from tests.offers import ORDERS, add_codes, add_coupon, once_each, put, worth

pytestmark = pytest.mark.django_db(transaction=True)

THREADS, SHOPPERS, LIMIT = 8, 48, 3
SECRET = "aaaaaaaaaa"


def make_offers() -> None:
    source = make_chain()
    add_coupon(source, "once", "single_use")
    add_codes(source, "once", SECRET, *(f"bbbbbbbbbb{number}" for number in range(6)))
    put(source, once_each("deal", LIMIT), worth("code", "once"), *(once_each(f"other-{one}", 100) for one in range(5)))


def in_threads(one: Callable[[int], object], count: int = SHOPPERS) -> list[object]:
    """Act for so many shoppers in eight threads with a connection each."""

    def run(number: int) -> object:
        try:
            return one(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(count)))


def claim(*uses: Use) -> str:
    """Claim in a transaction; say what came of it, or which protection refused it."""
    try:
        with transaction.atomic():
            refused = claim_uses(uses, now=MORNING)
    except (bulk.GuardError, IntegrityError) as error:
        return type(error).__name__
    return refused[0].reason if refused else "claimed"


def by_code(number: int) -> Use:
    return Use(ORDERS[number], "code", 1, f"card-{number}", SECRET)


def by_customer(number: int) -> Use:
    return Use(ORDERS[number], "deal", 1, "1001")


def faults() -> int:
    return sum(one.differences for one in audit_pricing())


def test_a_single_use_code_is_good_once_however_many_try() -> None:
    make_offers()

    said = in_threads(lambda number: claim(by_code(number)))

    assert sorted(map(str, said)) == ["claimed"] + ["used"] * (SHOPPERS - 1)
    assert (Row.objects.count(), CouponSerial.objects.filter(order__isnull=False).count(), faults()) == (1, 1, 0)


def test_a_customer_is_limited_however_many_tills_try() -> None:
    make_offers()

    said = in_threads(lambda number: claim(by_customer(number)))

    assert sorted(map(str, said)) == ["claimed"] * LIMIT + ["limit"] * (SHOPPERS - LIMIT)
    assert (Row.objects.count(), UseCount.objects.get().times, faults()) == (LIMIT, LIMIT, 0)


def test_claims_and_cancels_of_the_same_things_in_any_order_neither_block_nor_lose() -> None:
    """Everyone claims several things in an order of his own, and every other one gives them back."""
    make_offers()

    def shop(number: int) -> str:
        shuffled = random.Random(number)  # noqa: S311 - no secret
        order = ORDERS[number]
        uses = [Use(order, f"other-{one}", 1, "1001") for one in shuffled.sample(range(5), 3)]
        uses += [Use(order, "code", 1, "", f"bbbbbbbbbb{one}") for one in shuffled.sample(range(6), 1)]
        shuffled.shuffle(uses)
        said = claim(*uses)
        if number % 2:
            with transaction.atomic():
                release_uses([order], now=MORNING)
        return said

    said = in_threads(shop)

    assert set(said) <= {"claimed", "used"}
    kept = Row.objects.filter(released_at__isnull=True)
    assert {row.order for row in kept} <= {ORDERS[number] for number in range(0, SHOPPERS, 2)}
    assert sum(UseCount.objects.values_list("times", flat=True)) == kept.exclude(code="code").count()
    assert faults() == 0


class EarlyReader:
    """The locks taken away: everybody reads how things stand before the transaction, and then goes on together."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._gate = threading.Barrier(THREADS)
        UseCount.objects.create(loyalty_number="1001", code="deal", times=0)
        row = UseCount.objects.get()
        self._counts: dict[Counter, LockedCount] = {("1001", "deal"): LockedCount(row.pk, row.version, row.times)}
        self._serials = {serial_digest(SECRET): SerialState(None)}
        patch.setattr(redeeming, "lock_serials", self.lock_serials)
        patch.setattr(redeeming, "lock_counts", self.lock_counts)

    def claim(self, use: Use) -> str:
        self._gate.wait(20)
        return claim(use)

    def lock_serials(self, digests: Iterable[str]) -> dict[str, SerialState]:
        return {digest: self._serials[digest] for digest in digests}

    def lock_counts(self, keys: Iterable[Counter]) -> dict[Counter, LockedCount]:
        return {key: self._counts[key] for key in keys if key in self._counts}


def by_code_alone(number: int) -> Use:
    return Use(ORDERS[number], "code", 1, "", SECRET)


def insert_unwitnessed(model: bulk.Model, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """Write uses without their codes, so that no unique key sees two of them."""
    place = names.index("serial")
    insert(model, names, [(*row[:place], "", *row[place + 1 :]) for row in rows])


insert = bulk.insert
CASES = [
    pytest.param(by_customer, "GuardError", id="customer"),
    pytest.param(by_code_alone, "IntegrityError", id="code"),
]


@pytest.mark.parametrize(("use", "witness"), CASES)
def test_without_the_locks_the_second_witness_refuses(
    monkeypatch: pytest.MonkeyPatch, use: Callable[[int], Use], witness: str
) -> None:
    make_offers()
    reader = EarlyReader(monkeypatch)

    said = in_threads(lambda number: reader.claim(use(number)), THREADS)

    assert sorted(map(str, said)) == sorted([witness] * (THREADS - 1) + ["claimed"])
    assert (Row.objects.count(), faults()) == (1, 0)


@pytest.mark.parametrize(("use", "witness"), CASES)
def test_control_with_both_taken_away_everyone_gets_it(
    monkeypatch: pytest.MonkeyPatch, use: Callable[[int], Use], witness: str
) -> None:
    make_offers()
    reader = EarlyReader(monkeypatch)
    monkeypatch.setattr(bulk, "update_guarded", update_unguarded)
    monkeypatch.setattr(bulk, "insert", insert_unwitnessed)

    assert in_threads(lambda number: reader.claim(use(number)), THREADS) == ["claimed"] * THREADS

    assert Row.objects.count() == THREADS > LIMIT
    assert faults() > 0
