"""Exchange rates out of a CSV file: exact decimals, from an instant on; a rate that was stated stays as it is."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from onebasket.commerce.partners.actions.registering import upsert_rates
from onebasket.commerce.partners.gateways.feed.columns import find_columns
from onebasket.commerce.partners.gateways.feed.opening import CUT_ERRORS, open_text
from onebasket.commerce.partners.gateways.feed.tables import Table
from onebasket.commerce.partners.gateways.feed.unfit import UnfitFileError
from onebasket.commerce.partners.rules.partners import ExchangeRateItem
from onebasket.commerce.partners.rules.port import OddItem
from onebasket.kernel.money import scale_exactly
from onebasket.project.loading.items import ItemTally
from onebasket.project.loading.receipts import UnloadableError
from onebasket.project.loading.writing import Writer

NAMES: dict[str, tuple[str, ...]] = {name: (name,) for name in ("base", "quote", "rate", "valid_from")}
DECIMALS = 9
MOST = 10**15
BATCH = 500
Numbered = tuple[int, ExchangeRateItem | str]


def load_rates(path: Path, *, source_id: int, tally: ItemTally, told: Callable[[int], None] | None = None) -> None:
    """Take in the rates of a file, in order; a row that cannot be read is named and passed over.

    Raises:
        UnloadableError: the file is no table of rates, or was cut.
    """
    writer = Writer(upsert_rates)
    try:
        with open_text(path) as opened:
            table = Table(opened.text)
            columns = find_columns(table.header, None, names=NAMES, needed=tuple(NAMES))
            rows = enumerate(table.rows(), 2)
            while batch := [_read(number, row, columns) for number, row in islice(rows, BATCH)]:
                _take_in(writer, source_id, batch, tally)
                if told:
                    told(opened.position())
    except (UnfitFileError, *CUT_ERRORS) as error:
        raise UnloadableError(f"{path.name}: {error}") from error
    if table.cut:
        raise UnloadableError(f"{path.name}: {table.cut} What stands before was taken in.")


def read_rate(base: str, quote: str, rate: str, valid_from: str) -> ExchangeRateItem:
    """Return a rate out of texts: so many of `quote` for one of `base`, with up to nine decimals.

    Raises:
        ValueError: the rate is no such number or not above 0, or the instant is none. A day is its beginning in UTC.
    """
    billionths = scale_exactly(rate, DECIMALS)
    if not 0 < billionths <= MOST:
        raise ValueError(f"the rate {rate[:40]!r} is not above 0 and up to {MOST // 10**DECIMALS:,}")
    instant = datetime.fromisoformat(valid_from)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return ExchangeRateItem(
        key=f"{base}/{quote}/{instant.isoformat()}/{billionths}",
        base=base,
        quote=quote,
        billionths=billionths,
        valid_from=instant,
    )


def _read(number: int, row: object, columns: dict[str, int]) -> Numbered:
    if isinstance(row, OddItem):
        return number, row.explanation
    texts = [row.cells[columns[name]].strip() for name in NAMES]  # type: ignore[attr-defined] # a row of the table
    try:
        return number, read_rate(texts[0].upper(), texts[1].upper(), texts[2], texts[3])
    except ValueError as error:
        return number, f"{error}."


def _take_in(writer: Writer, source_id: int, batch: list[Numbered], tally: ItemTally) -> None:
    sound: list[tuple[int, ExchangeRateItem]] = []
    for number, read in batch:
        if isinstance(read, str):
            tally.note(number, "unreadable", read)
        else:
            sound.append((number, read))
    if sound:
        outcomes = writer.take_in(source_id, [item for _, item in sound])
        for (number, _), outcome in zip(sound, outcomes, strict=True):
            tally.note(number, outcome.outcome, outcome.message)
