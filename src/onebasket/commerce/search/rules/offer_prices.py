"""Prices that shoppers narrow to, told in a partner's own money, so that the index need know no exchange rate."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import NamedTuple

from onebasket.kernel.money import MAX_AMOUNT


class Span(NamedTuple):
    """Prices from `least` to `most`, both inclusive, in minor units; `least` above `most` holds none."""

    least: int
    most: int


def own_span(low: int | None, high: int | None, costs: Callable[[int], int]) -> Span:
    """Return which prices of a partner come to between `low` and `high`, both inclusive, for a shopper.

    `costs` says what one comes to; a higher price never comes to less. Exact, whatever is rounded in between.
    """
    prices = range(MAX_AMOUNT + 1)
    least = 0 if low is None else bisect_left(prices, low, key=costs)
    most = MAX_AMOUNT if high is None else bisect_right(prices, high, key=costs) - 1
    return Span(least, most)
