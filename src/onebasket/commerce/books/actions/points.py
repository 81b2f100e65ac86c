"""Spend points, and give back those that had paid."""

from collections.abc import Iterable
from datetime import datetime

from onebasket.commerce.books.actions.posting import Posted, post_entries
from onebasket.commerce.books.locking import lock_points
from onebasket.commerce.books.rules.spending import PointsBook


def open_points(loyalty_numbers: Iterable[str]) -> PointsBook:
    """Lock points accounts in the order of their numbers, for this transaction, and return the book on them.

    They belong to the balances of the lock order: after inbox keys, before slots, orders and shelves.
    """
    return PointsBook({number: figures.available for number, figures in lock_points(loyalty_numbers).items()})


def post_points(book: PointsBook, *, now: datetime) -> Posted:
    """Post what was spent and given back in the book."""
    return post_entries(book.entries, now=now)
