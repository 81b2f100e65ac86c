"""Bulk reads and writes: the same values come back on both databases, and guards count what they touched."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from onebasket.base import bulk
from onebasket.base.columns import Row, as_instant, as_uuid
from onebasket.base.models import Event, InboxEntry, TrailEntry, Webhook
from onebasket.commerce.orders.models import DayNumber
from onebasket.commerce.places.models import Place
from tests.builders import make_chain

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("table", ["stock_shelf", "base_inboxentry"])
def test_rows_that_are_always_updated_find_room_on_their_page(table: str) -> None:
    if not bulk.is_postgresql():
        pytest.skip("SQLite updates rows in their place")
    ((options,),) = bulk.fetch("SELECT reloptions FROM pg_class WHERE relname = %s", [table])
    assert options == [{"stock_shelf": "fillfactor=50", "base_inboxentry": "fillfactor=40"}[table]]


INSTANT = datetime(2026, 3, 2, 14, 0, 0, 123_456, tzinfo=UTC)
ELSEWHERE = INSTANT.astimezone(timezone(timedelta(hours=5, minutes=30)))
ONE, TWO, THREE = (UUID(int=number << 64 | number) for number in (1, 2, 3))
WEBHOOK = (
    "id",
    "url",
    "types",
    "places",
    "source_id",
    "active",
    "secret_version",
    "position",
    "created_at",
    "created_by",
)
AWKWARD = 'tab\t, "quotes", back\\slash, \\N, newline\n, émoji 🧺, %s'


def webhook(identity: UUID, **more: Any) -> Row:
    values: dict[str, Any] = dict(
        zip(WEBHOOK, (identity, AWKWARD, ["a", {"b": None}], [], None, True, 1, 2**62, INSTANT, ""), strict=True)
    )
    return tuple((values | more).values())


def assert_stored(identity: UUID, **more: Any) -> None:
    assert Webhook.objects.values_list(*WEBHOOK).get(pk=identity) == webhook(identity, **more)


@pytest.mark.parametrize("way", ["insert", "insert_missing"])
def test_values_come_back_as_they_went(way: str) -> None:
    rows = [webhook(ONE), webhook(TWO, types=[], source_id=7, active=False, created_at=ELSEWHERE, created_by="x")]

    if way == "insert":
        bulk.insert(Webhook, WEBHOOK, rows)
    else:
        found = bulk.insert_missing(Webhook, WEBHOOK, rows, ("id", "created_at"))
        assert [(as_uuid(identity), as_instant(created)) for identity, created in found] == [
            (ONE, INSTANT),
            (TWO, INSTANT),
        ]

    assert_stored(ONE)
    assert_stored(TWO, types=[], source_id=7, active=False, created_at=INSTANT, created_by="x")


def test_a_row_that_conflicts_keeps_all_out() -> None:
    bulk.insert(Webhook, WEBHOOK, [webhook(ONE)])
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(Webhook, WEBHOOK, [webhook(TWO), webhook(ONE)])

    assert Webhook.objects.count() == 1


def test_missing_rows_are_inserted_and_told_in_order() -> None:
    names = ("source_id", "key", "kind", "fingerprint", "received_at")
    one, two, three = ((1, key, "test", "f", INSTANT) for key in ("b", "c", "a"))

    first = bulk.insert_missing(InboxEntry, names, [two], ("id", "key"))
    found = bulk.insert_missing(InboxEntry, names, [three, one, two], ("id", "key"))

    assert [key for _, key in first + found] == ["c", "a", "b"]
    assert [identity for identity, _ in found] == sorted(identity for identity, _ in found)
    assert bulk.insert_missing(InboxEntry, names, [one, two, three], ("id",)) == []


def test_dates_nulls_and_json_are_updated() -> None:
    bulk.insert(Webhook, WEBHOOK, [webhook(ONE), webhook(TWO)])

    touched = bulk.update(
        Webhook,
        ("id", "secret_version"),
        ("types", "created_at", "source_id", "active"),
        [
            (ONE, 1, {"x": [1]}, ELSEWHERE, None, False),
            (TWO, 9, [], INSTANT, 5, False),
            (THREE, 1, [], INSTANT, 5, False),
        ],
    )

    assert touched == 1
    assert_stored(ONE, types={"x": [1]}, created_at=INSTANT, source_id=None, active=False)
    assert_stored(TWO)


def test_a_guard_counts_what_it_touched() -> None:
    bulk.insert(Webhook, WEBHOOK, [webhook(ONE), webhook(TWO)])
    bulk.update_guarded(Webhook, ("id", "secret_version"), ("secret_version",), [(ONE, 1, 2), (TWO, 1, 2)])

    with pytest.raises(bulk.GuardError, match="base_webhook: 2 rows sent, 1 touched"), transaction.atomic():
        bulk.update_guarded(Webhook, ("id", "secret_version"), ("secret_version",), [(ONE, 2, 3), (TWO, 1, 2)])

    assert list(Webhook.objects.order_by("id").values_list("secret_version", flat=True)) == [2, 2]


def test_foreign_keys_and_dates() -> None:
    make_chain()
    (place,) = Place.objects.all()
    rows = [(place.pk, date(2026, 3, 2), 4), (place.pk, date(2026, 3, 3), 5)]
    bulk.insert(DayNumber, ("place", "business_day", "last"), rows[:1])
    bulk.insert_missing(DayNumber, ("place", "business_day", "last"), rows, ("id",))
    bulk.update_guarded(DayNumber, ("place", "business_day"), ("last",), [(place.pk, date(2026, 3, 3), 6)])

    assert list(DayNumber.objects.order_by("business_day").values_list("business_day", "last")) == [
        (date(2026, 3, 2), 4), (date(2026, 3, 3), 6),
    ]  # fmt: skip


def test_nothing_sent_is_nothing_done(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        bulk.insert(Webhook, WEBHOOK, [])
        assert bulk.insert_missing(Webhook, WEBHOOK, [], ("id",)) == []
        assert bulk.update(Webhook, ("id",), ("url",), []) == 0
        bulk.update_guarded(Webhook, ("id",), ("url",), [])
        assert bulk.next_ids(Webhook, 0) == []


@pytest.mark.parametrize(
    ("column", "values", "found"),
    [
        ("id", [TWO, ONE], [ONE, TWO]),
        ("id", [], []),
        ("secret_version", [1, 5], [ONE, TWO, THREE]),
        ("url", ["x", "y'"], [THREE]),
    ],
)
def test_lists_are_bound_as_one_parameter(column: str, values: list[Any], found: list[UUID]) -> None:
    bulk.insert(Webhook, WEBHOOK, [webhook(ONE), webhook(TWO), webhook(THREE, url="y'")])

    sql = f"SELECT id FROM base_webhook WHERE {bulk.in_list(column)} ORDER BY id"  # noqa: S608 - a column of the table
    assert [as_uuid(identity) for (identity,) in bulk.fetch(sql, [bulk.list_parameter(values)])] == found


def test_ids_are_taken_from_the_sequence() -> None:
    names = ("id", "at", "actor", "action", "target", "place_code", "detail")

    first = bulk.next_ids(TrailEntry, 3)
    second = bulk.next_ids(TrailEntry, 2)
    bulk.insert(TrailEntry, names, [(number, INSTANT, "a", "b", "c", "", {}) for number in first + second])
    third = TrailEntry.objects.create(at=INSTANT, actor="a", action="b", target="c")

    assert first == list(range(first[0], first[0] + 3))
    assert second == [first[-1] + 1, first[-1] + 2]
    assert third.pk == second[-1] + 1


def test_a_thousand_rows() -> None:
    names = ("event_id", "type", "subject", "place_code", "occurred_at", "data")
    rows = [
        (UUID(int=number), "t", f"s/{number}", "", INSTANT + timedelta(seconds=number), json.dumps(number))
        for number in range(1_000)
    ]
    bulk.insert(Event, names, rows)

    assert list(Event.objects.order_by("id").values_list(*names)) == rows
