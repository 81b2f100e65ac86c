"""What a merge of two customers does: nothing moves, one points to the other, and what is empty is filled."""

import msgspec
from msgspec import Struct

from onebasket.commerce.customers.rules.person import Details


class Party(Struct, frozen=True):
    """One of two customers: its row, its number, and what it tells of itself."""

    id: int
    loyalty_number: str
    details: Details


class MergePlan(Struct, frozen=True):
    """What is to be written: the fields of the one that stays, filled from the other where they were empty."""

    details: Details
    filled: tuple[str, ...]


class MergeRefused(Struct, frozen=True):
    """Why two customers are not merged: a code for programs, and words for people."""

    code: str
    message: str


def plan_merge(keep: Party, other: Party) -> MergePlan | MergeRefused:
    """Decide a merge of two customers, each as it stands now: a number that was merged before stands for its keeper."""
    if keep.id == other.id:
        return MergeRefused("same", "Both numbers stand for the same customer already. Nothing was changed.")
    kept, offered = msgspec.structs.asdict(keep.details), msgspec.structs.asdict(other.details)
    filled = tuple(name for name, value in kept.items() if not value and offered[name])
    return MergePlan(Details(**{name: kept[name] or offered[name] for name in kept}), filled)


def unfilled(details: Details, *, filled: tuple[str, ...], other: Details) -> Details:
    """Return what the one that stayed told before the merge: what was filled goes, unless it was changed since."""
    now, given = msgspec.structs.asdict(details), msgspec.structs.asdict(other)
    return Details(**{n: "" if n in filled and value == given[n] else value for n, value in now.items()})
