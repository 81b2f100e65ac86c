"""Paying an order by card: the provider is asked once, outside of any transaction, and what it says is shown."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from onebasket.base.gate import GATE
from onebasket.channels.shop import asking
from onebasket.channels.shop.frame import shop_page, show
from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.reading import OddFormError, text_of
from onebasket.channels.shop.views.orders import find_order, kept_private
from onebasket.channels.shop.words import CARD_REFUSALS, Word
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderStep, StepDone
from onebasket.commerce.payments.actions import NotReplaceableError, authorise, inquire, pay_at_collection
from onebasket.commerce.payments.queries.tenders import TenderSeen, tenders_of
from onebasket.commerce.payments.rules.messages import Authorised, CardOutcome, Declined
from onebasket.commerce.payments.rules.testcards import TEST_CARDS
from onebasket.front.orders import OrderView

TOKEN_LENGTH = 100


@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def pay(request: HttpRequest, guest: Guest, secret: str) -> HttpResponseBase:
    """Ask for a card, put what is due aside on it, and place the order; or let it be paid at collection."""
    view = find_order(request, guest, secret)
    if isinstance(view, HttpResponse):
        return view
    card = next((tender for tender in tenders_of(view.head.id) if tender.method == "card"), None)
    if view.head.status != "awaiting_payment" or card is None:
        return redirect("shop:order", secret)
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


def _told(
    request: HttpRequest, guest: Guest, view: OrderView, card: TenderSeen, outcome: CardOutcome
) -> HttpResponseBase:
    if isinstance(outcome, Authorised):
        return _confirm(guest, view, said="paid")
    said = CARD_REFUSALS.get(outcome.code, CARD_REFUSALS["declined"]) if isinstance(outcome, Declined) else ""
    return _ask(
        request, guest, view, card, said=said or CARD_REFUSALS["unknown"], waits=not isinstance(outcome, Declined)
    )


def _pay_there(request: HttpRequest, guest: Guest, view: OrderView, card: TenderSeen) -> HttpResponseBase:
    try:
        pay_at_collection(card.id)
    except NotReplaceableError:
        return _ask(request, guest, view, card, said=CARD_REFUSALS["unknown"], waits=True)
    return _confirm(guest, view, said="pays_there")


def _confirm(guest: Guest, view: OrderView, *, said: str) -> HttpResponseBase:
    """Place the order at once; the worker, which hears of the payment too, finds it placed."""
    outcome = asking.step_order(OrderStep(f"paid-{view.head.id}", view.head.id, Step.CONFIRM_PAYMENT))
    if isinstance(outcome, StepDone):
        guest.keep(said=said)
    return redirect(f"{reverse('shop:order', args=[view.secret])}?placed")


def _ask(
    request: HttpRequest, guest: Guest, view: OrderView, card: TenderSeen, *, said: Word, waits: bool = False
) -> HttpResponse:
    waits = waits or card.status == "unknown"
    context = {"order": view, "card": card, "said": said, "waits": waits, "cards": TEST_CARDS, "page": "orders"}
    return kept_private(show(request, guest, "pay", context, status=402 if said else 200))
