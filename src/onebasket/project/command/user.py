"""`onebasket user`: let people into the back office."""

from typing import Annotated

import typer

from onebasket.commerce.access.actions import AccessError, UserRequest, create_user, set_password
from onebasket.commerce.access.rules import ROLE_RIGHTS
from onebasket.project.command.source import actor

group = typer.Typer(help="Let people into the back office.", no_args_is_help=True)


@group.command()
def add(
    username: Annotated[str, typer.Argument(help="The name that they sign in with.")],
    *,
    role: Annotated[str, typer.Option(help=f"What they do here: {', '.join(ROLE_RIGHTS)}.")],
    place: Annotated[list[str] | None, typer.Option(help="For a store role: its places' codes; may repeat.")] = None,
) -> None:
    """Make a user and print the password that was made, which is shown this once."""
    try:
        made = create_user(UserRequest(username, role, tuple(place or ())), actor=actor())
    except AccessError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"User {made.username}, {role}. Keep this password now; it is shown this once:", err=True)
    typer.echo(made.password)


@group.command()
def password(username: Annotated[str, typer.Argument(help="The name that they sign in with.")]) -> None:
    """Give a user a new password and print it, this once."""
    try:
        made = set_password(username, actor=actor())
    except AccessError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(made)
