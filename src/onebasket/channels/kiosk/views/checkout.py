"""From a basket to an order, here at the kiosk: when to collect, whom to reach, how to pay, and what was seen."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from onebasket.base.gate import GATE
from onebasket.base.typed import number_of
from onebasket.channels.kiosk import asking
from onebasket.channels.kiosk.addresses import address, offer_page
from onebasket.channels.kiosk.forms import CheckoutForm, methods, read_checkout
from onebasket.channels.kiosk.frame import kiosk_page, only_posted, show
from onebasket.channels.kiosk.guest import Guest
from onebasket.commerce.orders.actions import CheckoutCall
from onebasket.commerce.orders.actions.requoting import requote
from onebasket.commerce.orders.rules.baskets import BasketRefused, BasketStands, ChangeBasket, CheckoutRefused
from onebasket.commerce.orders.rules.messages import OrderPlaced
from onebasket.front.baskets import BasketView, view_basket
from onebasket.front.countries import countries
from onebasket.front.slots import Day, days_of


@require_safe
@kiosk_page
def slot(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Show when the order can be collected: a day's slots."""
    found = guest.basket
    if found is None or not found.lines:
        guest.keep(said="basket_empty")
        return redirect(address(guest, "basket"))
    days = days_of(guest.store, now=guest.now)
    context = {"days": days, "day": _chosen_day(request, days, found.slot), "taken": found.slot, "page": "checkout"}
    return show(request, guest, "slot", context)


@only_posted
@kiosk_page
def take_slot(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Keep a slot for the basket."""
    key = asking.form_key(request.POST, guest.visit, "slot")
    chosen = number_of(request.POST, "slot")
    if guest.visit.basket is None:
        guest.keep(said="basket_empty")
        return redirect(address(guest, "basket"))
    outcome = asking.change_basket(guest.kiosk, ChangeBasket(f"{key}-{chosen}", guest.visit.basket, slot=chosen))
    guest.forget_basket()
    if isinstance(outcome, BasketRefused):
        guest.keep(said=outcome.code if outcome.code != "other_slot" else "slot_not_free")
        return redirect(address(guest, "slot"))
    return redirect(address(guest, "checkout"))


@require_http_methods(["GET", "HEAD", "POST"])
@kiosk_page
def checkout(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Ask whom to reach and how it is paid, show what it comes to, and place it as it was seen."""
    if request.method == "POST":
        return _sent(request, guest)
    found = ask_partners(guest)
    if found is None or found.is_empty:
        guest.keep(said="basket_empty")
        return redirect(address(guest, "basket"))
    view = _view(guest, found)
    if not view.can_be_placed:
        return _look_again(guest, view)
    if view.lines and view.slot is None and days_of(guest.store, now=guest.now):
        return redirect(address(guest, "slot"))
    return _review(request, guest, view, CheckoutForm())


def ask_partners(guest: Guest) -> BasketStands | None:
    """Return the basket once partners were asked, within seconds, for what is too old of their offers to be paid."""
    found, now = guest.basket, guest.now
    if found is None or not found.offers:
        return found
    with GATE.outside():  # partners may take their time
        asked = requote(found, now=now)
    if asked:
        guest.forget_basket()
    return guest.basket


def _view(guest: Guest, found: BasketStands) -> BasketView:
    return view_basket(found, guest.stores, now=guest.now, offer_page=offer_page(guest), to_pay=True)


def _look_again(guest: Guest, view: BasketView) -> HttpResponseBase:
    """Go back to the basket, where what is in the way stands with what mends it."""
    if view.shipped.is_as_agreed:
        return redirect(address(guest, "basket"))
    guest.keep(said="offers_changed")
    return redirect(address(guest, "basket", asked="1"))


def _review(
    request: HttpRequest, guest: Guest, view: BasketView, form: CheckoutForm, *, status: int = 200
) -> HttpResponse:
    offered = methods()
    context = {
        "basket": view,
        "form": form,
        "methods": offered,
        "partners": ", ".join(part.partner for part in view.shipped.parts),
        "unpayable": bool(view.shipped.count) and "card" not in offered,
        "countries": countries() if view.shipped.count else (),
        "country": form.values.get("country") or guest.store.address.country,
        "page": "checkout",
    }
    return show(request, guest, "checkout", context, status=status)


def _sent(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Place what was seen; what is in the way is said where it can be mended."""
    key = asking.form_key(request.POST, guest.visit, "order")
    form = read_checkout(request.POST, key=key, language=guest.language)
    call = CheckoutCall(guest.kiosk.source_id, form.request)
    found = ask_partners(guest)
    if found is not None and found.id == form.request.basket:
        view = _view(guest, found)
        if form.problems:
            return _review(request, guest, view, form, status=422)
        call = CheckoutCall(guest.kiosk.source_id, form.request, found.version, view.quoted)
    elif form.request.basket != guest.visit.order:
        guest.keep(said="basket_gone")
        return redirect(address(guest, "basket"))
    return _placed(request, guest, form, asking.check_out(call))


def _placed(request: HttpRequest, guest: Guest, form: CheckoutForm, outcome: object) -> HttpResponseBase:
    if not isinstance(outcome, OrderPlaced):
        return _refused(request, guest, form, outcome)
    if guest.visit.order != outcome.id:
        guest.keep(order=outcome.id, basket=None, baskets=guest.visit.baskets + 1, compared=())
        guest.forget_basket()
    return redirect(address(guest, "pay" if outcome.status == "awaiting_payment" else "done"))


def _refused(request: HttpRequest, guest: Guest, form: CheckoutForm, outcome: object) -> HttpResponseBase:
    guest.forget_basket()
    found = guest.basket
    code = outcome.code if isinstance(outcome, CheckoutRefused) else "basket_closed"
    if found is None or found.is_empty:
        guest.keep(said=code)
        return redirect(address(guest, "basket"))
    view = _view(guest, found)
    if code in {"slot_not_free", "slot_needed"}:
        guest.keep(said="slot_not_free")
        return redirect(address(guest, "slot"))
    if not view.can_be_placed:
        guest.keep(said=code)
        return _look_again(guest, view)
    return _review(request, guest, view, form.refused(code), status=409)


def _chosen_day(request: HttpRequest, days: list[Day], taken: int | None) -> Day | None:
    """Return the day asked for, else that of the slot taken, else the first with room."""
    asked = next((day for day in days if day.date.isoformat() == request.GET.get("day")), None)
    kept = next((day for day in days if any(time.slot.id == taken for time in day.times)), None)
    return asked or kept or next((day for day in days if day.is_free), days[0] if days else None)
