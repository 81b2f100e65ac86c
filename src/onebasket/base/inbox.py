"""One key, one effect: every write from outside claims its (source, key) before it does anything.

Claiming inserts the rows, in key order; a key that another process is just deciding is waited for. The outcome is
written in the same transaction, so an entry that others can see always has one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from onebasket.base import bulk
from onebasket.base.clock import now_sql
from onebasket.base.columns import Row
from onebasket.base.locking import require_transaction
from onebasket.base.models import InboxEntry

Outcome = TypeVar("Outcome")
_NAMES = ("source_id", "key", "kind", "fingerprint")
_CLAIM = (
    "INSERT INTO base_inboxentry (source_id, key, kind, fingerprint, received_at) "
    "SELECT c0, c1, c2, c3, {} FROM ({}) AS claims WHERE true ON CONFLICT DO NOTHING RETURNING id, source_id, key"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A message's identity: its source, its key within it, and the fingerprint of its parsed content."""

    source_id: int
    key: str
    fingerprint: str


@dataclass(slots=True)
class Claimed:
    """What became of claims, by their index in the sequence given.

    `fresh` maps an index to its new inbox entry; `known` to the outcome first given; `repeats` to the index of the
    same message earlier in this very sequence; `conflicts` are keys used before for other content.
    """

    fresh: dict[int, int] = field(default_factory=dict)
    known: dict[int, str] = field(default_factory=dict)
    repeats: dict[int, int] = field(default_factory=dict)
    conflicts: set[int] = field(default_factory=set)


def claim(kind: str, claims: Sequence[Claim]) -> Claimed:
    """Claim every key in one statement; only inside a transaction."""
    return ask_claim(kind, claims)()


def ask_claim(kind: str, claims: Sequence[Claim]) -> bulk.Later[Claimed]:
    """Claim every key before anything that is asked for later; what became of the claims is told when it is wanted."""
    require_transaction()
    result = Claimed()
    first: dict[tuple[int, str], int] = {}
    for index, item in enumerate(claims):
        earlier = first.setdefault((item.source_id, item.key), index)
        if earlier != index:
            if claims[earlier].fingerprint == item.fingerprint:
                result.repeats[index] = earlier
            else:
                result.conflicts.add(index)
    rows = [(source, key, kind, claims[index].fingerprint) for (source, key), index in sorted(first.items())]
    asked = _ask(rows) if rows else None

    def claimed() -> Claimed:
        for entry_id, source, key in asked.rows() if asked else ():
            result.fresh[first.pop((source, key))] = entry_id
        if first:
            _recall(first, claims, result)
        return result

    return claimed


def _ask(rows: Sequence[Row]) -> bulk.Asked:
    source, parameters = bulk.as_relation(InboxEntry, _NAMES, rows)
    return bulk.ask(_CLAIM.format(now_sql(), source), parameters)


def _recall(left: Mapping[tuple[int, str], int], claims: Sequence[Claim], result: Claimed) -> None:
    by_source: dict[int, list[str]] = {}
    for source, key in left:
        by_source.setdefault(source, []).append(key)
    for source, keys in sorted(by_source.items()):
        sql = (
            "SELECT key, fingerprint, outcome FROM base_inboxentry "  # noqa: S608 - the column is a constant
            f"WHERE source_id = %s AND {bulk.in_list('key')}"
        )
        for key, print_, outcome in bulk.fetch(sql, [source, bulk.list_parameter(keys)]):
            index = left[source, key]
            if print_ == claims[index].fingerprint:
                result.known[index] = outcome
            else:
                result.conflicts.add(index)
            # The message first booked may also stand behind another of its key in this very sequence.
            for other in sorted(result.conflicts):
                item = claims[other]
                if (item.source_id, item.key, item.fingerprint) == (source, key, print_):
                    result.conflicts.discard(other)
                    result.known[other] = outcome


def settle(outcomes: Mapping[int, str]) -> None:
    """Write the outcome of each entry decided, by entry id."""
    bulk.update_guarded(InboxEntry, ("id",), ("outcome",), sorted(outcomes.items()))


def unclaim(entry_ids: Sequence[int]) -> None:
    """Give back fresh claims that were not decided after all, in the transaction that took them."""
    if entry_ids:
        InboxEntry.objects.filter(pk__in=entry_ids, outcome__isnull=True).delete()


def answer(
    claimed: Claimed,
    decided: Mapping[int, Outcome],
    *,
    count: int,
    decode: Callable[[str], Outcome],
    conflict: Callable[[int], Outcome],
) -> list[Outcome]:
    """Return one outcome for each claim, in order: decided now, recalled, repeated, or a conflict."""

    def at(index: int) -> Outcome:
        if index in decided:
            return decided[index]
        if index in claimed.known:
            return decode(claimed.known[index])
        if index in claimed.repeats:
            return at(claimed.repeats[index])
        return conflict(index)

    return [at(index) for index in range(count)]
