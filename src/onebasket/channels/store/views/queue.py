"""What waits at the place, and the choice of the place."""

from django.contrib.auth.decorators import user_passes_test
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from onebasket.base.clock import database_now
from onebasket.channels.store.associate import PLACE, Associate, associate_of, at_work, places_of
from onebasket.channels.store.pages import show
from onebasket.commerce.access.queries import facts_of
from onebasket.commerce.access.rules import is_staff
from onebasket.commerce.fulfilment.queries.picking import orders_ready, orders_to_pick


@require_safe
@at_work
def front(request: HttpRequest, who: Associate) -> HttpResponseBase:
    """Show what is to be picked, what waits to be collected, and what nobody came for."""
    now = database_now()
    ready, late = orders_ready(who.at.code, now=now)
    lists = {"to_pick": orders_to_pick(who.at.code, now=now), "ready": ready, "late": late}
    return show(request, who, "queue", {"page": "queue", **lists})


@require_http_methods(["GET", "HEAD", "POST"])
@user_passes_test(lambda user: is_staff(facts_of(user)), login_url="pulse:login")
def places(request: HttpRequest) -> HttpResponseBase:
    """Choose the place at which one works, out of those that one may."""
    who = associate_of(request)
    allowed = places_of(who.user)
    if request.method == "POST":
        if request.POST.get("place", "") in {place.code for place in allowed}:
            request.session[PLACE] = request.POST["place"]
            return redirect("store:front")
        return render(request, "store/places.html", {"who": who, "places": allowed, "wrong": True}, status=422)
    return render(request, "store/places.html", {"who": who, "places": allowed, "page": "places"})
