"""What stands around every page: the guest, the language, the cookie, and designed answers when something is wrong."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any

import msgspec
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from onebasket.channels.shop.departments import Departments, departments
from onebasket.channels.shop.stores import Stores, stores_for
from onebasket.channels.shop.visit import Visit, read_visit, write_visit
from onebasket.commerce.places.rules import PlaceFacts

LANGUAGES = {"en": "English", "de": "Deutsch"}
"""The languages that the shop speaks, each by its own name."""

RETRY_SECONDS = 5
logger = logging.getLogger(__name__)
View = Callable[..., HttpResponseBase]


@dataclass
class Guest:
    """Who looks: the visit, and what every page shows of it, read at most once a request."""

    visit: Visit
    language: str
    plain: bool = False
    """A page that reads nothing: it stands when the database does not answer."""
    changed: bool = field(default=False, init=False)

    @cached_property
    def stores(self) -> Stores:
        """Return the open stores and the one chosen."""
        return stores_for(self.visit)

    @property
    def store(self) -> PlaceFacts | None:
        """Return the store chosen."""
        return None if self.plain else self.stores.chosen

    @cached_property
    def departments(self) -> Departments:
        """Return the chain's departments."""
        return departments()

    def keep(self, **changes: Any) -> None:  # noqa: ANN401 - fields of the visit
        """Change the visit; the answer carries its cookie."""
        self.visit = msgspec.structs.replace(self.visit, **changes)
        self.changed = True


def shop_page(view: View) -> View:
    """Give a view its guest and language, answer its errors with pages of the shop, and keep what has changed."""

    @wraps(view)
    def shown(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        visit = read_visit(request)
        guest = Guest(visit, language_of(request, visit))
        with translation.override(guest.language):
            response = _answer(view, request, guest, *args, **kwargs)
        if guest.changed:
            write_visit(response, guest.visit)
        patch_vary_headers(response, ("Cookie", "Accept-Language"))
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return shown


def language_of(request: HttpRequest, visit: Visit) -> str:
    """Return the language chosen, else the first that the browser asks for and the shop speaks, else English."""
    if visit.language in LANGUAGES:
        return visit.language
    for asked, _quality in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if (language := asked.split("-")[0]) in LANGUAGES:
            return language
    return "en"


def show(
    request: HttpRequest, guest: Guest, template: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    """Render a page of the shop."""
    around = {"guest": guest, "languages": LANGUAGES, "canonical": request.build_absolute_uri(request.path)}
    return render(request, f"shop/{template}.html", {**around, **context}, status=status)


def forbidden(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Say that a form came without our token: from elsewhere, or from a browser that keeps no cookies."""
    del reason

    def view(request: HttpRequest, guest: Guest) -> HttpResponse:
        guest.plain = True
        return _odd(request, guest, "forbidden", status=403)

    return shop_page(view)(request)


def _answer(view: View, request: HttpRequest, guest: Guest, *args: object, **kwargs: object) -> HttpResponseBase:
    try:
        return view(request, guest, *args, **kwargs)
    except Http404 as missing:
        return _missing(request, guest, str(missing))
    except (DatabaseError, InterfaceError):
        logger.exception("A page of the shop cannot be shown")
        return _unavailable(request, guest)
    except Exception:
        logger.exception("A page of the shop failed")
        guest.plain = True
        return _odd(request, guest, "failed", status=500)


def _missing(request: HttpRequest, guest: Guest, said: str) -> HttpResponse:
    try:
        return _odd(request, guest, "missing", status=404, said=said)
    except (DatabaseError, InterfaceError):
        logger.exception("A page of the shop cannot be shown")
        return _unavailable(request, guest)


def _unavailable(request: HttpRequest, guest: Guest) -> HttpResponse:
    guest.plain = True
    response = _odd(request, guest, "unavailable", status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _odd(request: HttpRequest, guest: Guest, kind: str, *, status: int, said: str = "") -> HttpResponse:
    return show(request, guest, "odd", {"kind": kind, "said": said}, status=status)
