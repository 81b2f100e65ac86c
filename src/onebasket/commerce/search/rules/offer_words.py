"""What of a partner's offer is indexed: its words by where they stand. Its description is not: it says anything."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from onebasket.commerce.search.rules.documents import group_words
from onebasket.commerce.search.rules.sizes import Sized, find_sizes
from onebasket.commerce.search.rules.words import stems_of, telling, tokens_of

_HEAD_ENDS = re.compile(r"\s(?:-|\N{EN DASH}|with|for|by)\s|[,(/:;]", re.IGNORECASE)
"""Before the first of these a title says what the thing is; behind it, which one."""


class OfferWords(NamedTuple):
    """What of an offer is indexed, each as one text with spaces: stems, and `surface` its words as written (folded).

    `core` is the last word of what the title begins with, `whole` the title without sizes.
    """

    name: str
    core: str
    whole: str
    sizes: str
    brand: str
    category: str
    anywhere: str
    surface: str


def offer_words(title: str, *, brand: str = "", model: str = "", category: str = "") -> OfferWords:
    """Return what of an offer is indexed; titles are all different, so that none is remembered."""
    tokens = tokens_of(title)
    sizes = find_sizes(tokens)
    named = stems_of(telling([*tokens, *(token for token in tokens_of(model) if token not in tokens)]))
    head = tokens_of(head_of(title))
    head_words = [word for word in telling(_without(head, find_sizes(head))) if word.isalpha()]
    of_brand, of_category = group_words(brand), group_words(category)
    name = " ".join(named)
    return OfferWords(
        name=name,
        core="".join(stems_of(head_words[-1:])),
        whole=" ".join(stems_of(telling(_without(tokens, sizes)))),
        sizes=" ".join(dict.fromkeys(term for size in sizes for term in size.terms)),
        brand=of_brand.stems,
        category=of_category.stems,
        anywhere=f"{name} {of_category.stems} {of_brand.stems}",
        surface=" ".join([*(word for word in tokens if word.isalpha()), of_category.surface, of_brand.surface]),
    )


def head_of(title: str) -> str:
    """Return what a title begins with: what the thing is."""
    return _HEAD_ENDS.split(title, maxsplit=1)[0].strip() or title


def _without(tokens: Sequence[str], sizes: Sequence[Sized]) -> list[str]:
    inside = {position for size in sizes for position in range(size.start, size.end)}
    return [token for position, token in enumerate(tokens) if position not in inside]
