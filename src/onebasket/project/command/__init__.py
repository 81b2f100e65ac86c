"""The `onebasket` command. Each command is one file in this folder with a function `run`.

To add one: write `command/<name>.py` with a documented function `run` (typer reads its parameters), put its name into
COMMANDS (with a hyphen where the file has an underscore), and describe it in docs/configuration.md. A command with
commands of its own has a typer `group` instead.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import django
import typer
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, OperationalError

from onebasket.project.loader import MissingExtraError
from onebasket.project.starting import CannotStartError
from onebasket.project.trial import prepare_trial

COMMANDS = (
    "demo",
    "hub",
    "migrate",
    "check",
    "worker",
    "provider",
    "partner-sandbox",
    "load",
    "search",
    "audit",
    "bench",
    "source",
    "token",
    "user",
)
"""In the order in which `onebasket --help` shows them."""

EXIT_MISCONFIGURED = 78
"""EX_CONFIG of sysexits.h: a supervisor should not start it again before someone has changed something."""

LACKING = frozenset({"42P01", "42703"})
"""PostgreSQL's SQLSTATE where a table or a column is not there."""


def build(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """Return the command with the subcommands named. Django has to be set up before: commands import models."""
    app = typer.Typer(
        name="onebasket",
        help="A store chain's sales as one: one stock, one price book, one customer, one set of books.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,  # locals hold customers and tokens
    )
    app.callback()(_together)
    for name in names:
        module = import_module(f"{__name__}.{name.replace('-', '_')}")
        if isinstance(getattr(module, "group", None), typer.Typer):
            app.add_typer(module.group, name=name)
        else:
            app.command(name)(module.run)
    return app


def _together() -> None:
    """Keep a command that is alone under its name."""


def _wanted(arguments: Sequence[str]) -> Sequence[str]:
    """Return the commands to load: the one that is named, else all, for their help. All of them cost a fifth more."""
    return arguments[:1] if arguments and arguments[0] in COMMANDS else COMMANDS


def main() -> None:
    """Run the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onebasket.project.settings")
    prepare_trial(sys.argv[1:])
    try:
        django.setup()
        app = build(_wanted(sys.argv[1:]))
    except ImproperlyConfigured as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_MISCONFIGURED)
    except OSError as error:
        if error.filename is None:
            raise
        sys.stderr.write(f"{error.filename}: {error.strerror}. Set ONEBASKET_HOME to a folder that can be written.\n")
        sys.exit(EXIT_MISCONFIGURED)
    try:
        app()
    except (CannotStartError, MissingExtraError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except DatabaseError as error:
        if not (trouble := trouble_of(error)):
            raise
        sys.stderr.write(f"{trouble}\n")
        sys.exit(1)


def trouble_of(error: DatabaseError) -> str:
    """Say what is wrong with the database, and what to do; nothing where the fault is our own."""
    reason = " ".join(str(error).split()).rstrip(".")
    if getattr(error.__cause__, "sqlstate", "") in LACKING or reason.startswith(("no such table", "no such column")):
        return f"The database is not at this version ({reason}). Run: onebasket migrate"
    if isinstance(error, OperationalError) or type(error) is DatabaseError:
        return (
            f"The database cannot be used: {reason}. Check DATABASE_URL, and that the database is there and writable."
        )
    return ""
