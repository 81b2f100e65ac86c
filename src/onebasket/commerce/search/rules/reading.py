"""How what somebody typed is read: which words, which sizes, what else each may mean, and what was mended."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from onebasket.commerce.search.rules import weights
from onebasket.commerce.search.rules.sizes import Sized, find_sizes
from onebasket.commerce.search.rules.spelling import Mended
from onebasket.commerce.search.rules.synonyms import LONGEST_PHRASE, Synonyms
from onebasket.commerce.search.rules.words import LONGEST_TEXT, MOST_WORDS, STOP_WORDS, stem, stems_of, tokens_of


class Words(Protocol):
    """The words of all products, as `spelling.Vocabulary` knows them."""

    def knows(self, word: str) -> bool:
        """Whether a product has the word."""

    def begins(self, start: str) -> bool:
        """Whether a word begins so."""

    def mend(self, word: str) -> tuple[Mended, ...]:
        """Return what an unknown word may have been meant to be."""


class Alternative(NamedTuple):
    """Words (stems) that all must be there for a slot to be filled, and what they count for beside what was said."""

    words: tuple[str, ...]
    weight: float = weights.SAID


class Slot(NamedTuple):
    """A part of what was asked for: any of the alternatives fills it, or a word that begins with `begun`.

    A size has `sizes` instead, the package's own form last, and its words as the one alternative.
    """

    alternatives: tuple[Alternative, ...]
    begun: str = ""
    sizes: tuple[str, ...] = ()


class Reading(NamedTuple):
    """A text as it was read. `words` are the stems in their order, sizes apart; `mended` is the text, put right."""

    slots: tuple[Slot, ...]
    words: tuple[str, ...]
    mended: str = ""


class _Word(NamedTuple):
    """A word as read: as it stands after mending, and what else it may have been meant to be."""

    text: str
    others: tuple[Alternative, ...] = ()
    weight: float = weights.SAID


def read_text(text: str, *, synonyms: Synonyms, vocabulary: Words) -> Reading:
    """Read what somebody typed; at most 200 characters and twelve words of it.

    The last word may only have been begun, unless a space or a sign stands after it.
    """
    stated = text[:LONGEST_TEXT]
    tokens = tokens_of(stated)[:MOST_WORDS]
    is_begun = stated[-1:].isalnum()
    sizes = find_sizes(tokens, asked=True)
    runs = _runs(tokens, sizes)
    slots: list[Slot] = []
    words: list[str] = []
    said: list[str] = []
    for number, (run, size) in enumerate(zip(runs, [*sizes, None], strict=True)):
        read = _mend(run, vocabulary, last=is_begun and number == len(sizes))
        slots += _slots(read, synonyms, vocabulary, last=is_begun and number == len(sizes))
        words += [stem(word.text) for word in read]
        said += [word.text for word in read]
        if size is not None:
            spoken = tokens[size.start : size.end]
            slots.append(Slot((Alternative(tuple(stems_of(spoken))),), sizes=size.terms))
            said += spoken
    before = [word for run in _with_sizes(runs, sizes, tokens) for word in run]
    return Reading(tuple(slots), tuple(words), " ".join(said) if said != before else "")


def _runs(tokens: Sequence[str], sizes: Sequence[Sized]) -> list[list[str]]:
    """Return the words before, between and after the sizes, without those that say nothing."""
    bounds = [0, *(edge for size in sizes for edge in (size.start, size.end)), len(tokens)]
    runs = [list(tokens[bounds[i] : bounds[i + 1]]) for i in range(0, len(bounds), 2)]
    told = [[word for word in run if word not in STOP_WORDS] for run in runs]
    return told if sizes or any(told) else runs


def _with_sizes(runs: Sequence[list[str]], sizes: Sequence[Sized], tokens: Sequence[str]) -> list[list[str]]:
    spoken = [list(tokens[size.start : size.end]) for size in sizes]
    return [part for pair in zip(runs, [*spoken, []], strict=True) for part in pair]


def _mend(run: Sequence[str], vocabulary: Words, *, last: bool) -> list[_Word]:
    """Put right what no product has; the last word may be the beginning of one."""
    read: list[_Word] = []
    for position, word in enumerate(run):
        is_last = last and position == len(run) - 1
        known = vocabulary.knows(word) or (is_last and vocabulary.begins(word))
        meant = () if known else vocabulary.mend(word)
        if not meant:
            read.append(_Word(word))
            continue
        best, *others = meant
        weight = weights.MENDED**best.mistakes
        rest = tuple(Alternative(tuple(stems_of(other.words)), weight * weights.MENDED) for other in others)
        if len(best.words) == 1:
            read.append(_Word(best.words[0], rest, weight))
        else:
            read += [_Word(part, (), weight) for part in best.words]
    return read


def _slots(read: Sequence[_Word], synonyms: Synonyms, vocabulary: Words, *, last: bool) -> list[Slot]:
    """Return a slot for each word, or for several where they mean something else together."""
    slots: list[Slot] = []
    position = 0
    while position < len(read):
        length, others = _meaning(read, position, synonyms, vocabulary)
        taken = read[position : position + length]
        position += length
        said = Alternative(_stems(taken), min(word.weight for word in taken))
        alternatives = (said, *others, *(other for word in taken for other in word.others))
        begun = taken[0].text if last and position == len(read) and length == 1 else ""
        slots.append(Slot(alternatives, begun))
    return slots


def _meaning(
    read: Sequence[_Word], start: int, synonyms: Synonyms, vocabulary: Words
) -> tuple[int, tuple[Alternative, ...]]:
    """Return how many words from `start` on mean something else too, most first, and what; (1, ()) for none."""
    for length in range(min(LONGEST_PHRASE, len(read) - start), 0, -1):
        taken = read[start : start + length]
        found = tuple(Alternative(phrase, weights.MEANT) for phrase in synonyms.get(_stems(taken), ()))
        together = "".join(word.text for word in taken) if length == len(("pop", "corn")) else ""
        if together.isalpha() and vocabulary.knows(together):
            found = (Alternative((stem(together),)), *found)
        if found:
            return length, found
    return 1, ()


def _stems(words: Sequence[_Word]) -> tuple[str, ...]:
    return tuple(stem(word.text) for word in words)
