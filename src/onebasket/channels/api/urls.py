"""The API's addresses, its document and its page; anything else below it answers with a problem."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from onebasket.channels.api import (
    availability,
    baskets,
    books,
    catalogue,
    coupons,
    customers,
    events,
    exceptions,
    giftcards,
    holds,
    offers,
    orders,
    partners,
    payments,
    people,
    places,
    prices,
    promotions,
    quarantine,
    receipts,
    reference,
    returns,
    search,
    slots,
    steps,
    stock,
    taxes,
    webhooks,
)
from onebasket.channels.api.application import SECTIONS, api
from onebasket.channels.api.problems import problem, respond

ENDPOINTS = (
    orders, steps, baskets, holds, receipts, availability, stock, exceptions, quarantine, places, slots, catalogue,
    search, offers, customers, people, prices, promotions, coupons, taxes, partners, payments, giftcards, returns,
    books, events, webhooks,
)  # fmt: skip
"""The modules whose endpoints are served: importing them registers their endpoints."""

app_name = "api-1"


@csrf_exempt
def nowhere(_request: HttpRequest, rest: str = "") -> HttpResponse:  # noqa: ARG001 - what the address says
    """Answer an address that the API does not have."""
    return respond(problem(404, "no_endpoint", "The API has no such address; see /api/v1/docs."))


def _with_problem(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
    """Answer a method that an address does not have with a problem, as everything else."""

    @csrf_exempt
    def serve(request: HttpRequest, **parameters: Any) -> HttpResponse:  # noqa: ANN401 - what the path says
        response: HttpResponse = view(request, **parameters)
        if response.status_code == 405:  # noqa: PLR2004 - Method Not Allowed
            allowed = response.headers["Allow"]
            found = problem(405, "method", f"This address answers {allowed}.")
            return respond(found, {"Allow": allowed})
        return response

    return serve


def _endpoints() -> list[URLPattern]:
    """Return the endpoints in the order of the sections: addresses are tried in turn, and orders come most often."""
    sections = list(SECTIONS)
    served = [pattern for pattern in api.urls[0] if isinstance(pattern, URLPattern) and pattern.name != "api-root"]
    served.sort(key=lambda pattern: sections.index(str(pattern.pattern).split("/")[0]))
    return [path(str(pattern.pattern), _with_problem(pattern.callback), name=pattern.name or "") for pattern in served]


urlpatterns = [
    *_endpoints(),
    path("openapi.json", _with_problem(reference.openapi), name="openapi"),
    path("docs", _with_problem(reference.docs), name="docs"),
    path("", nowhere, name="root"),
    path("<path:rest>", nowhere, name="nowhere"),
]
