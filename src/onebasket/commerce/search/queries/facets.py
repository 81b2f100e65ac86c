"""How many products there are by department, category, brand and price, and at the place; counted by the engine."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import tantivy

from onebasket.commerce.search.queries.asking import Asked
from onebasket.commerce.search.queries.index import own_field, price_field
from onebasket.commerce.search.queries.wording import MUST, Query
from onebasket.commerce.search.rules.messages import Facets, FacetValue, PriceBand
from onebasket.commerce.search.rules.weights import Band, price_bands
from onebasket.kernel.money import exponent

MOST_VALUES: Final = {"department": 60, "category": 30, "brand": 20}
"""So many values of each facet are counted, the commonest first."""


def count_facets(asked: Asked, text: tantivy.Query) -> Facets:
    """Count each facet under every narrowing but its own: one pass for all that are not narrowed, one for each that is.

    What has no department, category or brand is counted under none.
    """
    plain = asked.narrowed(text)
    wanted = {facet: _values(facet) for facet in MOST_VALUES}
    together = {facet: stated for facet, stated in wanted.items() if facet not in asked.narrowings}
    bands = price_bands(exponent(asked.currency)) if asked.currency else ()
    if asked.place is not None and "available" not in asked.narrowings:
        together["available"] = {"filter": f"here:{asked.place.id}"}
    if asked.has_prices and "price" not in asked.narrowings:
        together["price"] = _ranges(price_field(asked.currency), bands)
    found = dict(asked.snapshot.searcher.aggregate(plain, together)) if together else {}
    for facet in wanted.keys() - together.keys():
        without = asked.narrowed(text, leaving_out=facet)
        found |= asked.snapshot.searcher.aggregate(without, {facet: wanted[facet]})
    return Facets(
        departments=_counted(found["department"], asked.query.department),
        categories=_counted(found["category"], asked.query.category),
        brands=_counted(found["brand"], asked.query.brand),
        prices=_prices(asked, text, bands, found.get("price")),
        available=_available(asked, text, found),
    )


def _values(facet: str) -> dict[str, Any]:
    return {"terms": {"field": facet, "size": MOST_VALUES[facet] + 1}}


def _counted(found: Mapping[str, Any], chosen: str) -> tuple[FacetValue, ...]:
    pairs = [(bucket["key"], bucket["doc_count"]) for bucket in found["buckets"] if bucket["key"]]
    pairs.sort(key=lambda pair: (-pair[1], pair[0]))
    return tuple(FacetValue(value, count, value == chosen) for value, count in pairs)


def _available(asked: Asked, text: tantivy.Query, found: Mapping[str, Any]) -> int | None:
    if asked.place is None:
        return None
    if "available" in found:
        return int(found["available"]["doc_count"])
    return asked.snapshot.count(asked.narrowed(text))


def _prices(
    asked: Asked, text: tantivy.Query, bands: Sequence[Band], counted: Mapping[str, Any] | None
) -> tuple[PriceBand, ...]:
    """Return the bands that hold something: by the place's own price where it has one, else by the chain's.

    The chain's prices are counted of all, then what has an own price is moved from the chain's band to its own.
    """
    under = asked.narrowed(text, leaving_out="price")
    field = price_field(asked.currency)
    if counted is None and asked.has_prices:
        counted = asked.snapshot.searcher.aggregate(under, {"price": _ranges(field, bands)})["price"]
    counts = _counts(counted) if counted else [0] * len(bands)
    if asked.has_own_prices and asked.place is not None:
        with_own = Query.boolean_query([(MUST, under), (MUST, asked.with_own())])
        stated = {"own": _ranges(own_field(asked.place.id), bands), "chain": _ranges(field, bands)}
        moved = asked.snapshot.searcher.aggregate(with_own, stated)
        changes = zip(_counts(moved["own"]), _counts(moved["chain"]), strict=True)
        counts = [count + to - away for count, (to, away) in zip(counts, changes, strict=True)]
    return tuple(PriceBand(*band, count) for band, count in zip(bands, counts, strict=True) if count)


def _counts(found: Mapping[str, Any]) -> list[int]:
    return [int(bucket["doc_count"]) for bucket in found["buckets"]]


def _ranges(field: str, bands: Sequence[Band]) -> dict[str, Any]:
    return {"range": {"field": field, "ranges": [_range(band) for band in bands]}}


def _range(band: Band) -> dict[str, int]:
    """Return a band as the engine counts it: from its lower bound up to, and not including, the next one's."""
    ends = {} if band.upper is None else {"to": band.upper + 1}
    return {"from": band.lower} | ends
