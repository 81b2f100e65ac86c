"""What a subscription has not come to, as SQL: audits of what its action writes leave that out."""

from collections.abc import Iterable


def unheard(name: str, types: Iterable[str]) -> str:
    """Return a statement for the subjects of events that a subscription has yet to act on; all are constants.

    An event that it failed on counts until it is done; one that was settled by a note does not.
    """
    of_types = ", ".join(f"'{one}'" for one in sorted(types))
    return (
        f"SELECT subject FROM base_event WHERE type IN ({of_types}) AND (position IS NULL OR position > "  # noqa: S608
        f"(SELECT COALESCE(MAX(position), 0) FROM base_subscriptioncursor WHERE name = '{name}')) "
        f"UNION SELECT subject FROM base_parkedevent WHERE subscription = '{name}' AND state <> 'dropped'"
    )
