"""The relay's turns: number what has been committed, and let go of what everybody has."""

from datetime import timedelta

from django.db import transaction

from onebasket.base import bulk, outbox
from onebasket.base.clock import database_now
from onebasket.base.columns import is_postgresql
from onebasket.base.instants import instant_parameter

SQLITE_AT_ONCE = 500
"""Keeps the transaction near 10 ms, because the hot path waits for it."""

POSTGRESQL_AT_ONCE = 2_000
PRUNED_AT_ONCE = 200


def number_waiting() -> int:
    """Number the next events, if any wait; return how many. Looks first, so that an idle relay takes no lock."""
    if not bulk.fetch("SELECT 1 FROM base_event WHERE position IS NULL LIMIT 1"):
        return 0
    return outbox.number_events(POSTGRESQL_AT_ONCE if is_postgresql() else SQLITE_AT_ONCE)


def prune_events(days: int) -> int:
    """Delete a few of the oldest events older than so many days that everybody is done with; return how many.

    Everybody is every webhook and every subscription of our own. The newest event always stays, because positions
    count on from it; so do events that a webhook could not be given, and those that an action failed on. Zero days
    keeps everything.
    """
    if days <= 0:
        return 0
    before = database_now() - timedelta(days=days)
    found = bulk.fetch(
        "SELECT e.id FROM base_event e WHERE e.position < (SELECT MAX(position) FROM base_event) "
        "AND e.position <= COALESCE((SELECT MIN(position) FROM base_webhook WHERE active), e.position) "
        "AND e.position <= COALESCE((SELECT MIN(position) FROM base_subscriptioncursor), e.position) "
        "AND NOT EXISTS (SELECT 1 FROM base_parkedevent p WHERE p.event_id = e.id) "
        "AND e.occurred_at < %s AND NOT EXISTS "
        "(SELECT 1 FROM base_delivery d WHERE d.event_id = e.id AND d.state <> 'delivered') "
        "ORDER BY e.position LIMIT %s",
        [instant_parameter(before), PRUNED_AT_ONCE],
    )
    if not found:
        return 0
    ids = bulk.list_parameter([identity for (identity,) in found])
    with transaction.atomic():
        bulk.execute(f"DELETE FROM base_delivery WHERE {bulk.in_list('event_id')}", [ids])  # noqa: S608 - constants
        return bulk.execute(f"DELETE FROM base_event WHERE {bulk.in_list('id')}", [ids])  # noqa: S608 - constants
