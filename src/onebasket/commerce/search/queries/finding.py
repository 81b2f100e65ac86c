"""Find products: what was typed is read, asked of the index, and the hits are told with today's price and stock."""

import re
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final

import msgspec
import tantivy

from onebasket.base.clock import database_now
from onebasket.commerce.catalogue.queries import products_by_scan
from onebasket.commerce.places.queries import places_by_id
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.search.queries.asking import Asked
from onebasket.commerce.search.queries.facets import count_facets
from onebasket.commerce.search.queries.index import Found, Snapshot, newest_snapshot, own_field, price_field
from onebasket.commerce.search.queries.relaxing import ever_less
from onebasket.commerce.search.queries.telling import tell_hits
from onebasket.commerce.search.queries.wording import MUST, Query, scored
from onebasket.commerce.search.rules.messages import FARTHEST, LONGEST_PAGE, SearchPage, SearchQuery
from onebasket.commerce.search.rules.reading import Reading, read_text
from onebasket.commerce.search.rules.words import LONGEST_TEXT

_CODE: Final = re.compile(r"[\d\s()-]{4,120}", re.ASCII)
"""What may be a barcode; SKUs are looked for whatever they look like."""


def find(query: SearchQuery, *, now: datetime | None = None) -> SearchPage:
    """Return a page of the products that a shopper means, best first, with facets; never an error for what is typed.

    Prices and availability of the hits are those of `now` (the database's clock unless stated); what narrows and
    counts them is some seconds old at the most. At most eleven statements, whatever is asked and found.

    Raises:
        IndexMissingError: there is no index yet.
    """
    stated = _cleaned(query)
    snapshot = newest_snapshot()
    place = places_by_id([stated.place_id]).get(stated.place_id) if stated.place_id else None
    reading = read_text(stated.text, synonyms=snapshot.synonyms, vocabulary=snapshot.vocabulary)
    asked = Asked(snapshot, stated, place, _currency(snapshot, place), _by_barcode(stated.text))
    text, found, relaxed = _meant(asked, reading)
    hits = tell_hits(asked, _in_order(snapshot, found), now=now or database_now())
    return SearchPage(hits, count_facets(asked, text), found.total, reading.mended, relaxed)


def _cleaned(query: SearchQuery) -> SearchQuery:
    """Return the query as the engine can take it: no NUL, no half characters, a page of a sane size."""
    texts = {
        name: getattr(query, name).replace("\x00", " ").encode("utf-8", "ignore").decode()
        for name in ("text", "department", "category", "brand")
    }
    texts["text"] = texts["text"][:LONGEST_TEXT]
    offset, limit = min(max(query.offset, 0), FARTHEST), min(max(query.limit, 1), LONGEST_PAGE)
    return msgspec.structs.replace(query, **texts, offset=offset, limit=limit)


def _currency(snapshot: Snapshot, place: PlaceFacts | None) -> str:
    if place is not None:
        return place.currency
    return next(iter(snapshot.about.currencies), "")


def _by_barcode(text: str) -> tuple[int, ...]:
    stripped = text.strip()
    if not _CODE.fullmatch(stripped):
        return ()
    return tuple(product.id for product in products_by_scan([stripped]).values() if product.active)


def _meant(asked: Asked, reading: Reading) -> tuple[tantivy.Query, Found, bool]:
    """Return what has all that was asked for; where nothing has, what has most of it: sizes are let go first."""
    for number, wanted in enumerate(ever_less(asked, reading)):
        text = asked.text(wanted.reading, need=wanted.need, sizes=wanted.sizes)
        found = _page(asked, text)
        if found.total:
            return text, found, number > 0
    return asked.text(reading), Found(0, []), False


def _page(asked: Asked, text: tantivy.Query) -> Found:
    """Return how many there are, and the page asked for, best first."""
    query, snapshot = asked.query, asked.snapshot
    if query.sort in {"price", "price_desc"} and (asked.has_prices or asked.has_own_prices):
        return _by_price(asked, asked.narrowed(text))
    if query.sort == "popular":
        wanted = asked.ranked(asked.narrowed(scored(text, 1.0)), shelf=False)
    else:
        wanted = asked.ranked(asked.narrowed(text))
    return snapshot.search(wanted, limit=query.limit, offset=query.offset, weight_by_field="weight")


def _by_price(asked: Asked, wanted: tantivy.Query) -> Found:
    """Return the page by price, what has none last; a place's own prices and the chain's are put in one order."""
    query, snapshot = asked.query, asked.snapshot
    order = tantivy.Order.Asc if query.sort == "price" else tantivy.Order.Desc
    field = price_field(asked.currency) if asked.has_prices else None
    if not asked.has_own_prices or asked.place is None:
        return snapshot.search(wanted, limit=query.limit, offset=query.offset, order_by_field=field, order=order)
    last = query.offset + query.limit
    with_own = Query.boolean_query([(MUST, wanted), (MUST, asked.with_own())])
    own = snapshot.search(with_own, limit=last, order_by_field=own_field(asked.place.id), order=order)
    chain = snapshot.search(asked.without_own(wanted), limit=last, order_by_field=field, order=order)
    # Without a field of the chain's prices what has no own price has no price at all.
    rest = chain.hits if field else [(None, address) for _, address in chain.hits]
    sign = 1 if query.sort == "price" else -1
    merged = sorted([*own.hits, *rest], key=lambda hit: (hit[0] is None, sign * (hit[0] or 0)))
    return Found(own.total + chain.total, merged[query.offset : last])


def _in_order(snapshot: Snapshot, found: Found) -> list[int]:
    """Return the product ids of a page in its order; of those that are equal, the older product first."""
    ranked = zip((score for score, _ in found.hits), snapshot.product_ids(found), strict=True)
    return [identity for _, equal in groupby(ranked, key=itemgetter(0)) for _, identity in sorted(equal)]
