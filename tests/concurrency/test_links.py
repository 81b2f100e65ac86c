"""One link followed many times at once: one referral, one piece of news; and many links in many batches at once."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from threading import Barrier

import pytest
from django.db import connection, connections

from onebasket.base.committer import perform
from onebasket.base.models import Event
from onebasket.commerce.partners.actions.referring import follow_links, open_ticket, ticket_for
from onebasket.commerce.partners.models import Partner, Referral
from onebasket.commerce.partners.rules.referrals import FollowLink
from tests.partnering import add_offers, make_partner

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def offers() -> dict[str, int]:
    partner = make_partner()
    Partner.objects.filter(pk=partner.id).update(options={"hosts": "lantern.example"})
    return add_offers(partner, {"lamp": {}, "loom": {}})


def call(offer: int) -> FollowLink:
    opened = open_ticket(ticket_for(offer, channel="shop", place_id=None, associate="", now=NOW))
    assert opened is not None
    return FollowLink(
        offer_id=offer, channel="shop", place_id=0, associate="", shown_at=NOW, clicked_at=NOW, serial=opened.serial,
        click=opened.click,
    )  # fmt: skip


def follow(starting: Barrier, calls: Sequence[FollowLink]) -> list[str]:
    try:
        starting.wait()
        return [one.address for one in perform(follow_links, calls)]
    finally:
        connections.close_all()


def test_a_double_click_is_one_referral() -> None:
    one = call(offers()["lamp"])
    with ThreadPoolExecutor(THREADS) as pool:
        led = list(pool.map(partial(follow, Barrier(THREADS)), [[one, one]] * THREADS))
    assert led == [["https://lantern.example/item/lamp"] * 2] * THREADS
    assert (Referral.objects.count(), Event.objects.filter(type="referral.clicked").count()) == (1, 1)


def test_batches_that_share_links_in_other_orders_end_well() -> None:
    ids = list(offers().values())
    every = [call(ids[number % 2]) for number in range(40)]
    batches = [every[start:] + every[:start] for start in range(0, 40, 5)]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(partial(follow, Barrier(THREADS)), batches))
    assert Counter(Referral.objects.values_list("offer_id", flat=True)) == {ids[0]: 20, ids[1]: 20}
    assert Event.objects.filter(type="referral.clicked").count() == 40


def test_negative_control_without_the_key_a_double_click_is_several() -> None:
    """Without the unique ticket the same race makes several referrals: the database is what holds it."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite cannot drop a column's uniqueness")
    one = call(offers()["lamp"])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'partners_referral'::regclass AND contype = 'u'"
        )
        names = [name for (name,) in cursor.fetchall()]
        for name in names:
            cursor.execute(f"ALTER TABLE partners_referral DROP CONSTRAINT {name}")
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(partial(follow, Barrier(THREADS)), [[one]] * THREADS))
        assert Referral.objects.count() == THREADS
    finally:
        Referral.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE partners_referral ADD CONSTRAINT partners_referral_click_key UNIQUE (click)")
            cursor.execute("ALTER TABLE partners_referral ADD CONSTRAINT partners_referral_ticket_key UNIQUE (ticket)")
