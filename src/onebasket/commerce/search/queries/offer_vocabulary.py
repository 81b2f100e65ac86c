"""The words of all offers, asked of the engine one by one: a million offers have too many to keep them in memory."""

from collections.abc import Container, Iterator, Mapping
from functools import cached_property
from string import ascii_lowercase
from typing import Final

import tantivy

from onebasket.commerce.search.rules.spelling import Vocabulary
from onebasket.commerce.search.rules.synonyms import Synonyms

MOST_COMPARED: Final = 4_000
"""Words with two mistakes are looked for among so many that begin alike, the commonest."""


class OfferVocabulary(Vocabulary):
    """The words of offers as written (folded), and those that have synonyms; mended as those of products are.

    What has two mistakes is looked for among words that begin with the same letter: few get the first one wrong.
    """

    def __init__(self, searcher: tantivy.Searcher, synonyms: Synonyms) -> None:
        """Read nothing yet."""
        meant = frozenset(word for phrase in synonyms for word in phrase if word.isalpha())
        super().__init__(_Counts(searcher, "surface", meant))
        self._searcher = searcher
        self._terms = _Counts(searcher, "anywhere", meant)
        self._alike: dict[str, Vocabulary] = {}

    @cached_property
    def _stems(self) -> Container[str]:
        return self._terms

    @cached_property
    def _letters(self) -> str:
        return ascii_lowercase

    def begins(self, start: str) -> bool:
        """Whether a word begins so."""
        return bool(self._searcher.terms_with_prefix("surface", start, limit=1))

    def _two_mistakes(self, word: str) -> Iterator[str]:
        first = word[0]
        if (alike := self._alike.get(first)) is None:
            found = self._searcher.terms_with_prefix("surface", first, limit=MOST_COMPARED)
            alike = self._alike[first] = Vocabulary(dict(found))
        return alike._two_mistakes(word)  # noqa: SLF001 - another of its own kind


class _Counts(Mapping[str, int]):
    """How many offers have each word in a field, by the engine's dictionary of it."""

    def __init__(self, searcher: tantivy.Searcher, field: str, meant: frozenset[str]) -> None:
        self._searcher, self._field, self._meant = searcher, field, meant

    def __contains__(self, word: object) -> bool:
        return word in self._meant or self._searcher.doc_freq(self._field, word) > 0

    def __getitem__(self, word: str) -> int:
        if count := self._searcher.doc_freq(self._field, word):
            return count
        if word in self._meant:
            return 0
        raise KeyError(word)

    def __iter__(self) -> Iterator[str]:
        return (term for term, _ in self._searcher.terms_with_prefix(self._field, ""))

    def __len__(self) -> int:
        return sum(1 for _ in self)
