"""Paying an order by card at the kiosk, and its receipt: on paper, and as a code that opens its page on a phone."""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_safe

from onebasket.base.gate import GATE
from onebasket.base.links import our_address
from onebasket.base.typed import OddFormError, text_of
from onebasket.channels.kiosk import asking
from onebasket.channels.kiosk.addresses import address
from onebasket.channels.kiosk.frame import kiosk_page, show
from onebasket.channels.kiosk.guest import Guest
from onebasket.channels.kiosk.words import CARD_REFUSALS, Word
from onebasket.commerce.orders.actions.parted import leave_out
from onebasket.commerce.orders.queries.following import follow_order
from onebasket.commerce.orders.queries.paying import paid_orders
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderStep
from onebasket.commerce.payments.actions import NotReplaceableError, authorise, inquire, pay_at_collection
from onebasket.commerce.payments.rules.messages import Authorised, CardOutcome, Declined
from onebasket.commerce.payments.rules.testcards import TEST_CARDS
from onebasket.front.codes import qr_code
from onebasket.front.orders import OrderView, view_order
from onebasket.front.paying import ToPay, to_pay

TOKEN_LENGTH = 100


class Said(NamedTuple):
    """What is told of the card tried last; `waits`: what came of it is not known yet."""

    text: Word = ""
    waits: bool = False


@require_http_methods(["GET", "HEAD", "POST"])
@kiosk_page
def pay(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Ask for a card, put what is due aside on it, and place the order; or leave something out, or pay at the till."""
    view = _order(guest)
    if view is None:
        return redirect("kiosk:start")
    cards = to_pay(view)
    if not view.awaits or not cards:
        return redirect(address(guest, "done"))
    if request.method != "POST":
        return _ask(request, guest, view, Said())
    what = text_of(request.POST, "do")
    if what == "collect":
        return _pay_there(request, guest, view)
    if what == "leave":
        return _leave_out(request, guest, view)
    if what not in {"card", "look"}:
        raise OddFormError
    said = _authorise_all(cards, text_of(request.POST, "card", longest=TOKEN_LENGTH), look=what == "look")
    return _go_on(request, guest, view, said)


@require_safe
@kiosk_page
def done(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Show that the order is placed: its receipt to print, and its page as a code for the phone."""
    view = _order(guest)
    if view is None:
        return redirect("kiosk:start")
    if view.awaits:
        return redirect(address(guest, "pay"))
    return show(request, guest, "done", {"order": view, "qr": _page_code(request, view), "page": "done"})


def _order(guest: Guest) -> OrderView | None:
    """Return the order that was placed in this visit."""
    found = follow_order(guest.visit.order, places=frozenset({guest.kiosk.place})) if guest.visit.order else None
    return view_order(found, guest.stores, now=guest.now) if found else None


def _page_code(request: HttpRequest, view: OrderView) -> SafeString:
    return qr_code(f"{our_address(request)}{reverse('shop:order', args=[view.secret])}")


def _authorise_all(cards: list[ToPay], token: str, *, look: bool) -> Said:
    """Ask for each payment that is not sure, one after the other; stop at the first that the bank does not grant."""
    for one in cards:
        if one.is_sure:
            continue
        with GATE.outside():  # the provider may take its time
            outcome = inquire(one.tender.id) if look else authorise(one.tender.id, token)
        if not isinstance(outcome, Authorised):
            return _said(one, outcome, several=len(cards) > 1)
    return Said()


def _said(one: ToPay, outcome: CardOutcome, *, several: bool) -> Said:
    unknown = CARD_REFUSALS["unknown"]
    text = CARD_REFUSALS.get(outcome.code, CARD_REFUSALS["declined"]) if isinstance(outcome, Declined) else unknown
    return Said(f"{one.who}: {text}" if several else text, waits=not isinstance(outcome, Declined))


def _go_on(request: HttpRequest, guest: Guest, view: OrderView, said: Said) -> HttpResponseBase:
    """Place the order where all of it is paid for by now; else ask for what is left."""
    if view.head.id in paid_orders([view.head.id]):
        return _confirm(guest, view)
    again = _order(guest)
    if again is None or not again.awaits:
        return redirect(address(guest, "done"))
    return _ask(request, guest, again, said)


def _pay_there(request: HttpRequest, guest: Guest, view: OrderView) -> HttpResponseBase:
    """Let what the store hands over be paid at its till; what partners send is paid ahead."""
    own = next((one for one in to_pay(view) if one.part is None), None)
    if own is None:
        raise OddFormError
    try:
        pay_at_collection(own.tender.id)
    except NotReplaceableError:
        return _ask(request, guest, view, Said(CARD_REFUSALS["unknown"], waits=True))
    return _go_on(request, guest, view, Said())


def _leave_out(request: HttpRequest, guest: Guest, view: OrderView) -> HttpResponseBase:
    """Take a partner's part out of the order before it is placed; with nothing left the order is cancelled."""
    part = next((one.part for one in view.live_parts if str(one.part.id) == text_of(request.POST, "part")), None)
    if part is None:
        raise OddFormError
    left = leave_out(view.head.id, part.id, reason="left out by the shopper, at a kiosk")
    if left and not view.is_collected and len(view.live_parts) == 1:
        step = OrderStep(f"none-{view.head.id}", view.head.id, Step.CANCEL, reason="nothing is left of it")
        asking.step_order(guest.kiosk, step)
        guest.keep(said="left_out", order=None)
        return redirect(address(guest, "start"))
    return _go_on(request, guest, view, Said())


def _confirm(guest: Guest, view: OrderView) -> HttpResponseBase:
    """Place the order at once; the worker, which hears of the payment too, finds it placed."""
    asking.step_order(guest.kiosk, OrderStep(f"paid-{view.head.id}", view.head.id, Step.CONFIRM_PAYMENT))
    return redirect(address(guest, "done"))


def _ask(request: HttpRequest, guest: Guest, view: OrderView, said: Said) -> HttpResponse:
    cards = to_pay(view)
    left = [one for one in cards if not one.is_sure]
    context = {
        "order": view,
        "payments": cards if len(cards) > 1 or any(one.part for one in cards) else (),
        "left": sum(one.tender.due for one in left),
        "collectable": any(one.part is None for one in left),
        "said": said.text,
        "waits": said.waits or any(one.tender.status == "unknown" for one in cards),
        "cards": TEST_CARDS,
        "page": "checkout",
        "qr": _page_code(request, view),
    }
    return show(request, guest, "pay", context, status=402 if said.text else 200)
