"""What a shopper bought, over till and web: the list, a receipt, an order. Anybody else's is not there."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onebasket.channels.account.members import Member, shopper
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.insights.queries.history import history
from onebasket.commerce.insights.rules.history import Cursor
from onebasket.commerce.orders.queries.reading import read_order
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.sales.queries.reading import read_receipt

A_PAGE = 25
LARGEST_ID = 2**63 - 1


@require_safe
@shopper
def purchases(request: HttpRequest, member: Member) -> HttpResponse:
    """List what was bought, the newest first."""
    entries, following = history(member.number, after=_cursor(request.GET.get("after", "")), limit=A_PAGE)
    places = places_by_code({entry.place for entry in entries})
    context = {
        "page": "purchases",
        "entries": entries,
        "places": places,
        "following": "" if following is None else _written(following),
        "is_first": "after" not in request.GET,
    }
    return render(request, "account/purchases.html", context)


@require_safe
@shopper
def receipt(request: HttpRequest, member: Member, identity: int) -> HttpResponse:
    """Show a receipt of one's own, to be read or printed."""
    found = read_receipt(None, identity) if identity <= LARGEST_ID else None
    if found is None or found.head.loyalty_number not in member.customer.numbers:
        raise Http404
    places = places_by_code([found.head.place])
    products = products_by_sku({line.sku for line in found.lines if line.sku})
    context = {
        "page": "purchases",
        "receipt": found,
        "place": places.get(found.head.place),
        "products": products,
        "extra_tax": 0 if found.head.tax_included else found.head.tax_total,
        "due": found.head.paid_total + (0 if found.head.tax_included else found.head.tax_total),
    }
    return render(request, "account/receipt.html", context)


@require_safe
@shopper
def order(request: HttpRequest, member: Member, identity: UUID) -> HttpResponse:
    """Show an order of one's own."""
    found = read_order(None, identity)
    if found is None or found.loyalty_number not in member.customer.numbers:
        raise Http404
    context = {
        "page": "purchases",
        "order": found,
        "place": places_by_code([found.place]).get(found.place),
        "products": products_by_sku({line.sku for line in found.lines}),
    }
    return render(request, "account/order.html", context)


def _cursor(text: str) -> Cursor | None:
    """Read a cursor; one that cannot be read shows the first page. It grants nothing: the rows are one's own anyway."""
    try:
        read = msgspec.json.decode(urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)), type=Cursor)
    except (ValueError, msgspec.MsgspecError):
        return None
    return read


def _written(cursor: Cursor) -> str:
    return urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()
