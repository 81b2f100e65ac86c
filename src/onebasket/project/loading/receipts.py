"""Receipt files as a stream of batches: read, booked, counted; what cannot be read goes to quarantine whole."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from django.db import DatabaseError

from onebasket.base import bulk, quarantine
from onebasket.base.committer import BrokenRequestError
from onebasket.channels.files.csvfile import read_csv
from onebasket.channels.files.csvmapping import Mapping, read_mapping
from onebasket.channels.files.jsonlines import read_jsonlines
from onebasket.channels.files.messages import Message, Parsed, Reading
from onebasket.channels.files.poslog import read_poslog
from onebasket.channels.files.sniff import HEAD, sniff
from onebasket.commerce.access.queries import sources_by_code
from onebasket.commerce.catalogue.queries import units
from onebasket.commerce.places.queries import all_places
from onebasket.commerce.pricing.actions.tills import book_receipts
from onebasket.commerce.sales.rules.outcomes import ReceiptBooked, ReceiptOutcome
from onebasket.commerce.sales.rules.receipt import Receipt
from onebasket.project.loading.pace import Pace
from onebasket.project.loading.writing import Writer

logger = logging.getLogger(__name__)

FORMATS = ("jsonlines", "csv", "poslog")
BATCH = 1_000
LINES_A_RECEIPT = 20
"""A batch ends early when its receipts are longer than this on average, so that memory stays bounded."""

Item = Receipt | quarantine.Unreadable
Told = Callable[[int], None]
"""Told how many bytes of the file have been worked through."""


class UnloadableError(Exception):
    """The file, or what is needed to read it, is not fit; the message says what to do. Nothing of it was booked."""


@dataclass(slots=True)
class Tally:
    """What has become of receipts so far; `lines` are of those booked now, `reasons` of what is in quarantine."""

    booked: int = 0
    repeated: int = 0
    quarantined: int = 0
    lines: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)


def source_id_of(code: str) -> int:
    """Return the id of an enrolled, open source.

    Raises:
        UnloadableError: nobody enrolled it, or it is closed.
    """
    found = sources_by_code([code]).get(code)
    if found is None:
        raise UnloadableError(f"Nobody enrolled a source {code!r}. Enrol it: onebasket source enrol {code}")
    if not found.active:
        raise UnloadableError(
            f"The source {code} is closed. Open it before it sends anything: onebasket source open {code}"
        )
    return found.id


class ReceiptFiles:
    """Loads receipt files of one source; loading again, or after a kill at any moment, books nothing twice."""

    def __init__(self, source_id: int, *, form: str = "", mapping: Path | None = None, batch: int = BATCH) -> None:
        if form not in {"", *FORMATS}:
            raise UnloadableError(f"There is no format {form!r}: use {', '.join(FORMATS)}.")
        self._source_id = source_id
        self._form = form
        self._mapping = _read_mapping(mapping) if mapping else None
        self._pace = Pace(batch)
        self._writer = Writer(book_receipts, hot="receipts")
        self._reading: Reading | None = None
        self._last_id = 0

    def load(self, path: Path, tally: Tally, *, told: Told | None = None, stopped: Callable[[], bool] = bool) -> bool:
        """Load one file into the tally; False when stopped before its end.

        Raises:
            UnloadableError: the format needs a mapping that was not given.
            UnavailableError: the database cannot serve; what is booked stays booked.
        """
        with path.open("rb") as stream:
            done = 0
            for batch in self._batches(self.messages(stream, path.name)):
                if stopped():
                    return False
                self._book(batch, tally)
                done = max(done, batch[-1].offset + len(batch[-1].raw))
                if told:
                    told(done)
        return True

    def messages(self, stream: BinaryIO, name: str) -> Iterator[Message]:
        """Return the messages of a binary stream that can be read from its start again."""
        form = self._form or sniff(name, stream.read(HEAD))
        stream.seek(0)
        if form == "jsonlines":
            return read_jsonlines(stream)
        self._reading = self._reading or _reading()
        if form == "poslog":
            return read_poslog(stream, reading=self._reading)
        if self._mapping is None:
            raise UnloadableError(f"{name} is CSV: say with --mapping what its columns mean.")
        return read_csv(stream, self._mapping, reading=self._reading)

    def _batches(self, messages: Iterator[Message]) -> Iterator[list[Message]]:
        batch: list[Message] = []
        lines, size = 0, self._pace.size
        for message in messages:
            batch.append(message)
            lines += len(message.receipt.lines) if isinstance(message, Parsed) else 1
            if len(batch) >= size or lines >= size * LINES_A_RECEIPT:
                yield batch
                batch, lines, size = [], 0, self._pace.size
        if batch:
            yield batch

    def _book(self, batch: Sequence[Message], tally: Tally) -> None:
        items = [_item(message) for message in batch]
        if not self._last_id:
            ((self._last_id,),) = bulk.fetch("SELECT COALESCE(MAX(id), 0) FROM sales_receipt")
        started = time.perf_counter()
        outcomes = self._book_or_keep(items)
        seconds = time.perf_counter() - started
        tally.seconds += seconds
        tally.slowest = max(tally.slowest, seconds)
        self._count(items, outcomes, tally)
        self._pace.learn(len(items), seconds, rest=not self._writer.took_a_turn)

    def _book_or_keep(self, items: Sequence[Item]) -> list[ReceiptOutcome]:
        """Book a batch; one that is not taken is halved until the receipt at fault stands alone, and is kept."""
        try:
            return self._writer.take_in(self._source_id, items)
        except (DatabaseError, OverflowError, ValueError, ArithmeticError, BrokenRequestError) as error:
            if len(items) > 1:
                middle = len(items) // 2
                return self._book_or_keep(items[:middle]) + self._book_or_keep(items[middle:])
            logger.exception("one receipt could not be booked")
            return self._writer.take_in(self._source_id, [_unbookable(self._source_id, items[0], error)])

    def _count(self, items: Sequence[Item], outcomes: Sequence[ReceiptOutcome], tally: Tally) -> None:
        """Count what is new by its id: receipts' ids ascend, so what was booked before has one seen before."""
        fresh: set[int] = set()
        for item, outcome in zip(items, outcomes, strict=True):
            if not isinstance(outcome, ReceiptBooked):
                tally.quarantined += 1
                tally.reasons[outcome.reason] += 1
            elif outcome.receipt <= self._last_id or outcome.receipt in fresh:
                tally.repeated += 1
            else:
                fresh.add(outcome.receipt)
                tally.booked += 1
                tally.lines += len(item.lines) if isinstance(item, Receipt) else 0
        self._last_id = max(fresh, default=self._last_id)


def _item(message: Message) -> Item:
    if isinstance(message, Parsed):
        return message.receipt
    return quarantine.Unreadable(message.text, message.reason, message.explanation, key=message.key)


def _unbookable(source_id: int, item: Item, error: Exception) -> quarantine.Unreadable:
    kept = quarantine.unbookable(source_id, item, quarantine.Fault("failed", str(error)))
    explanation = f"The receipt could not be booked ({type(error).__name__}). Show this to whoever runs onebasket."
    return quarantine.Unreadable(kept.content, "failed", explanation, key=kept.key, place=kept.place_code)


def _reading() -> Reading:
    places = all_places()
    currencies = {place.currency for place in places}
    return Reading(
        units=dict(units()),
        currency=currencies.pop() if len(currencies) == 1 else "",
        time_zones={place.code: place.time_zone for place in places},
    )


def _read_mapping(path: Path) -> Mapping:
    try:
        return read_mapping(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UnloadableError(f"The mapping {path.name} cannot be used: {error}.") from error
