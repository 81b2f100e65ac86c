"""Statements that are sent together: same rows, same errors, and a connection that is good afterwards."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from onebasket.base import bulk, pipeline
from onebasket.base.arrays import array, array_of
from onebasket.base.committer import perform
from onebasket.base.models import InboxEntry
from onebasket.base.postgresql.base import is_alive

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 2, 14, 0, 0, 123_456, tzinfo=UTC)
ENTRY = ("source_id", "key", "kind", "fingerprint", "received_at")
only_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite answers in the same process")


def entries(*keys: str) -> list[tuple[Any, ...]]:
    return [(1, key, "test", "x", NOW) for key in keys]


def keys() -> list[str]:
    return list(InboxEntry.objects.order_by("key").values_list("key", flat=True))


@pytest.mark.parametrize("at_once", [True, False], ids=["together", "one by one"])
def test_what_is_asked_for_together_is_what_is_asked_for_one_by_one(*, at_once: bool) -> None:
    with bulk.batch() if at_once else transaction.atomic():
        bulk.insert(InboxEntry, ENTRY, entries("a", "b"))
        first = bulk.ask("SELECT key FROM base_inboxentry WHERE source_id = %s ORDER BY key", [1])
        bulk.insert(InboxEntry, ENTRY, entries("c"))
        second = bulk.ask("SELECT COUNT(*) FROM base_inboxentry")
        third = bulk.ask("SELECT '100%%'")
        touched = bulk.execute("UPDATE base_inboxentry SET kind = %s WHERE key <> %s", ["changed", "a"])

        assert (second.rows(), first.rows(), third.rows()) == ([(3,)], [("a",), ("b",)], [("100%",)])
        assert touched == 2
        assert first.rows() == [("a",), ("b",)]

    assert keys() == ["a", "b", "c"]


def test_more_rows_than_are_sent_together_go_in_as_well() -> None:
    many = [f"{number:05}" for number in range(bulk.MANY_ROWS + 1)]
    with bulk.batch():
        bulk.insert(InboxEntry, ENTRY, entries("a"))
        bulk.insert(InboxEntry, ENTRY, entries(*many))
        bulk.insert(InboxEntry, ENTRY, entries("b"))

    assert keys() == [*many, "a", "b"]


def test_statements_of_django_run_after_all_that_was_sent() -> None:
    with bulk.batch():
        bulk.insert(InboxEntry, ENTRY, entries("a", "b"))
        assert InboxEntry.objects.filter(key="a").delete()[0] == 1
        with transaction.atomic():
            bulk.insert(InboxEntry, ENTRY, entries("c"))
        asked = bulk.ask("SELECT COUNT(*) FROM base_inboxentry")
        InboxEntry.objects.update(kind="late")
        assert asked.rows() == [(2,)]

    assert keys() == ["b", "c"]


def test_an_error_of_the_reader_gives_all_of_it_up() -> None:
    def act() -> None:
        with bulk.batch():
            bulk.insert(InboxEntry, ENTRY, entries("a"))
            bulk.fetch("SELECT 1")
            bulk.insert(InboxEntry, ENTRY, entries("b"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert keys() == []
    assert bulk.fetch("SELECT 1") == [(1,)]


def twice_at_the_end() -> None:
    bulk.insert(InboxEntry, ENTRY, entries("a", "b"))
    bulk.insert(InboxEntry, ENTRY, entries("a"))
    bulk.insert(InboxEntry, ENTRY, entries("c"))


def twice_before_a_read() -> None:
    bulk.insert(InboxEntry, ENTRY, entries("a", "a"))
    bulk.fetch("SELECT 1")


def twice_before_a_statement_of_django() -> None:
    bulk.insert(InboxEntry, ENTRY, entries("a", "a"))
    InboxEntry.objects.count()


@pytest.mark.parametrize("act", [twice_at_the_end, twice_before_a_read, twice_before_a_statement_of_django])
def test_what_fails_is_told_by_its_own_error_and_leaves_nothing(act: Callable[[], None]) -> None:
    for _ in range(3):
        with pytest.raises(IntegrityError), bulk.batch():
            act()
        assert keys() == []

    with bulk.batch():
        bulk.insert(InboxEntry, ENTRY, entries("a"))
    assert keys() == ["a"]


@only_postgresql
def test_what_is_asked_after_a_failure_is_not_answered() -> None:
    def act() -> None:
        with bulk.batch():
            wrong, late = bulk.ask("SELECT 1 / %s", [0]), bulk.ask("SELECT 2")
            with pytest.raises(DataError):
                wrong.rows()
            late.rows()

    with pytest.raises(DatabaseError):
        act()
    assert bulk.fetch("SELECT 1") == [(1,)]


@only_postgresql
def test_a_savepoint_goes_on_after_a_failure_inside_it() -> None:
    with bulk.batch():
        bulk.insert(InboxEntry, ENTRY, entries("a"))
        with pytest.raises(IntegrityError), transaction.atomic():
            bulk.execute("INSERT INTO base_inboxentry SELECT * FROM base_inboxentry")
        bulk.insert(InboxEntry, ENTRY, entries("b"))

    assert keys() == ["a", "b"]


def test_guards_are_counted_at_the_end() -> None:
    bulk.insert(InboxEntry, ENTRY, entries("a"))
    (known,) = InboxEntry.objects.values_list("id", flat=True)
    with bulk.batch():
        bulk.update_guarded(InboxEntry, ("id",), ("kind",), [(known, "changed")])
    assert InboxEntry.objects.get().kind == "changed"

    def update() -> None:
        bulk.update_guarded(InboxEntry, ("id",), ("kind",), [(known, "again"), (known + 1, "lost")])

    def insert() -> None:
        bulk.insert_guarded(InboxEntry, ENTRY, entries("b", "a"))

    for guarded in (update, insert):
        with pytest.raises(bulk.GuardError, match="2 rows sent, 1 touched"), bulk.batch():
            guarded()
        assert list(InboxEntry.objects.values_list("key", "kind")) == [("a", "changed")]


@only_postgresql
def test_statements_are_prepared_once_and_waited_for_together(monkeypatch: pytest.MonkeyPatch) -> None:
    flights: list[int] = []
    real = pipeline.Pipeline.receive

    def receive(self: pipeline.Pipeline) -> None:
        if self._waiting:
            flights.append(len(self._waiting))
        real(self)

    monkeypatch.setattr(pipeline.Pipeline, "receive", receive)
    sql = "SELECT %s::bigint + 40 AS prepared_once"
    for _ in range(3):
        with bulk.together():
            one, two = bulk.ask(sql, [1]), bulk.ask(sql, [2])
            assert (one.rows(), two.rows()) == ([(41,)], [(42,)])

    assert flights == [3, 2, 2]
    prepared = "SELECT COUNT(*) FROM pg_prepared_statements WHERE statement LIKE %s"
    assert bulk.fetch(prepared, ["%prepared_once%"]) == [(1,)]


@only_postgresql
def test_a_statement_that_failed_before_it_was_prepared_is_prepared_later() -> None:
    for value in (0, 0, 5):
        try:
            with bulk.together():
                assert bulk.fetch("SELECT 10 / %s::bigint AS after_a_failure", [value]) == [(2,)]
        except DataError:
            assert value == 0


@only_postgresql
@pytest.mark.parametrize("spoil", ["DEALLOCATE ALL", "ALTER TABLE spoiled ALTER figure TYPE text"])
def test_what_is_prepared_no_more_is_prepared_anew(spoil: str) -> None:
    def act(_: Sequence[Any]) -> list[Any]:
        with bulk.batch():
            return bulk.fetch("SELECT * FROM spoiled")

    bulk.execute("CREATE TABLE spoiled (figure integer)")
    try:
        assert perform(act, []) == []
        bulk.execute(spoil)
        with pytest.raises(DatabaseError):
            act([])
        assert act([]) == []

        bulk.execute(spoil.replace("text", "integer USING 1"))
        assert perform(act, []) == []
    finally:
        bulk.execute("DROP TABLE spoiled")


@only_postgresql
def test_a_lost_connection_is_an_operational_error() -> None:
    ((backend,),) = bulk.fetch("SELECT pg_backend_pid()")

    def act() -> None:
        with bulk.batch():
            bulk.fetch("SELECT pg_terminate_backend(%s)", [backend])
            bulk.fetch("SELECT 1")

    with pytest.raises(OperationalError):
        act()
    connection.close()
    assert bulk.fetch("SELECT 1") == [(1,)]


@only_postgresql
def test_what_is_sent_together_is_noted_as_other_statements_are() -> None:
    with CaptureQueriesContext(connection) as captured, bulk.together():
        bulk.fetch("SELECT 1")

    assert [query["sql"] for query in captured.captured_queries] == ["SELECT 1"]


ARRAYS: dict[str, list[Any]] = {
    "smallint": [1, -2, None, 32_767],
    "integer": [1, None, -(2**31)],
    "bigint": [0, 2**62, -1, None],
    "text": ["", "plain", None, 'quo"ted, {braces} \\ back', "🧺 %s"],
    "boolean": [True, None, False],
    "uuid": [UUID(int=1), None, UUID(int=2**127)],
    "timestamptz": [NOW, datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), None],
    "date": [date(2026, 3, 2), date(1999, 12, 31), None],
}


@only_postgresql
@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("at_once", [True, False], ids=["together", "by Django"])
def test_arrays_arrive_as_they_went(kind: str, *, at_once: bool) -> None:
    values = ARRAYS[kind]
    sql = f"SELECT u FROM unnest(%s::{kind}[]) WITH ORDINALITY AS t(u, n) ORDER BY n"  # noqa: S608 - names of types
    for given in (values, values[:1], []):
        with bulk.batch() if at_once else transaction.atomic():
            assert [value for (value,) in bulk.fetch(sql, [array(kind, given)])] == given


@only_postgresql
def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    with bulk.together():
        assert bulk.fetch("SELECT (%s)[1]", [array_of([elsewhere])]) == [(NOW,)]


@only_postgresql
def test_a_number_beyond_its_type_is_refused_by_the_server() -> None:
    with pytest.raises(DataError), bulk.batch():
        bulk.fetch("SELECT %s::smallint[]", [array("smallint", [2**20])])


@pytest.mark.parametrize("values", [[], [1, "a"], [1.5], [None]])
def test_what_has_no_one_type_stays_a_list(values: list[Any]) -> None:
    assert array_of(values) == values


@only_postgresql
def test_a_connection_that_its_server_ended_is_not_given_out() -> None:
    ((backend,),) = bulk.fetch("SELECT pg_backend_pid()")
    link = connection.connection
    assert is_alive(link)
    told: Any = connection.get_connection_params()
    with psycopg.connect(**told | {"autocommit": True}) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    assert not is_alive(link)
    link.close()
    assert not is_alive(link)
    connection.close()
