"""`onebasket load`: receipts, partners' offers, exchange rates, and the API's items, out of files."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from onebasket.base.asked import stop_when_asked
from onebasket.base.committer import BrokenRequestError, UnavailableError
from onebasket.base.presence import hub_is_serving
from onebasket.base.tuning import LOADING, SERVING, tune_process, tune_writer
from onebasket.project.loading.commissions import load_commissions
from onebasket.project.loading.folders import WatchedFolder
from onebasket.project.loading.items import KINDS, ItemTally, load_items
from onebasket.project.loading.offers import BATCH as OFFERS_A_BATCH
from onebasket.project.loading.offers import MOST_ENDED, OfferOptions, OfferTally, load_offers
from onebasket.project.loading.rates import load_rates
from onebasket.project.loading.receipts import BATCH, ReceiptFiles, Tally, UnloadableError, source_id_of

group = typer.Typer(help="Load receipts, or what the API takes as items, out of files.", no_args_is_help=True)

WATCH_SECONDS = 1.0
Source = Annotated[str, typer.Option(help="The enrolled source whose data this is; keys are its own.")]
Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="JSON lines of the API's items.")]


@group.command()
def sales(
    *,
    paths: Annotated[list[Path] | None, typer.Argument(exists=True, dir_okay=False, help="Receipt files.")] = None,
    source: Source,
    form: Annotated[str, typer.Option("--format", help="jsonlines, csv or poslog; else told from each file.")] = "",
    mapping: Annotated[Path | None, typer.Option(exists=True, help="For CSV: what its columns mean (TOML).")] = None,
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Receipts in one transaction, at the most.")] = BATCH,
    watch: Annotated[Path | None, typer.Option(help="Go on with files that appear in this folder.")] = None,
) -> None:
    """Load receipts as facts. Safe to run again and to kill: a receipt is booked once, by its key.

    What cannot be read or does not tie goes to quarantine, whole. Beside a hub on SQLite batches are kept so small
    that its orders hardly wait.
    """
    if not paths and watch is None:
        raise typer.BadParameter("Name the files to load, or a folder to --watch.")
    console = Console()
    try:
        files = ReceiptFiles(source_id_of(source), form=form, mapping=mapping, batch=batch)
        if paths:
            _print_tally(_load(files, paths, console=console), console=console)
        if watch is not None:
            _watch(files, watch, console=console)
    except (UnloadableError, UnavailableError) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error


def _load(files: ReceiptFiles, paths: Sequence[Path], *, console: Console) -> Tally:
    tally = Tally()
    with _progress(console) as progress:
        for path in paths:
            task = progress.add_task(path.name, total=path.stat().st_size, note="")

            files.load(path, tally, told=_teller(progress, task=task, tally=tally))
            progress.update(task, completed=path.stat().st_size)
    return tally


def _teller(progress: Progress, *, task: TaskID, tally: Tally) -> Callable[[int], None]:
    def tell(done: int) -> None:
        note = f"{tally.lines:,} lines, {tally.lines / max(tally.seconds, 0.001):,.0f}/s"
        progress.update(task, completed=done, note=note)

    return tell


def _watch(files: ReceiptFiles, folder: Path, *, console: Console) -> None:
    stopping = stop_when_asked()

    def told(path: Path, tally: Tally) -> None:
        console.print(f"{path.name}: {tally.booked:,} booked, {tally.repeated:,} repeated, {tally.quarantined:,} kept")

    watched = WatchedFolder(folder, files, stopping=stopping, told=told)
    console.print(f"Watching {folder}. Ctrl-C stops after the batch in hand.")
    while not stopping.is_set():
        try:
            watched.look()
        except UnavailableError as error:
            console.print(f"The database cannot serve, trying again: {error}", style="yellow", markup=False)
        stopping.wait(WATCH_SECONDS)


def _print_tally(tally: Tally, *, console: Console) -> None:
    rate = tally.lines / max(tally.seconds, 0.001)
    console.print(
        f"{tally.booked:,} receipts booked, {tally.repeated:,} repeated, {tally.quarantined:,} in quarantine; "
        f"{tally.lines:,} lines in {tally.seconds:.1f} s, {rate:,.0f} lines/s."
    )
    for reason, count in tally.reasons.most_common():
        console.print(f"  {count:,} in quarantine: {reason}")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
    )


def _load_kind(name: str, paths: Sequence[Path], *, source: str) -> None:
    _load_into(name, paths, source=source, load=partial(load_items, KINDS[name]))


def _load_into(name: str, paths: Sequence[Path], *, source: str, load: Callable[..., None]) -> None:
    console = Console()
    tally = ItemTally()
    try:
        source_id = source_id_of(source)
        with _progress(console) as progress:
            for path in paths:
                task = progress.add_task(path.name, total=path.stat().st_size, note="")
                load(path, source_id=source_id, tally=tally, told=_teller(progress, task=task, tally=Tally()))
    except (UnloadableError, UnavailableError, BrokenRequestError) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(tally.outcomes.items())) or "nothing"
    console.print(f"{name}: {counts} in {tally.seconds:.1f} s.")
    for line, message in tally.problems:
        console.print(f"  line {line}: {message}", style="red", markup=False)
    if tally.refused:
        raise typer.Exit(1)


@group.command()
def offers(  # noqa: PLR0913 - a command's parameters are its options
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A catalogue file; may be packed by gzip.")],
    *,
    partner: Annotated[str, typer.Option(help="The code of the partner whose offers these are.")],
    form: Annotated[str, typer.Option("--format", help="csv, tsv, jsonlines or google (XML); else told from it.")] = "",
    mapping: Annotated[Path | None, typer.Option(exists=True, help="What the columns of a table mean (TOML).")] = None,
    encoding: Annotated[str, typer.Option(help="Such as utf-8, utf-16 or cp1252; else told from the file.")] = "",
    country: Annotated[str, typer.Option(help="Whose shipping charges count, such as US; else the first.")] = "",
    whole: Annotated[bool, typer.Option("--whole", help="What the file does not list is sold no more.")] = False,
    most_ended: Annotated[
        float, typer.Option(min=0, max=100, help="With --whole: the most, in percent of all offers, that may end so.")
    ] = MOST_ENDED * 100,
    again: Annotated[bool, typer.Option("--again", help="From the beginning, although it was loaded before.")] = False,
    stated_at: Annotated[
        datetime | None, typer.Option(help="When the file was written, in UTC; else the file's own time.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=50_000, help="Offers in one transaction.")] = OFFERS_A_BATCH,
) -> None:
    """Load a partner's offers out of a catalogue file. After a kill the same command goes on where it stood.

    What is odd goes to the partner's queue, its neighbours go on. The same file again is nothing to do.
    """
    console, tally = Console(), OfferTally()
    tune_process()
    tune_writer(SERVING if hub_is_serving() else LOADING)
    stated = stated_at.replace(tzinfo=UTC) if stated_at else None
    options = OfferOptions(form, mapping, encoding, country, whole, most_ended / 100, again, stated, batch)
    try:
        with _progress(console) as progress:
            task = progress.add_task(path.name, total=path.stat().st_size, note="")

            def tell(done: int) -> None:
                rate = tally.taken / max(tally.seconds, 0.001)
                progress.update(task, completed=done, note=f"{tally.read:,} offers, {rate:,.0f}/s")

            load_offers(partner, path, options, tally, told=tell)
            progress.update(task, completed=path.stat().st_size)
    except (UnloadableError, UnavailableError) as error:
        _print_offers(tally, console=console)
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    _print_offers(tally, console=console)


def _print_offers(tally: OfferTally, *, console: Console) -> None:
    if tally.loaded_before:
        console.print(f"{tally.loaded_before} --again takes it in once more.", markup=False)
        return
    rate = tally.taken / max(tally.seconds, 0.001)
    went_on = ", gone on with where it stood" if tally.resumed else ""
    console.print(
        f"{tally.read:,} offers read{went_on}: {tally.created:,} new, {tally.changed:,} changed, "
        f"{tally.ended:,} ended, the others as they were; {tally.odd:,} odd. "
        f"{tally.taken:,} in {tally.seconds:.1f} s, {rate:,.0f}/s."
    )
    for reason, count in tally.reasons.most_common():
        console.print(f"  {count:,} odd: {reason}")
    if tally.spared:
        entries = "entry" if tally.nameless == 1 else "entries"
        console.print(
            f"{tally.spared:,} offers are not listed, and none was ended: of {tally.nameless:,} odd {entries} it "
            "cannot be told which offer it is. Let the partner mend the file."
        )


@group.command()
def commissions(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A partner's statement, as CSV.")],
    *,
    partner: Annotated[str, typer.Option(help="The partner's code.")],
    mapping: Annotated[Path | None, typer.Option(exists=True, help="What its columns mean (TOML).")] = None,
    stated_at: Annotated[
        datetime | None, typer.Option(help="When the file was written, in UTC; else the file's own time.")
    ] = None,
) -> None:
    """Load what a partner states of commission. Safe to run again: the same again changes nothing.

    A line that says when it changed is taken as of then, others as of the file. What is odd goes to the queue.
    """
    console = Console()
    stated = stated_at.replace(tzinfo=UTC) if stated_at else None
    try:
        tally = load_commissions(partner, path, mapping=mapping, stated_at=stated)
    except (UnloadableError, UnavailableError) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    console.print(
        f"{tally.read:,} lines read: {tally.created:,} new, {tally.changed:,} changed, "
        f"{tally.unchanged:,} as they were; {tally.odd:,} odd."
    )


@group.command()
def rates(
    paths: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="CSV: base,quote,rate,valid_from.")],
    *,
    source: Source,
) -> None:
    """Load exchange rates: for one of base so many of quote, exactly, from an instant on.

    A rate that was stated for an instant stays as it is: prices were made of it.
    """
    _load_into("rates", paths, source=source, load=load_rates)


@group.command()
def places(paths: Files, *, source: Source) -> None:
    """Load places."""
    _load_kind("places", paths, source=source)


@group.command()
def units(paths: Files, *, source: Source) -> None:
    """Load units of measure."""
    _load_kind("units", paths, source=source)


@group.command()
def products(paths: Files, *, source: Source) -> None:
    """Load products with their barcodes."""
    _load_kind("products", paths, source=source)


@group.command()
def customers(paths: Files, *, source: Source) -> None:
    """Load customers."""
    _load_kind("customers", paths, source=source)


@group.command()
def prices(paths: Files, *, source: Source) -> None:
    """Load shelf prices and card prices."""
    _load_kind("prices", paths, source=source)


@group.command()
def campaigns(paths: Files, *, source: Source) -> None:
    """Load campaigns and the households that they are for."""
    _load_kind("campaigns", paths, source=source)


@group.command()
def coupons(paths: Files, *, source: Source) -> None:
    """Load how coupons are presented."""
    _load_kind("coupons", paths, source=source)


@group.command()
def promotions(paths: Files, *, source: Source) -> None:
    """Load promotions, as drafts or live."""
    _load_kind("promotions", paths, source=source)


@group.command()
def taxes(paths: Files, *, source: Source) -> None:
    """Load rates of taxes."""
    _load_kind("taxes", paths, source=source)


@group.command()
def stock(paths: Files, *, source: Source) -> None:
    """Load facts about stock: deliveries, counts, adjustments, transfers."""
    _load_kind("stock", paths, source=source)
