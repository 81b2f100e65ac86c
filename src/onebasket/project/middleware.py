"""What stands around a view, by its address: pages have sessions and forms, the API has tokens and JSON."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.common import CommonMiddleware
from django.middleware.gzip import GZipMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

from onebasket.base.languages import language_asked
from onebasket.channels.account.secondfactor import wanted_page
from onebasket.channels.api.problems import problem, respond
from onebasket.project.settings.security import API_POLICY, PERMISSIONS_POLICY, STORE_PERMISSIONS

API = "/api/v1/"
MANUAL = "/api/v1/docs"
DESK = "/desk/"
SHOP = "/shop/"
KIOSK = "/kiosk/"
STORE = "/store/"
ACCOUNT = "/account/"
GO = "/go/"
STATIC = "/static/"
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})

DESK_POLICY = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
}
"""What the back office's Alpine and inline styles need, and nothing else."""

UNKNOWN_HOST = "The hub is not called by the host name of this request; ONEBASKET_ALLOWED_HOSTS names its own."

OPEN_TO_ALL = ("/account/", "/login/", "/logout/", "/shop/")
"""Pages that ask nobody for a second factor: signing in and out, accounts, and what every passer-by sees."""

FRONT = "/"
SPOKEN = (ACCOUNT, STORE, "/login/", "/logout/", "/pulse/")
"""Pages beside the front door that speak every language of ours."""

Handler = Callable[[HttpRequest], HttpResponse]


def is_page(path: str) -> bool:
    """Whether an address is for browsers: everything but the probes and the API, whose manual is a page.

    Probes are asked by address too, whatever the hub is called: nothing that looks at the host stands around them.
    Links to partners send on and know no cookies; what they show instead has its own content policy.
    """
    return path not in PROBES and not path.startswith(GO) and (not path.startswith(API) or path == MANUAL)


def _for_pages(middleware: Any) -> Any:  # noqa: ANN401 - Django's middleware classes have no common type
    """Return the middleware, passed by on the API's addresses: it knows no cookies, and every call pays for it."""

    class ForPages(middleware):  # type: ignore[misc]
        def __call__(self, request: HttpRequest) -> HttpResponse:
            if not is_page(request.path_info):
                return self.get_response(request)  # type: ignore[no-any-return]
            return super().__call__(request)  # type: ignore[no-any-return]

    ForPages.__name__ = ForPages.__qualname__ = f"{middleware.__name__}ForPages"
    return ForPages


static_files = _for_pages(WhiteNoiseMiddleware)
content_policy = _for_pages(CSPMiddleware)
sessions = _for_pages(SessionMiddleware)
common = _for_pages(CommonMiddleware)
authentication = _for_pages(AuthenticationMiddleware)
messages = _for_pages(MessageMiddleware)
htmx = _for_pages(HtmxMiddleware)


def api_headers(get_response: Handler) -> Handler:
    """Say on the API's answers how long they are, and that they are data: nothing to be run, framed or looked into.

    Stands outside of everything: what Django itself refuses with a page is answered with a problem.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not is_page(request.path_info):
            if response.status_code == HTTPStatus.BAD_REQUEST and response.headers["Content-Type"].startswith(
                "text/html"
            ):
                response = respond(problem(400, "host", UNKNOWN_HOST))
            response.headers.setdefault("Content-Security-Policy", API_POLICY)
            if response.status_code != HTTPStatus.NO_CONTENT:  # RFC 9110, section 8.6
                response.headers["Content-Length"] = str(len(response.content))
        return response

    return answer


def compression(get_response: Handler) -> Handler:
    """Compress the shop's pages and what they load: phones read them over slow lines.

    The rest stays as it is: answers to programs are compressed by whoever stands in front, if at all. Pages carry no
    secret that stays the same from answer to answer, and Django pads them against BREACH.
    """
    compressed = GZipMiddleware(get_response)

    def respond(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith((SHOP, STATIC)):
            return compressed(request)  # type: ignore[return-value] # sync in, sync out
        return get_response(request)

    return respond


def desk_policy(get_response: Handler) -> Handler:
    """Loosen the content policy under `/desk/` alone. Stands after django-csp's middleware, which reads the mark."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith(DESK):
            response._csp_replace = DESK_POLICY  # type: ignore[attr-defined]  # noqa: SLF001 (django-csp's own mark)
        return response

    return respond


def permissions_policy(get_response: Handler) -> Handler:
    """Switch off the browser features that no page uses."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        policy = STORE_PERMISSIONS if request.path_info.startswith(STORE) else PERMISSIONS_POLICY
        response.headers.setdefault("Permissions-Policy", policy)
        return response

    return respond


def language(get_response: Handler) -> Handler:
    """Answer in the language that was chosen or the browser asks for; the shop has its own choice, the desk is English.

    Stands around allauth, whose pages and mails speak the same.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if request.path_info != FRONT and not request.path_info.startswith(SPOKEN):
            return get_response(request)
        with translation.override(language_asked(request)):
            response = get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response

    return answer


def second_factor(get_response: Handler) -> Handler:
    """Lead whoever's role asks for a second factor to give one, from every page that is not open to all.

    A page that is made later is closed until it is named open.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if settings.STAFF_MFA_ROLES and is_page(request.path_info) and not request.path_info.startswith(OPEN_TO_ALL):
            address = wanted_page(request)
            if address:
                return HttpResponseRedirect(address)
        return get_response(request)

    return answer
