"""Pages of a list that stay where they are while new rows come: after a value and an id, never after a count."""

from contextlib import suppress
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet

Records = list[dict[str, Any]]
After = tuple[str, str]


def keyset(
    rows: QuerySet[Any, Any], *, order: str, descending: bool, after: After | None, limit: int
) -> tuple[Records, After | None]:
    """Return at most `limit` rows ordered by a column that is never null (ties by primary key), and the next cursor.

    `after` is the cursor of the part before; one that cannot be read shows the first part.
    """
    marked = rows.annotate(sort_value=F(order), sort_id=F("pk"))
    sign, side = ("-", "lt") if descending else ("", "gt")
    if after is not None:
        value, identity = after
        with suppress(ValidationError, ValueError, TypeError):
            marked = marked.filter(
                Q(**{f"sort_value__{side}e": value})
                & (Q(**{f"sort_value__{side}": value}) | Q(sort_value=value, **{f"sort_id__{side}": identity}))
            )
    found = list(marked.order_by(f"{sign}sort_value", f"{sign}sort_id")[: limit + 1])
    following = found[limit - 1] if len(found) > limit else None
    cursor = None if following is None else (_text(following["sort_value"]), str(following["sort_id"]))
    for row in found:
        del row["sort_value"], row["sort_id"]
    return found[:limit], cursor


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a column holds
    return value.isoformat() if isinstance(value, date) else str(value)
