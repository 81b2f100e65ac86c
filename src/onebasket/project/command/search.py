"""`onebasket search`: build the search index anew, and try searches out."""

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.search.actions import IndexBusyError, count_sales, rebuild_index, rebuild_offers
from onebasket.commerce.search.queries import IndexMissingError, find
from onebasket.commerce.search.rules.messages import LONGEST_PAGE, Hit, SearchQuery
from onebasket.kernel.money import format_amount
from onebasket.kernel.quantity import Unit, format_quantity

group = typer.Typer(help="Build the search index anew, and try searches out.", no_args_is_help=True)

PATIENCE_SECONDS = 60.0
"""So long a rebuild waits for a hub's indexer to finish what it has in hand."""


@group.command()
def rebuild() -> None:
    """Count what sells and build the indexes anew, beside those in use; searches go on.

    Nobody need do this: a hub builds its indexes by itself, and keeps them. Do it after a database was put back from a
    backup, or after a change of synonyms.txt that should hold at once.
    """
    began = time.monotonic()
    count_sales()
    try:
        count = rebuild_index(patience=PATIENCE_SECONDS)
        took = time.monotonic() - began
        offers = rebuild_offers(patience=PATIENCE_SECONDS)
    except IndexBusyError as error:
        typer.echo("Another process is writing the index. Try again.", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{count:,} products indexed in {took:.1f} s.")
    typer.echo(f"{offers:,} offers indexed in {time.monotonic() - began - took:.1f} s.")


@group.command("find")
def find_products(
    text: Annotated[str, typer.Argument(help="What a shopper would type.")],
    *,
    place: Annotated[str, typer.Option(help="At this place, by its code.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=LONGEST_PAGE, help="So many hits.")] = 10,
) -> None:
    """Search as a shopper would, and print the hits."""
    places = places_by_code([place]) if place else {}
    if place and place not in places:
        typer.echo(f"There is no place {place!r}.", err=True)
        raise typer.Exit(1)
    began = time.perf_counter()
    try:
        page = find(SearchQuery(text=text, place_id=places[place].id if place else 0, limit=limit))
    except IndexMissingError as error:
        typer.echo("There is no index yet. Start a hub, or run: onebasket search rebuild", err=True)
        raise typer.Exit(1) from error
    milliseconds = (time.perf_counter() - began) * 1000
    table = Table(box=None)
    for heading in ("sku", "name", "brand", "category", "price", "here"):
        table.add_column(heading, justify="right" if heading in {"price", "here"} else "left")
    for hit in page.hits:
        table.add_row(hit.sku, hit.name, hit.brand, hit.category, _price(hit), _here(hit))
    console = Console(highlight=False)
    console.print(table)
    mended = f" Read as: {page.suggestion}." if page.suggestion else ""
    relaxed = " Nothing has all of it; these have most." if page.relaxed else ""
    console.print(f"{page.total:,} found in {milliseconds:.1f} ms.{mended}{relaxed}", markup=False)


def _price(hit: Hit) -> str:
    if hit.price is None:
        return ""
    per = "" if hit.price.per_quantity == 1 else f" / {hit.price.per_quantity:,}"
    return format_amount(hit.price.amount, hit.price.currency) + per


def _here(hit: Hit) -> str:
    return "" if hit.available is None else format_quantity(hit.available, Unit(hit.unit, hit.decimals, ""))
