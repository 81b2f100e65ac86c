"""Is the process alive, can it serve, and what it measures."""

from collections.abc import Callable
from functools import wraps

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from onebasket.base.committer import State, UnavailableError
from onebasket.base.database_file import require_the_file
from onebasket.channels.api.committing import committer
from onebasket.channels.api.metering import EVENTS_WAITING, QUEUED, REGISTRY, RELAY_LAG, count_events_waiting
from onebasket.channels.api.problems import ProblemError, problem, respond, translate
from onebasket.channels.api.tokens import admit

LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")
SAFE = ("GET", "HEAD")
STATE_SECONDS = 2.0
Probe = Callable[[HttpRequest], HttpResponse]

_migrated: set[str] = set()


def probe(view: Probe) -> Probe:
    """Answer GET and HEAD, uncached; anything else with a problem."""

    @wraps(view)
    def serve(request: HttpRequest) -> HttpResponse:
        if request.method not in SAFE:
            return respond(problem(405, "method", "This address answers GET and HEAD."), {"Allow": ", ".join(SAFE)})
        response = view(request)
        response.headers["Cache-Control"] = "no-store"
        return response

    return serve


@probe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view takes its request
    """Say that the process is alive; asks nobody."""
    return JsonResponse({"status": "alive"})


@probe
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view takes its request
    """Say whether the process can serve: database, migrations and committer; 503 with reasons where not."""
    reasons = [reason for reason in (_database_reason(), _committer_reason()) if reason]
    if not reasons:
        return JsonResponse({"status": "ready"})
    return JsonResponse({"status": "not ready", "reasons": reasons}, status=503, headers={"Retry-After": "2"})


@probe
def metrics(request: HttpRequest) -> HttpResponse:
    """Give Prometheus what the process measures: to this machine, or to a token of scope metrics:read."""
    try:
        if not _is_local(request):
            admit(request, "metrics:read")
    except (ProblemError, DatabaseError) as error:
        return translate(error)
    try:
        state = committer().state(seconds=STATE_SECONDS)
    except (UnavailableError, TimeoutError):
        state = State({}, "")
    for action, waiting in state.waiting.items():
        QUEUED.labels(action).set(waiting)
    try:
        waiting, lag = count_events_waiting()
    except DatabaseError:
        waiting, lag = 0, float("nan")  # its absence must not hide the other figures
    EVENTS_WAITING.set(waiting)
    RELAY_LAG.set(lag)
    text = generate_latest(REGISTRY) + state.measured.encode()
    return HttpResponse(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _is_local(request: HttpRequest) -> bool:
    """Whether the caller is on this machine itself, and no proxy on it speaks for somebody else."""
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not any(name in request.META for name in FORWARDED)


def _database_reason() -> str:
    try:
        require_the_file()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _migrated:
            executor = MigrationExecutor(connection)
            if missing := executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return f"The database lacks {len(missing)} migrations."
            _migrated.add("all")
    except DatabaseError:
        return "The database does not answer."
    return ""


def _committer_reason() -> str:
    try:
        committer().state(seconds=STATE_SECONDS)
    except (UnavailableError, TimeoutError):
        return "The committer does not answer."
    return ""
