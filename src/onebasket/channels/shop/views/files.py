"""What is no page: pictures, the sitemap in parts, and what robots may read."""

import gzip
from datetime import datetime
from functools import cache

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import escape
from django.views.decorators.http import require_safe

from onebasket.base.clock import database_now
from onebasket.channels.shop.addresses import address_of
from onebasket.commerce.catalogue.queries.browsing import names_between, parts_of
from onebasket.commerce.pricing.queries.changes import prices_changed
from onebasket.front.departments import departments
from onebasket.front.drawing.pictures import HUES, pictures, sprite, tile

SVG = "image/svg+xml"
FOR_EVER = "public, max-age=31536000, immutable"
A_DAY = "public, max-age=86400"
PART = 20_000
"""Products in a part of the sitemap: sitemaps.org allows 50,000 addresses."""

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


@require_safe
def goods(request: HttpRequest, version: str) -> HttpResponse:
    """Serve every picture of goods in one file, named by its content."""
    if version != sprite().version:
        raise Http404
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(_packed() if packed else sprite().body, content_type=SVG)
    if packed:
        response["Content-Encoding"] = "gzip"
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = FOR_EVER
    return response


@require_safe
def picture(_request: HttpRequest, name: str, hue: str) -> HttpResponse:
    """Serve one picture by itself, for whoever shows our products elsewhere."""
    if name not in pictures() or hue not in HUES:
        raise Http404
    response = HttpResponse(tile(name, hue), content_type=SVG)
    response["Cache-Control"] = A_DAY
    return response


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """List the parts of the sitemap: the sections, then the products in parts that have any."""
    parts = (0, *parts_of(PART))
    addresses = (request.build_absolute_uri(reverse("shop:sitemap-part", args=[part])) for part in parts)
    return _xml("sitemapindex", "".join(f"<sitemap><loc>{escape(address)}</loc></sitemap>" for address in addresses))


@require_safe
def sitemap_part(request: HttpRequest, part: int) -> HttpResponse:
    """List a part: 0 is departments and categories, n the n-th twenty thousand products."""
    listed: list[tuple[str, datetime | None]]
    if not part:
        listed = [(path, None) for path in (reverse("shop:front"), *_sections())]
    else:
        span = ((part - 1) * PART + 1, part * PART)
        found = names_between(*span)
        if not found:
            raise Http404
        changed = prices_changed(*span, now=database_now())
        listed = [(address_of(sku, name), changed.get(identity)) for identity, sku, name in found]
    root = request.build_absolute_uri("/").rstrip("/")
    return _xml("urlset", "".join(_entry(root + path, at) for path, at in listed))


def _entry(address: str, changed_at: datetime | None) -> str:
    """Write an address, with when its price changed last where it has one (W3C date and time)."""
    lastmod = f"<lastmod>{changed_at:%Y-%m-%dT%H:%M:%SZ}</lastmod>" if changed_at else ""
    return f"<url><loc>{escape(address)}</loc>{lastmod}</url>"


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Say what robots may read: the shop's shelves, nothing of anybody's."""
    private = ("basket", "checkout", "orders", "search", "stores/choose", "language")
    lines = ["User-agent: *", *(f"Disallow: /shop/{path}" for path in private), "Allow: /shop/", "Allow: /static/",
             "Disallow: /", "", f"Sitemap: {request.build_absolute_uri(reverse('shop:sitemap'))}"]  # fmt: skip
    response = HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = A_DAY
    return response


@cache
def _packed() -> bytes:
    return gzip.compress(sprite().body, mtime=0)


def _sections() -> list[str]:
    paths = []
    for department in departments().listed:
        paths.append(reverse("shop:department", args=[department.slug]))
        paths += [reverse("shop:category", args=[department.slug, one.slug]) for one in department.categories]
    return paths


def _xml(root: str, inside: str) -> HttpResponse:
    response = HttpResponse(f"{_HEAD}<{root} {_SPACE}>{inside}</{root}>", content_type="application/xml")
    response["Cache-Control"] = "public, max-age=3600"
    return response
