"""Hand an order over to whoever shows its code."""

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onebasket.channels.store import asking
from onebasket.channels.store.associate import Associate, at_work
from onebasket.channels.store.guesses import GUESSES
from onebasket.channels.store.pages import say, show
from onebasket.channels.store.views.picking import find_order
from onebasket.channels.store.words import refused_step
from onebasket.commerce.catalogue.queries.browsing import shown_by_sku
from onebasket.commerce.fulfilment.queries.picking import spot_of
from onebasket.commerce.orders.queries.following import Followed, order_by_code
from onebasket.commerce.orders.rules.life import Status, Step
from onebasket.commerce.orders.rules.messages import StepDone
from onebasket.commerce.payments.queries.tenders import tenders_of

LONGEST_CODE = 64


@require_http_methods(["GET", "HEAD", "POST"])
@at_work
def find(request: HttpRequest, who: Associate) -> HttpResponseBase:
    """Find the order of a collection code, as scanned or typed."""
    if request.method != "POST":
        return show(request, who, "find", {"page": "hand-over"})
    wait = GUESSES.take(who.name, name="collection")
    if wait:
        return show(request, who, "find", {"page": "hand-over", "wait": wait}, status=429)
    code = "".join(request.POST.get("code", "").split())[:LONGEST_CODE]
    found = order_by_code(code, places=frozenset({who.at.code}))
    if found is None:
        return show(request, who, "find", {"page": "hand-over", "wrong": True}, status=404)
    GUESSES.forget(who.name, name="collection")
    return redirect("store:handing", found.id)


@require_http_methods(["GET", "HEAD", "POST"])
@at_work
def hand_over(request: HttpRequest, who: Associate, order_id: UUID) -> HttpResponseBase:
    """Show what is handed over and what is to be paid, and hand it over."""
    found = find_order(who, order_id)
    if request.method == "POST":
        outcome = asking.take_step(who, order_id, Step.HAND_OVER, asking.key_of(request))
        if isinstance(outcome, StepDone):
            say(request, _("Order %(number)s is handed over.") % {"number": found.number})
            return redirect("store:front")
        say(request, refused_step(outcome), good=False)
        return redirect("store:handing", order_id)
    return show(request, who, "handing", _context(found))


def _context(found: Followed) -> dict[str, object]:
    products = shown_by_sku((line.sku for line in found.lines), retired=True)
    ages = [age for product in products.values() if (age := product.minimum_age)]
    tenders = tenders_of(found.id)
    open_here = any(one.method == "at_collection" and one.status == "pending" for one in tenders)
    # As it stands after a short pick, which lowers the total first and the tenders a moment later.
    elsewhere = sum(one.due for one in tenders if one.method != "at_collection")
    due = max(0, found.total - elsewhere) if open_here else 0
    return {
        "page": "hand-over",
        "order": found,
        "given": [line for line in found.lines if line.picked],
        "short": [line for line in found.lines if (line.picked or 0) < line.ordered],
        "spot": spot_of(found.id),
        "due": due,
        "age": max(ages, default=0),
        "ready": found.status == Status.READY,
    }
