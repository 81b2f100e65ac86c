"""Merging people over modules: the customers, and the points that go with them."""

from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.commerce.books.actions.moving import move_points, return_points
from onebasket.commerce.books.queries.holding import holding
from onebasket.commerce.customers.actions.merging import Merged, merge_customers, undo_merge
from onebasket.commerce.customers.queries.doubles import standing_merges
from onebasket.commerce.customers.rules.merging import MergeRefused


def merge_people(keep: str, other: str, *, actor: str, reason: str = "") -> Merged | MergeRefused:
    """Merge two customers as `merge_customers` does, and let the other's points follow to the number that stays."""
    with transaction.atomic():
        outcome = merge_customers(keep, other, actor=actor, reason=reason)
        if isinstance(outcome, Merged):
            _follow(outcome)
        return outcome


def part_people(merge_id: int, *, actor: str) -> Merged:
    """Part two customers again as `undo_merge` does, and give back the points that followed.

    Raises:
        CustomerError: there is no such merge, it was undone before, or one that came later has to be undone first.
    """
    with transaction.atomic():
        outcome = undo_merge(merge_id, actor=actor)
        return_points([outcome.other], of=outcome.loyalty_number, fact=_fact(merge_id), now=database_now())
        return outcome


def gather_points(limit: int = 100) -> int:
    """Let points follow that merged cards earned since; return how many merges that were.

    A receipt states the number of the card that was scanned, so that is where its points come first. In a chain of
    merges they go step by step, each under the merge that it follows, so that each can be undone.
    """
    merges = [Merged(*merge) for merge in standing_merges()]
    rich = holding(merge.other for merge in merges)
    done = [merge for merge in merges if merge.other in rich][:limit]
    for merge in done:
        with transaction.atomic():
            _follow(merge)
    return len(done)


def _follow(merge: Merged) -> None:
    """Move what the other's numbers hold, under locks that the journal takes in the order of the numbers."""
    move_points([merge.other], to=merge.loyalty_number, fact=_fact(merge.id), now=database_now())


def _fact(merge_id: int) -> str:
    return f"merge/{merge_id}"
