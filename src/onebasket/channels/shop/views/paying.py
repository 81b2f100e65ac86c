"""Paying an order by card: the provider is asked once for each payment, outside of any transaction.

What the store hands over and what each partner sends are payments of their own, with the same card one after the other.
The order is placed when every one of them is sure: nothing is ordered from a partner before. Where one is declined, the
shopper tries another card for what is left, or leaves that part out.
"""

from typing import NamedTuple

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
from onebasket.channels.shop.words import AHEAD_REFUSALS, CARD_REFUSALS
from onebasket.commerce.orders.actions.parted import leave_out
from onebasket.commerce.orders.queries.paying import paid_orders
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderStep, StepDone
from onebasket.commerce.payments.actions import NotReplaceableError, authorise, inquire, pay_at_collection
from onebasket.commerce.payments.rules.messages import Authorised, CardOutcome, Declined
from onebasket.commerce.payments.rules.testcards import TEST_CARDS
from onebasket.front.orders import OrderView
from onebasket.front.paying import ToPay, to_pay
from onebasket.front.words import Word

TOKEN_LENGTH = 100


class Said(NamedTuple):
    """What is told of the card tried last; `waits`: what came of it is not known yet."""

    text: Word = ""
    waits: bool = False


@require_http_methods(["GET", "HEAD", "POST"])
@shop_page
def pay(request: HttpRequest, guest: Guest, secret: str) -> HttpResponseBase:
    """Ask for a card, put what is due aside on it, and place the order; or leave something out, or pay it there."""
    view = find_order(request, guest, secret)
    if isinstance(view, HttpResponse):
        return view
    cards = to_pay(view)
    if view.head.status != "awaiting_payment" or not cards:
        return redirect("shop:order", secret)
    if request.method != "POST":
        return _ask(request, guest, view, Said())
    what = text_of(request.POST, "do")
    if what == "collect":
        return _pay_there(request, guest, view)
    if what == "leave":
        return _leave_out(request, guest, view)
    if what not in {"card", "look"}:
        raise OddFormError
    token = text_of(request.POST, "card", longest=TOKEN_LENGTH)
    said = _authorise_all(cards, token, look=what == "look")
    return _go_on(request, guest, view, said)


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
    words = AHEAD_REFUSALS if one.part else CARD_REFUSALS
    text = words.get(outcome.code, words["declined"]) if isinstance(outcome, Declined) else words["unknown"]
    return Said(f"{one.who}: {text}" if several else text, waits=not isinstance(outcome, Declined))


def _go_on(request: HttpRequest, guest: Guest, view: OrderView, said: Said, *, done: str = "paid") -> HttpResponseBase:
    """Place the order where all of it is paid for by now; else ask for what is left."""
    if view.head.id in paid_orders([view.head.id]):
        return _confirm(guest, view, said=done)
    again = find_order(request, guest, view.secret)
    if isinstance(again, HttpResponse):
        return again
    if again.head.status != "awaiting_payment":
        return redirect("shop:order", view.secret)
    return _ask(request, guest, again, said)


def _pay_there(request: HttpRequest, guest: Guest, view: OrderView) -> HttpResponseBase:
    """Let what the store hands over be paid there; what partners send is paid ahead."""
    own = next((one for one in to_pay(view) if one.part is None), None)
    if own is None:
        raise OddFormError
    try:
        pay_at_collection(own.tender.id)
    except NotReplaceableError:
        return _ask(request, guest, view, Said(CARD_REFUSALS["unknown"], waits=True))
    return _go_on(request, guest, view, Said(), done="pays_there")


def _leave_out(request: HttpRequest, guest: Guest, view: OrderView) -> HttpResponseBase:
    """Take a partner's part out of the order before it is placed; with nothing left the order is cancelled."""
    part = next((one.part for one in view.live_parts if str(one.part.id) == text_of(request.POST, "part")), None)
    if part is None:
        raise OddFormError
    left = leave_out(view.head.id, part.id, reason="left out by the shopper, in the web shop")
    if left and not view.is_collected and len(view.live_parts) == 1:
        asking.step_order(OrderStep(f"none-{view.head.id}", view.head.id, Step.CANCEL, reason="nothing is left of it"))
        guest.keep(said="cancelled")
        return redirect("shop:order", view.secret)
    return _go_on(request, guest, view, Said())


def _confirm(guest: Guest, view: OrderView, *, said: str) -> HttpResponseBase:
    """Place the order at once; the worker, which hears of the payment too, finds it placed."""
    outcome = asking.step_order(OrderStep(f"paid-{view.head.id}", view.head.id, Step.CONFIRM_PAYMENT))
    if isinstance(outcome, StepDone):
        guest.keep(said=said)
    return redirect(f"{reverse('shop:order', args=[view.secret])}?placed")


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
        "page": "orders",
    }
    return kept_private(show(request, guest, "pay", context, status=402 if said.text else 200))
