"""What of a product is indexed: its words by where they stand, its sizes, and what kind of product it is."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from onebasket.commerce.search.rules.sizes import UNITS, find_sizes
from onebasket.commerce.search.rules.words import stems_of, telling, tokens_of

_UNIT_NAMES = "|".join(sorted((re.escape(unit) for unit in UNITS), key=len, reverse=True))
_SIZE_AT_END = re.compile(
    rf"[\s,(]*\d[\d\s./x-]*(?:sq )?(?:{_UNIT_NAMES})(?:e?s)?(?: bag)?[.)]*$|[\s,]+$", re.IGNORECASE
)  # fmt: skip


class NameWords(NamedTuple):
    """What of a name is indexed, each as one text with spaces: stems, and `surface` its words as written (folded).

    `head` is before the first comma, `whole` the same without sizes; `label` is the name without the size at its end.
    """

    name: str
    head: str
    whole: str
    sizes: str
    surface: str
    label: str


@lru_cache(maxsize=32_768)
def name_words(name: str) -> NameWords:
    """Return what of a name is indexed."""
    tokens = tokens_of(name)
    head = tokens_of(name.partition(",")[0])
    sizes = find_sizes(tokens)
    return NameWords(
        name=_stems(tokens),
        head=_stems(head),
        whole=_stems(_without_sizes(head)),
        sizes=" ".join(dict.fromkeys(term for size in sizes for term in size.terms)),
        surface=_surface(tokens),
        label=kind_of(name),
    )


class GroupWords(NamedTuple):
    """What of a department, category or brand is indexed: its stems, and its words as written."""

    stems: str
    surface: str


@lru_cache(maxsize=32_768)
def group_words(text: str) -> GroupWords:
    """Return what of a department, category or brand is indexed."""
    tokens = tokens_of(text)
    return GroupWords(_stems(tokens), _surface(tokens))


def kind_of(name: str) -> str:
    """Return a name without the size at its end: what kind of product it is, as people read it."""
    plain = _SIZE_AT_END.sub("", name)
    return plain or name


def _stems(tokens: Sequence[str]) -> str:
    return " ".join(stems_of(telling(tokens))) if tokens else ""


def _surface(tokens: Sequence[str]) -> str:
    """Return the words without numbers, which nobody mends."""
    return " ".join(token for token in telling(tokens) if token.isalpha()) if tokens else ""


def _without_sizes(tokens: Sequence[str]) -> list[str]:
    inside = {position for size in find_sizes(tokens) for position in range(size.start, size.end)}
    return [token for position, token in enumerate(tokens) if position not in inside]
