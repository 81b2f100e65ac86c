"""Every error that the API answers with, as RFC 9457 problem details; the one place where errors become answers."""

import logging
from concurrent.futures import TimeoutError as FutureTimeoutError
from http import HTTPStatus

import msgspec
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse

from onebasket.base.committer import QueueFullError, UnavailableError
from onebasket.commerce.orders.rules.messages import Shortfall
from onebasket.commerce.orders.rules.offering import OfferChange

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
SEND_AGAIN = "Send the request again with the same key: it takes effect once, however often it is sent."
REALM = 'Bearer realm="onebasket"'


class FieldProblem(msgspec.Struct, frozen=True):
    """What is wrong with one field of the request: where (`lines[0].quantity`; empty for the whole) and what."""

    field: str
    message: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refused or failed request (RFC 9457). `code` says which problem it is, for programs; `detail` is for people.

    Refused promises name their `shortfalls`, refused names their `skus`, refused steps the `order_status`, pruned
    events the `oldest` position that is kept, refused checkouts the `total` that the basket comes to, the `offers` of
    partners that are not as they were agreed to, and the `offers_total` that these come to.
    """

    title: str
    status: int
    code: str
    detail: str
    type: str = "about:blank"
    errors: tuple[FieldProblem, ...] = ()
    place: str = ""
    shortfalls: tuple[Shortfall, ...] = ()
    skus: tuple[str, ...] = ()
    order_status: str = ""
    oldest: int = 0
    total: int | None = None
    offers: tuple[OfferChange, ...] = ()
    offers_total: int | None = None


class ProblemError(Exception):
    """The request ends with this problem, and with these headers."""

    def __init__(self, problem: Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.headers = headers or {}


_encode = msgspec.json.Encoder(enc_hook=str).encode


def problem(status: int, code: str, detail: str, **more: object) -> Problem:
    """Return a problem whose title is the status's own phrase."""
    return Problem(HTTPStatus(status).phrase, status, code, detail, **more)  # type: ignore[arg-type]


def refuse(status: int, code: str, detail: str, **more: object) -> ProblemError:
    """Return the error that ends a request with a problem."""
    return ProblemError(problem(status, code, detail, **more))


def unknown(what: str) -> ProblemError:
    """Return the error for a row that does not exist, or that the token may not see: nobody learns which."""
    return refuse(404, "unknown", f"There is no such {what}.")


def respond(found: Problem, headers: dict[str, str] | None = None) -> HttpResponse:
    """Return a problem as an HTTP answer."""
    response = HttpResponse(_encode(found), content_type=CONTENT_TYPE, status=found.status, headers=headers)
    response._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001 - Django's mark: a refusal is no news
    return response


def translate(error: Exception) -> HttpResponse:
    """Return the answer to a request that ended with an error; what nobody foresaw is logged and answered with 500."""
    if isinstance(error, ProblemError):
        return respond(error.problem, error.headers)
    if isinstance(error, QueueFullError):
        detail = f"More is waiting than can be answered soon. {SEND_AGAIN}"
        return respond(problem(503, "busy", detail), {"Retry-After": str(QueueFullError.retry_after)})
    if isinstance(error, FutureTimeoutError | TimeoutError):
        detail = f"The answer took too long, and what became of the request is not known. {SEND_AGAIN}"
        return respond(problem(503, "late", detail), {"Retry-After": "1"})
    if isinstance(error, UnavailableError | OperationalError | InterfaceError):
        if not isinstance(error, UnavailableError):
            logger.warning("the database cannot serve: %s", error)
        detail = f"The database cannot be reached or cannot write, so the request was not confirmed. {SEND_AGAIN}"
        return respond(problem(503, "unavailable", detail), {"Retry-After": str(UnavailableError.retry_after)})
    logger.error("a request failed", exc_info=error)
    detail = f"The request failed through no fault of yours; it is in the log. {SEND_AGAIN}"
    return respond(problem(500, "failed", detail))
