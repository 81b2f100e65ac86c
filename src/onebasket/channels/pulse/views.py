"""The front door, the log-in, the pulse with its polled figures, and the single receipt, order and shelf."""

from functools import partial
from typing import Any
from uuid import UUID

from allauth.account.utils import perform_login
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from onebasket.channels.pulse import charts, sources
from onebasket.channels.pulse.doors import doors
from onebasket.channels.pulse.figures import ProductRow, PulseFigures, ShelfRow, Viewer
from onebasket.channels.pulse.lists import LAST_PRODUCT
from onebasket.channels.pulse.live import Live, Reading
from onebasket.channels.pulse.pages import answering
from onebasket.channels.pulse.viewer import signed_in
from onebasket.commerce.access.actions.signing_in import TRIES
from onebasket.commerce.access.queries import facts_of
from onebasket.commerce.access.rules import is_staff

Panel = tuple[ProductRow | None, tuple[ShelfRow, ...]]
LIVE: Live[PulseFigures] = Live(
    lambda shown: (shown.series, shown.sold, shown.promised, shown.attention, shown.newest, shown.busiest)
)
PANELS: Live[Panel] = Live(lambda shown: shown)
FAVOURITES: Live[str] = Live(lambda shown: shown, rest=300.0)
"""The product that is shown where none was chosen: the same one for some minutes."""
BEHIND = "X-Onebasket-Behind"


class StaffForm(AuthenticationForm):
    """Name and password of the chain's people; a shopper's are as wrong as any others."""

    def confirm_login_allowed(self, user: Any) -> None:  # noqa: ANN401 - Django's user, whichever
        """Let in whoever works here."""
        super().confirm_login_allowed(user)
        if not is_staff(facts_of(user)):
            raise self.get_invalid_login_error()


class LogIn(LoginView):
    """The log-in page of the chain's people, in the look of the pulse."""

    template_name = "pulse/login.html"
    authentication_form = StaffForm
    next_page = "pulse:front"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401 - Django's
        """Lead whoever works here and is signed in on; a shopper may sign in as somebody else."""
        self.redirect_authenticated_user = is_staff(facts_of(request.user))
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: str, **kwargs: object) -> HttpResponse:
        """Look at a password only where there have not been too many tries; else say how long to wait."""
        wait = TRIES.take(_address(request), name=request.POST.get("username", ""))
        if not wait:
            return super().post(request, *args, **kwargs)
        answer = render(request, self.template_name, {"wait": wait}, status=429)
        answer["Retry-After"] = str(wait)
        return answer

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Forget the tries that the password took, and ask for a second factor where there is one."""
        user = form.get_user()
        TRIES.forget(_address(self.request), name=user.get_username())
        if self.request.user.is_authenticated:
            logout(self.request)
        answer: HttpResponse = perform_login(
            self.request, user, email_verification="none", redirect_url=self.get_success_url()
        )
        return answer


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


@require_safe
@signed_in
def front(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show one card for each channel that exists."""
    return render(request, "pulse/front.html", {"viewer": viewer, "doors": doors(), "page": "front"})


@require_safe
@never_cache
@signed_in
@answering
def pulse(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Show what is selling, promised and at odds, now."""
    sku = str(request.session.get(LAST_PRODUCT, ""))
    return render(request, "pulse/pulse.html", {"viewer": viewer, "page": "pulse", **_context(viewer, sku)})


@require_safe
@never_cache
@signed_in
@answering
def figures(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Answer a poll: 204 when the figures that the viewer has (`v`, or If-None-Match: 304) are still the newest."""
    context = _context(viewer, str(request.session.get(LAST_PRODUCT, "")))
    version, tag = str(context["version"]), f'"{context["version"]}"'
    if request.GET.get("v") == version:
        response = HttpResponse(status=204)
    elif request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    else:
        response = render(request, "pulse/_figures.html", {"viewer": viewer, **context})
    response["ETag"] = tag
    response[BEHIND] = f"{context['behind']:.1f}"
    return response


@require_safe
@signed_in
@answering
def receipt(request: HttpRequest, viewer: Viewer, identity: int) -> HttpResponse:
    """Draw a receipt; a foreign place's receipt answers 404."""
    found = sources.receipt(viewer, identity)
    if found is None or not viewer.may_see(found.head.place_code):
        raise Http404(_("There is no such receipt here."))
    return render(request, "pulse/receipt.html", {"viewer": viewer, "page": "receipts", "receipt": found})


@require_safe
@signed_in
@answering
def order(request: HttpRequest, viewer: Viewer, identity: UUID) -> HttpResponse:
    """Show an order; a foreign place's order answers 404."""
    found = sources.order(viewer, identity)
    if found is None or not viewer.may_see(found.head.place_code):
        raise Http404(_("There is no such order here."))
    return render(request, "pulse/order.html", {"viewer": viewer, "page": "orders", "order": found})


@require_safe
@signed_in
@answering
def shelf(request: HttpRequest, viewer: Viewer, place_code: str, sku: str) -> HttpResponse:
    """Show a shelf's movements and promises; a foreign place's shelf answers 404."""
    found = sources.shelf(viewer, place_code, sku) if viewer.may_see(place_code) else None
    if found is None:
        raise Http404(_("There is no such shelf here."))
    return render(request, "pulse/shelf.html", {"viewer": viewer, "page": "shelves", "view": found})


def _context(viewer: Viewer, sku: str) -> dict[str, object]:
    reading = LIVE.read(viewer.places, partial(sources.pulse_figures, viewer))
    panel = PANELS.read((viewer.places, sku), partial(_panel, viewer, sku))
    shown = reading.figures
    return {
        "figures": shown,
        "time_zone": shown.time_zone,
        "counts": charts.counts(shown.series),
        "sales": charts.sales(shown.series),
        "product": panel.figures[0],
        "shelves": panel.figures[1],
        "behind": _behind(reading),
        "version": f"{reading.version}{panel.version}",
    }


def _behind(reading: Reading[PulseFigures]) -> float:
    return reading.age() + (reading.figures.lag_seconds or 0.0)


def _panel(viewer: Viewer, sku: str) -> Panel:
    sku = sku or FAVOURITES.read(viewer.places, partial(sources.sold_most, viewer)).figures
    return (sources.product(sku), sources.top_shelves(viewer, sku)) if sku else (None, ())
