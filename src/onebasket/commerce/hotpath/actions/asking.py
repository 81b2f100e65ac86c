"""How a channel has its writes decided: it asks the committer, and holds no database connection meanwhile."""

import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from onebasket.base.committer import Client, Committer, perform
from onebasket.base.committer.beside import serve_beside
from onebasket.commerce.hotpath.actions import ACTIONS

SOCKET_VARIABLE = "ONEBASKET_COMMITTER"
"""The environment variable by which a hub tells its serving processes where its committer listens."""

PATIENCE_SECONDS = 30.0
Outcome = TypeVar("Outcome")


@cache
def committer() -> Client:
    """Return the committer: the hub's, or where the process was not started by a hub, one in a thread of its own."""
    path = os.environ.get(SOCKET_VARIABLE) or serve_beside(Committer(ACTIONS))[0]
    return Client(path, ACTIONS)


def commit(action: str, requests: Sequence[object], *, weights: Sequence[int]) -> list[Any]:
    """Hand requests to the committer and wait for their outcomes, in order; `weights` are their lines.

    Raises:
        QueueFullError: more is waiting than can be answered soon.
        TimeoutError: no answer came in time, and what became of the requests is not known.
        UnavailableError: the database cannot be reached or cannot write.
    """
    return committer().commit(action, requests, weights=weights, seconds=PATIENCE_SECONDS)


def run(action: Callable[[], Outcome]) -> Outcome:
    """Run an action of the cold path in this thread, repeated when it loses a race."""
    (outcome,) = perform(lambda _: [action()], [None])
    return outcome  # type: ignore[no-any-return]
