"""Which picture stands for a product: by the words of its name, then of its category and department."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from hashlib import blake2b
from importlib.resources import files
from typing import NamedTuple

VARIANTS = 4
"""How many grounds a tile may have, so that a shelf of one category is not one picture over and over."""

_WORD = re.compile(r"[a-z]+")
_ELSE = ("bag", "slate")


class Picture(NamedTuple):
    """A picture of goods: its name in the sprite, its hue, and which ground it stands on."""

    name: str
    hue: str
    variant: int = 0


@cache
def words() -> dict[str, tuple[str, str]]:
    """Return the picture and hue of each word, or of two words joined by +."""
    text = files(__package__).joinpath("words.txt").read_text(encoding="utf-8")
    found: dict[str, tuple[str, str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            head, _, listed = line.partition(": ")
            name, hue = head.split()
            for word in listed.split():
                found.setdefault(word, (name, hue))
    return found


def picture_for(sku: str, name: str, category: str, department: str) -> Picture:
    """Return the picture of a product; the same product has the same one, always."""
    found = _by_words(name, category, department)
    return Picture(*found, blake2b(sku.encode(), digest_size=2).digest()[0] % VARIANTS)


def picture_of(category: str, department: str = "") -> Picture:
    """Return the picture of a category or a department."""
    return Picture(*_by_words("", category, department))


@lru_cache(maxsize=20_000)
def _by_words(name: str, category: str, department: str) -> tuple[str, str]:
    known = words()
    for text in (*name.split(", "), *re.split(r"[,/]", category), department):
        for word in _from_the_end(text):
            if found := known.get(word):
                return found
    return _ELSE


def _from_the_end(text: str) -> Iterator[str]:
    """Yield a text's words in the singular, the last first, each after the pair that it ends."""
    singular = [_singular(word) for word in _WORD.findall(text.lower())]
    for index in range(len(singular) - 1, -1, -1):
        if index:
            yield f"{singular[index - 1]}+{singular[index]}"
        yield singular[index]


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("shes", "ches", "oes", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us")) else word
