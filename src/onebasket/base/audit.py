"""How the audit proves claims from rows: one consistent snapshot, set-based checks, and what each has found.

On PostgreSQL two connections see the one instant, by an exported snapshot, and share the checks between them.
"""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from onebasket.base.columns import is_postgresql

MOST_EXAMPLES = 5
_SQLITE_CACHE_KIB = 131_072
_SQLITE_MAPPED_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Check:
    """A claim about rows: `counted` gives the one figure it is about, `differing` the rows that contradict it.

    Statements without `differing` only count. A differing row's columns are named as an example shows them.
    """

    name: str
    claim: str
    counted: str
    differing: str = ""
    parameters: tuple[Any, ...] = ()
    counted_parameters: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found: the figure it is about, how many rows contradict it, and the first few of them."""

    check: str
    claim: str
    figure: int
    differences: int
    examples: tuple[str, ...] = ()


def dashed(column: str) -> str:
    """Return SQL for the text of a UUID's column, as facts and subjects name it."""
    if is_postgresql():
        return f"CAST({column} AS text)"
    starts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return " || '-' || ".join(f"SUBSTR({column}, {start}, {length})" for start, length in starts)


def undashed(text: str) -> str:
    """Return SQL for the UUID that a text ends with; NULL where it does not."""
    last = f"SUBSTR({text}, LENGTH({text}) - 35)"
    value = f"CAST({last} AS uuid)" if is_postgresql() else f"REPLACE({last}, '-', '')"
    return f"CASE WHEN LENGTH({last}) = 36 THEN {value} END"


def prove(checks: Sequence[Check]) -> list[Finding]:
    """Run the checks in the present transaction, and inside `snapshot` on what helps it; findings come in order."""
    waiting, found = deque(enumerate(checks)), dict[int, Finding]()
    if _helping.pool is None:
        _prove_waiting(waiting, found)
    else:
        helped = _helping.pool.submit(_prove_waiting, waiting, found)
        try:
            _prove_waiting(waiting, found)
        finally:
            helped.result()
    return [found[number] for number in range(len(checks))]


class _Helping(threading.local):
    """The thread whose connection sees the same instant as this one's."""

    pool: ThreadPoolExecutor | None = None


_helping = _Helping()


def _prove_waiting(waiting: deque[tuple[int, Check]], found: dict[int, Finding]) -> None:
    """Prove what is waiting, one after the other, until nothing is; another thread may take of the same."""
    while waiting:
        try:
            number, check = waiting.popleft()
        except IndexError:
            return
        found[number] = _prove(check)


def _prove(check: Check) -> Finding:
    with connection.cursor() as cursor:
        cursor.execute(check.counted, check.counted_parameters)
        figure = int(cursor.fetchone()[0] or 0)
        if not check.differing:
            return Finding(check.name, check.claim, figure, 0)
        sql = f"SELECT COUNT(*) OVER () AS differences, d.* FROM ({check.differing}) AS d LIMIT {MOST_EXAMPLES}"  # noqa: S608
        cursor.execute(sql, check.parameters)
        names = [column[0] for column in cursor.description][1:]
        rows = cursor.fetchall()
    differences = int(rows[0][0]) if rows else 0
    return Finding(check.name, check.claim, figure, differences, tuple(_example(names, row[1:]) for row in rows))


def _example(names: Sequence[str], row: Sequence[object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True) if value is not None)


@contextmanager
def snapshot() -> Iterator[None]:
    """Read everything inside as of one instant, beside writers, without making them wait.

    Inside a transaction that is there already, that one stands.
    """
    if connection.in_atomic_block:
        yield
    elif is_postgresql():
        with _postgresql_snapshot() as name, _helped(name):
            yield
    else:
        with _sqlite_snapshot():
            yield


@contextmanager
def _postgresql_snapshot(name: str = "") -> Iterator[str]:
    """Read as of one instant, that of the snapshot named, and return the name under which others see it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if name:
            cursor.execute(f"SET TRANSACTION SNAPSHOT '{name}'")  # takes no parameter; the name is the server's own
        cursor.execute("SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true)")
        cursor.execute("SELECT pg_export_snapshot()")
        yield str(cursor.fetchone()[0])


@contextmanager
def _helped(name: str) -> Iterator[None]:
    """Let a second thread prove beside this one, on a connection that sees the same instant."""
    with ThreadPoolExecutor(1, thread_name_prefix="audit") as pool, ExitStack() as stack:
        theirs = ExitStack()
        stack.callback(lambda: pool.submit(_leave, theirs).result())
        pool.submit(theirs.enter_context, _postgresql_snapshot(name)).result()
        _helping.pool = pool
        try:
            yield
        finally:
            _helping.pool = None


def _leave(entered: ExitStack) -> None:
    """End the thread's transaction and give its connection back."""
    entered.close()
    connection.close()


@contextmanager
def _sqlite_snapshot() -> Iterator[None]:
    """Open a deferred transaction: the settings' IMMEDIATE would take the write lock and stop the hub."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        before = [_pragma(cursor, name) for name in ("cache_size", "mmap_size")]
        cursor.execute(f"PRAGMA cache_size = -{_SQLITE_CACHE_KIB}")
        cursor.execute(f"PRAGMA mmap_size = {_SQLITE_MAPPED_BYTES}")
        cursor.execute("PRAGMA threads = 2")
        cursor.execute("PRAGMA query_only = 1")
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")
            cursor.execute("PRAGMA query_only = 0")
            cursor.execute(f"PRAGMA cache_size = {before[0]}")
            cursor.execute(f"PRAGMA mmap_size = {before[1]}")
            cursor.execute("PRAGMA threads = 0")


def _pragma(cursor: Any, name: str) -> int:  # noqa: ANN401 - Django's cursor wrapper
    cursor.execute(f"PRAGMA {name}")
    row = cursor.fetchone()
    return int(row[0]) if row else 0
