"""Words that nobody knows, mended: what they may have been meant to be, by how few letters are wrong.

A letter left out, one too many, another in its place, or two changed over is one mistake. Words of four letters and
more are mended by one mistake, longer ones by two where one is not enough.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from onebasket.commerce.search.rules.words import stem

SHORTEST_MENDED = 4
SHORTEST_MENDED_TWICE = 7
MOST_MEANT = 3
"""So many meanings of one word are looked for at once."""
MOST_WEIGHED = 12
"""Of so many meanings, those that most products have, it is asked what sells."""
MOST_LETTERS = 40
_SHORTEST_PART = 3


class Mended(NamedTuple):
    """What a word may have been meant to be: `words` are one, or two that were written together."""

    words: tuple[str, ...]
    mistakes: int


class Vocabulary:
    """The words of all products, as written (folded), with how many products have each, and how well those sell."""

    def __init__(self, counts: Mapping[str, int], sells: Callable[[str], float] = lambda _: 0.0) -> None:
        """Keep the words; nothing is worked out before it is asked for.

        `sells` says how well the best of a word's products sells; it is asked of words that something may have meant.
        """
        self._counts, self._sells = counts, sells

    @cached_property
    def _stems(self) -> Container[str]:
        return frozenset(stem(word) for word in self._counts)

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._counts)

    @cached_property
    def _letters(self) -> str:
        found = Counter(letter for word in self._counts for letter in set(word) if letter.isalpha())
        return "".join(letter for letter, _ in sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))[
            :MOST_LETTERS
        ]

    @cached_property
    def _by_length(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for word in self._sorted:
            found.setdefault(len(word), []).append(word)
        return found

    def knows(self, word: str) -> bool:
        """Whether a product has the word, in singular or plural."""
        return word in self._counts or stem(word) in self._stems

    def begins(self, start: str) -> bool:
        """Whether a word begins so."""
        position = bisect_left(self._sorted, start)
        return position < len(self._sorted) and self._sorted[position].startswith(start)

    def mend(self, word: str) -> tuple[Mended, ...]:
        """Return what an unknown word may have been meant to be, likeliest first; nothing for numbers, short words.

        Fewer mistakes go first, then the same first letter, then the word whose products sell best, then the word that
        more products have. The singular of a word that products have in the plural is known too.
        """
        if len(word) < SHORTEST_MENDED or not word.isalpha():
            return ()
        found = self._nearest(word)
        if found:
            return self._likeliest(word, found, 1)
        if parts := self._parts(word):
            return (Mended(parts, 1),)
        if len(word) < SHORTEST_MENDED_TWICE:
            return ()
        return self._likeliest(word, set(self._two_mistakes(word)), 2)

    def _nearest(self, word: str) -> set[str]:
        """Return the words one mistake away: as products have them, else in the number that they have not."""
        around = set(_one_mistake(word, self._letters))
        found = {near for near in around if near in self._counts}
        known = {stem(near) for near in found}
        for near in sorted(around - found, key=lambda one: (len(one), one)):
            if (root := stem(near)) in self._stems and root not in known:
                found.add(near)
                known.add(root)
        return found

    def _likeliest(self, word: str, found: set[str], mistakes: int) -> tuple[Mended, ...]:
        common = sorted(found, key=lambda near: (near[0] != word[0], -self._counts.get(near, 0), near))
        weighed = [
            (near[0] != word[0], -self._sells(near), place, near) for place, near in enumerate(common[:MOST_WEIGHED])
        ]
        order = [near for *_, near in sorted(weighed)]
        return tuple(Mended((near,), mistakes) for near in order[:MOST_MEANT])

    def _parts(self, word: str) -> tuple[str, ...]:
        """Return two words that were written together: those of which the rarer one is commonest."""
        pairs = [(word[:cut], word[cut:]) for cut in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)]
        known = [pair for pair in pairs if all(part in self._counts for part in pair)]
        return max(known, key=lambda pair: (min(self._counts[part] for part in pair), pair), default=())

    def _two_mistakes(self, word: str) -> Iterator[str]:
        letters = set(word)
        for length in range(len(word) - 2, len(word) + 3):
            for near in self._by_length.get(length, ()):
                # Two mistakes bring in and take out at most two letters each.
                if len(letters.symmetric_difference(near)) <= 4 and mistakes_between(word, near, most=2) <= 2:  # noqa: PLR2004
                    yield near


def _one_mistake(word: str, letters: str) -> Iterator[str]:
    """Yield every word that is one mistake away."""
    for cut in range(len(word) + 1):
        before, after = word[:cut], word[cut:]
        if after:
            yield before + after[1:]
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
        for letter in letters:
            yield before + letter + after
            if after:
                yield before + letter + after[1:]


def mistakes_between(word: str, other: str, *, most: int) -> int:
    """Return how many mistakes lie between two words, counted up to `most` + 1 (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for line, letter in enumerate(word, start=1):
        earlier, before, row = before, row, [line]
        for column, meant in enumerate(other, start=1):
            cost = min(before[column] + 1, row[column - 1] + 1, before[column - 1] + (letter != meant))
            if earlier and column > 1 and letter == other[column - 2] and word[line - 2] == meant:
                cost = min(cost, earlier[column - 2] + 1)
            row.append(cost)
        if min(row) > most and (not before or min(before) > most):
            return most + 1
    return min(row[-1], most + 1)
