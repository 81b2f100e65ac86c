"""What is asked for, and ever less of it where nothing has all: the same for products and offers."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import tantivy

from onebasket.commerce.search.queries.holding import find_page
from onebasket.commerce.search.queries.wording import Wording
from onebasket.commerce.search.rules.reading import Reading


class Wanted(NamedTuple):
    """How much of a reading is wanted: all slots, or at least `need` of them; without `sizes` these may be let go."""

    reading: Reading
    need: int | None = None
    sizes: bool = True


class Asking(Protocol):
    """What a search asks of an index."""

    @property
    def wording(self) -> Wording:
        """Return how the index is asked for words."""

    def narrowed(self, text: tantivy.Query) -> tantivy.Query:
        """Return what is asked for under every narrowing."""


def ever_less(asked: Asking, reading: Reading) -> Iterator[Wanted]:
    """Yield what is asked for, then without its sizes, then as many of its words as anything has.

    In the end a word that most have says nothing.
    """
    yield Wanted(reading)
    words = sum(1 for slot in reading.slots if not slot.sizes)
    if 0 < words < len(reading.slots):
        yield Wanted(reading, sizes=False)
    told = reading._replace(slots=tuple(slot for slot in reading.slots if not asked.wording.is_everywhere(slot)))
    if words > 1 and (most := _most_words(asked, told)):
        yield Wanted(told, most, sizes=False)


def _most_words(asked: Asking, reading: Reading) -> int:
    """Return how many of the words asked for one document has at the most: each scores one, wherever it stands."""
    best = find_page(asked.wording.searcher, asked.narrowed(asked.wording.any_word(reading)), limit=1)
    return round(best.hits[0][0] or 0) if best.hits else 0
