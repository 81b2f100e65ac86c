"""Statements that are sent together and answered in their order, on PostgreSQL: libpq's pipeline, by the driver's own layer.

A statement that is waited for costs two switches between processes. psycopg's pipeline spares the waits but still sends
each statement by itself; here nothing is sent until an answer is wanted, and each statement is prepared once.
"""

import re
import select
from collections import deque
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
_MARK = re.compile(r"%(.)")
_FORMATS = {"s": PyFormat.AUTO, "b": PyFormat.BINARY, "t": PyFormat.TEXT}
_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
_prepared: "WeakKeyDictionary[psycopg.Connection[Any], dict[tuple[str, tuple[int, ...]], bytes]]" = WeakKeyDictionary()


class Answer:
    """What a statement that was sent comes to; asking for it sends what is waiting and receives up to here."""

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
            self._pipeline.receive(self)
        return self._result


class Pipeline:
    """A connection's statements under way. After an error nothing more is answered: the transaction is to be given up."""

    def __init__(self, link: "psycopg.Connection[Any]") -> None:
        self._link = link
        self._pg = link.pgconn
        self._transformer = Transformer(link)
        self._prepared = _prepared.setdefault(link, {})
        self._fresh: list[tuple[str, tuple[int, ...]]] = []
        self._waiting: deque[Answer | None] = deque()
        self._begun = False

    def send(self, sql: str, parameters: Sequence[Any]) -> Answer:
        """Take a statement; it goes to the server with the next answer that is wanted, or at the end."""
        if not self._begun:
            self._begin()
        query, formats = _read(sql)
        values = self._transformer.dump_sequence(parameters, formats) if parameters else []
        types = tuple(self._transformer.types or ()) if parameters else ()
        kinds = self._transformer.formats if parameters else []
        name = self._prepared.get((sql, types)) or self._prepare(sql, query, types)
        if name is None:
            self._pg.send_query_params(query, values, types, kinds)
        else:
            self._pg.send_query_prepared(name, values, kinds)
        answer = Answer(self)
        self._waiting.append(answer)
        return answer

    def receive(self, wanted: Answer) -> None:
        """Receive answers up to and with this one.

        Raises:
            psycopg.Error: a statement failed; the pipeline is over.
        """
        if not self._begun:
            raise errors.PipelineAborted("the statement was not answered before its pipeline ended")
        self._pg.send_flush_request()
        self._flush()
        while self._waiting:
            answer = self._waiting.popleft()
            self._take(answer)
            if answer is wanted:
                return

    def end(self) -> None:
        """Send what is waiting, receive every answer, and leave the connection to whoever comes next.

        Raises:
            psycopg.Error: a statement failed.
        """
        if not self._begun:
            return
        try:
            self._pg.pipeline_sync()
            self._flush()
            while self._waiting:
                self._take(self._waiting.popleft())
            self._synced()
        finally:
            self._leave()

    def abandon(self) -> None:
        """Leave the connection after an error, whatever is still under way."""
        if not self._begun:
            return
        try:
            with suppress(psycopg.Error):
                self._pg.pipeline_sync()
                self._flush()
                self._synced()
        finally:
            self._leave()

    def load(self, result: Any) -> list[Row]:  # noqa: ANN401 - libpq's result
        """Return a result's rows as Python values."""
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)  # type: ignore[arg-type] # a row is a tuple

    def _begin(self) -> None:
        idle = self._pg.transaction_status == TransactionStatus.IDLE
        self._pg.enter_pipeline_mode()
        self._begun = True
        if idle and not self._link.autocommit:
            self._pg.send_query_params(b"BEGIN", None)
            self._waiting.append(None)

    def _prepare(self, sql: str, query: bytes, types: tuple[int, ...]) -> bytes | None:
        if len(self._prepared) >= MOST_PREPARED:
            return None
        name = b"ob_%d" % _next_number()
        self._pg.send_prepare(name, query, types)
        self._waiting.append(None)
        self._prepared[sql, types] = name
        self._fresh.append((sql, types))
        return name

    def _take(self, answer: Answer | None) -> None:
        result = self._next_result()
        if result is None or result.status not in _GOOD:
            self._fail(result)
        while self._next_result() is not None:
            pass
        if answer is not None:
            answer.take(result)

    def _fail(self, result: Any) -> None:  # noqa: ANN401 - libpq's result
        """Give up: what was to be prepared since may not be."""
        for key in self._fresh:
            self._prepared.pop(key, None)
        self._waiting.clear()
        if result is None:
            raise errors.OperationalError("the connection to the server ended")
        if result.status == ExecStatus.PIPELINE_ABORTED:
            raise errors.PipelineAborted("a statement before failed")
        raise errors.error_from_result(result)

    def _flush(self) -> None:
        """Send all; meanwhile take in what comes, so that neither side waits for the other."""
        while self._pg.flush():
            ready = _wait(self._pg.socket, select.POLLIN | select.POLLOUT)
            if ready & ~select.POLLOUT:
                self._pg.consume_input()

    def _next_result(self) -> Any:  # noqa: ANN401 - libpq's result
        while self._pg.is_busy():
            _wait(self._pg.socket, select.POLLIN)
            self._pg.consume_input()
        return self._pg.get_result()

    def _synced(self) -> None:
        """Pass over results until the end of the pipeline is told."""
        missing = 0
        while missing < 2:  # noqa: PLR2004 - nothing twice in a row: nothing more will come
            result = self._next_result()
            if result is None:
                missing += 1
                continue
            missing = 0
            if result.status == ExecStatus.PIPELINE_SYNC:
                return

    def _leave(self) -> None:
        self._begun = False
        self._fresh.clear()
        self._waiting.clear()
        with suppress(psycopg.Error):
            self._pg.exit_pipeline_mode()


_numbers = iter(range(1, 2**62))


def _next_number() -> int:
    return next(_numbers)


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
