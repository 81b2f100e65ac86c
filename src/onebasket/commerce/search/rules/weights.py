"""What counts for how much: where a word stands, how it was said, what sells here and in the chain; and price bands.

The score of a product is what its words come to, plus what it sells at the place and whether it is there, times a
factor of at least 1 that grows with its sales in the chain. Sales count in steps of doubling: what sells twice as much
is one step better.
"""

from math import log2
from typing import Final, NamedTuple

CORE: Final = 3.5
"""The last word before the first comma of the name: milk in fluid milk, but not in milk chocolate."""
HEAD: Final = 3.0
"""Another word before the first comma: what the product is."""
NAME: Final = 2.2
BRAND: Final = 2.4
CATEGORY: Final = 1.6
ANYWHERE: Final = 0.8
"""A word of the department alone."""
WHOLE: Final = 2.0
"""All words asked for are all words before the comma: bananas, and not banana bread."""
WHOLE_CATEGORY: Final = 4.0
"""All words asked for are the category: hot dogs, and not hot dog buns."""
IN_ORDER: Final = 1.0
"""The words stand in the name as they were asked for."""
SIZE: Final = 1.5
SAID: Final = 1.0
MEANT: Final = 0.9
"""A synonym of what was said."""
MENDED: Final = 0.8
BEGUN: Final = 0.55
"""A word that only begins with what was said."""
SOLD_HERE: Final = 0.35
"""For each doubling of the receipt lines at the place."""
HERE: Final = 1.0
"""It is on the shelf at the place."""
OFFERED: Final = 0.6
"""An offer that its partner says is there, as a share of the whole."""
CHAIN: Final = 0.06
"""For each doubling of the receipt lines in the chain, as a share of the whole."""
MOST_DOUBLINGS: Final = 12

_BANDS = (0, 1, 2, 5, 10, 20, 50)
"""Where price bands begin, in major units."""
_SMALLEST_EXPONENT = 2


def sales_class(lines: int) -> int:
    """Return how often a number of receipt lines was doubled: 1 for 1, 2 for 2 and 3, 3 for 4 to 7; 0 for none."""
    return min(max(lines, 0).bit_length(), MOST_DOUBLINGS)


def chain_weight(lines: int) -> float:
    """Return the value of a weight field under which the engine's factor, log2(2 + value), is 1 + CHAIN a doubling."""
    factor = 1 + CHAIN * log2(1 + max(lines, 0))
    return float(2.0**factor - 2.0)


def offer_weight(*, is_there: bool) -> float:
    """Return the value of a weight field under which the engine's factor is 1, or 1 + OFFERED for what is there."""
    return float(2.0 ** (1 + OFFERED) - 2.0) if is_there else 0.0


class Band(NamedTuple):
    """Prices from `lower` to `upper`, both inclusive, in minor units; None is no end."""

    lower: int
    upper: int | None


def price_bands(exponent: int) -> tuple[Band, ...]:
    """Return the bands of prices in a currency with so many decimals; currencies without any count in hundreds."""
    step = 10 ** max(exponent, _SMALLEST_EXPONENT)
    starts = [start * step for start in _BANDS]
    ends = [start - 1 for start in starts[1:]]
    return tuple(Band(*pair) for pair in zip(starts, [*ends, None], strict=True))
