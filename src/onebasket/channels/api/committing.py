"""The process's one committer, and how a request thread waits for it: on a future, without a database connection."""

import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from onebasket.base.committer import Committer, perform
from onebasket.base.quarantine import Unreadable
from onebasket.channels.api import metering
from onebasket.commerce.orders.actions import place_orders, step_orders
from onebasket.commerce.sales.actions import book_sales
from onebasket.commerce.sales.rules.outcomes import ReceiptOutcome
from onebasket.commerce.sales.rules.receipt import Receipt
from onebasket.commerce.stock.actions import book_movements, hold_stock, release_holds
from onebasket.commerce.stock.rules.messages import FactOutcome, StockFact

PATIENCE_SECONDS = 30.0
Outcome = TypeVar("Outcome")


class ReceiptsCall(NamedTuple):
    """The receipts of one HTTP request, and the source that sends them."""

    source_id: int
    items: Sequence[Receipt | Unreadable]


class FactsCall(NamedTuple):
    """The stock facts of one HTTP request, and the source that sends them."""

    source_id: int
    items: Sequence[StockFact | Unreadable]


class ReleaseCall(NamedTuple):
    """A hold to give back, and the source that took it."""

    source_id: int
    hold: UUID


def book_receipts(calls: Sequence[ReceiptsCall]) -> list[list[ReceiptOutcome]]:
    """Book the receipts of several requests, those of one source together; return the outcomes of each request."""
    return _by_source(calls, book_sales)


def book_facts(calls: Sequence[FactsCall]) -> list[list[FactOutcome]]:
    """Book the stock facts of several requests, those of one source together; return the outcomes of each request."""
    return _by_source(calls, book_movements)


def release(calls: Sequence[ReleaseCall]) -> list[int]:
    """Give holds back, each on its own; return how many lines each freed."""
    return [release_holds([call.hold], source_id=call.source_id) for call in calls]


def _by_source(calls: Sequence[Any], book: Callable[[int, Sequence[Any]], Sequence[Any]]) -> list[list[Any]]:
    answers: dict[int, list[Any]] = {}
    for source in dict.fromkeys(call.source_id for call in calls):
        mine = [index for index, call in enumerate(calls) if call.source_id == source]
        outcomes = iter(book(source, [item for index in mine for item in calls[index].items]))
        for index in mine:
            answers[index] = [next(outcomes) for _ in calls[index].items]
    return [answers[index] for index in range(len(calls))]


ACTIONS: dict[str, Callable[[Sequence[Any]], Sequence[Any]]] = {
    "orders": place_orders,
    "steps": step_orders,
    "holds": hold_stock,
    "releases": release,
    "receipts": book_receipts,
    "facts": book_facts,
}


@cache
def committer() -> Committer:
    """Return the process's committer; its thread starts with the first request."""
    return Committer({name: metering.measured(name, action) for name, action in ACTIONS.items()})


def commit(action: str, requests: Sequence[object], *, weights: Sequence[int]) -> list[Any]:
    """Hand requests to the committer and wait for their outcomes, in order; `weights` are their lines.

    Raises:
        QueueFullError: more is waiting than can be answered soon.
        TimeoutError: no answer came in time, and what became of the requests is not known.
        UnavailableError: the database cannot be reached or cannot write.
    """
    started = time.monotonic()
    submit = committer().submit
    futures = [submit(action, request, weight=weight) for request, weight in zip(requests, weights, strict=True)]
    deadline = started + PATIENCE_SECONDS
    outcomes = [future.result(max(0.0, deadline - time.monotonic())) for future in futures]
    metering.COMMIT_SECONDS.labels(action).observe(time.monotonic() - started)
    return outcomes


def run(action: Callable[[], Outcome]) -> Outcome:
    """Run an action of the cold path in this thread, repeated when it loses a race."""
    (outcome,) = perform(lambda _: [action()], [None])
    return outcome  # type: ignore[no-any-return]
