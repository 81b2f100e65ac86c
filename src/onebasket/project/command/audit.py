"""`onebasket audit`: prove from the rows that units and cents are conserved and no key had two effects."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from onebasket.base.audit import Finding, snapshot
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.stock.queries.as_of import Axis, ShelfThen, shelves_as_of
from onebasket.project.auditing import audit, differences

MOST_SHELVES = 60
"""So many shelves are printed for people; `--json` gives all."""


def run(
    *,
    as_of: Annotated[str, typer.Option(help="Rebuild the shelves as of this instant (ISO 8601).")] = "",
    axis: Annotated[
        str, typer.Option(help="With --as-of: when things `occurred`, unless stated, or were `booked`.")
    ] = "",
    place: Annotated[str, typer.Option(help="With --as-of: this place's shelves alone.")] = "",
    sku: Annotated[str, typer.Option(help="With --as-of: this product's shelves alone.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Prove from the rows that shelves, promises, receipts and orders agree; exits 1 on any difference.

    With --as-of it rebuilds shelves instead, from the movements up to that instant.
    """
    if as_of:
        _rebuild(as_of, axis=axis, place=place, sku=sku, as_json=as_json)
        return
    if place or sku or axis:
        raise typer.BadParameter("--place, --sku and --axis are of --as-of; the audit itself is of everything.")
    started = time.perf_counter()
    findings = audit()
    seconds = time.perf_counter() - started
    wrong = differences(findings)
    if as_json:
        stated = {"differences": wrong, "seconds": round(seconds, 3), "findings": [asdict(item) for item in findings]}
        typer.echo(json.dumps(stated))
    else:
        _print(findings, seconds)
    if wrong:
        raise typer.Exit(1)


def _print(findings: Sequence[Finding], seconds: float) -> None:
    console = Console()
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("check", no_wrap=True)
    table.add_column("claim", overflow="fold")
    table.add_column("figure", justify="right", no_wrap=True)
    table.add_column("differences", justify="right", no_wrap=True)
    for finding in findings:
        style = "bold red" if finding.differences else ""
        table.add_row(finding.check, finding.claim, f"{finding.figure:,}", f"{finding.differences:,}", style=style)
    console.print(table)
    for finding in findings:
        for example in finding.examples:
            console.print(f"  {finding.check}: {example}", style="red", markup=False, highlight=False)
    wrong = differences(findings)
    verdict = "Green: everything agrees" if not wrong else f"RED: {wrong:,} differences"
    console.print(f"{verdict} ({len(findings)} checks, {seconds:.1f} s).", style="red" if wrong else "green")


def _rebuild(as_of: str, *, axis: str, place: str, sku: str, as_json: bool) -> None:
    instant, chosen = _instant(as_of), _axis(axis)
    with snapshot():
        _require_known(place, sku)
        shelves = shelves_as_of(instant, axis=chosen, place=place, sku=sku)
    if as_json:
        typer.echo(json.dumps({"as_of": as_of, "axis": chosen, "shelves": [shelf._asdict() for shelf in shelves]}))
        return
    _print_shelves(shelves)


def _require_known(place: str, sku: str) -> None:
    """End with 1 where there is no such place or product: no shelves would look like empty ones."""
    unknown = f"place {place!r}" if place and not places_by_code([place]) else ""
    unknown = unknown or (f"product {sku!r}" if sku and not products_by_sku([sku]) else "")
    if unknown:
        typer.echo(f"There is no {unknown}.", err=True)
        raise typer.Exit(1)


def _print_shelves(shelves: Sequence[ShelfThen]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("place", "sku", "state"):
        table.add_column(heading)
    table.add_column("on hand", justify="right")
    for shelf in shelves[:MOST_SHELVES]:
        table.add_row(shelf.place, shelf.sku, shelf.state, f"{shelf.on_hand:,}")
    console = Console()
    console.print(table)
    more = len(shelves) - MOST_SHELVES
    if more > 0:
        console.print(f"... and {more:,} more; --place and --sku narrow it down, --json gives all.")
    console.print(f"{len(shelves):,} shelves, {sum(shelf.on_hand for shelf in shelves):,} steps on hand.")


def _axis(stated: str) -> Axis:
    if stated in {"", "occurred"}:
        return "occurred"
    if stated == "booked":
        return "booked"
    raise typer.BadParameter("--axis is `occurred` or `booked`.")


def _instant(stated: str) -> datetime:
    try:
        instant = datetime.fromisoformat(stated)
    except ValueError as error:
        raise typer.BadParameter(f"--as-of: {stated!r} is no instant, such as 2026-05-01T18:00:00Z.") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
