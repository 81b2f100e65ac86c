"""How an endpoint has its writes decided: as every channel does, and the wait is measured."""

import time
from collections.abc import Sequence
from typing import Any

from onebasket.channels.api import metering
from onebasket.commerce.hotpath.actions.asking import PATIENCE_SECONDS, SOCKET_VARIABLE, committer, run

__all__ = ["PATIENCE_SECONDS", "SOCKET_VARIABLE", "commit", "committer", "run"]


def commit(action: str, requests: Sequence[object], *, weights: Sequence[int]) -> list[Any]:
    """Hand requests to the committer and wait for their outcomes, as `hotpath.actions.asking.commit` does."""
    started = time.monotonic()
    outcomes = committer().commit(action, requests, weights=weights, seconds=PATIENCE_SECONDS)
    metering.observe_commit(action, time.monotonic() - started)
    return outcomes
