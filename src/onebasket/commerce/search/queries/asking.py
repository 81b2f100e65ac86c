"""A reading and its narrowing as the engine is asked; built from parts, never parsed, so that no text is a query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import tantivy

from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.search.queries.index import Snapshot, own_field, price_field
from onebasket.commerce.search.rules import weights
from onebasket.commerce.search.rules.messages import SearchQuery
from onebasket.commerce.search.rules.reading import Alternative, Reading, Slot
from onebasket.kernel.money import MAX_AMOUNT

Query, MUST, SHOULD, NOT = tantivy.Query, tantivy.Occur.Must, tantivy.Occur.Should, tantivy.Occur.MustNot
_EXACT: Final = 1_000.0
_FIELDS: Final = (
    ("core", weights.CORE), ("head", weights.HEAD), ("name", weights.NAME), ("brand_words", weights.BRAND),
    ("category_words", weights.CATEGORY), ("anywhere", weights.ANYWHERE),
)  # fmt: skip


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
            meant.append(self._slots(reading, need=need, sizes=sizes))
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
        return scored(_any(parts), _EXACT)

    def _slots(self, reading: Reading, *, need: int | None, sizes: bool) -> tantivy.Query:
        filled = [(slot, self._slot(slot)) for slot in reading.slots]
        wanted = [query for slot, query in filled if sizes or not slot.sizes]
        welcome = [*(query for slot, query in filled if slot.sizes and not sizes), *self._order(reading)]
        if not wanted:
            wanted, welcome = welcome, []
        if need is None or need >= len(wanted):
            parts = [(MUST, query) for query in wanted]
        else:
            enough = Query.boolean_query([(SHOULD, query) for query in wanted], minimum_number_should_match=need)
            parts = [(MUST, enough)]
        return Query.boolean_query([*parts, *((SHOULD, query) for query in welcome)])

    def _order(self, reading: Reading) -> list[tantivy.Query]:
        """Return what counts for more when the words stand together: as a whole, or in their order."""
        if not reading.words:
            return []
        whole = " ".join(reading.words)
        found = [
            scored(Query.term_query(self.schema, "whole", whole), weights.WHOLE),
            scored(Query.term_query(self.schema, "whole_category", whole), weights.WHOLE_CATEGORY),
        ]
        if len(reading.words) > 1:
            together = Query.phrase_query(self.schema, "name", list(reading.words), slop=1)
            found.append(scored(together, weights.IN_ORDER))
        return found

    def _slot(self, slot: Slot) -> tantivy.Query:
        if slot.sizes:
            return self._size(slot)
        said = len(slot.alternatives[0].words)
        filled = [self._alternative(one, said) for one in slot.alternatives]
        if slot.begun:
            begun = Query.fuzzy_term_query(self.schema, "surface", slot.begun, 0, True, True)  # noqa: FBT003 - so it is
            filled.append(scored(begun, weights.NAME * weights.BEGUN))
        return _any(filled)

    def _size(self, slot: Slot) -> tantivy.Query:
        """Return what has the size, or the very words of it: 2 liter is part of some names."""
        as_size = scored(Query.term_query(self.schema, "sizes", slot.sizes[-1]), weights.SIZE)
        spoken = [Query.term_query(self.schema, "name", word) for word in slot.alternatives[0].words]
        return _any([as_size, scored(_all(spoken), weights.SIZE)])

    def _alternative(self, one: Alternative, said: int) -> tantivy.Query:
        """Return what has all words of an alternative; it counts as if it had as many words as were said."""
        words = [self._word(word) for word in one.words]
        share = one.weight * said / len(words)
        found = _all(words)
        return found if share == 1 else Query.boost_query(found, share)

    def _word(self, word: str) -> tantivy.Query:
        """Return what has a word, by the best of the places where it stands."""
        parts = [scored(Query.term_query(self.schema, field, word), weight) for field, weight in _FIELDS]
        return Query.disjunction_max_query(parts)

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


def scored(query: tantivy.Query, score: float) -> tantivy.Query:
    """Return the same products, each with this score."""
    return Query.const_score_query(query, score)


def _all(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(MUST, query) for query in queries])


def _any(queries: Iterable[tantivy.Query]) -> tantivy.Query:
    return Query.disjunction_max_query(list(queries))
