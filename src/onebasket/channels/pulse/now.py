"""The pulse's figures: one reading of every module, in a fixed number of statements."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

from onebasket.base import overview as plumbing
from onebasket.base.clock import database_now
from onebasket.channels.pulse.figures import (
    TILL,
    Amount,
    Attention,
    ChannelMinute,
    FeedRow,
    MinuteSeries,
    Money,
    PlaceRow,
    Promised,
    PulseFigures,
    SoldToday,
    Viewer,
)
from onebasket.commerce.orders.queries import overview as orders
from onebasket.commerce.orders.rules.numbers import order_number
from onebasket.commerce.places.queries import all_places
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.sales.queries import overview as sales
from onebasket.commerce.stock.queries import overview as stock
from onebasket.kernel.clock import business_day

SPAN = timedelta(hours=1)
MINUTES = 60
WEEK = timedelta(days=7)
FEED_ROWS = 12
FEED_BREACHES = 2
BUSIEST = 6
HOME = ("USD", "UTC")
Days = Sequence[tuple[date, Sequence[int]]]


def seen_places(viewer: Viewer) -> list[PlaceFacts]:
    """Return the active places that the viewer sees, by code."""
    return [place for place in all_places() if place.active and viewer.may_see(place.code)]


def pulse_figures(viewer: Viewer) -> PulseFigures:
    """Return everything on the pulse; twenty statements, whatever the size of the chain."""
    now = database_now()
    places = seen_places(viewer)
    sold = _sold(_days(places, now), now)
    currency, time_zone = _home(places)
    currency = sold[0].currency if sold else currency
    receipts, _ = sales.receipt_rows(viewer.places, {}, sort=("booked_at", True), after=None, limit=FEED_ROWS)
    return PulseFigures(
        taken_at=now,
        series=_series(viewer.places, now, currency),
        sold=sold,
        promised=_promised(viewer.places),
        attention=_attention(viewer.places),
        newest=_newest(viewer.places, receipts),
        busiest=_busiest(viewer.places, places, now - SPAN),
        places=len(places),
        time_zone=time_zone,
        lag_seconds=_lag(receipts),
        last_receipt_at=receipts[0]["booked_at"] if receipts else None,
    )


def _home(places: list[PlaceFacts]) -> tuple[str, str]:
    """Return the currency and time zone that most places have."""
    common = Counter((place.currency, place.time_zone) for place in places).most_common(1)
    return common[0][0] if common else HOME


def _days(places: list[PlaceFacts], now: datetime) -> Days:
    days: dict[date, list[int]] = defaultdict(list)
    for place in places:
        day = business_day(now, time_zone=place.time_zone, day_start_minutes=place.day_start_minutes)
        days[day].append(place.id)
    return list(days.items())


def _sold(days: Days, now: datetime) -> tuple[SoldToday, ...]:
    """Return today's money by currency, the largest first, beside the same weekday up to the same time."""
    today = _by_currency(days, None)
    last_week = _by_currency([(day - WEEK, ids) for day, ids in days], now - WEEK)
    found = (
        SoldToday(
            currency,
            sum(channels.values()),
            tuple(sorted(channels.items(), key=lambda item: -item[1])),
            sum(last_week[currency].values()) or None,
        )
        for currency, channels in today.items()
    )
    return tuple(sorted(found, key=lambda item: -item.amount))


def _by_currency(days: Days, before: datetime | None) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for currency, amount in sales.sold_on(days, before=before).items():
        found[currency][TILL] = amount
    for (channel, currency), amount in orders.ordered_on(days, before=before).items():
        found[currency][channel] = found[currency].get(channel, 0) + amount
    return found


def _series(places: frozenset[str] | None, now: datetime, currency: str) -> MinuteSeries:
    end = now.replace(second=0, microsecond=0)
    since = end - timedelta(minutes=MINUTES - 1)
    stated = [
        (minute, TILL, stated_currency, count, amount)
        for minute, stated_currency, count, amount in sales.receipts_by_minute(places, since)
    ]
    stated += orders.orders_by_minute(places, since)
    cells = (
        ChannelMinute(_minute(minute), channel, count, amount if stated_currency == currency else 0)
        for minute, channel, stated_currency, count, amount in stated
    )
    return MinuteSeries(end=end, currency=currency, cells=tuple(cells), minutes=MINUTES)


def _minute(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _promised(places: frozenset[str] | None) -> Promised:
    units, count, oldest = stock.promised(places)
    return Promised(tuple(Amount(steps, unit, decimals) for unit, decimals, steps in _each_first(units)), count, oldest)


def _each_first(units: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    return sorted(units, key=lambda item: (item[0] != "each", item[0]))


def _attention(places: frozenset[str] | None) -> Attention:
    breaches, at_risk = stock.risks(places)
    return Attention(
        breaches=breaches,
        reservations_at_risk=at_risk,
        discrepancies=stock.discrepancies_open(places),
        exceptions=sales.exceptions_open(places),
        quarantine=plumbing.quarantine_open(places),
        webhooks_dead=plumbing.deliveries_dead(),
    )


def _newest(places: frozenset[str] | None, receipts: list[dict[str, Any]]) -> tuple[FeedRow, ...]:
    placed, _ = orders.order_rows(places, {}, sort=("placed_at", True), after=None, limit=FEED_ROWS)
    opened, _ = stock.breach_rows(
        places, {"state": "open"}, sort=("opened_at", True), after=None, limit=FEED_BREACHES
    )  # fmt: skip
    feed = [*map(_fed_receipt, receipts), *map(_fed_order, placed), *map(_fed_breach, opened)]
    return tuple(sorted(feed, key=lambda row: row.at, reverse=True)[:FEED_ROWS])


def _fed_receipt(row: dict[str, Any]) -> FeedRow:
    return FeedRow(
        "receipt", TILL, row["booked_at"], str(row["id"]), row["number"], row["place_code"], row["place_name"],
        row["line_count"], Money(row["paid_total"] * row["effect"], row["currency"]), row["time_zone"],
    )  # fmt: skip


def _fed_order(row: dict[str, Any]) -> FeedRow:
    return FeedRow(
        "order", row["channel"], row["placed_at"], str(row["id"]), order_number(row["place_code"], row["number"]),
        row["place_code"], row["place_name"], row["line_count"], Money(row["total"], row["currency"]), row["time_zone"],
    )  # fmt: skip


def _fed_breach(row: dict[str, Any]) -> FeedRow:
    return FeedRow(
        "breach", "", row["opened_at"], str(row["id"]), row["product_name"], row["place_code"], row["place_name"],
        0, None, row["time_zone"], row["sku"],
    )  # fmt: skip


def _busiest(codes: frozenset[str] | None, places: list[PlaceFacts], since: datetime) -> tuple[PlaceRow, ...]:
    sold, ordered = sales.receipts_by_place(codes, since), orders.orders_by_place(codes, since)

    def row(place: PlaceFacts) -> PlaceRow:
        receipts, money = sold.get(place.code, (0, 0))
        placed, owed = ordered.get(place.code, (0, 0))
        return PlaceRow(place.code, place.name, place.kind, place.currency, receipts, placed, money + owed)

    rows = (row(place) for place in places if place.code in sold or place.code in ordered)
    return tuple(sorted(rows, key=lambda item: (-item.receipts_hour - item.orders_hour, item.code))[:BUSIEST])


def _lag(receipts: list[dict[str, Any]]) -> float | None:
    """Return how long the newest receipts took from their tills to the books, in seconds (the middle one)."""
    taken = [row["booked_at"] - row["occurred_at"] for row in receipts if not row["clock_suspect"]]
    return max(median(span.total_seconds() for span in taken), 0.0) if taken else None
