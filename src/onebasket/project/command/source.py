"""`onebasket source`: enrol tills, stores and partner systems."""

import getpass
from typing import Annotated

import typer

from onebasket.commerce.access.actions import AccessError, enrol_source, set_source_active

group = typer.Typer(help="Enrol tills, stores and partner systems.", no_args_is_help=True)


@group.command()
def enrol(
    code: Annotated[str, typer.Argument(help="The source's code; a replaced machine enrols under a new one.")],
    *,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
) -> None:
    """Enrol a source; then issue it a token."""
    try:
        identity = enrol_source(code, actor=actor(), name=name)
    except AccessError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"Enrolled {code} as source {identity}. Issue it a token: onebasket token issue --source {code} ...")


@group.command()
def close(code: Annotated[str, typer.Argument(help="The source's code.")]) -> None:
    """Close a source: none of its tokens opens anything any more."""
    _set_active(code, active=False)


@group.command(name="open")
def reopen(code: Annotated[str, typer.Argument(help="The source's code.")]) -> None:
    """Open a closed source again."""
    _set_active(code, active=True)


def _set_active(code: str, *, active: bool) -> None:
    try:
        set_source_active(code, active=active, actor=actor())
    except AccessError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"The source {code} is {'open' if active else 'closed'}.")


def actor() -> str:
    """Return who acts, for the audit trail: the system's account that runs the command."""
    try:
        return f"command:{getpass.getuser()}"
    except (OSError, KeyError):
        return "command"
