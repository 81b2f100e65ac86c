"""Sizes in text: a number and a unit of a package, brought to one form, so that 1 gal, one gallon and 128 oz meet."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

UNITS: dict[str, tuple[str, Fraction]] = {
    "oz": ("oz", Fraction(1)), "ounce": ("oz", Fraction(1)), "lb": ("oz", Fraction(16)), "pound": ("oz", Fraction(16)),
    "gal": ("oz", Fraction(128)), "gallon": ("oz", Fraction(128)), "qt": ("oz", Fraction(32)),
    "quart": ("oz", Fraction(32)), "pt": ("oz", Fraction(16)), "pint": ("oz", Fraction(16)),
    "ml": ("ml", Fraction(1)), "milliliter": ("ml", Fraction(1)), "millilitre": ("ml", Fraction(1)),
    "cl": ("ml", Fraction(10)), "l": ("ml", Fraction(1000)), "lt": ("ml", Fraction(1000)),
    "liter": ("ml", Fraction(1000)), "litre": ("ml", Fraction(1000)), "g": ("g", Fraction(1)),
    "gram": ("g", Fraction(1)), "kg": ("g", Fraction(1000)), "kilo": ("g", Fraction(1000)),
    "ct": ("ct", Fraction(1)), "count": ("ct", Fraction(1)), "pk": ("ct", Fraction(1)), "pack": ("ct", Fraction(1)),
    "pc": ("ct", Fraction(1)), "piece": ("ct", Fraction(1)), "doz": ("ct", Fraction(12)),
    "dozen": ("ct", Fraction(12)), "in": ("in", Fraction(1)), "inch": ("in", Fraction(1)), "ft": ("in", Fraction(12)),
    "foot": ("in", Fraction(12)), "yd": ("in", Fraction(36)), "yard": ("in", Fraction(36)),
}  # fmt: skip
"""What each unit is in its family's own: fluid and dry ounces are one family, as packages write both as oz."""

NUMBERS = {
    "half": Fraction(1, 2), "quarter": Fraction(1, 4), "one": Fraction(1), "two": Fraction(2), "three": Fraction(3),
    "four": Fraction(4), "five": Fraction(5), "six": Fraction(6), "eight": Fraction(8), "ten": Fraction(10),
    "twelve": Fraction(12),
}  # fmt: skip
ALONE = frozenset({"gallon", "dozen"})
"""Units that mean one of them where no number is said: a gallon of milk, a dozen eggs."""
_DENOMINATORS = frozenset({2, 3, 4, 8, 16})
_LONGEST_NUMBER = 9
_PLURAL_FROM = 3


class Sized(NamedTuple):
    """A size found in tokens [start, end); `terms` are its forms as indexed, such as 128oz; the last is the package's.

    A pack such as 6/12 oz has two: 6ct and 12oz.
    """

    start: int
    end: int
    terms: tuple[str, ...]


def find_sizes(tokens: Sequence[str], *, asked: bool = False) -> list[Sized]:
    """Return the sizes in folded tokens, in their order; `asked` also reads a gallon and a dozen without a number."""
    found: list[Sized] = []
    position = 0
    while position < len(tokens):
        size = _size_at(tokens, position) or (_alone_at(tokens, position) if asked else None)
        if size is None:
            position += 1
        else:
            found.append(size)
            position = size.end
    return found


def _size_at(tokens: Sequence[str], start: int) -> Sized | None:
    numbers: list[str] = []
    end = start
    while end < len(tokens) and len(numbers) < len(("1", "1/2")) and _is_number(tokens[end]):
        numbers.append(tokens[end])
        end += 1
    if not numbers or end == len(tokens):
        return None
    unit = _unit(tokens[end])
    if unit is None:
        return None
    terms = _terms(tuple(numbers), *unit)
    return Sized(start, end + 1, terms) if terms else None


def _alone_at(tokens: Sequence[str], position: int) -> Sized | None:
    unit = UNITS.get(tokens[position]) if tokens[position] in ALONE else None
    return Sized(position, position + 1, (_term(unit[1], unit[0]),)) if unit else None


def _is_number(token: str) -> bool:
    return token[0].isdecimal() or token in NUMBERS


def _unit(token: str) -> tuple[str, Fraction] | None:
    found = UNITS.get(token)
    if found is None and len(token) >= _PLURAL_FROM and token.endswith("s"):
        found = UNITS.get(token[:-1]) or UNITS.get(token[:-2])
    return found


@lru_cache(maxsize=8_192)
def _terms(numbers: tuple[str, ...], unit: str, factor: Fraction) -> tuple[str, ...]:
    """Return the terms of one or two numbers before a unit: 1 1/2 is mixed, 6 12 and 6/12 are packs."""
    parts = [part for number in numbers for part in _parts(number)]
    if len(parts) == 2 and parts[1] < 1 <= parts[0]:  # noqa: PLR2004 - a mixed number, such as 1 1/2
        parts = [parts[0] + parts[1]]
    if not parts or any(part <= 0 for part in parts):
        return ()
    *packs, size = parts
    return (*(_term(pack, "ct") for pack in packs), _term(size * factor, unit))


def _parts(number: str) -> list[Fraction]:
    if number in NUMBERS:
        return [NUMBERS[number]]
    over = number.replace(",", "").split("/")
    if any(not 0 < len(part) <= _LONGEST_NUMBER or part.count(".") > 1 for part in over):
        return []
    values = [Fraction(part) for part in over]
    is_fraction = len(values) == 2 and values[0] < values[1] and values[1] in _DENOMINATORS  # noqa: PLR2004 - n/m
    return [values[0] / values[1]] if is_fraction else values


def _term(value: Fraction, unit: str) -> str:
    """Write a value to the thousandth, without needless zeros."""
    thousandths = round(value * 1000)
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".") + unit
