"""The list pages: one view for all of them, and the shelves of a product with its search."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onebasket.channels.pulse import sources, tables
from onebasket.channels.pulse.figures import Part, Viewer
from onebasket.channels.pulse.listing import Listing, asked, csv_lines, table, with_places
from onebasket.channels.pulse.pages import answering
from onebasket.channels.pulse.viewer import refuse_unless, signed_in

LAST_PRODUCT = "pulse_product"


def page(listing: Listing) -> Callable[..., HttpResponseBase]:
    """Return the view of a list."""

    @require_safe
    @signed_in
    @answering
    def listed(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
        refuse_unless(listing.allowed(viewer))
        whole = with_places(listing, sources.place_choices(viewer) if listing.places else ())
        part = asked(whole, request, today=sources.today(viewer) if request.GET.get("day") == "today" else "")
        if request.GET.get("format") == "csv":
            return csv_file(whole, viewer, part)
        shown = table(whole, part, sources.READERS[whole.key](viewer, part))
        return render(request, "pulse/list.html", {"table": shown, "page": listing.key, "viewer": viewer})

    return listed


def csv_file(listing: Listing, viewer: Viewer, part: Part) -> HttpResponseBase:
    """Stream a list as a CSV file."""
    response = StreamingHttpResponse(csv_lines(listing, viewer, part), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{listing.key}.csv"'
    return response


@require_safe
@signed_in
@answering
def shelves(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Search a product by name, SKU or barcode, and show its shelves place by place."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:120]
    sku = request.GET.get("product", "").replace("\x00", "").strip()[:64]
    found = sources.products(viewer, text) if text else ()
    if text and not sku and len(found) == 1:
        sku = found[0].sku
    product = sources.product(sku) if sku else None
    context = {"viewer": viewer, "page": "shelves", "text": text, "found": found, "product": product, "sku": sku}
    if product is None:
        return render(request, "pulse/shelves.html", context, status=404 if sku else 200)
    request.session[LAST_PRODUCT] = product.sku
    part = asked(tables.SHELVES, request)
    part = Part(part.sort, part.descending, {"product": product.sku}, part.after, part.limit)
    if request.GET.get("format") == "csv":
        return csv_file(tables.SHELVES, viewer, part)
    context["table"] = table(tables.SHELVES, part, sources.shelves(viewer, part))
    return render(request, "pulse/shelves.html", context)
