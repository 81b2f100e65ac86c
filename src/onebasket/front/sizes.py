"""A product's name taken apart for a card: what it is, and how much of it a pack holds."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

_SIZE = re.compile(
    r"(?P<text>(?P<number>1/[2348](?!\d)|\d+(?:\.\d+)?)(?P<more>[\d/.\- x]*) ?"
    r"(?P<unit>ct|doz|each|ft|gal|in|l|lb|ml|oz|pc|pack|pt|qt|sq ft|yd)(?: bag)?)"
)
_PLAIN = {"oz": (1, "oz"), "lb": (1, "lb"), "gal": (1, "gal"), "qt": (1, "qt"), "pt": (1, "pt"), "l": (1, "l"),
          "ml": (100, "100 ml"), "ct": (1, "ct")}  # fmt: skip
"""Of which units a price for so many is worth telling, and how that is written."""


class Named(NamedTuple):
    """A name without its size, the size as it is written, and how many of `per` the pack holds (0: not told)."""

    title: str
    size: str
    holds: Decimal
    per: str


@lru_cache(maxsize=50_000)
def take_apart(name: str) -> Named:
    """Split `Fluid milk, white, 1 gal` into its title and size; a name without a clear size stays whole."""
    title, comma, last = name.rpartition(", ")
    found = _SIZE.fullmatch(last) if comma else None
    if found is None:
        return Named(name, "", Decimal(0), "")
    of, per = _PLAIN.get(found["unit"], (1, ""))
    if not per or found["more"].strip():
        return Named(title, last, Decimal(0), "")
    numerator, _, denominator = found["number"].partition("/")
    number = Decimal(numerator) / Decimal(denominator or 1)
    # A pack of one unit has that unit's price already.
    return Named(title, last, number / of if number != of else Decimal(0), per)
