"""The words of a reading as the engine is asked for them; built from parts, so that no text is ever a query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import tantivy

from onebasket.commerce.search.rules import weights
from onebasket.commerce.search.rules.reading import Alternative, Reading, Slot

Query, MUST, SHOULD, NOT = tantivy.Query, tantivy.Occur.Must, tantivy.Occur.Should, tantivy.Occur.MustNot
Weighed = tuple[tuple[str, float], ...]
"""Fields, and what a word counts for in each."""
_COMMON: Final = 2
"""One in so many documents has a word that says nothing any more."""


@dataclass(frozen=True)
class Wording:
    """How an index is asked for words: `words` are its fields by their weight, `wholes` those that hold a whole text.

    It also has the fields `anywhere`, `surface`, `sizes` and `name`. With `common` it is spared what costs most among
    many documents: what has several words is looked for first, and only that is weighed; a word that more than `common`
    have is whole, not begun, and counts the same wherever it stands.
    """

    schema: tantivy.Schema
    searcher: tantivy.Searcher
    words: Weighed
    wholes: Weighed
    common: int = 0

    def slots(self, reading: Reading, *, need: int | None = None, sizes: bool = True) -> tantivy.Query:
        """Return what a reading with slots means: all of them filled, or at least `need` of them.

        Without `sizes` a size only raises the score.
        """
        filled = [(slot, self._slot(slot)) for slot in reading.slots]
        wanted = [query for slot, query in filled if sizes or not slot.sizes]
        welcome = [*(query for slot, query in filled if slot.sizes and not sizes), *self._order(reading)]
        if not wanted:
            wanted, welcome = welcome, []
        if need is None or need >= len(wanted):
            if self.common and len(wanted) > 1:
                parts = [(MUST, scored(self.matched(reading, sizes=sizes), 0.0))]
                welcome += wanted
            else:
                parts = [(MUST, query) for query in wanted]
        else:
            enough = Query.boolean_query([(SHOULD, query) for query in wanted], minimum_number_should_match=need)
            parts = [(MUST, enough)]
        return Query.boolean_query([*parts, *((SHOULD, query) for query in welcome)])

    def matched(self, reading: Reading, *, need: int | None = None, sizes: bool = True) -> tantivy.Query:
        """Return the same documents as `slots` does, unweighed: for counting, at a fraction of the time."""
        wanted = [self._anywhere(slot) for slot in reading.slots if sizes or not slot.sizes]
        if not wanted:
            wanted = [self._anywhere(slot) for slot in reading.slots]
        if need is None or need >= len(wanted):
            return Query.boolean_query([(MUST, query) for query in wanted])
        return Query.boolean_query([(SHOULD, query) for query in wanted], minimum_number_should_match=need)

    def is_everywhere(self, slot: Slot) -> bool:
        """Whether more than half of all documents have the word of a slot."""
        words = slot.alternatives[0].words
        counts = [self._frequency(word) for word in words]
        return not slot.sizes and min(counts) > self.searcher.num_docs / _COMMON

    def any_word(self, reading: Reading) -> tantivy.Query:
        """Return what has any of the words asked for; the score is how many of them."""
        slots = [self._anywhere(slot) for slot in reading.slots if not slot.sizes]
        return Query.boolean_query([(SHOULD, scored(query, 1.0)) for query in slots])

    def _order(self, reading: Reading) -> list[tantivy.Query]:
        """Return what counts for more when the words stand together: as a whole, or in their order."""
        if not reading.words:
            return []
        whole = " ".join(reading.words)
        found = [scored(Query.term_query(self.schema, field, whole), weight) for field, weight in self.wholes]
        if len(reading.words) > 1:
            together = Query.phrase_query(self.schema, "name", list(reading.words), slop=1)
            found.append(scored(together, weights.IN_ORDER))
        return found

    def _slot(self, slot: Slot) -> tantivy.Query:
        if slot.sizes:
            return self._size(slot)
        said = len(slot.alternatives[0].words)
        filled = [self._alternative(one, said) for one in slot.alternatives]
        if slot.begun and not self._is_common(slot):
            filled.append(scored(self._begun(slot.begun), weights.NAME * weights.BEGUN))
        return any_of(filled)

    def _anywhere(self, slot: Slot) -> tantivy.Query:
        if slot.sizes:
            return self._size(slot)
        filled = [
            all_of([Query.term_query(self.schema, "anywhere", word) for word in one.words]) for one in slot.alternatives
        ]  # fmt: skip
        if slot.begun and not self._is_common(slot):
            filled.append(self._begun(slot.begun))
        return any_of(filled)

    def _is_common(self, slot: Slot) -> bool:
        return bool(self.common) and self._frequency(slot.alternatives[0].words[0]) > self.common

    def _frequency(self, word: str) -> int:
        return int(self.searcher.doc_freq("anywhere", word))

    def _begun(self, start: str) -> tantivy.Query:
        return Query.fuzzy_term_query(self.schema, "surface", start, 0, True, True)  # noqa: FBT003 - the engine's own

    def _size(self, slot: Slot) -> tantivy.Query:
        """Return what has the size, or the very words of it: 2 liter is part of some names."""
        as_size = scored(Query.term_query(self.schema, "sizes", slot.sizes[-1]), weights.SIZE)
        spoken = [Query.term_query(self.schema, "name", word) for word in slot.alternatives[0].words]
        return any_of([as_size, scored(all_of(spoken), weights.SIZE)])

    def _alternative(self, one: Alternative, said: int) -> tantivy.Query:
        """Return what has all words of an alternative; it counts as if it had as many words as were said."""
        words = [self._word(word) for word in one.words]
        share = one.weight * said / len(words)
        found = all_of(words)
        return found if share == 1 else Query.boost_query(found, share)

    def _word(self, word: str) -> tantivy.Query:
        """Return what has a word, by the best of the places where it stands."""
        if self.common and self._frequency(word) > self.common:
            return scored(Query.term_query(self.schema, "anywhere", word), weights.NAME)
        parts = [scored(Query.term_query(self.schema, field, word), weight) for field, weight in self.words]
        return Query.disjunction_max_query(parts)


def scored(query: tantivy.Query, score: float) -> tantivy.Query:
    """Return the same documents, each with this score."""
    return Query.const_score_query(query, score)


def all_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """Return what meets every query; their scores add up."""
    return queries[0] if len(queries) == 1 else Query.boolean_query([(MUST, query) for query in queries])


def any_of(queries: Iterable[tantivy.Query]) -> tantivy.Query:
    """Return what meets any query; the best score counts."""
    return Query.disjunction_max_query(list(queries))
