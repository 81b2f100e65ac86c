"""Orders: those of this browser, one by its secret, its receipt, and taking it back."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from onebasket.channels.shop import asking
from onebasket.channels.shop.frame import only_posted, shop_page, show, too_many
from onebasket.channels.shop.guesses import MISSES, address_of
from onebasket.channels.shop.guest import Guest
from onebasket.commerce.orders.actions.secrets import page_secret
from onebasket.commerce.orders.queries.following import order_by_secret
from onebasket.commerce.orders.queries.shopper import order_heads
from onebasket.commerce.orders.rules.baskets import BasketStands
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderStep, StepRefused
from onebasket.front.orders import OrderView, view_order
from onebasket.front.words import STATUSES

SECRET_LENGTH = 26


def order_address(order: UUID, generation: int = 1) -> str:
    """Return the address of an order's page, its secret in it."""
    return reverse("shop:order", args=[page_secret(order, generation)])


@require_safe
@shop_page
def orders(request: HttpRequest, guest: Guest) -> HttpResponse:
    """List the orders that were placed from this browser."""
    heads = order_heads(guest.visit.orders) if guest.visit.orders else []
    listed = [(head, order_address(head.id, head.secret_generation), STATUSES[head.status]) for head in heads]
    return show(request, guest, "orders", {"orders": listed, "page": "orders"})


@require_safe
@shop_page
def order(request: HttpRequest, guest: Guest, secret: str) -> HttpResponseBase:
    """Show an order to whoever has its secret."""
    view = find_order(request, guest, secret)
    if isinstance(view, HttpResponse):
        return view
    placed = "placed" in request.GET and view.head.status == "placed"  # the address stays when the order has moved on
    return kept_private(show(request, guest, "order", {"order": view, "placed": placed, "page": "orders"}))


@require_safe
@shop_page
def receipt(request: HttpRequest, guest: Guest, secret: str) -> HttpResponseBase:
    """Show an order as a receipt, to be printed."""
    view = find_order(request, guest, secret)
    if isinstance(view, HttpResponse):
        return view
    return kept_private(show(request, guest, "receipt", {"order": view, "page": "orders"}))


@require_safe
@shop_page
def part_receipt(request: HttpRequest, guest: Guest, secret: str, number: int) -> HttpResponseBase:
    """Show what a partner sends of an order as a receipt of its own, by whoever sells it."""
    view = find_order(request, guest, secret)
    if isinstance(view, HttpResponse):
        return view
    part = next((one for one in view.live_parts if one.part.number == number), None)
    if part is None:
        raise Http404(_("There is no such order"))
    return kept_private(show(request, guest, "part_receipt", {"order": view, "view": part, "page": "orders"}))


@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def cancel(request: HttpRequest, guest: Guest, secret: str) -> HttpResponseBase:
    """Ask whether the order is to be taken back, and do it."""
    view = find_order(request, guest, secret)
    if isinstance(view, HttpResponse):
        return view
    if request.method != "POST":
        return kept_private(show(request, guest, "cancel", {"order": view, "page": "orders"}))
    key = asking.form_key(request.POST, guest.visit, "cancel")
    if view.is_open and not view.can_be_cancelled:
        guest.keep(said="not_open")
        return redirect("shop:order", secret)
    outcome = asking.step_order(OrderStep(key, view.head.id, Step.CANCEL, reason="by the shopper, in the web shop"))
    if isinstance(outcome, StepRefused) and outcome.status != "cancelled":
        guest.keep(said="not_open")
        return redirect("shop:order", secret)
    guest.keep(said="cancelled")
    return redirect("shop:order", secret)


@only_posted
@shop_page
def change(request: HttpRequest, guest: Guest, secret: str) -> HttpResponseBase:
    """Open the order again as the basket of this visit: its units and its time pass over, nobody comes between.

    What the visit's basket held so far is given back first, on its own page: a shopper fills one basket at a time.
    """
    view = find_order(request, guest, secret)
    if isinstance(view, HttpResponse):
        return view
    key = asking.form_key(request.POST, guest.visit, "change")
    if guest.lines:
        guest.keep(said="basket_full")
        return redirect("shop:basket")
    outcome = asking.reopen_order(view.head.id, key)
    if not isinstance(outcome, BasketStands):
        guest.keep(said="not_open")
        return redirect("shop:order", secret)
    guest.keep(basket=outcome.id, baskets=guest.visit.baskets + 1, place=outcome.place, said="opened_again")
    return redirect("shop:basket")


def find_order(request: HttpRequest, guest: Guest, secret: str) -> OrderView | HttpResponse:
    """Return the order that a secret opens; whoever guesses is told to wait."""
    address = address_of(request)
    if wait := MISSES.seconds_to_wait(address):
        return too_many(request, guest, wait)
    seen = order_by_secret(secret) if len(secret) == SECRET_LENGTH else None
    if seen is None:
        MISSES.add(address)
        raise Http404(_("There is no such order"))
    return view_order(seen, guest.stores, now=guest.now)


def kept_private(response: HttpResponse) -> HttpResponse:
    """Keep an order's page from caches: its address opens it. Other sites are told no address of ours anyway.

    A stricter policy than `same-origin` would take the origin from the page's own forms.
    """
    response["Cache-Control"] = "private, no-store"
    return response
