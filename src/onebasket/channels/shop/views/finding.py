"""The search page."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from onebasket.channels.shop.frame import shop_page, show
from onebasket.channels.shop.goods import goods_for
from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.reading import text_of
from onebasket.commerce.catalogue.queries import search_products
from onebasket.commerce.catalogue.queries.browsing import shown_by_id

MOST_FOUND = 48


@require_safe
@shop_page
def search(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Show the products that the words find."""
    text = text_of(request.GET, "q")
    found = search_products(text, MOST_FOUND) if text else []
    shown = shown_by_id(product.id for product in found)
    rows = [shown[product.id] for product in found if product.id in shown]
    context = {
        "text": text,
        "goods": goods_for(rows, guest.stores, guest.wanted, card=guest.card, now=guest.now),
        "page": "search",
    }
    return show(request, guest, "search", context)
