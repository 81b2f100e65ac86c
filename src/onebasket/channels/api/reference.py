"""The API's own description: the OpenAPI document, and a page that shows it."""

from functools import cache

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onebasket.channels.api.application import api
from onebasket.channels.api.contract import JSON


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view takes its request
    """Return the OpenAPI 3.1 document; whoever may read the manual may read it."""
    return HttpResponse(_document(), content_type=JSON)


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the reference."""
    return render(request, "api/docs.html")


@cache
def _document() -> bytes:
    return msgspec.json.encode(api.document())
