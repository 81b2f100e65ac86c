"""Many workers at once: each part is placed by one of them, whatever they read before they had its lock."""

import threading
from uuid import UUID

import pytest
from django.db import connections

from onebasket.commerce.partners.actions import driving, following
from onebasket.commerce.partners.models import PartnerAttempt, PartnerPart, TheirOrder
from onebasket.commerce.partners.rules.partners import PartnerFacts
from tests.builders import make_chain
from tests.dropshipping import Platform, make_parts_due, make_platform, part_stands, sell_part

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]
WORKERS, PARTS = 6, 5


@pytest.fixture
def there() -> Platform:
    make_chain()
    return Platform(prices={"lamp": 1000})


@pytest.fixture
def partner(there: Platform, monkeypatch: pytest.MonkeyPatch) -> PartnerFacts:
    return make_platform(there, monkeypatch)


def work() -> None:
    """Let many workers take a turn at the same moment."""
    start = threading.Barrier(WORKERS)
    failed: list[BaseException] = []

    def one() -> None:
        try:
            start.wait(10)
            driving.place_parts()
            following.follow_parts()
        except BaseException as error:  # noqa: BLE001 - shown below
            failed.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=one) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert failed == []


def test_each_part_is_placed_by_one_worker(there: Platform, partner: PartnerFacts) -> None:
    parts = [sell_part(partner, {"lamp": 1}) for _ in range(PARTS)]
    work()
    assert [part_stands(part) for part in parts] == ["placed 1000 lamp:1"] * PARTS
    assert len(there.orders) == PARTS
    assert PartnerAttempt.objects.count() == PARTS
    there.set_status("FINISH")
    make_parts_due()
    work()
    assert [part_stands(part) for part in parts] == ["delivered 1000 lamp:1"] * PARTS
    assert TheirOrder.objects.count() == PARTS


def test_without_the_lock_some_are_placed_twice(
    there: Platform, partner: PartnerFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: workers that go by what they read before."""
    parts = [sell_part(partner, {"lamp": 1}) for _ in range(PARTS)]

    def unlocked(part: UUID) -> PartnerPart:
        row = PartnerPart.objects.get(pk=part)
        row.status, row.next_at = "due", row.opened_at
        return row

    monkeypatch.setattr(driving, "lock_part", unlocked)
    monkeypatch.setattr(driving, "_finish", lambda *_: None)
    work()
    assert len(there.orders) > len(parts)
