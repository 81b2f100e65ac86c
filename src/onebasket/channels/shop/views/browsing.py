"""The front page, departments, categories and products."""

from collections.abc import Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from onebasket.channels.shop.addresses import address_of, slug_of
from onebasket.channels.shop.frame import shop_page, show
from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.listing import cards, list_goods, lots, offers, popular
from onebasket.channels.shop.machines import product_data
from onebasket.channels.shop.offerings import beside_product, has_it
from onebasket.channels.shop.offers import MOST_POPULAR, offered_here
from onebasket.commerce.catalogue.queries.browsing import products_in, shown_by_sku
from onebasket.front.departments import Category, Department

MORE_GOODS = 6
SIBLINGS = 9
STILL_LIFE = (
    ("bread", "sand"),
    ("milk", "sky"),
    ("apple", "rose"),
    ("carrot", "orange"),
    ("cheese", "sun"),
    ("salad", "leaf"),
)
"""What lies on the front page."""


@require_safe
@shop_page
def front(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Show the chain's departments, and whose shelves they are."""
    ids = offered_here(guest.store, now=guest.now)[:MOST_POPULAR] if guest.store else ()
    on_offer, sells = lots(guest, ids, popular(guest))
    context = {"page": "front", "still": STILL_LIFE, "offered": on_offer, "popular": sells}
    return show(request, guest, "front", context)


@require_safe
@shop_page
def offer_page(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Show what is on offer at the store."""
    return show(request, guest, "offers", {"page": "offers", "listing": offers(request, guest)})


@require_safe
@shop_page
def departments(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Show every department."""
    return show(request, guest, "departments", {"page": "departments"})


@require_safe
@shop_page
def department(request: HttpRequest, guest: Guest, slug: str) -> HttpResponse:
    """Show a department's categories."""
    found = _department(guest, slug)
    (sells,) = lots(guest, popular(guest, found.code) if found.code else ())
    return show(request, guest, "department", {"department": found, "popular": sells, "page": "departments"})


@require_safe
@shop_page
def category(request: HttpRequest, guest: Guest, slug: str, part: str) -> HttpResponse:
    """Show a category's products, a page of them."""
    found, chosen = _category(guest, slug, part)
    listing = list_goods(request, guest, department=found.code, category=chosen.code)
    context = {
        "department": found,
        "category": chosen,
        "listing": listing,
        "page": "departments",
        "siblings": beside(found.categories, chosen),
        "canonical": listing.pages.canonical(request),
    }
    return show(request, guest, "category", context)


@require_safe
@shop_page
def product(request: HttpRequest, guest: Guest, slug: str, sku: str) -> HttpResponse:
    """Show a product: what it costs, where it is, and what stands beside it."""
    row = shown_by_sku([sku]).get(sku)
    if row is None:
        raise Http404(_("We do not sell this product, or no longer."))
    if slug != slug_of(row.name):
        return redirect(address_of(row.sku, row.name), permanent=True)
    shelf = products_in(row.department, row.category, offset=0, limit=MORE_GOODS + 1)
    others = [other for other in shelf if other.id != row.id][:MORE_GOODS]
    good, *more = cards([row, *others], guest)
    department = guest.departments.by_code.get(row.department)
    context = {
        "good": good,
        "more": more,
        "department": department,
        "category": department.by_code.get(row.category) if department else None,
        "data": product_data(good, request.build_absolute_uri),
        "offered": beside_product(guest, good),
        "has_it": has_it(guest, good),
        "page": "product",
    }
    return show(request, guest, "product", context)


def beside(categories: Sequence[Category], chosen: Category) -> list[Category]:
    """Return a category with those that stand beside it, a few before and a few after."""
    at = categories.index(chosen)
    first = max(0, min(at - SIBLINGS // 2, len(categories) - SIBLINGS))
    return list(categories[first : first + SIBLINGS])


def _department(guest: Guest, slug: str) -> Department:
    found = guest.departments.by_slug.get(slug)
    if found is None:
        raise Http404(_("There is no such department."))
    return found


def _category(guest: Guest, slug: str, part: str) -> tuple[Department, Category]:
    found = _department(guest, slug)
    chosen = found.by_slug.get(part)
    if chosen is None:
        raise Http404(_("There is no such category."))
    return found, chosen
