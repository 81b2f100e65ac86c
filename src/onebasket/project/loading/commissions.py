"""A partner's statement of commission out of a CSV file, into the ledger; the same again changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import msgspec

from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions.commissions import KIND, Booked, book_commissions
from onebasket.commerce.partners.actions.oddities import Odd, keep_odd
from onebasket.commerce.partners.gateways.feed.columns import FeedMapping, read_mapping
from onebasket.commerce.partners.gateways.feed.opening import CUT_ERRORS
from onebasket.commerce.partners.gateways.feed.statements import NAMES, Statement, open_statement
from onebasket.commerce.partners.gateways.feed.unfit import UnfitFileError
from onebasket.commerce.partners.queries.partners import partner_by_code
from onebasket.commerce.partners.rules.port import CommissionStated, OddItem
from onebasket.project.loading.receipts import Told, UnloadableError

BATCH = 2_000


@dataclass(slots=True)
class CommissionTally:
    """What has become of a statement's lines: how many were read, booked as what, and could not be read."""

    read: int = 0
    booked: Booked = field(default_factory=Booked)
    unreadable: int = 0


def load_commissions(
    partner: str, path: Path, tally: CommissionTally, *, mapping: Path | None = None, told: Told | None = None
) -> None:
    """Book a partner's statement; a line that states no time of change was stated when the file was written.

    Raises:
        UnloadableError: the file is not fit, or was cut; what was booked until then stays booked.
    """
    found = partner_by_code(partner, at=database_now())
    if found is None:
        raise UnloadableError(f"There is no partner {partner!r}. State it first, in the back office or over the API.")
    written_at = min(datetime.fromtimestamp(path.stat().st_mtime, UTC), database_now())
    try:
        with open_statement(path, mapping=_mapping(mapping), currency=found.currency) as statement:
            lines = _timed(statement, written_at)
            while batch := list(islice(lines, BATCH)):
                _book(found.id, batch, tally)
                if told:
                    told(statement.position())
    except (UnfitFileError, *CUT_ERRORS) as error:
        raise UnloadableError(f"{path.name}: {error}") from error
    if statement.cut:
        raise UnloadableError(f"{path.name}: {statement.cut} What stands before was booked; load the whole file.")


def _timed(statement: Statement, at: datetime) -> Iterator[CommissionStated | OddItem]:
    for line in statement.lines():
        timeless = isinstance(line, CommissionStated) and line.changed_at is None
        yield msgspec.structs.replace(line, changed_at=at) if timeless else line


def _book(partner_id: int, batch: list[CommissionStated | OddItem], tally: CommissionTally) -> None:
    stated = [line for line in batch if isinstance(line, CommissionStated)]
    odd = [line for line in batch if isinstance(line, OddItem)]
    booked = book_commissions(partner_id, stated)
    keep_odd(
        [Odd(partner_id, KIND, one.reference, one.reason, one.explanation, one.content) for one in odd],
        now=database_now(),
    )
    tally.read += len(batch)
    tally.unreadable += len(odd)
    tally.booked = Booked(*(before + more for before, more in zip(tally.booked, booked, strict=True)))


def _mapping(path: Path | None) -> FeedMapping | None:
    if path is None:
        return None
    try:
        return read_mapping(path.read_bytes(), names=tuple(NAMES))
    except OSError as error:
        raise UnfitFileError(f"The mapping cannot be read: {error}.") from error
