"""The committer: one thread that takes what has come, decides it batch by batch, and answers.

It serves a queue per action in turn. A batch that fails is halved until the bad request stands alone, so that it never
fails its neighbours.
"""

import logging
import selectors
import socket
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from django.db import InterfaceError, OperationalError, connection
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from onebasket.base.committer import wire
from onebasket.base.committer.performing import UnavailableError, perform
from onebasket.base.committer.wire import HotAction
from onebasket.base.tuning import tune_writer

logger = logging.getLogger(__name__)

MAX_REQUESTS = 256
MAX_WEIGHT = 2_000
MAX_QUEUED = 2_048
MAX_FRAME = 64 * 1024 * 1024
_CHUNK = 262_144
_IDLE_SECONDS = 60.0

Chores = Callable[[], float]
"""What the committer's thread does between batches; returns the seconds until it wants to be called again."""


@dataclass(eq=False, slots=True)
class _Caller:
    """A connection: what has come of the next frame, and what could not be sent yet."""

    link: socket.socket
    received: bytearray = field(default_factory=bytearray)
    unsent: bytearray = field(default_factory=bytearray)


@dataclass(eq=False, slots=True)
class _Call:
    """One frame's requests under way: their outcomes so far, or what went wrong with one of them."""

    caller: _Caller
    outcomes: list[Any]
    left: int
    error: Exception | None = None


@dataclass(eq=False, slots=True)
class _Waiting:
    request: Any
    weight: int
    call: _Call
    position: int


class Committer:
    """The one that decides: `actions` by name, each taking a sequence and owning a transaction."""

    def __init__(
        self,
        actions: Mapping[str, HotAction],
        *,
        max_queued: int = MAX_QUEUED,
        chores: Chores | None = None,
    ) -> None:
        """Keep the actions and what is done between batches."""
        self._actions = dict(actions)
        self._queues: dict[str, deque[_Waiting]] = {name: deque() for name in actions}
        self._max_queued = max_queued
        self._chores = chores
        self._figures = CollectorRegistry()
        ProcessCollector(namespace="onebasket_committer", registry=self._figures)
        self._sizes = Histogram(
            "onebasket_batch_requests", "Requests committed together, by action", ["action"],
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256), registry=self._figures,
        )  # fmt: skip
        self._selector = selectors.DefaultSelector()
        self._stop_reader, self._stop_writer = socket.socketpair()
        self._stopping = False
        self._tuned: object = None

    def serve(self, path: Path) -> None:
        """Listen at the path and serve until `stop`; what waits then is still decided and answered."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen(1_024)
            listener.settimeout(0.0)
            self._selector.register(listener, selectors.EVENT_READ, self._accept)
            self._selector.register(self._stop_reader, selectors.EVENT_READ, self._end)
            try:
                while not self._stopping or any(self._queues.values()):
                    self._turn()
            finally:
                self._close(listener)

    def stop(self) -> None:
        """Ask `serve` to end, from any thread or signal handler; once it has ended, that does nothing."""
        with suppress(OSError):
            self._stop_writer.send(b".")

    def _turn(self) -> None:
        pause = _IDLE_SECONDS
        if self._chores is not None:
            pause = self._chores()
        self._receive(0.0 if any(self._queues.values()) else pause)
        for name, queue in self._queues.items():
            if queue:
                self._tune()
                batch = _take(queue)
                self._run(name, batch)
                self._sizes.labels(name).observe(len(batch))

    def _receive(self, seconds: float) -> None:
        for key, events in self._selector.select(seconds):
            if callable(key.data):
                key.data(key.fileobj)
            elif events & selectors.EVENT_WRITE:
                self._send(key.data, b"")
            else:
                self._read(key.data)

    def _accept(self, listener: socket.socket) -> None:
        try:
            link, _ = listener.accept()
        except OSError as error:
            logger.warning("a caller could not be let in: %s", error)
            return
        link.settimeout(0.0)
        self._selector.register(link, selectors.EVENT_READ, _Caller(link))

    def _end(self, reader: socket.socket) -> None:
        reader.recv(1)
        self._stopping = True

    def _read(self, caller: _Caller) -> None:
        try:
            chunk = caller.link.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            self._forget(caller)
            return
        caller.received += chunk
        try:
            while (body := _next_frame(caller.received)) is not None:
                self._hear(caller, body)
        except (msgspec.MsgspecError, KeyError, ValueError, RecursionError):
            logger.exception("a caller is not understood, and let go")
            self._forget(caller)

    def _hear(self, caller: _Caller, body: bytes) -> None:
        asked = wire.decode_asked(body)
        if asked.action == wire.STATE:
            waiting = {name: len(queue) for name, queue in self._queues.items()}
            self._reply(caller, wire.State(waiting, generate_latest(self._figures).decode()))
            return
        queue = self._queues[asked.action]
        if queue and len(queue) + len(asked.weights) > self._max_queued:
            self._reply(caller, wire.Full())
            return
        requests = self._actions[asked.action].requests(asked.requests)
        if len(requests) != len(asked.weights):
            raise ValueError(f"{len(asked.weights)} weights for {len(requests)} requests")
        call = _Call(caller, [None] * len(requests), len(requests))
        queue.extend(
            _Waiting(request, weight, call, position)
            for position, (request, weight) in enumerate(zip(requests, asked.weights, strict=True))
        )
        if not requests:
            self._reply(caller, wire.Answered(msgspec.Raw(b"[]")))

    def _run(self, name: str, batch: Sequence[_Waiting]) -> None:
        action = self._actions[name]
        try:
            outcomes = perform(action.run, [item.request for item in batch])
            if len(outcomes) != len(batch):
                raise RuntimeError(f"{name} gave {len(outcomes)} outcomes for {len(batch)} requests")  # noqa: TRY301
        except Exception as error:  # noqa: BLE001 - whatever failed belongs to the waiting requests
            self._failed(name, batch, error)
            return
        for item, outcome in zip(batch, outcomes, strict=True):
            self._settle(action, item, outcome, None)

    def _failed(self, name: str, batch: Sequence[_Waiting], error: Exception) -> None:
        if isinstance(error, UnavailableError) or len(batch) == 1:
            if not isinstance(error, UnavailableError):
                logger.error("%s failed for one request", name, exc_info=error)
            for item in batch:
                self._settle(self._actions[name], item, None, error)
            return
        middle = len(batch) // 2
        self._run(name, batch[:middle])
        self._run(name, batch[middle:])

    def _settle(self, action: HotAction, item: _Waiting, outcome: object, error: Exception | None) -> None:
        call = item.call
        call.outcomes[item.position] = outcome
        call.error = call.error or error
        call.left -= 1
        if call.left:
            return
        self._reply(call.caller, _reply_to(call, action))

    def _reply(self, caller: _Caller, reply: wire.Reply) -> None:
        self._send(caller, wire.frame(wire.encode(reply)))

    def _send(self, caller: _Caller, more: bytes) -> None:
        """Send what the socket takes; the rest goes when it can take more, and nobody else waits for that."""
        had_to_wait = bool(caller.unsent)
        caller.unsent += more
        try:
            sent = caller.link.send(caller.unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._forget(caller)
            return
        del caller.unsent[:sent]
        if bool(caller.unsent) != had_to_wait:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if caller.unsent else 0)
            self._selector.modify(caller.link, events, caller)

    def _forget(self, caller: _Caller) -> None:
        """Drop a caller that has gone; what it asked for is decided all the same, and found by its key."""
        if caller.link.fileno() >= 0:
            self._selector.unregister(caller.link)
            caller.link.close()

    def _tune(self) -> None:
        """Tune the thread's connection, a new one after each loss."""
        if self._tuned is not None and self._tuned is connection.connection:
            return
        try:
            tune_writer()
        except (OperationalError, InterfaceError) as error:
            logger.warning("the database cannot be reached: %s", error)
        self._tuned = connection.connection

    def _close(self, listener: socket.socket) -> None:
        """Let nobody in before those who are in are let go, or they would come back to us and not to the next."""
        self._selector.unregister(listener)
        listener.close()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, _Caller):
                self._forget(key.data)
        self._selector.close()
        self._stop_reader.close()
        self._stop_writer.close()


def _reply_to(call: _Call, action: HotAction) -> wire.Reply:
    """Return what a call whose requests are all settled is answered."""
    if isinstance(call.error, UnavailableError):
        return wire.Unavailable(str(call.error))
    if call.error is not None:
        return wire.Broken(f"{type(call.error).__name__}: {call.error}")
    try:
        return wire.Answered(msgspec.Raw(action.encode(call.outcomes)))
    except (TypeError, ValueError, OverflowError) as error:
        logger.exception("an outcome cannot be sent")
        return wire.Broken(f"{type(error).__name__}: {error}")


def _take(queue: deque[_Waiting]) -> list[_Waiting]:
    """Take a batch off the queue, bounded by number and by weight."""
    batch: list[_Waiting] = []
    weight = 0
    while queue and len(batch) < MAX_REQUESTS and (not batch or weight + queue[0].weight <= MAX_WEIGHT):
        item = queue.popleft()
        batch.append(item)
        weight += item.weight
    return batch


def _next_frame(received: bytearray) -> bytes | None:
    """Take the first whole frame out of what was received; None while it is not whole."""
    if len(received) < wire.HEAD.size:
        return None
    (length,) = wire.HEAD.unpack_from(received)
    if length > MAX_FRAME:
        raise ValueError(f"a frame of {length} bytes")
    end = wire.HEAD.size + length
    if len(received) < end:
        return None
    body = bytes(received[wire.HEAD.size : end])
    del received[:end]
    return body
