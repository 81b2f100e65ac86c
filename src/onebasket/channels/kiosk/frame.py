"""What stands around every page: the kiosk, the visit and its end, the language, and designed answers to errors."""

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from time import time

from django.contrib.auth import logout
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from onebasket.base.committer import QueueFullError, UnavailableError
from onebasket.base.gate import GATE
from onebasket.base.languages import LANGUAGES, language_asked
from onebasket.base.typed import OddFormError
from onebasket.channels.kiosk import words
from onebasket.channels.kiosk.enrolment import keep_open, kiosk_of
from onebasket.channels.kiosk.guest import Guest
from onebasket.channels.kiosk.visit import Visit, is_over, read_visit, write_visit

IDLE_SECONDS = 60
"""So long nobody touches anything, then the kiosk asks whether anybody is there."""
COUNT_SECONDS = 20
"""So long it counts down to its end, in sight: nobody who only reads slowly loses anything."""
RETRY_SECONDS = 5
UNREACHABLE = (DatabaseError, InterfaceError, UnavailableError)
logger = logging.getLogger(__name__)
View = Callable[..., HttpResponseBase]
Page = Callable[[Guest], HttpResponseBase]


def kiosk_page(view: View, *, first: bool = False) -> View:
    """Give a view its guest, and answer its errors with pages of the kiosk; nothing of it is kept by any browser.

    Every page but the `first` carries the name of its visit: one of a visit that has ended leads to the first page,
    so that nobody goes back to what somebody else was looking at. Whoever of the store was signed in is signed out.
    """

    @wraps(view)
    def shown(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        visit = read_visit(request)
        language = visit.language if visit.language in LANGUAGES else language_asked(request)
        with translation.override(language):
            response = _admitted(
                lambda guest: view(request, guest, *args, **kwargs), request, visit, language, first=first
            )
        patch_vary_headers(response, ("Cookie", "Accept-Language"))
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return shown


def first_page(view: View) -> View:
    """Give the first page its guest: it is there for whoever comes."""
    return kiosk_page(view, first=True)


def only_posted(view: View) -> View:
    """Send whoever opens a form's address, by reloading it perhaps, to the first page: there is nothing to see."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        return view(request, *args, **kwargs) if request.method == "POST" else redirect("kiosk:start")

    return guarded


def show(
    request: HttpRequest, guest: Guest, template: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    """Render a page of the kiosk, with what there is to tell."""
    around = {
        "guest": guest,
        "languages": LANGUAGES,
        "told": words.notice(guest.take_said()),
        "idle": IDLE_SECONDS,
        "count": COUNT_SECONDS,
    }
    return render(request, f"kiosk/{template}.html", {**around, **context}, status=status)


def forbidden(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Say that a form came without our token."""
    del reason

    def view(request: HttpRequest, guest: Guest) -> HttpResponse:
        return _odd(request, guest, "forbidden", status=403)

    return first_page(view)(request)


def _admitted(page: Page, request: HttpRequest, visit: Visit, language: str, *, first: bool) -> HttpResponseBase:
    try:
        with GATE.inside():
            kiosk = kiosk_of(request)
            guest = Guest(kiosk, visit, language) if kiosk else None
            if guest is None or guest.stores.chosen is None:
                return render(request, "kiosk/closed.html", {"languages": LANGUAGES, "language": language}, status=403)
            if request.user.is_authenticated:
                logout(request)
            response = _visited(page, request, guest, first=first)
            if not guest.silent:
                guest.keep(seen=int(time()))
                write_visit(response, guest.visit)
                keep_open(response, guest.kiosk.secret)
            return response
    except (QueueFullError, *UNREACHABLE):
        logger.exception("A page of the kiosk cannot be shown")
        away = render(request, "kiosk/away.html", {"language": language, "retry": RETRY_SECONDS}, status=503)
        return _later(away, RETRY_SECONDS)


def _visited(page: Page, request: HttpRequest, guest: Guest, *, first: bool) -> HttpResponseBase:
    if is_over(guest.visit, guest.kiosk.place, now=time()):
        guest.leave()
    if not first and request.GET.get("v") != guest.visit.id:
        return _begin_anew(request)
    try:
        if "\x00" in request.path:  # no text of ours has one, and PostgreSQL would not look for it
            raise Http404  # noqa: TRY301 - answered as what the view does not find
        return page(guest)
    except Http404 as missing:
        return _odd(request, guest, "missing", status=404, said=str(missing))
    except OddFormError:
        return _odd(request, guest, "odd_form", status=400)
    except (QueueFullError, TimeoutError, *UNREACHABLE) as error:
        return _unserved(request, guest, error)
    except Exception:
        logger.exception("A page of the kiosk failed")
        return _odd(request, guest, "failed", status=500)


def _begin_anew(request: HttpRequest) -> HttpResponseBase:
    """Lead to the first page, whole, also where only a part of a page was asked for."""
    if not request.htmx:  # type: ignore[attr-defined] # django-htmx's mark
        return redirect("kiosk:start")
    response = HttpResponse(status=204)
    response["HX-Redirect"] = reverse("kiosk:start")
    return response


def _unserved(request: HttpRequest, guest: Guest, error: Exception) -> HttpResponse:
    """Say that the hub is busy, late or away; what was sent can be sent again by the same key."""
    if isinstance(error, QueueFullError):
        return _later(_odd(request, guest, "busy", status=503), error.retry_after)
    if isinstance(error, TimeoutError):
        logger.warning("The committer did not answer in time")
        return _later(_odd(request, guest, "late", status=503), RETRY_SECONDS)
    logger.error("A page of the kiosk cannot be shown", exc_info=error)
    return _later(_odd(request, guest, "unavailable", status=503), RETRY_SECONDS)


def _odd(request: HttpRequest, guest: Guest, kind: str, *, status: int, said: str = "") -> HttpResponse:
    """Show a page that reads nothing; what was sent can be sent again from it as it is, by the same key."""
    guest.plain = True
    sent = [(name, value) for name, values in request.POST.lists() for value in values if name != "csrfmiddlewaretoken"]
    return show(request, guest, "odd", {"kind": kind, "sent": sent, "said": said}, status=status)


def _later(response: HttpResponse, seconds: int) -> HttpResponse:
    response["Retry-After"] = str(seconds)
    return response
