"""How often search finds what was meant: known items, derived from the catalogue by rule, and searches by hand.

Success at 5 is the share of searches that have a right product among their first five hits. Known items are asked in
the whole chain, without any narrowing; searches by hand at the place where most is sold.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from onebasket.commerce.catalogue.queries.listing import ListedProduct, listed_after
from onebasket.commerce.search.queries import find
from onebasket.commerce.search.rules.documents import kind_of
from onebasket.commerce.search.rules.messages import Hit, SearchQuery
from onebasket.commerce.search.rules.words import tokens_of

FIRST = 5
KNOWN_ITEMS = 500
"""So many kinds of products are asked for, evenly spread over all of them in the order of their names."""
SHORTEST_MISSPELT = 5
SHORTEST_START = 3


class Known(NamedTuple):
    """A search for a known item: which group it is of, what is typed, and which hits are right."""

    group: str
    text: str
    is_right: Callable[[Hit], bool]


class Success(NamedTuple):
    """How many searches of a group there were, and how many of them had a right hit among the first five."""

    group: str
    searches: int
    successes: int
    failed: tuple[str, ...]

    @property
    def share(self) -> float:
        """Return the share of successes."""
        return self.successes / self.searches if self.searches else 0.0


def known_items(most: int = KNOWN_ITEMS) -> list[Known]:
    """Return the searches for known items, by these rules.

    Of every kind of product (its name without the size) that keeps stock and has a category, the oldest product is the
    known item; of all kinds, in the order of their names, evenly so many are taken. It is asked for by its kind; by
    kind and size; by its kind with a mistake; by brand and kind; and by its kind with only the beginning of its last
    word.
    """
    items = _evenly(_one_of_each_kind(), most)
    return [known for item in items for known in _asked_for(item)]


def by_hand() -> list[Known]:
    """Return the searches that were written by hand."""
    stated = tomllib.loads(Path(__file__).with_name("search_queries.toml").read_text(encoding="utf-8"))
    return [Known("by hand", one["text"], _matches(re.compile(one["finds"]))) for one in stated["searches"]]


def judge(searches: Sequence[Known], *, place_id: int = 0) -> list[Success]:
    """Run the searches and return how each group fared, in the order in which groups come first."""
    tried: dict[str, list[tuple[str, bool]]] = {}
    for known in searches:
        hits = find(SearchQuery(text=known.text, place_id=place_id, limit=FIRST)).hits
        tried.setdefault(known.group, []).append((known.text, any(known.is_right(hit) for hit in hits)))
    return [
        Success(group, len(told), sum(ok for _, ok in told), tuple(text for text, ok in told if not ok))
        for group, told in tried.items()
    ]


def misspelt(text: str) -> str:
    """Return the text with a mistake: the third and fourth letter of its longest word change over.

    Of words that are equally long the first is taken. Where the two are the same letter, one is left out; words of
    fewer than five letters stay as they are.
    """
    words = text.split()
    longest = max(words, key=len, default="")
    if len(longest) < SHORTEST_MISSPELT:
        return text
    one, other = longest[2], longest[3]
    wrong = longest[:2] + (longest[3:] if one == other else other + one + longest[4:])
    words[words.index(longest)] = wrong
    return " ".join(words)


def begun(text: str) -> str:
    """Return the text with only the beginning of its last word: half of it, and three letters at least."""
    *before, last = text.split()
    return " ".join([*before, last[: max(SHORTEST_START, (len(last) + 1) // 2)]])


def _asked_for(item: ListedProduct) -> Iterator[Known]:
    kind = kind_of(item.name)
    said = " ".join(tokens_of(kind))
    size = item.name[len(kind) :].strip(" ,")

    def same_kind(hit: Hit) -> bool:
        return kind_of(hit.name) == kind

    yield Known("kind", said, same_kind)
    if size:
        yield Known("kind and size", f"{said} {size}", lambda hit: hit.name == item.name)
    if (wrong := misspelt(said)) != said:
        yield Known("kind with a mistake", wrong, same_kind)
    yield Known("brand and kind", f"{item.brand} {said}", lambda hit: hit.brand == item.brand and same_kind(hit))
    yield Known("kind, begun", begun(said), same_kind)


def _one_of_each_kind() -> list[ListedProduct]:
    """Return the oldest product of each kind, by name; what keeps no stock or has no category is left out."""
    found: dict[str, ListedProduct] = {}
    last = 0
    while products := listed_after(last, limit=5_000):
        last = products[-1].id
        for product in products:
            if product.tracked and product.active and product.category and tokens_of(kind_of(product.name)):
                found.setdefault(kind_of(product.name), product)
    return [found[kind] for kind in sorted(found)]


def _evenly(items: Sequence[ListedProduct], most: int) -> list[ListedProduct]:
    step = max(1, len(items) // most)
    return list(islice(items, 0, None, step))[:most]


def _matches(pattern: re.Pattern[str]) -> Callable[[Hit], bool]:
    return lambda hit: bool(pattern.search(hit.name.lower()) or pattern.search(hit.category.lower()))
