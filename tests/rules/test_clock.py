"""Business days, credible clocks, ids and fingerprints."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.stock.rules.messages import FactKind, FactLine, StockFact
from onebasket.kernel.clock import business_day, is_credible, zone
from onebasket.kernel.identity import fingerprint, new_id

NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("instant", "start", "day"),
    [
        pytest.param("2026-01-15T04:59:59Z", 0, date(2026, 1, 14), id="a second before midnight"),
        pytest.param("2026-01-15T05:00:00Z", 0, date(2026, 1, 15), id="midnight"),
        pytest.param("2026-01-15T08:59:59Z", 240, date(2026, 1, 14), id="before the day starts at four"),
        pytest.param("2026-01-15T09:00:00Z", 240, date(2026, 1, 15), id="the day starts at four"),
        pytest.param("2026-03-08T07:59:59Z", 240, date(2026, 3, 7), id="spring forward: 03:59:59 is yesterday"),
        pytest.param("2026-03-08T08:00:00Z", 240, date(2026, 3, 8), id="spring forward: 04:00 in summer time"),
        pytest.param("2026-11-01T05:30:00Z", 60, date(2026, 11, 1), id="fall back: the first 01:30"),
        pytest.param("2026-11-01T06:30:00Z", 60, date(2026, 11, 1), id="fall back: the second 01:30"),
        pytest.param("2026-11-01T08:59:59Z", 240, date(2026, 10, 31), id="fall back: 03:59:59 is yesterday"),
        pytest.param("2026-11-01T09:00:00Z", 240, date(2026, 11, 1), id="fall back: 04:00 in winter time"),
        pytest.param("2026-12-31T23:30:00-05:00", 0, date(2026, 12, 31), id="the year's last hour, stated locally"),
    ],
)
def test_business_days(instant: str, start: int, day: date) -> None:
    stated = datetime.fromisoformat(instant)

    assert business_day(stated, time_zone=NEW_YORK, day_start_minutes=start) == day


@given(st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)), st.integers(0, 1439))  # noqa: DTZ001
def test_a_business_day_never_goes_back_by_more_than_the_clock(moment: datetime, start: int) -> None:
    instant = moment.replace(tzinfo=UTC)
    first = business_day(instant, time_zone=NEW_YORK, day_start_minutes=start)
    second = business_day(instant + timedelta(hours=26), time_zone=NEW_YORK, day_start_minutes=start)

    assert 1 <= (second - first).days <= 2


def test_a_time_zone_must_exist() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        zone("America/Springfield")


@pytest.mark.parametrize(
    ("stated", "credible"),
    [
        ("2026-03-02T14:10:00Z", True), ("2026-03-02T14:10:00.000001Z", False), ("2000-01-01T00:00:00Z", True),
        ("1999-12-31T23:59:59Z", False), ("2019-01-01T00:00:00Z", True), ("2026-03-02T15:05:00+01:00", True),
        ("2036-01-01T00:00:00Z", False),
    ],
)  # fmt: skip
def test_credible_clocks(stated: str, credible: bool) -> None:  # noqa: FBT001
    now = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)

    assert is_credible(datetime.fromisoformat(stated), now=now) is credible


def test_ids_differ_and_are_version_7() -> None:
    ids = [new_id() for _ in range(1_000)]

    assert (len(set(ids)), {identity.version for identity in ids}) == (1_000, {7})


def stated(quantity: int = 1, sku: str = "milk", *, when: datetime = datetime(2026, 3, 2, tzinfo=UTC)) -> StockFact:
    return StockFact("k", "p1", FactKind.DELIVERY, when, (FactLine(sku, quantity),))


def test_fingerprints_tell_content_apart() -> None:
    assert fingerprint(stated()) == fingerprint(stated())
    assert len(fingerprint(stated())) == 32
    others = {
        fingerprint(one)
        for one in (stated(), stated(2), stated(sku="Milk"), stated(when=datetime(2026, 3, 3, tzinfo=UTC)))
    }
    assert len(others) == 4
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})


def test_one_instant_has_one_fingerprint() -> None:
    """A sender that states the same instant with another offset sends the same content."""
    elsewhere = stated().occurred_at.astimezone(timezone(timedelta(hours=2)))

    assert stated(when=elsewhere) == stated()
    assert fingerprint(stated(when=elsewhere)) == fingerprint(stated())


def test_an_instant_that_no_calendar_has_in_utc_has_a_fingerprint_too() -> None:
    first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    second = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=13)))
    assert fingerprint(stated(when=first)) == fingerprint(stated(when=first))
    assert fingerprint(stated(when=first)) != fingerprint(stated(when=second))
