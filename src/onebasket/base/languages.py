"""The languages that our pages speak, and which of them a request asks for."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation.trans_real import parse_accept_lang_header

LANGUAGES = {"en": "English", "de": "Deutsch"}
"""Each by its own name."""

LOCALES = {"en": "en_US", "de": "de_DE"}
"""The locale by which each language writes its figures."""

DEFAULT = "en"


def language_asked(request: HttpRequest) -> str:
    """Return the language chosen in this browser, else the first that it asks for and we speak, else English."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if chosen in LANGUAGES:
        return chosen
    for asked, _quality in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if (language := asked.split("-")[0]) in LANGUAGES:
            return language
    return DEFAULT


def keep_language(response: HttpResponseBase, language: str) -> None:
    """Have the browser keep a language, as Django's own view does; none, and it is asked again what it wants."""
    if language not in LANGUAGES:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
        return
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
