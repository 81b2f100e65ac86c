"""What stands in the journal of facts: their entries, reversals taken into account."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from onebasket.base import bulk
from onebasket.commerce.books.rules.accounts import Account
from onebasket.commerce.books.rules.entries import Posting, merged


class EntryKey(NamedTuple):
    """What is unique in the journal: an entry of a place's fact, of a kind."""

    place_id: int
    fact: str
    kind: str


@dataclass(slots=True)
class Standing:
    """An entry as it stands after its reversals: its last version, the row that states it, and its lines."""

    version: int = 0
    entry_id: int = 0
    lines: tuple[Posting, ...] = ()
    _postings: list[Posting] = field(default_factory=list)


_SQL = (
    "SELECT e.place_id, e.fact, e.kind, e.id, e.version, e.reverses, p.account, p.unit, p.amount, p.part "
    "FROM books_entry e LEFT JOIN books_posting p ON p.place_id = e.place_id AND p.entry_id = e.id "
    "WHERE {} ORDER BY e.id, p.line"
)


def standing_entries(facts: Iterable[str]) -> dict[EntryKey, Standing]:
    """Return what stands of these facts, in one statement."""
    wanted = set(facts)
    if not wanted:
        return {}
    found: dict[EntryKey, Standing] = {}
    sql = _SQL.format(bulk.in_list("e.fact"))
    for place, fact, kind, identity, version, reverses, account, unit, amount, part in bulk.fetch(
        sql, [bulk.list_parameter(wanted)]
    ):
        standing = found.setdefault(EntryKey(place, fact, kind), Standing())
        standing.version = max(standing.version, version)
        if reverses is None:
            standing.entry_id = identity
        if account is not None:
            standing._postings.append(Posting(Account(account), unit, amount, part))  # noqa: SLF001 - its own maker
    for standing in found.values():
        standing.lines = merged(standing._postings)  # noqa: SLF001 - its own maker
    return found


def known_facts(facts: Iterable[str]) -> set[str]:
    """Return those of the facts that have any entry, in one statement."""
    wanted = set(facts)
    if not wanted:
        return set()
    sql = f"SELECT DISTINCT fact FROM books_entry WHERE {bulk.in_list('fact')}"  # noqa: S608 - constants
    return {fact for (fact,) in bulk.fetch(sql, [bulk.list_parameter(wanted)])}
