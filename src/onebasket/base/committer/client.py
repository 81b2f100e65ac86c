"""Ask the committer: a request thread sends, and waits on its own socket without a database connection."""

import logging
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from onebasket.base.committer import wire
from onebasket.base.committer.performing import UnavailableError
from onebasket.base.committer.wire import BrokenRequestError, HotAction, QueueFullError

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 15.0
"""How long a committer that is being started again is waited for."""

ENDING_SECONDS = 0.25
"""A process that is being killed lets callers in until it is gone; the next one needs longer than this to start."""

_PAUSE = 0.05
_CHUNK = 65_536


class _Link(socket.socket):
    """A thread's connection, closed with the thread."""

    def __del__(self) -> None:
        self.close()


class Client:
    """The committer as its callers see it, shared between threads: each has a connection of its own."""

    def __init__(self, path: str, actions: Mapping[str, HotAction]) -> None:
        """Keep the socket's path and the actions by name; a thread connects when it first asks."""
        self._path = path
        self._actions = actions
        self._mine = threading.local()

    def commit(self, name: str, requests: Sequence[Any], *, weights: Sequence[int], seconds: float) -> list[Any]:
        """Have the requests decided and return their outcomes, in order; `weights` are their lines.

        Raises:
            QueueFullError: more is waiting than can be answered soon; nothing was done.
            TimeoutError: no answer came within `seconds`, and what became of the requests is not known.
            UnavailableError: the database, or the committer itself, cannot be reached.
            BrokenRequestError: the action failed on one of the requests.
        """
        action = self._actions[name]
        asked = wire.Asked(name, tuple(weights), msgspec.Raw(action.encode(requests)))
        reply = self._ask(asked, seconds)
        if isinstance(reply, wire.Answered):
            outcomes: list[Any] = action.outcomes(reply.outcomes)
            return outcomes
        if isinstance(reply, wire.Full):
            raise QueueFullError
        if isinstance(reply, wire.Unavailable):
            raise UnavailableError(reply.message)
        raise BrokenRequestError(reply.message if isinstance(reply, wire.Broken) else "the committer answered oddly")

    def state(self, *, seconds: float) -> wire.State:
        """Return how the committer is; the errors are those of `commit`."""
        reply = self._ask(wire.Asked(wire.STATE, (), msgspec.Raw(b"[]")), seconds)
        if not isinstance(reply, wire.State):
            raise UnavailableError("the committer answered oddly")
        return reply

    def close(self) -> None:
        """Close this thread's connection."""
        link = getattr(self._mine, "link", None)
        if link is not None:
            link.close()
            self._mine.link = None

    def _ask(self, asked: wire.Asked, seconds: float) -> wire.Reply:
        """Send and wait; once more where the committer ended meanwhile, for every action is safe to repeat."""
        sent = wire.frame(wire.encode(asked))
        until = time.monotonic() + seconds
        left = 2
        while True:
            old, heard = self._has_link(), False
            link = self._link(until)
            try:
                link.settimeout(max(0.001, until - time.monotonic()))
                link.sendall(sent)
                heard = True
                return wire.decode_reply(_received(link))
            except TimeoutError:
                self.close()
                raise
            except OSError as error:
                self.close()
                if old and not heard:  # it ended while nobody asked
                    continue
                left -= 1
                # Who waits for moments alone does not wait for the next committer's start.
                if not left or time.monotonic() + ENDING_SECONDS > until:
                    raise _unreachable(error) from error
                time.sleep(ENDING_SECONDS)

    def _has_link(self) -> bool:
        return getattr(self._mine, "link", None) is not None

    def _link(self, until: float) -> socket.socket:
        """Return this thread's connection; UnavailableError where nobody listens for as long as we wait."""
        link: _Link | None = getattr(self._mine, "link", None)
        until = min(until, time.monotonic() + CONNECT_SECONDS)
        while link is None:
            link = _Link(socket.AF_UNIX)
            try:
                link.connect(self._path)
            except OSError as error:
                link.close()
                link = None
                if time.monotonic() > until:
                    raise _unreachable(error) from error
                time.sleep(_PAUSE)
        self._mine.link = link
        return link


def _unreachable(error: OSError) -> UnavailableError:
    logger.warning("the committer cannot be reached: %s", error)
    return UnavailableError(f"the committer cannot be reached: {error}")


def _received(link: socket.socket) -> bytes:
    received = bytearray()
    needed = wire.HEAD.size
    while len(received) < needed:
        chunk = link.recv(_CHUNK)
        if not chunk:
            raise ConnectionResetError("it ended before it answered")
        received += chunk
        if needed == wire.HEAD.size and len(received) >= needed:
            needed += wire.HEAD.unpack_from(received)[0]
    return bytes(received[wire.HEAD.size :])
