"""Products that this process has read, kept for as long as the catalogue stays as it was.

Every change of the catalogue gives it a new revision in the same transaction. A look-up reads the revision first and
what it lacks afterwards, so what it returns is never older than the revision it read; a revision is random, so one
that was rolled back never comes again. Without a revision nothing is kept.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from onebasket.base import bulk
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.kernel.barcodes import InStoreTemplate

Key = TypeVar("Key", bound=Hashable)
MOST_KEPT = 250_000
"""Keys of each kind: a chain's whole assortment in some 60 MB, and a bound all the same."""


@dataclass(slots=True)
class Memory:
    """What was read under one revision."""

    token: int
    by_sku: dict[str, ProductFacts] = field(default_factory=dict)
    by_id: dict[int, ProductFacts] = field(default_factory=dict)
    by_code: dict[tuple[str, str], ProductFacts] = field(default_factory=dict)

    templates: tuple[InStoreTemplate, ...] = ()
    by_scan: dict[str, ProductFacts] = field(default_factory=dict)

    def scanned(self, templates: tuple[InStoreTemplate, ...]) -> dict[str, ProductFacts]:
        """Return what codes meant as scanned, under these templates of in-store codes."""
        if templates != self.templates:
            self.templates, self.by_scan = templates, {}
        return self.by_scan

    @property
    def is_full(self) -> bool:
        """Whether more is kept than may be."""
        return max(len(self.by_sku), len(self.by_id), len(self.by_code), len(self.by_scan)) > MOST_KEPT


_kept: dict[str, Memory] = {}


def recall() -> Memory:
    """Return what this process remembers of the catalogue as it stands: one statement."""
    return ask_recall()()


def ask_recall() -> bulk.Later[Memory]:
    """Ask for the catalogue's revision, and return what this process remembers of it when that is wanted."""
    asked = bulk.ask("SELECT token FROM catalogue_revision")

    def recalled() -> Memory:
        rows = asked.rows()
        if not rows:
            return Memory(0)
        memory = _kept.get("catalogue")
        if memory is None or memory.token != rows[0][0] or memory.is_full:
            memory = _kept["catalogue"] = Memory(rows[0][0])
        return memory

    return recalled


def look_up(
    known: dict[Key, ProductFacts], keys: Iterable[Key], fetch: Callable[[set[Key]], dict[Key, ProductFacts]]
) -> dict[Key, ProductFacts]:
    """Return the product of each key, fetching and keeping those not known yet; keys of no product are left out."""
    wanted = set(keys)
    found = {key: facts for key in wanted if (facts := known.get(key)) is not None}
    if len(found) < len(wanted):
        fetched = fetch(wanted - found.keys())
        known.update(fetched)
        found.update(fetched)
    return found
