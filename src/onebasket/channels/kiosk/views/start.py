"""The first page, its language, and the end of a visit."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from onebasket.base.languages import LANGUAGES
from onebasket.base.typed import text_of
from onebasket.channels.kiosk.addresses import address, safe_next
from onebasket.channels.kiosk.frame import first_page, kiosk_page, only_posted, show
from onebasket.channels.kiosk.guest import Guest
from onebasket.channels.kiosk.listing import popular


@require_safe
@first_page
def start(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Show where to begin: what is looked for, the departments, and what sells best here."""
    return show(request, guest, "start", {"page": "start", "goods": popular(guest)})


@require_http_methods(["GET", "HEAD", "POST"])
@kiosk_page
def leave(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """End the visit and lead to the first page.

    A plain link does it too: without scripts only the page's own refresh can end a visit that was left. The name of
    the visit in its address is what it takes.
    """
    guest.leave()
    return HttpResponse(status=204) if request.POST.get("quietly") else redirect("kiosk:start")


@only_posted
@kiosk_page
def language(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Keep the language that was chosen, for this visit."""
    chosen = text_of(request.POST, "language")
    if chosen in LANGUAGES:
        guest.keep(language=chosen)
    return redirect(safe_next(guest, request.POST.get("next", "") or address(guest, "start")))
