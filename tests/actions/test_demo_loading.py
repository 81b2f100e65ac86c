"""The demo's offers as they are loaded."""

from datetime import UTC, date, datetime, time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onebasket.base import bulk
from onebasket.channels.demo.chain import Chain, derive_chain
from onebasket.channels.demo.clock import DemoDay
from onebasket.channels.demo.loading import load_chain
from onebasket.channels.demo.offering import WELCOME, load_offers
from onebasket.channels.demo.offers import Offers, derive_offers
from onebasket.channels.demo.slices import ChainSlice, local_instant, moved
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.pricing.models import CampaignHousehold, Coupon, Price, Promotion, SkuListEntry
from onebasket.commerce.pricing.queries.remembered import recall

SLICE = ChainSlice()


@pytest.fixture(scope="module")
def chain() -> Chain:
    return derive_chain(SLICE)


@pytest.fixture(scope="module")
def offers(chain: Chain) -> Offers:
    return derive_offers(chain, SLICE)


@pytest.mark.timeout(400)
@pytest.mark.django_db
def test_offers_are_loaded_once_on_the_demos_days(chain: Chain, offers: Offers) -> None:
    if connection.vendor == "postgresql":
        # Plans and statistics are of when the tables were empty, after thousands of tests: minutes, for so much. Until
        # this is rolled back they are those of a database that nobody has looked at yet.
        bulk.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        bulk.execute("UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relnamespace = 'public'::regnamespace")
        ours = "SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        bulk.execute(f"DELETE FROM pg_statistic WHERE starelid IN ({ours})")  # noqa: S608 - a constant
    source = enrol_source("demo-loader", actor="tests")
    day = DemoDay(SLICE.day, SLICE.stores, SLICE.history_days, datetime.now(UTC))
    since = day.past(SLICE.begins_at())
    load_chain(chain, source_id=source, priced_from=since, progress=lambda *_: None)

    def load() -> int:
        with CaptureQueriesContext(connection) as queries:
            load_offers(offers, chain, day, source_id=source, priced_from=since, progress=lambda *_: None)
        return len(queries)

    statements = load()
    before = counts()
    assert load() <= statements

    assert counts() == before
    assert before["cards"] == len(offers.card_prices)
    assert before["coupons"] == len(offers.coupons) + 1
    assert before["households"] == 6_589
    assert before["promotions"] == len(offers.coupons) + len(offers.featured) + 5
    live = {one.code: one for one in recall().promotions}
    ends = moved(local_instant(date(2017, 12, 25), time()), day.move_days)
    assert live["c18-10000085476"].valid_to == ends
    assert live["c18-10000085476"].audience.segments == {"campaign:campaign-18"}
    assert live["illustrative-welcome"].coupon.code == WELCOME  # type: ignore[union-attr] # it asks for one
    assert max(len(one.goods.skus) for one in live.values()) <= 24
    assert "c26-10000085207" not in live


def counts() -> dict[str, int]:
    return {
        "cards": Price.objects.filter(kind=2).count(),
        "coupons": Coupon.objects.count(),
        "households": CampaignHousehold.objects.count(),
        "promotions": Promotion.objects.count(),
        "entries": SkuListEntry.objects.count(),
    }
