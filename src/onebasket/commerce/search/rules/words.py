"""How text becomes words: folded, in the singular, without sizes; the same for what is indexed and what is asked."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

LONGEST_TEXT = 200
"""Characters of what somebody asks that are read; the rest is left unread."""
MOST_WORDS = 12
LONGEST_WORD = 40
STOP_WORDS = frozenset({"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"})
"""Words that say nothing about a product, unless nothing else is said."""

IRREGULAR = {
    "children": "child", "feet": "foot", "geese": "goose", "halves": "half", "knives": "knife", "leaves": "leaf",
    "loaves": "loaf", "men": "man", "mice": "mouse", "shelves": "shelf", "teeth": "tooth", "wives": "wife",
    "women": "woman",
}  # fmt: skip
_FRACTION_SLASH = "\N{FRACTION SLASH}"
_TOKEN = re.compile(r"\d+(?:[.,/]\d+)*|[^\W\d_]+")
_KEPT_ENDS = ("ss", "us", "is")
_DROPPED_ES = ("sses", "xes", "ches", "shes", "zzes")
_SHORT_OES = 5
_SHORTEST_PLURAL = 4


def fold(text: str) -> str:
    """Write a text in small letters without accents, as ENTRÉE and entree are the same word; letters of any script."""
    if text.isascii():
        return text.lower().replace("'", "")
    decomposed = unicodedata.normalize("NFKD", text).replace(_FRACTION_SLASH, "/").casefold()
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return plain.replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")


def tokens_of(text: str) -> list[str]:
    """Return the words and numbers of a text, folded: runs of letters, and numbers such as 10.75 or 1/2."""
    return [token[:LONGEST_WORD] for token in _TOKEN.findall(fold(text))]


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return the form in which a folded word is compared: its singular, a final y or ie written as i.

    It is no dictionary: what matters is that singular and plural meet, and that different words do not.
    """
    if found := IRREGULAR.get(word):
        word = found
    elif len(word) >= _SHORTEST_PLURAL and word.endswith("s") and not word.endswith(_KEPT_ENDS):
        long_oes = word.endswith("oes") and len(word) > _SHORT_OES
        word = word[:-2] if long_oes or word.endswith(_DROPPED_ES) else word[:-1]
    if len(word) < len("pie"):
        return word
    if word.endswith("ie"):
        return word[:-1]
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}i"
    return word


def stems_of(tokens: Sequence[str]) -> list[str]:
    """Return the stems of folded words, in their order."""
    return [stem(token) for token in tokens]


def telling(tokens: Sequence[str]) -> list[str]:
    """Return the words without those that say nothing; all of them where nothing else is said."""
    return [token for token in tokens if token not in STOP_WORDS] or list(tokens)
