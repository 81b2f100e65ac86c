"""Take goods back at the counter: find what they were sold by, say what comes back, see what is paid, accept."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onebasket.channels.store import asking
from onebasket.channels.store.associate import Associate, at_work
from onebasket.channels.store.pages import show
from onebasket.channels.store.views.part_returning import parts_back
from onebasket.channels.store.words import refused_return
from onebasket.commerce.catalogue.queries import products_by_scan, products_by_sku
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.fulfilment.actions import ReturnCall, preview_return
from onebasket.commerce.fulfilment.queries.brought_back import known_back
from onebasket.commerce.fulfilment.queries.originals import original_order, original_receipt
from onebasket.commerce.fulfilment.rules.messages import BackLine, ReturnAccepted, ReturnRefused, ReturnRequest
from onebasket.commerce.fulfilment.rules.returns import Original
from onebasket.commerce.orders.queries.following import order_by_code, order_by_number
from onebasket.commerce.sales.rules.receipt import Disposition
from onebasket.commerce.sales.rules.receipt import Original as Printed
from onebasket.kernel.money import parse_amount

MOST_SCANNED = 50
_PARTS = 4


class Choice(NamedTuple):
    """A line that may come back: how much of it can, and what was stated so far."""

    line: int
    sku: str
    name: str
    unit: str
    decimals: int
    left: int
    quantity: int
    disposition: str
    amount: str


class Given(NamedTuple):
    """What goods are brought back by: an order, a till's receipt, or neither."""

    order: UUID | None
    receipt: Printed | None
    original: Original | None


@require_http_methods(["GET", "HEAD", "POST"])
@at_work
def find(request: HttpRequest, who: Associate) -> HttpResponseBase:
    """Find what goods were sold by: an order's number or code, or what is printed on a receipt."""
    if request.method != "POST":
        return show(request, who, "returns", {"page": "returns"})
    sent = request.POST
    if text := "".join(sent.get("order", "").split())[:64]:
        found = order_by_code(text, places=None) or order_by_number(text)
        if found is not None:
            return redirect("store:take-back", "order", str(found.id))
        return show(request, who, "returns", {"page": "returns", "wrong": _("There is no such order.")}, status=404)
    parts = [" ".join(sent.get(name, "").split())[:64] for name in ("place", "till", "day", "number")]
    if all(parts) and _printed("/".join(parts)):
        return redirect("store:take-back", "receipt", "/".join(parts))
    wrong = _("Give an order's number, or place, till, day and number as they are printed.")
    return show(request, who, "returns", {"page": "returns", "wrong": wrong}, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@at_work
def take(request: HttpRequest, who: Associate, kind: str, reference: str) -> HttpResponseBase:
    """Say what comes back of it, see what is paid back, and accept it."""
    given = _given(kind, reference)
    parts = parts_back(who, UUID(reference)) if kind == "order" else []
    if isinstance(given, ReturnRefused) and parts:
        return show(request, who, "parts_back", {"page": "returns", "parts": parts, "own": refused_return(given)})
    if isinstance(given, ReturnRefused):
        return show(request, who, "returns", {"page": "returns", "wrong": refused_return(given)}, status=422)
    sent = request.POST if request.method == "POST" else request.GET
    choices = _choices(given, sent)
    context: dict[str, object] = {
        "page": "returns", "given": given, "kind": kind, "choices": choices, "sent": sent, "parts": parts,
        "currency": given.original.currency if given.original else who.at.currency,
    }  # fmt: skip
    if request.method != "POST" or "scan" in sent:
        return show(request, who, "take_back", context)
    asked = _request(who, given, choices, sent, asking.key_of(request))
    wrong = _refusal(who, asked)
    if not wrong and "accept" in sent:
        outcome = asking.take_back(who, asked)
        if isinstance(outcome, ReturnAccepted):
            return show(request, who, "accepted", {"page": "returns", "accepted": outcome, "named": _named(outcome)})
        wrong = refused_return(outcome)
    elif not wrong:
        preview = preview_return(ReturnCall(asking.source(), asked, frozenset({who.at.code})))
        if not isinstance(preview, ReturnRefused):
            return show(request, who, "take_back", context | {"preview": preview})
        wrong = refused_return(preview)
    return show(request, who, "take_back", context | {"wrong": wrong}, status=422)


def _refusal(who: Associate, asked: ReturnRequest) -> str:
    """Say what stands in the way of a return before anything is worked out, or nothing."""
    if not asked.lines:
        return _("Say how much comes back.")
    if any(line.amount is not None for line in asked.lines) and not who.may_override:
        return _("You may not pay another amount.")
    return ""


def _given(kind: str, reference: str) -> Given | ReturnRefused:
    if kind == "order":
        try:
            identity = UUID(reference)
        except ValueError as error:
            raise Http404 from error
        found = original_order(identity)
        return found if isinstance(found, ReturnRefused) else Given(identity, None, found)
    if kind == "receipt" and (printed := _printed(reference)):
        sold = original_receipt(printed)
        return sold if isinstance(sold, ReturnRefused) else Given(None, printed, sold)
    if kind == "none":
        return Given(None, None, None)
    raise Http404


def _printed(reference: str) -> Printed | None:
    parts = reference.split("/")
    if len(parts) != _PARTS or not all(parts):
        return None
    try:
        return Printed(parts[0], parts[1], date.fromisoformat(parts[2]), parts[3])
    except ValueError:
        return None


def _choices(given: Given, sent: QueryDict) -> list[Choice]:
    """Return the lines that may come back; without a receipt those that were scanned so far."""
    if given.original is None:
        return _scanned(sent)
    lines = given.original.lines
    back = known_back(given.original.reference, {number: sold.got for number, sold in lines.items()})
    products = products_by_sku(sold.line.sku for sold in lines.values())
    return [
        _choice(number, products[sold.line.sku], sold.got - back.get(number, 0), sent, str(number))
        for number, sold in sorted(lines.items())
        if sold.got and sold.line.sku in products
    ]


def _scanned(sent: QueryDict) -> list[Choice]:
    scanned = str(sent.get("code", "")).strip()
    codes = [str(sku) for sku in sent.getlist("sku")] + ([scanned] if scanned else [])
    codes = codes[:MOST_SCANNED]
    by_sku, by_code = products_by_sku(codes), products_by_scan(codes)
    products = {product.sku: product for code in codes if (product := by_sku.get(code) or by_code.get(code))}
    return [_choice(0, product, 10**9, sent, product.sku) for product in products.values()]


def _choice(line: int, product: ProductFacts, left: int, sent: QueryDict, name: str) -> Choice:
    text = sent.get(f"quantity-{name}", "")
    unit = 10**product.decimals
    quantity = _steps(text, product.decimals) if text else (unit if line == 0 else 0)
    good = sent.get(f"state-{name}", "") == Disposition.SELLABLE
    disposition = (Disposition.SELLABLE if good else Disposition.UNSELLABLE).value
    amount = sent.get(f"amount-{name}", "").strip()[:16]
    return Choice(
        line, product.sku, product.name, product.unit, product.decimals, left, min(quantity, left), disposition, amount
    )


def _steps(text: str, decimals: int) -> int:
    whole, _point, part = text.strip().replace(",", ".").partition(".")
    digits = whole + part[:decimals].ljust(decimals, "0")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else 0  # noqa: PLR2004 - BackLine


def _request(who: Associate, given: Given, choices: list[Choice], sent: QueryDict, key: str) -> ReturnRequest:
    currency = given.original.currency if given.original else who.at.currency
    lines = tuple(
        BackLine(one.quantity, one.line, "" if one.line else one.sku, Disposition(one.disposition), amount)
        for one in choices
        if one.quantity > 0
        for amount in [_amount(one.amount, currency)]
    )
    return ReturnRequest(
        f"take-{sent.get('return', '') or key}"[:120],
        who.at.code,
        who.name[:64],
        lines,
        order=given.order,
        receipt=given.receipt,
        to_credit=sent.get("to_credit", "") == "yes",
        reason=" ".join(sent.get("reason", "").split())[:200],
        override=" ".join(sent.get("override", "").split())[:200],
        expected_total=_shown(sent),
    )


def _shown(sent: QueryDict) -> int | None:
    """Return the amount that was shown when it was accepted; what is no amount was never shown, and fits nothing."""
    text = sent.get("accept", "")
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0  # noqa: PLR2004 - as ReturnRequest


def _amount(text: str, currency: str) -> int | None:
    try:
        return abs(parse_amount(text, currency)) if text else None
    except ValueError:
        return None


def _named(accepted: ReturnAccepted) -> list[tuple[str, ProductFacts, int, int]]:
    products = products_by_sku(line.sku for line in accepted.lines)
    return [(products[line.sku].name, products[line.sku], line.quantity, line.amount) for line in accepted.lines]
