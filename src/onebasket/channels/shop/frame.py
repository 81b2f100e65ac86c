"""What stands around every page: the guest, the language, the cookie, and designed answers when something is wrong."""

import logging
from collections.abc import Callable, Mapping
from functools import wraps

from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.cache import patch_vary_headers

from onebasket.base.committer import QueueFullError, UnavailableError
from onebasket.base.gate import GATE
from onebasket.base.languages import LANGUAGES, language_asked
from onebasket.channels.shop import words
from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.reading import OddFormError
from onebasket.channels.shop.visit import Visit, new_visit_id, read_visit, write_visit

RETRY_SECONDS = 5
UNREACHABLE = (DatabaseError, InterfaceError, UnavailableError)
logger = logging.getLogger(__name__)
View = Callable[..., HttpResponseBase]


def shop_page(view: View) -> View:
    """Give a view its guest and language, answer its errors with pages of the shop, and keep what has changed."""

    @wraps(view)
    def shown(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        visit = read_visit(request)
        guest = Guest(visit, language_of(request, visit), request)
        if not visit.id:
            guest.keep(id=new_visit_id())
        with translation.override(guest.language):
            response = _seated(view, request, guest, *args, **kwargs)
        if guest.changed:
            write_visit(response, guest.visit)
        patch_vary_headers(response, ("Cookie", "Accept-Language"))
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return shown


def only_posted(view: View) -> View:
    """Send whoever opens a form's address, by reloading it perhaps, to the front page: there is nothing to see."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        return view(request, *args, **kwargs) if request.method == "POST" else redirect("shop:front")

    return guarded


def language_of(request: HttpRequest, visit: Visit) -> str:
    """Return the language chosen here, else the one that the browser asks for."""
    return visit.language if visit.language in LANGUAGES else language_asked(request)


def show(
    request: HttpRequest, guest: Guest, template: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    """Render a page of the shop, with what there is to tell."""
    around = {
        "guest": guest,
        "languages": LANGUAGES,
        "canonical": request.build_absolute_uri(request.path),
        "told": words.notice(guest.take_said()),
    }
    return render(request, f"shop/{template}.html", {**around, **context}, status=status)


def forbidden(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Say that a form came without our token: from elsewhere, or from a browser that keeps no cookies."""
    del reason

    def view(request: HttpRequest, guest: Guest) -> HttpResponse:
        return _odd(request, guest, "forbidden", status=403)

    return shop_page(view)(request)


def too_many(request: HttpRequest, guest: Guest, seconds: int) -> HttpResponse:
    """Say that somebody has guessed too often, and for how long to wait."""
    return _later(_odd(request, guest, "guessed", status=429, seconds=seconds), seconds)


def _seated(view: View, request: HttpRequest, guest: Guest, *args: object, **kwargs: object) -> HttpResponseBase:
    try:
        with GATE.inside():
            return _answer(view, request, guest, *args, **kwargs)
    except QueueFullError as full:  # nobody left for so long that waiting is no use
        return _unserved(request, guest, full)


def _answer(view: View, request: HttpRequest, guest: Guest, *args: object, **kwargs: object) -> HttpResponseBase:
    try:
        if "\x00" in request.path:  # no text of ours has one, and PostgreSQL would not look for it
            raise Http404  # noqa: TRY301 - answered as what the view does not find
        return view(request, guest, *args, **kwargs)
    except Http404 as missing:
        return _missing(request, guest, str(missing))
    except OddFormError:
        return _odd(request, guest, "odd_form", status=400)
    except (QueueFullError, TimeoutError, *UNREACHABLE) as error:
        return _unserved(request, guest, error)
    except Exception:
        logger.exception("A page of the shop failed")
        return _odd(request, guest, "failed", status=500)


def _unserved(request: HttpRequest, guest: Guest, error: Exception) -> HttpResponse:
    """Say that the hub is busy, late or away; what was sent can be sent again by the same key."""
    if isinstance(error, QueueFullError):
        return _later(_odd(request, guest, "busy", status=503), error.retry_after)
    if isinstance(error, TimeoutError):
        logger.warning("The committer did not answer in time")
        return _later(_odd(request, guest, "late", status=503), RETRY_SECONDS)
    logger.error("A page of the shop cannot be shown", exc_info=error)
    return _later(_odd(request, guest, "unavailable", status=503), RETRY_SECONDS)


def _missing(request: HttpRequest, guest: Guest, said: str) -> HttpResponse:
    try:
        return show(request, guest, "odd", {"kind": "missing", "said": said}, status=404)
    except UNREACHABLE as error:
        return _unserved(request, guest, error)


def _odd(request: HttpRequest, guest: Guest, kind: str, *, status: int, seconds: int = 0) -> HttpResponse:
    """Show a page that reads nothing; what was sent can be sent again from it as it is, by the same key."""
    guest.plain = True
    sent = [(name, value) for name, values in request.POST.lists() for value in values if name != "csrfmiddlewaretoken"]
    return show(request, guest, "odd", {"kind": kind, "sent": sent, "seconds": seconds}, status=status)


def _later(response: HttpResponse, seconds: int) -> HttpResponse:
    response["Retry-After"] = str(seconds)
    return response
