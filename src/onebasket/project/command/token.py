"""`onebasket token`: issue, list and revoke the tokens of sources."""

import json
from datetime import UTC, datetime
from typing import Annotated, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from onebasket.base import bulk
from onebasket.base.columns import as_instant
from onebasket.commerce.access.actions import AccessError, TokenRequest, issue_token, revoke_token
from onebasket.commerce.access.rules import EVERY_PLACE, SCOPES
from onebasket.commerce.places.queries import places_by_code
from onebasket.project.command.source import actor

group = typer.Typer(help="Issue, list and revoke tokens.", no_args_is_help=True)

_LIST = (
    "SELECT t.id, s.code, t.name, t.scopes, t.places, t.created_at, t.expires_at, t.revoked_at, s.active "
    "FROM access_token t JOIN access_source s ON s.id = t.source_id ORDER BY t.id"
)


@group.command()
def issue(
    *,
    source: Annotated[str, typer.Option(help="The code of the enrolled source that will use it.")],
    name: Annotated[str, typer.Option(help="What it is for, as people will know it.")],
    scope: Annotated[list[str], typer.Option(help=f"What it may do; may repeat: {', '.join(sorted(SCOPES))}.")],
    place: Annotated[list[str], typer.Option(help="Where: a place's code, or * for every place; may repeat.")],
    expires: Annotated[datetime | None, typer.Option(help="Until when (UTC); else until it is revoked.")] = None,
) -> None:
    """Issue a token and print its secret, which is shown this once."""
    codes = {code for code in place if code != EVERY_PLACE}
    unknown = sorted(codes - places_by_code(codes).keys())
    if unknown:
        _refuse(f"There is no place {unknown[0]!r}.")
    until = expires.replace(tzinfo=UTC) if expires else None
    try:
        identity, secret = issue_token(TokenRequest(source, name, tuple(scope), tuple(place), until), actor=actor())
    except AccessError as error:
        _refuse(str(error))
    typer.echo(f"Token {identity}. Keep this secret now; it is shown this once:", err=True)
    typer.echo(secret)


@group.command(name="list")
def show() -> None:
    """List the tokens: whose, what for, where, and whether they still open anything. Secrets are not kept."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("id", justify="right")
    for heading in ("source", "name", "scopes", "places", "issued", "state"):
        table.add_column(heading, overflow="fold")
    now = datetime.now(UTC)
    for identity, code, name, scopes, places, created, expires, revoked, active in bulk.fetch(_LIST):
        state = _state(as_instant(expires), revoked=as_instant(revoked), now=now, active=bool(active))
        issued = as_instant(created)
        day = issued.date().isoformat() if issued else ""
        table.add_row(str(identity), code, name, _words(scopes), _words(places), day, state)
    Console().print(table)


@group.command()
def revoke(identity: Annotated[int, typer.Argument(metavar="ID", help="As `onebasket token list` shows it.")]) -> None:
    """Revoke a token for ever; a hub knows within 5 seconds."""
    try:
        fresh = revoke_token(identity, actor=actor())
    except AccessError as error:
        _refuse(str(error))
    typer.echo(f"Token {identity} is revoked." if fresh else f"Token {identity} was revoked before.")


def _state(expires: datetime | None, *, revoked: datetime | None, now: datetime, active: bool) -> str:
    if revoked:
        return f"revoked {revoked.date().isoformat()}"
    if not active:
        return "source closed"
    if expires is None:
        return "open"
    return f"expired {expires.date().isoformat()}" if expires <= now else f"open until {expires.date().isoformat()}"


def _words(value: object) -> str:
    return " ".join(json.loads(value) if isinstance(value, str) else value)  # type: ignore[arg-type]


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
