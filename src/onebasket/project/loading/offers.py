"""Partners' catalogue files: read as a stream, stated in batches; a load that was killed goes on where it stood."""

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions.importing import Prepared, prepare_offers
from onebasket.commerce.partners.actions.importing_files import (
    Import,
    Loaded,
    TakenError,
    begin_import,
    close_import,
    count_unlisted,
    end_unlisted,
    take_in,
)
from onebasket.commerce.partners.gateways.feed.catalogue import Catalogue, Entry, HowRead, open_catalogue
from onebasket.commerce.partners.gateways.feed.columns import read_mapping
from onebasket.commerce.partners.gateways.feed.fields import Habits
from onebasket.commerce.partners.gateways.feed.unfit import UnfitFileError
from onebasket.commerce.partners.queries.partners import partner_by_code
from onebasket.project.loading.pace import Pace
from onebasket.project.loading.receipts import Told, UnloadableError

BATCH = 5_000
MOST_ENDED = 0.2
"""The share of a partner's offers that a whole file may end by not listing them, unless told otherwise."""
FIRST_LOOK = 20
"""A file of at least so many offers of which none among the first can be taken is not fit: nothing of it is kept."""
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class OfferOptions:
    """How a catalogue file is loaded. `stated_at` is when it was written: the file's own time where it is None.

    `whole`: what it does not list is sold no more, up to the share `most_ended`. `again`: from the beginning, although
    it was loaded before.
    """

    form: str = ""
    mapping: Path | None = None
    encoding: str = ""
    country: str = ""
    whole: bool = False
    most_ended: float = MOST_ENDED
    again: bool = False
    stated_at: datetime | None = None
    batch: int = BATCH


@dataclass(slots=True)
class OfferTally:
    """What has come of a file so far, over all its runs; `seconds` and `taken` (how many entries) are of this run.

    `spared` offers are not listed and stay, as of `nameless` odd entries it cannot be told which offer they are.
    """

    read: int = 0
    created: int = 0
    changed: int = 0
    ended: int = 0
    odd: int = 0
    nameless: int = 0
    spared: int = 0
    taken: int = 0
    seconds: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)
    resumed: bool = False
    loaded_before: str = ""

    def note(self, under_way: Import) -> None:
        """Take over how far it is."""
        for name in ("read", "created", "changed", "ended", "odd", "nameless"):
            setattr(self, name, getattr(under_way, name))


def load_offers(
    partner: str, path: Path, options: OfferOptions, tally: OfferTally, *, told: Told | None = None
) -> None:
    """Load a catalogue file of a partner.

    Raises:
        UnloadableError: the file is not fit, was cut, or would end too much; what was taken in until then stays so.
    """
    found = partner_by_code(partner, at=database_now())
    if found is None:
        raise UnloadableError(f"There is no partner {partner!r}. State it first, in the back office or over the API.")
    stated_at = options.stated_at or datetime.fromtimestamp(path.stat().st_mtime, UTC)
    began = begin_import(
        found.id, path.name, digest_of(path), whole=options.whole, again=options.again, now=database_now()
    )
    if isinstance(began, Loaded):
        tally.loaded_before = _told_before(began)
        return
    tally.resumed = began.resumed
    run = _Run(began, tally, options, stated_at=stated_at, told=told or _nobody)
    try:
        with open_catalogue(path, _how(options, found.currency, stated_at)) as catalogue:
            run.read(catalogue)
        run.end_unlisted()
    except (UnfitFileError, UnloadableError) as error:
        close_import(began, reason=str(error), now=database_now())
        raise UnloadableError(f"{path.name}: {error}") from error
    except TakenError as error:
        raise UnloadableError(f"{path.name} is being loaded by somebody else just now.") from error
    close_import(began, now=database_now())
    tally.note(began)


def digest_of(path: Path) -> str:
    """Return what tells a file's content from any other's."""
    found = hashlib.blake2b(digest_size=32)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


class _Run:
    """One run over a file: batches until its end, then what it did not list."""

    def __init__(
        self, under_way: Import, tally: OfferTally, options: OfferOptions, *, stated_at: datetime, told: Told
    ) -> None:
        self._import, self._tally, self._options = under_way, tally, options
        self._stated_at, self._told = stated_at, told
        self._pace = Pace(options.batch)

    def read(self, catalogue: Catalogue) -> None:
        """Take in what has not been read before.

        Raises:
            UnloadableError: no offer among the first can be taken, or the file was cut.
        """
        for batch in self._batches(catalogue.entries(skip=self._import.read)):
            started = time.perf_counter()
            now = database_now()
            prepared = prepare_offers(batch, now=now, stated_at=self._stated_at)
            if not self._import.read:
                _look(batch, prepared)
            take_in(self._import, prepared, len(batch), now=now)
            seconds = time.perf_counter() - started
            self._note(prepared, len(batch), seconds)
            self._pace.learn(len(batch), seconds)
            self._told(catalogue.position())
        if catalogue.cut:
            raise UnloadableError(
                f"{catalogue.cut} What stands before was taken in; get the whole file, and load it again."
            )

    def end_unlisted(self) -> None:
        """Mark as gone what a whole file did not list; nothing where any of it may stand there without a name.

        Raises:
            UnloadableError: that would be more than is allowed.
        """
        if not self._options.whole:
            return
        found = count_unlisted(self._import, stated_at=self._stated_at)
        if found.share > self._options.most_ended:
            raise UnloadableError(
                f"The file does not list {found.unlisted:,} of {found.of:,} offers ({found.share:.1%}), more than "
                f"{self._options.most_ended:.0%}: none was ended. What it lists was taken in. If it is whole indeed, "
                f"load it again with --most-ended {found.share * 100 + 0.5:.0f}."
            )
        if self._import.nameless:
            self._tally.spared = found.unlisted
            return
        after: int | None = 0
        most = self._options.batch
        while after is not None:
            started = time.perf_counter()
            after = end_unlisted(
                self._import,
                stated_at=self._stated_at,
                after=after,
                now=database_now(),
                most=min(most, self._pace.size),
            )
            self._pace.learn(min(most, self._pace.size), time.perf_counter() - started)
            self._tally.note(self._import)

    def _batches(self, entries: Iterator[Entry]) -> Iterator[list[Entry]]:
        while batch := list(islice(entries, self._pace.size)):
            yield batch

    def _note(self, prepared: Prepared, count: int, seconds: float) -> None:
        tally = self._tally
        tally.note(self._import)
        tally.taken += count
        tally.seconds += seconds
        tally.reasons.update(item.reason for item in prepared.odd)


def _look(batch: list[Entry], prepared: Prepared) -> None:
    """Refuse a file whose first offers are odd, one and all: it is read wrongly, and would fill the queue."""
    if len(batch) >= FIRST_LOOK and not prepared.rows:
        first = prepared.odd[0]
        raise UnloadableError(
            f"None of the first {len(batch):,} entries can be taken in. The first: {first.explanation} "
            "Look at --mapping, --format and --encoding; nothing was kept."
        )


def _how(options: OfferOptions, currency: str, stated_at: datetime) -> HowRead:
    mapping = None
    if options.mapping is not None:
        try:
            mapping = read_mapping(options.mapping.read_bytes())
        except OSError as error:
            raise UnfitFileError(f"The mapping cannot be read: {error}.") from error
    habits = Habits(currency, country=options.country, at=stated_at)
    return HowRead(options.form, mapping, options.encoding, habits)


def _told_before(loaded: Loaded) -> str:
    newer = "; another file has been loaded since" if loaded.newer else ""
    return f"The same file was loaded on {loaded.ended_at:%Y-%m-%d %H:%M} UTC{newer}: nothing to do."


def _nobody(_: int) -> None:
    """Tell nobody."""
