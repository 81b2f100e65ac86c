"""A partner's statement of commission out of a CSV file, in batches, a transaction each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import msgspec

from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions.commissions import KIND, book_commissions
from onebasket.commerce.partners.actions.oddities import Odd, keep_odd
from onebasket.commerce.partners.gateways.feed.columns import FeedMapping, read_mapping
from onebasket.commerce.partners.gateways.feed.statements import NAMES, open_statement
from onebasket.commerce.partners.gateways.feed.unfit import UnfitFileError
from onebasket.commerce.partners.queries.partners import partner_by_code
from onebasket.commerce.partners.rules.partners import PartnerFacts
from onebasket.commerce.partners.rules.port import CommissionStated, OddItem
from onebasket.project.loading.receipts import UnloadableError

BATCH = 500


@dataclass(slots=True)
class CommissionTally:
    """How many lines were read, and what became of them."""

    read: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    odd: int = 0


def load_commissions(
    partner: str, path: Path, *, mapping: Path | None = None, stated_at: datetime | None = None
) -> CommissionTally:
    """Book a partner's statement; `stated_at` is when it was written, else the file's own time, never in the future.

    Raises:
        UnloadableError: there is no such partner, or the file is no statement or was cut; what stands before the cut
            was booked.
    """
    now = database_now()
    found = partner_by_code(partner, at=now)
    if found is None:
        raise UnloadableError(f"There is no partner {partner!r}. State it first, in the back office or over the API.")
    written_at = min(stated_at or datetime.fromtimestamp(path.stat().st_mtime, UTC), now)
    tally = CommissionTally()
    try:
        with open_statement(path, mapping=_mapping(mapping), currency=found.currency) as statement:
            lines = statement.lines()
            while batch := list(islice(lines, BATCH)):
                _book(found, batch, written_at, tally)
            if statement.cut:
                raise UnloadableError(f"{path.name}: {statement.cut} What stands before was booked.")
    except UnfitFileError as error:
        raise UnloadableError(f"{path.name}: {error}") from error
    return tally


def _mapping(path: Path | None) -> FeedMapping | None:
    if path is None:
        return None
    try:
        return read_mapping(path.read_bytes(), names=tuple(NAMES))
    except (msgspec.MsgspecError, ValueError) as error:
        raise UnfitFileError(f"The mapping cannot be read: {error}.") from error


def _book(
    partner: PartnerFacts, batch: list[CommissionStated | OddItem], written_at: datetime, tally: CommissionTally
) -> None:
    lines = list(_dated(batch, written_at))
    booked = book_commissions(partner.id, lines)
    odd = [
        Odd(partner.id, KIND, one.reference, one.reason, one.explanation, one.content)
        for one in batch
        if isinstance(one, OddItem)
    ]
    keep_odd(odd, now=database_now())
    tally.read += len(batch)
    tally.created += booked.created
    tally.changed += booked.changed
    tally.unchanged += booked.unchanged
    tally.odd += booked.odd + len(odd)


def _dated(batch: list[CommissionStated | OddItem], written_at: datetime) -> Iterator[CommissionStated]:
    """Give the lines; one that does not say when it changed is as of the file, so that an older file stays older."""
    for one in batch:
        if isinstance(one, CommissionStated):
            yield one if one.changed_at else msgspec.structs.replace(one, changed_at=written_at)
