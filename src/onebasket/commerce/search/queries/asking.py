"""A reading and its narrowing as the engine is asked for the chain's own products."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import tantivy

from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.search.queries.index import Snapshot, own_field, price_field
from onebasket.commerce.search.queries.wording import MUST, NOT, SHOULD, Query, Wording, any_of, scored
from onebasket.commerce.search.rules import weights
from onebasket.commerce.search.rules.messages import SearchQuery
from onebasket.commerce.search.rules.reading import Reading
from onebasket.kernel.money import MAX_AMOUNT

_EXACT: Final = 1_000.0
_FIELDS: Final = (
    ("core", weights.CORE), ("head", weights.HEAD), ("name", weights.NAME), ("brand_words", weights.BRAND),
    ("category_words", weights.CATEGORY), ("anywhere", weights.ANYWHERE),
)  # fmt: skip
_WHOLES: Final = (("whole", weights.WHOLE), ("whole_category", weights.WHOLE_CATEGORY))


@dataclass(frozen=True)
class Asked:
    """What a search asks of one snapshot: its parts, each made once."""

    snapshot: Snapshot
    query: SearchQuery
    place: PlaceFacts | None
    currency: str
    exact: tuple[int, ...] = ()

    @property
    def schema(self) -> tantivy.Schema:
        """Return the snapshot's fields."""
        return self.snapshot.schema

    @cached_property
    def wording(self) -> Wording:
        """Return how the index is asked for words."""
        return Wording(self.schema, self.snapshot.searcher, _FIELDS, _WHOLES)

    @property
    def has_own_prices(self) -> bool:
        """Whether the place has prices of its own."""
        return self.place is not None and self.place.id in self.snapshot.about.own_places

    @property
    def has_prices(self) -> bool:
        """Whether anything has a price in the currency."""
        return self.currency in self.snapshot.about.currencies

    @cached_property
    def everything(self) -> tantivy.Query:
        """Return every product, each with the same score."""
        return scored(Query.term_query(self.schema, "kind", "product"), 1.0)

    @property
    def here(self) -> tantivy.Query:
        """Return what is on the shelf at the place."""
        return Query.term_query(self.schema, "here", str(self.place.id if self.place else 0))

    @cached_property
    def narrowings(self) -> dict[str, tantivy.Query]:
        """Return what narrows the hits, by the facet that it belongs to."""
        query, found = self.query, {}
        for facet in ("department", "category", "brand"):
            if value := getattr(query, facet):
                found[facet] = Query.term_query(self.schema, facet, value)
        if query.price_from is not None or query.price_to is not None:
            found["price"] = self._priced(query.price_from, query.price_to)
        if query.available_only and self.place is not None:
            found["available"] = self.here
        return found

    def narrowed(self, text: tantivy.Query, *, leaving_out: str = "") -> tantivy.Query:
        """Return what is asked for under every narrowing, or every one but a facet's own."""
        kept = [scored(query, 0.0) for facet, query in self.narrowings.items() if facet != leaving_out]
        return Query.boolean_query([(MUST, text), *((MUST, query) for query in kept)])

    def ranked(self, found: tantivy.Query, *, shelf: bool = True) -> tantivy.Query:
        """Return the same products, their score raised by what sells at the place; with `shelf`, by what is there."""
        if self.place is None:
            return found
        steps = range(1, weights.MOST_DOUBLINGS + 1)
        raised = [
            scored(Query.term_query(self.schema, "sold", f"{self.place.id}:{step}"), step * weights.SOLD_HERE)
            for step in steps
        ]
        if shelf:
            raised.append(scored(self.here, weights.HERE))
        return Query.boolean_query([(MUST, found), *((SHOULD, query) for query in raised)])

    def text(self, reading: Reading, *, need: int | None = None, sizes: bool = True) -> tantivy.Query:
        """Return the products that a reading means: all its slots filled, or at least `need` of them.

        Without `sizes` a size only raises the score. What was asked for by its SKU or barcode comes first.
        """
        meant = [self._exactly()] if self.exact or self.query.text.strip() else []
        if reading.slots:
            meant.append(self.wording.slots(reading, need=need, sizes=sizes))
        if not meant:
            return self.everything
        return meant[0] if len(meant) == 1 else Query.boolean_query([(SHOULD, query) for query in meant])

    def own_or_chain(self, chain: tantivy.Query, own: tantivy.Query) -> tantivy.Query:
        """Return what meets `own` where the place has a price of its own, and `chain` where it has none."""
        return Query.boolean_query([(SHOULD, own), (SHOULD, self.without_own(chain))])

    def without_own(self, found: tantivy.Query) -> tantivy.Query:
        """Return what has no price of the place's own."""
        return Query.boolean_query([(MUST, found), (NOT, self.with_own())])

    def with_own(self) -> tantivy.Query:
        """Return what has a price of the place's own."""
        assert self.place is not None  # noqa: S101 - asked by the caller
        return Query.exists_query(own_field(self.place.id))

    def _exactly(self) -> tantivy.Query:
        parts = [Query.term_query(self.schema, "sku", self.query.text.strip())]
        if self.exact:
            parts.append(Query.term_set_query(self.schema, "product", list(self.exact)))
        return scored(any_of(parts), _EXACT)

    def _priced(self, lower: int | None, upper: int | None) -> tantivy.Query:
        if not self.has_prices and not self.has_own_prices:
            return Query.empty_query()
        chain = self._between(price_field(self.currency), lower, upper) if self.has_prices else Query.empty_query()
        if not self.has_own_prices or self.place is None:
            return chain
        return self.own_or_chain(chain, self._between(own_field(self.place.id), lower, upper))

    def _between(self, field: str, lower: int | None, upper: int | None) -> tantivy.Query:
        least, most = (None if bound is None else min(max(bound, 0), MAX_AMOUNT) for bound in (lower, upper))
        # By the terms: a pass over the column of a whole catalogue takes twice as long.
        unsigned = tantivy.FieldType.Unsigned
        return Query.range_query(self.schema, field, unsigned, least, most, use_inverted_index=True)
