"""Opening a kiosk: somebody of the store signs in once, binds the machine to the store, and is signed out by that."""

from django.contrib.auth import logout
from django.contrib.auth.decorators import user_passes_test
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.http import require_http_methods

from onebasket.base.languages import LANGUAGES, language_asked
from onebasket.base.typed import text_of
from onebasket.channels.kiosk.enrolment import (
    close_kiosk,
    keep_open,
    kiosk_of,
    kiosks_at,
    open_kiosk,
    places_for,
)
from onebasket.channels.kiosk.guest import Guest
from onebasket.channels.kiosk.visit import AWAY_SECONDS, new_visit, read_visit, write_visit
from onebasket.commerce.access.queries import facts_of
from onebasket.commerce.access.rules import UserFacts, is_staff
from onebasket.commerce.places.rules import PlaceFacts

LONGEST_NAME = 40


@require_http_methods(["GET", "HEAD", "POST"])
@user_passes_test(lambda user: is_staff(facts_of(user)), login_url="pulse:login")
def open_here(request: HttpRequest) -> HttpResponseBase:
    """Choose the store that this machine is to stand at, and open it there; or close one that is open."""
    user = facts_of(request.user)
    places = places_for(user)
    if not places:
        raise PermissionDenied
    with translation.override(language_asked(request)):
        if request.method == "POST":
            return _sent(request, user, places)
        return _page(request, places)


def _sent(request: HttpRequest, user: UserFacts, places: list[PlaceFacts]) -> HttpResponseBase:
    if closing := text_of(request.POST, "close"):
        if closing not in {str(one.id) for one in kiosks_at(places)}:  # a foreign store's is none
            return _page(request, places, wrong=True)
        close_kiosk(int(closing), actor=user.username)
        return redirect("kiosk:open")
    place = next((one for one in places if one.code == text_of(request.POST, "place")), None)
    if place is None:
        return _page(request, places, wrong=True)
    return _opened(request, user, place)


def _opened(request: HttpRequest, user: UserFacts, place: PlaceFacts) -> HttpResponseBase:
    """Bind the machine anew, end what it was before, and sign out whoever did it."""
    before = kiosk_of(request)
    secret = open_kiosk(place, text_of(request.POST, "name", longest=LONGEST_NAME), actor=user.username)
    response = redirect("kiosk:start")
    if before is not None:
        Guest(before, read_visit(request)).leave()
        close_kiosk(before.token, actor=user.username)
    write_visit(response, new_visit(place.code))
    logout(request)
    keep_open(response, secret)
    return response


def _page(request: HttpRequest, places: list[PlaceFacts], *, wrong: bool = False) -> HttpResponse:
    context = {
        "places": places,
        "kiosks": kiosks_at(places),
        "here": kiosk_of(request),
        "away": AWAY_SECONDS,
        "wrong": wrong,
        "languages": LANGUAGES,
        "language": language_asked(request),
    }
    response = render(request, "kiosk/open.html", context, status=422 if wrong else 200)
    response["Cache-Control"] = "private, no-store"
    return response
