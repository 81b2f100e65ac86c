"""Partners' catalogue files for tests: written, and read as the loader reads them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from onebasket.commerce.partners.gateways.feed.catalogue import Entry, HowRead, open_catalogue
from onebasket.commerce.partners.gateways.feed.fields import Habits
from onebasket.commerce.partners.rules.port import OfferStated

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
HABITS = Habits("USD", at=AT)


def read(path: Path, content: bytes | str, **how: Any) -> tuple[list[Entry], str]:
    """Return the entries of a file, and what is said of its being cut."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with open_catalogue(path, HowRead(**{"habits": HABITS} | how)) as catalogue:
        entries = [
            OfferStated(**msgspec.structs.asdict(entry)) if isinstance(entry, OfferStated) else entry
            for entry in catalogue.entries()
        ]
        return entries, catalogue.cut


def offers(entries: list[Entry]) -> list[OfferStated]:
    """Return entries of which none is odd."""
    assert all(isinstance(entry, OfferStated) for entry in entries), entries
    return [entry for entry in entries if isinstance(entry, OfferStated)]
