"""The bare writer: the same rows at the same batch size through the driver, with indexes, without rules or objects.

The rows are those that the real actions wrote: the writes of some batches are recorded with the parameters as the
driver got them, the database is put back, and the writes are sent again as fast as the driver takes them.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from onebasket.base import bulk
from onebasket.base.columns import convert
from onebasket.base.tuning import SERVING, Tuning, tune_writer

_WRITES = ("INSERT", "UPDATE")
Batch = list["Write"]


@dataclass(frozen=True, slots=True)
class Write:
    """One statement as the driver got it: `rows` of a COPY or an executemany, or the parameters of an execute."""

    sql: str
    rows: Any
    many: bool
    copy: bool = False


@dataclass(slots=True)
class Recording:
    """The writes of batches, in order."""

    batches: list[Batch] = field(default_factory=list)

    def _note(self, write: Write) -> None:
        self.batches[-1].append(write)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Record the writes of one batch."""
        self.batches.append([])
        copied, sent = bulk.insert, bulk._send  # noqa: SLF001 - looked over the shoulder of

        def insert(model: Any, names: tuple[str, ...], rows: Sequence[Any]) -> None:  # noqa: ANN401 - as bulk.insert
            if bulk.goes_by_copy(len(rows)):  # fewer go by a statement, which is recorded below
                fields = bulk.fields_of(model, names)
                columns = ", ".join(str(field.column) for field in fields)
                sql = f"COPY {bulk.table(model)} ({columns}) FROM STDIN"
                self._note(Write(sql, list(convert(fields, rows, copied=True)), many=True, copy=True))
            copied(model, names, rows)

        def _execute(
            run: Callable[..., object],
            sql: str,
            parameters: Any,  # noqa: ANN401 - as Django's wrappers take it
            many: bool,  # noqa: FBT001 - as Django's wrappers take it
            context: object,
        ) -> object:
            if sql.lstrip().upper().startswith(_WRITES):
                self._note(Write(sql, list(parameters) if many else parameters, many=many))
            return run(sql, parameters, many, context)

        def _send(sql: str, parameters: Sequence[Any]) -> Any:  # noqa: ANN401 - as bulk sends it
            if sql.startswith(_WRITES):
                self._note(Write(sql, parameters, many=False))
            return sent(sql, parameters)

        bulk.insert, bulk._send = insert, _send  # noqa: SLF001
        try:
            with connection.execute_wrapper(_execute):
                yield
        finally:
            bulk.insert, bulk._send = copied, sent  # noqa: SLF001


def replay(batches: Sequence[Batch], tuning: Tuning) -> float:
    """Send recorded batches again, a transaction each, and return the seconds that it took; nothing is kept."""
    tune_writer(tuning)
    begins = time.perf_counter()
    for batch in batches:
        with bulk.batch(), connection.cursor() as cursor:
            for write in batch:
                if write.copy:
                    bulk.copy(write.sql, write.rows)
                elif write.many:
                    cursor.executemany(write.sql, write.rows)
                else:
                    bulk.write(write.sql, write.rows)
    return time.perf_counter() - begins


def measure_limit(batches: Sequence[Callable[[], object]], *, tuning: Tuning = SERVING) -> float:
    """Run the batches once to record their writes, put the database back, and return the seconds of writing them bare.

    The rows of the replay are kept: they keep the ledger's size true for what is measured next.
    """
    recording = Recording()
    before = _sequence()
    try:
        with transaction.atomic():
            for run in batches:
                with recording.batch():
                    run()
            transaction.set_rollback(True)
    finally:
        _set_sequence(before)
    return replay(recording.batches, tuning)


def _sequence() -> int:
    if not bulk.is_postgresql():
        return 0
    return int(bulk.fetch("SELECT last_value FROM base_inboxentry_id_seq")[0][0])


def _set_sequence(value: int) -> None:
    """Put the inbox's sequence back, so that recorded updates by id meet the replayed rows."""
    if bulk.is_postgresql():
        bulk.fetch("SELECT setval('base_inboxentry_id_seq', %s)", [value])
