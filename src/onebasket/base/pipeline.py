"""Statements that go to PostgreSQL together, and are answered in their order: libpq's pipeline.

A statement that is waited for costs two switches between processes. psycopg's pipeline spares the waits but still sends
each statement by itself; here nothing is sent until an answer is wanted, and each statement is prepared once.
"""

import re
import select
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus, TransactionStatus

Row = tuple[Any, ...]
MOST_PREPARED = 1_000
"""Statements of a connection that PostgreSQL keeps prepared; more are sent whole each time."""
STALE = ("26000", "0A000")
"""Errors of prepared statements that are gone, or whose tables have another form by now: all are prepared anew."""
_MARK = re.compile(r"%(.)")
_FORMATS = {"s": PyFormat.AUTO, "b": PyFormat.BINARY, "t": PyFormat.TEXT}
_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
_prepared: "WeakKeyDictionary[psycopg.Connection[Any], dict[tuple[str, tuple[int, ...]], bytes]]" = WeakKeyDictionary()


class Answer:
    """What a statement that was sent comes to; asking for it sends what is waiting, and receives all of it."""

    __slots__ = ("_pipeline", "_result")

    def __init__(self, pipeline: "Pipeline") -> None:
        self._pipeline = pipeline
        self._result: Any = None

    def take(self, result: Any) -> None:  # noqa: ANN401 - libpq's result
        """Keep the result that has come."""
        self._result = result

    def rows(self) -> list[Row]:
        """Return the rows."""
        return self._pipeline.load(self._received())

    def touched(self) -> int:
        """Return how many rows the statement touched."""
        return self._received().command_tuples or 0

    def _received(self) -> Any:  # noqa: ANN401 - libpq's result
        if self._result is None:
            self._pipeline.receive()
        if self._result is None:
            raise errors.PipelineAborted("a statement before this one failed, or its block was left")
        return self._result


class Pipeline:
    """A connection's statements under way. After an error nothing more is done: the transaction is to be given up."""

    def __init__(self, link: "psycopg.Connection[Any]") -> None:
        self._link = link
        self._pg = link.pgconn
        self._transformer = Transformer(link)
        self._prepared = _prepared.setdefault(link, {})
        self._fresh: list[tuple[str, tuple[int, ...]]] = []
        self._waiting: list[Answer | None] = []
        self._entered = False

    def send(self, sql: str, parameters: Sequence[Any]) -> Answer:
        """Take a statement; it goes to the server with the next answer that is wanted, or at the end."""
        if not self._entered:
            self._enter()
        query, formats = _read(sql)
        values, types, kinds = self._dump(parameters, formats)
        name = self._prepared.get((sql, types)) or self._prepare(sql, query, types)
        if name is None:
            self._pg.send_query_params(query, values, types, kinds)
        else:
            self._pg.send_query_prepared(name, values, kinds)
        answer = Answer(self)
        self._waiting.append(answer)
        return answer

    def receive(self) -> None:
        """Send what is waiting, and receive its answers.

        Raises:
            psycopg.Error: a statement failed; nothing after it was done.
        """
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        self._pg.pipeline_sync()
        self._flush()
        failed: psycopg.Error | None = None
        for answer in waiting:
            result = self._next_result()
            if result is None:
                raise failed or errors.OperationalError("the connection to the server ended")
            if result.status in _GOOD:
                self._next_result()  # the end of what one statement answers
                if answer is not None:
                    answer.take(result)
            elif result.status == ExecStatus.PIPELINE_SYNC:
                break
            elif failed is None:
                failed = errors.error_from_result(result)
                self._next_result()
            else:
                self._next_result()
        self._end_of_flight(failed)

    def leave(self) -> None:
        """Leave the connection to whoever comes next; what was not sent by `receive` is not done."""
        if not self._entered:
            return
        self._entered, self._waiting = False, []
        with suppress(psycopg.Error):
            self._pg.exit_pipeline_mode()

    def load(self, result: Any) -> list[Row]:  # noqa: ANN401 - libpq's result
        """Return a result's rows as Python values."""
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)

    def _dump(
        self, parameters: Sequence[Any], formats: tuple[PyFormat, ...]
    ) -> tuple[Sequence[Any], tuple[int, ...], Sequence[Any]]:
        if not parameters:
            return (), (), ()
        values = self._transformer.dump_sequence(parameters, formats)
        return values, tuple(self._transformer.types or ()), self._transformer.formats or ()

    def _enter(self) -> None:
        idle = self._pg.transaction_status == TransactionStatus.IDLE
        self._pg.enter_pipeline_mode()
        self._entered = True
        if idle and not self._link.autocommit:
            self._pg.send_query_params(b"BEGIN", None)
            self._waiting.append(None)

    def _prepare(self, sql: str, query: bytes, types: tuple[int, ...]) -> bytes | None:
        if len(self._prepared) >= MOST_PREPARED:
            return None
        name = b"ob_%d" % next(_numbers)
        self._pg.send_prepare(name, query, types)
        self._waiting.append(None)
        self._prepared[sql, types] = name
        self._fresh.append((sql, types))
        return name

    def _end_of_flight(self, failed: "psycopg.Error | None") -> None:
        """Pass over the mark that ends a flight; after a failure, forget what was to be prepared and was not."""
        result = self._next_result()
        if result is None and failed is None:
            raise errors.OperationalError("the connection to the server ended")
        fresh, self._fresh = self._fresh, []
        if failed is not None:
            for key in self._prepared.copy() if failed.sqlstate in STALE else fresh:
                self._prepared.pop(key, None)
            raise failed

    def _flush(self) -> None:
        """Send all; meanwhile take in what comes, so that neither side waits for the other."""
        while self._pg.flush():
            if _wait(self._pg.socket, select.POLLIN | select.POLLOUT) & ~select.POLLOUT:
                self._pg.consume_input()

    def _next_result(self) -> Any:  # noqa: ANN401 - libpq's result
        while self._pg.is_busy():
            _wait(self._pg.socket, select.POLLIN)
            self._pg.consume_input()
        return self._pg.get_result()


_numbers = iter(range(1, 2**62))


def _wait(socket: int, events: int) -> int:
    poll = select.poll()
    poll.register(socket, events)
    return poll.poll()[0][1]


@lru_cache(maxsize=4_096)
def _read(sql: str) -> tuple[bytes, tuple[PyFormat, ...]]:
    """Return the statement with PostgreSQL's marks for its parameters, and in which form each goes."""
    formats: list[PyFormat] = []

    def mark(found: "re.Match[str]") -> str:
        if found[1] == "%":
            return "%"
        formats.append(_FORMATS[found[1]])
        return f"${len(formats)}"

    query = _MARK.sub(mark, sql).encode()
    return query, tuple(formats)
