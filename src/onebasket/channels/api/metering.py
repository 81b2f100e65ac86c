"""What the process measures of itself, for Prometheus: each figure costs about a microsecond."""

from collections.abc import Sequence
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.base.columns import as_instant

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

REQUESTS = Counter(
    "onebasket_http_requests", "API requests by route, method and status", ["route", "method", "status"],
    registry=REGISTRY,
)  # fmt: skip
OUTCOMES = Counter(
    "onebasket_outcomes", "What hot writes were answered, by action and outcome", ["action", "outcome"],
    registry=REGISTRY,
)  # fmt: skip
COMMIT_SECONDS = Histogram(
    "onebasket_commit_seconds", "From handing a request to the committer to its outcome, by action", ["action"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10, 30), registry=REGISTRY,
)  # fmt: skip
QUEUED = Gauge(
    "onebasket_queued_requests", "Requests that wait for the committer, by action", ["action"], registry=REGISTRY
)
EVENTS_WAITING = Gauge("onebasket_events_waiting", "Events that wait for their position", registry=REGISTRY)
RELAY_LAG = Gauge("onebasket_relay_lag_seconds", "Age of the oldest event without a position", registry=REGISTRY)


def count_outcomes(action: str, outcomes: Sequence[object]) -> None:
    """Count outcomes by what they are: a placed order, a refusal, a quarantined receipt."""
    for outcome in outcomes:
        _outcome(action, type(outcome).__name__).inc()


def observe_commit(action: str, seconds: float) -> None:
    """Take in how long the committer took from a request's arrival to its outcome."""
    _commit_seconds(action).observe(seconds)


@cache
def _outcome(action: str, name: str) -> Counter:
    return OUTCOMES.labels(action, name)


@cache
def _commit_seconds(action: str) -> Histogram:
    return COMMIT_SECONDS.labels(action)


def count_events_waiting() -> tuple[int, float]:
    """Return how many events wait for their position, and the age of the oldest in seconds."""
    ((count, oldest),) = bulk.fetch("SELECT COUNT(*), MIN(occurred_at) FROM base_event WHERE position IS NULL")
    since = as_instant(oldest)
    return count, 0.0 if since is None else max(0.0, (database_now() - since).total_seconds())
