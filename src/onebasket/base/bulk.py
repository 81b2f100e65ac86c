"""Bulk reads and writes in few statements, on both databases; rows are plain tuples, no model objects.

Django's bulk_create spends 20 to 30 microseconds a row on objects; an order writes 20 rows. Values are Python values
of the field's type (aware datetimes, UUIDs, dicts for JSON). Table and column names come from models, never from input.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction

from onebasket.base.arrays import array, array_of
from onebasket.base.columns import Converter, Row, array_type, convert, convert_columns, converters
from onebasket.base.columns import is_postgresql as is_postgresql  # noqa: PLC0414 - part of this module's face
from onebasket.base.pipeline import Answer, Pipeline

Model = type[models.Model]
Answered = TypeVar("Answered")
Later = Callable[[], Answered]
"""What was asked for, as a call that waits for its answer: what is asked for in one go inside `together` waits once."""
FEW_ROWS = 40
"""What goes to PostgreSQL in one statement rather than by COPY, which takes a second round trip."""
MANY_ROWS = 500
"""What goes by COPY even where statements are sent together: it is faster by more than the wait that it costs."""
_encode = msgspec.json.Encoder().encode


class _Sending(threading.local):
    """What this thread has under way inside `together`: its pipeline, and guarded updates not yet counted."""

    pipeline: Pipeline | None = None
    guards: list[tuple[Answer, Model, int]]
    link: Any = None  # Django's connection itself: looking it up for each statement is not free


_sending = _Sending()


class GuardError(Exception):
    """A guarded update touched other than the rows sent: somebody else changed them, so nothing may be kept."""


def in_list(column: str) -> str:
    """Return an SQL condition that the column is in one bound list; bind `list_parameter(values)` to it."""
    return f"{column} = ANY(%s)" if is_postgresql() else f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608


def list_parameter(values: Iterable[Any]) -> Any:  # noqa: ANN401 - what a driver takes
    """Return the parameter for `in_list`."""
    if is_postgresql():
        return array_of(values)
    return _encode([value.hex if isinstance(value, UUID) else value for value in values]).decode()


def uuid_parameter(value: UUID) -> UUID | str:
    """Return what the driver compares with a column of UUIDs."""
    return value if is_postgresql() else value.hex


def for_update(alias: str = "") -> str:
    """Return the clause that locks the rows read: SQLite's transaction already holds the one lock there is."""
    if not is_postgresql():
        return ""
    return f" FOR UPDATE OF {alias}" if alias else " FOR UPDATE"


class Asked:
    """A read that was asked for: `rows` waits for it, and for nothing that was sent later."""

    __slots__ = ("_answer", "_rows")

    def __init__(self, answer: Answer | None, rows: list[Row]) -> None:
        self._answer, self._rows = answer, rows

    def rows(self) -> list[Row]:
        """Return the rows as the driver gives them (SQLite: times and UUIDs as text)."""
        if self._answer is not None:
            with _sending.link.wrap_database_errors:
                self._rows, self._answer = self._answer.rows(), None
        return self._rows


def ask(sql: str, parameters: Sequence[Any] = ()) -> Asked:
    """Ask for rows that are wanted later: inside `together` the statement waits for company, elsewhere it runs now."""
    if _sending.pipeline is not None:
        return Asked(_send(sql, parameters), [])
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[Row] = cursor.fetchall()
    return Asked(None, rows)


def fetch(sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
    """Run one statement and return its rows as the driver gives them (SQLite: times and UUIDs as text)."""
    return ask(sql, parameters).rows()


def execute(sql: str, parameters: Sequence[Any] = ()) -> int:
    """Run one statement and return how many rows it touched."""
    if _sending.pipeline is not None:
        with connection.wrap_database_errors:
            return _send(sql, parameters).touched()
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def write(sql: str, parameters: Sequence[Any] = ()) -> None:
    """Run a statement of which nothing is wanted: inside `together` it waits for company, elsewhere it runs now."""
    if _sending.pipeline is None:
        execute(sql, parameters)
    else:
        _send(sql, parameters)


def goes_by_copy(count: int) -> bool:
    """Whether so many rows are inserted by PostgreSQL's COPY, rather than by a statement."""
    return is_postgresql() and count > (FEW_ROWS if _sending.pipeline is None else MANY_ROWS)


def _send(sql: str, parameters: Sequence[Any]) -> Answer:
    """Send a statement with its neighbours, and wait for nothing."""
    assert _sending.pipeline is not None  # noqa: S101 - asked by the caller
    link = _sending.link
    if link.queries_logged:
        link.queries_log.append({"sql": sql, "time": "0.000"})
    with link.wrap_database_errors:
        return _sending.pipeline.send(sql, parameters)


@lru_cache(maxsize=256)
def fields_of(model: Model, names: tuple[str, ...]) -> tuple[models.Field[Any, Any], ...]:
    """Return the fields of these names, remembered."""
    return tuple(model._meta.get_field(name) for name in names)  # type: ignore[misc] # noqa: SLF001 - Django's own public API


def _columns(model: Model, names: tuple[str, ...]) -> list[str]:
    return [str(field.column) for field in fields_of(model, names)]


def table(model: Model) -> str:
    """Return the model's table name."""
    return model._meta.db_table  # noqa: SLF001 - Django's own public API


@lru_cache(maxsize=256)
def _into(model: Model, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {table(model)} ({', '.join(_columns(model, names))})"


def insert(model: Model, names: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Insert all rows: a prepared statement on SQLite, COPY on PostgreSQL where they are many. Any conflict raises."""
    if not rows:
        return
    if is_postgresql() and not goes_by_copy(len(rows)):
        source, parameters = as_relation(model, names, rows)
        write(f"{_into(model, names)} {source}", parameters)
        return
    converted = convert(fields_of(model, names), rows, copied=is_postgresql())
    if is_postgresql():
        copy(f"COPY {table(model)} ({', '.join(_columns(model, names))}) FROM STDIN", converted)
        return
    with connection.cursor() as cursor:
        cursor.executemany(f"{_into(model, names)} VALUES ({', '.join(['%s'] * len(names))})", converted)


def copy(sql: str, rows: Iterable[Row]) -> None:
    """Write rows by PostgreSQL's COPY, after all that was sent before."""
    # Django wraps what execute raises, not what COPY does: without this a deadlock here would not be repeated.
    with _alone(), connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(sql) as into:
        for row in rows:
            into.write_row(row)


def insert_missing(model: Model, names: tuple[str, ...], rows: Sequence[Row], returning: tuple[str, ...]) -> list[Row]:
    """Insert the rows whose unique key is not there yet, in the order given; return `returning` of the new ones.

    A key that another transaction is just inserting is waited for, so afterwards every row is there and visible.
    """
    return ask_missing(model, names, rows, returning).rows()


def ask_missing(model: Model, names: tuple[str, ...], rows: Sequence[Row], returning: tuple[str, ...]) -> Asked:
    """Insert as `insert_missing` does, and return the new rows when they are wanted."""
    if not rows:
        return Asked(None, [])
    source, parameters = as_relation(model, names, rows)
    sql = f"{_into(model, names)} {source} ON CONFLICT DO NOTHING RETURNING {', '.join(_columns(model, returning))}"
    return ask(sql, parameters)


def update(
    model: Model, keys: tuple[str, ...], sets: tuple[str, ...], rows: Sequence[Row], *, nulls: tuple[str, ...] = ()
) -> int:
    """Set columns by key, row by row (each row: key values, then new values); return how many rows were touched.

    `nulls` are columns that become null in every row.
    """
    if not rows:
        return 0
    if is_postgresql():
        return execute(*_update_statement(model, keys, sets, rows, nulls))
    names = keys + sets
    emptied = "".join(f", {column} = NULL" for column in _columns(model, nulls))
    assign = ", ".join(f"{column} = %s" for column in _columns(model, sets))
    where = " AND ".join(f"{column} = %s" for column in _columns(model, keys))
    converted = convert(fields_of(model, names), rows)
    split = len(keys)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table(model)} SET {assign}{emptied} WHERE {where}",  # noqa: S608
            [row[split:] + row[:split] for row in converted],
        )
        return int(cursor.rowcount)


def _update_statement(
    model: Model, keys: tuple[str, ...], sets: tuple[str, ...], rows: Sequence[Row], nulls: tuple[str, ...]
) -> tuple[str, list[Any]]:
    """Return PostgreSQL's one statement for an update, and its parameters."""
    _, parameters = as_relation(model, keys + sets, rows)
    return _update_sql(model, keys, sets, nulls), parameters


@lru_cache(maxsize=256)
def _update_sql(model: Model, keys: tuple[str, ...], sets: tuple[str, ...], nulls: tuple[str, ...]) -> str:
    names = keys + sets
    emptied = "".join(f", {column} = NULL" for column in _columns(model, nulls))
    key_columns, set_columns = _columns(model, keys), _columns(model, sets)
    given = [f"c{index}" for index in range(len(names))]
    assign = ", ".join(f"{c} = v.{g}" for c, g in zip(set_columns, given[len(keys) :], strict=True))
    where = " AND ".join(f"t.{c} = v.{g}" for c, g in zip(key_columns, given, strict=False))
    source = _shape(model, names).source
    return f"UPDATE {table(model)} t SET {assign}{emptied} FROM ({source}) AS v({', '.join(given)}) WHERE {where}"  # noqa: S608


def update_guarded(
    model: Model, keys: tuple[str, ...], sets: tuple[str, ...], rows: Sequence[Row], *, nulls: tuple[str, ...] = ()
) -> None:
    """Update as `update` does; GuardError unless exactly as many rows were touched as were sent.

    Inside `together` the error comes at the end of the block.
    """
    if rows and _sending.pipeline is not None:
        answer = _send(*_update_statement(model, keys, sets, rows, nulls))
        _sending.guards.append((answer, model, len(rows)))
        return
    _guard(model, len(rows), update(model, keys, sets, rows, nulls=nulls))


def insert_guarded(model: Model, names: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Insert rows whose keys nobody has; GuardError, inside `together` at its end, where one is there."""
    if not rows:
        return
    source, parameters = as_relation(model, names, rows)
    sql = f"{_into(model, names)} {source} ON CONFLICT DO NOTHING"
    if _sending.pipeline is not None:
        _sending.guards.append((_send(sql, parameters), model, len(rows)))
        return
    _guard(model, len(rows), execute(sql, parameters))


def _guard(model: Model, sent: int, touched: int) -> None:
    if touched != sent:
        message = f"{table(model)}: {sent} rows sent, {touched} touched"
        raise GuardError(message)


@contextmanager
def together() -> Iterator[None]:
    """Send the statements inside in one go wherever no answer is waited for, where the database can (PostgreSQL).

    What is written waits for the next read or the end of the block; what is asked for with `ask` waits until its rows
    are wanted. Django's own statements inside run by themselves, after all that was sent before.

    Raises:
        GuardError: a guarded update inside touched other rows than were sent.
    """
    if not is_postgresql() or _sending.pipeline is not None:
        yield
        return
    link = _sending.link = connections[DEFAULT_DB_ALIAS]
    link.ensure_connection()
    pipeline = _sending.pipeline = Pipeline(link.connection)
    _sending.guards = []
    try:
        with link.execute_wrapper(_after_all_sent), link.wrap_database_errors:
            try:
                yield
                pipeline.receive()
            finally:
                pipeline.leave()
        for answer, model, sent in _sending.guards:
            _guard(model, sent, answer.touched())
    finally:
        _sending.pipeline = None


@contextmanager
def batch() -> Iterator[None]:
    """Open the transaction of a batch: what it reads and writes is sent together, and committed or given up as one."""
    with transaction.atomic(), together():
        yield


def _after_all_sent(run: Callable[..., Any], *statement: Any) -> Any:  # noqa: ANN401 - as Django's cursor gives and takes
    """Run a statement of Django's with the pipeline left meanwhile."""
    with _alone():
        return run(*statement)


@contextmanager
def _alone() -> Iterator[None]:
    """Have the connection out of its pipeline, which is entered again by the next statement that is sent."""
    if _sending.pipeline is not None:
        with connection.wrap_database_errors:
            _sending.pipeline.receive()
        _sending.pipeline.leave()
    yield


def as_relation(model: Model, names: tuple[str, ...], rows: Sequence[Row]) -> tuple[str, list[Any]]:
    """Return a SELECT that gives the rows, typed as the model's columns, and its parameters."""
    if is_postgresql():
        shape = _shape(model, names)
        columns = convert_columns(shape.converters, rows)
        return shape.source, [array(kind, column) for kind, column in zip(shape.kinds, columns, strict=True)]
    converted = convert(fields_of(model, names), rows)
    parts = ", ".join(f"json_extract(value, '$[{index}]') AS c{index}" for index in range(len(names)))
    return f"SELECT {parts} FROM json_each(%s) WHERE true", [_encode(converted).decode()]  # noqa: S608


class _Shape(NamedTuple):
    """Columns of a table as PostgreSQL takes rows of them: a SELECT over one array for each, and what is in these."""

    source: str
    kinds: tuple[str, ...]
    converters: list[tuple[int, Converter]]


@lru_cache(maxsize=256)
def _shape(model: Model, names: tuple[str, ...]) -> _Shape:
    fields = fields_of(model, names)
    kinds = tuple(array_type(field) for field in fields)
    # Texts go in binary: as text every quote in them would be escaped twice, one by one.
    arrays = ", ".join(f"{'%b' if kind == 'text' else '%s'}::{kind}[]" for kind in kinds)
    given = [f"c{index}" for index in range(len(names))]
    selected = ", ".join(
        f"{name}::jsonb" if field.get_internal_type() == "JSONField" else name
        for name, field in zip(given, fields, strict=True)
    )
    source = f"SELECT {selected} FROM unnest({arrays}) AS u({', '.join(given)})"  # noqa: S608 - names of columns
    return _Shape(source, kinds, converters(fields))


def next_ids(model: Model, count: int) -> list[int]:
    """Take `count` ids from the model's database sequence, so that rows which refer to each other go in at once."""
    if not count:
        return []
    if is_postgresql():
        sql = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
        return [identity for (identity,) in fetch(sql, [table(model), count])]
    found = fetch("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s RETURNING seq", [count, table(model)])
    if not found:
        execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table(model), count])
        return list(range(1, count + 1))
    last = found[0][0]
    return list(range(last - count + 1, last + 1))
