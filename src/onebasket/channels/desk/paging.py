"""Counting rows without reading a whole big table."""

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

MOST_COUNTED = 10_000


class BoundedPaginator(Paginator[Any]):
    """Counts up to a bound: whoever needs a row further down filters or searches."""

    template_name = "desk/pagination.html"

    @cached_property
    def found(self) -> int:
        """Return how many rows there are, one more than the bound meaning more than it."""
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[: MOST_COUNTED + 1].count())

    @cached_property
    def count(self) -> int:
        """Return how many rows can be paged through."""
        return min(self.found, MOST_COUNTED)

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than are counted."""
        return self.found > MOST_COUNTED
