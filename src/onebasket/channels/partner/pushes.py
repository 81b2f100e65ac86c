"""A partner's push: read whole and small, verified, kept once, answered; nothing else is done while it waits."""

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from onebasket.base.committer import UnavailableError
from onebasket.base.guesses import Guesses
from onebasket.commerce.partners.actions.pushing import Taken, note_forged, take_push

MOST_BYTES = 64 * 1024
"""A push says what to ask for: it is small."""
MOST_FORGED, WINDOW_SECONDS = 20, 60.0
FORGED = Guesses(MOST_FORGED, WINDOW_SECONDS)
"""Pushes that no partner signed, as this process has seen them by partner and address; too many shut the door."""
PROBLEM = "application/problem+json"

_ANSWERS: dict[Taken, tuple[int, str]] = {
    "kept": (200, "It is kept."),
    "known": (200, "It was kept before."),
    "odd": (200, "It could not be read, and people will look at it."),
    "forged": (401, "It is not signed with the secret that we share."),
    "unknown_partner": (404, "There is nobody here who pushes."),
    "unavailable": (503, "It cannot be verified just now."),
}


@csrf_exempt  # whoever has a session has no part in it: a push is signed
@require_POST
def push(request: HttpRequest, code: str) -> HttpResponse:
    """Take a push in: 200 kept (also a second time), 401 forged, 404 unknown partner, 413 too large, 429, 503."""
    who = (code, _address(request))
    if FORGED.is_blocked(who):
        return _say(429, "Too many pushes from this address were not signed.", wait=int(WINDOW_SECONDS))
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return _say(413, f"A push has at most {MOST_BYTES} bytes.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        taken = take_push(code, headers, body)
        if taken == "forged":
            FORGED.note_wrong(who)
            if FORGED.is_blocked(who):
                note_forged(code, MOST_FORGED)
    except (DatabaseError, InterfaceError, UnavailableError):
        return _say(503, "It cannot be kept just now.", wait=5)
    status, words = _ANSWERS[taken]
    return JsonResponse({"outcome": taken}) if status == 200 else _say(status, words)  # noqa: PLR2004 - OK


def _say(status: int, words: str, *, wait: int = 0) -> HttpResponse:
    """Return a problem (RFC 9457)."""
    answer = JsonResponse(
        {"type": "about:blank", "status": status, "detail": words}, status=status, content_type=PROBLEM
    )
    if wait:
        answer["Retry-After"] = str(wait)
    if status == 401:  # noqa: PLR2004 - RFC 9110, section 15.5.2
        answer["WWW-Authenticate"] = "HMAC-SHA256"
    return answer


def _address(request: HttpRequest) -> str:
    """Return where a request came from: behind a proxy that is trusted, the address that it was told."""
    if settings.SECURE_PROXY_SSL_HEADER and (told := request.headers.get("X-Forwarded-For", "")):
        return told.rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
