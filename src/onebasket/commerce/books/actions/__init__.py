"""What changes the books: entries posted or stated anew, points spent, earning rules set."""

from onebasket.commerce.books.actions.earning import set_earning_rule
from onebasket.commerce.books.actions.points import open_points, post_points
from onebasket.commerce.books.actions.posting import post_entries, restate_entries

__all__ = ["open_points", "post_entries", "post_points", "restate_entries", "set_earning_rule"]
