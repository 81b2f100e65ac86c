"""Paying an order by card at the kiosk, and its receipt: on paper, and as a code that opens its page on a phone."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from onebasket.base.gate import GATE
from onebasket.base.links import our_address
from onebasket.base.typed import OddFormError, text_of
from onebasket.channels.kiosk import asking
from onebasket.channels.kiosk.addresses import address
from onebasket.channels.kiosk.frame import kiosk_page, show
from onebasket.channels.kiosk.guest import Guest
from onebasket.channels.kiosk.words import CARD_REFUSALS, Word
from onebasket.commerce.orders.queries.following import follow_order
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderStep
from onebasket.commerce.payments.actions import NotReplaceableError, authorise, inquire, pay_at_collection
from onebasket.commerce.payments.queries.tenders import TenderSeen
from onebasket.commerce.payments.rules.messages import Authorised, CardOutcome, Declined
from onebasket.commerce.payments.rules.testcards import TEST_CARDS
from onebasket.front.codes import qr_code
from onebasket.front.orders import OrderView, view_order

TOKEN_LENGTH = 100


@require_http_methods(["GET", "HEAD", "POST"])
@kiosk_page
def pay(request: HttpRequest, guest: Guest) -> HttpResponseBase:
    """Ask for a card, put what is due aside on it, and place the order; or let it be paid at the till."""
    view = _order(guest)
    if view is None:
        return redirect("kiosk:start")
    card = next((tender for tender in view.tenders if tender.method == "card"), None)
    if not view.awaits or card is None:
        return redirect(address(guest, "done"))
    if request.method != "POST":
        return _ask(request, guest, view, card, said="")
    what = text_of(request.POST, "do")
    if what == "collect":
        return _pay_there(request, guest, view, card)
    if what not in {"card", "look"}:
        raise OddFormError
    token = text_of(request.POST, "card", longest=TOKEN_LENGTH)
    with GATE.outside():  # the provider may take its time
        outcome = inquire(card.id) if what == "look" else authorise(card.id, token)
    return _told(request, guest, view, card, outcome)


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


def _page_code(request: HttpRequest, view: OrderView) -> str:
    return qr_code(f"{our_address(request)}{reverse('shop:order', args=[view.secret])}")


def _told(
    request: HttpRequest, guest: Guest, view: OrderView, card: TenderSeen, outcome: CardOutcome
) -> HttpResponseBase:
    if isinstance(outcome, Authorised):
        return _confirm(guest, view)
    said = CARD_REFUSALS.get(outcome.code, CARD_REFUSALS["declined"]) if isinstance(outcome, Declined) else ""
    waits = not isinstance(outcome, Declined)
    return _ask(request, guest, view, card, said=said or CARD_REFUSALS["unknown"], waits=waits)


def _pay_there(request: HttpRequest, guest: Guest, view: OrderView, card: TenderSeen) -> HttpResponseBase:
    try:
        pay_at_collection(card.id)
    except NotReplaceableError:
        return _ask(request, guest, view, card, said=CARD_REFUSALS["unknown"], waits=True)
    return _confirm(guest, view)


def _confirm(guest: Guest, view: OrderView) -> HttpResponseBase:
    """Place the order at once; the worker, which hears of the payment too, finds it placed."""
    asking.step_order(guest.kiosk, OrderStep(f"paid-{view.head.id}", view.head.id, Step.CONFIRM_PAYMENT))
    return redirect(address(guest, "done"))


def _ask(
    request: HttpRequest, guest: Guest, view: OrderView, card: TenderSeen, *, said: Word, waits: bool = False
) -> HttpResponse:
    waits = waits or card.status == "unknown"
    context = {
        "order": view, "card": card, "said": said, "waits": waits, "cards": TEST_CARDS, "page": "checkout",
        "qr": _page_code(request, view),
    }  # fmt: skip
    return show(request, guest, "pay", context, status=402 if said else 200)
