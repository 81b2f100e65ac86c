"""`onebasket partner-sandbox`: a simulated marketplace partner, for trials and tests."""

import os
import secrets
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

import msgspec
import typer
from django.conf import settings

from onebasket.base.answering import make_threaded, port_of, serve_until_told
from onebasket.base.guesses import Guesses
from onebasket.channels.sandbox.answering import House
from onebasket.channels.sandbox.application import Sandbox, start_beside
from onebasket.channels.sandbox.books import Books
from onebasket.channels.sandbox.control import Control
from onebasket.channels.sandbox.control_page import ControlPage
from onebasket.channels.sandbox.gate import Gate, Quota
from onebasket.channels.sandbox.goods import BadGoodsError, own_goods, stated_goods, stock_up
from onebasket.channels.sandbox.methods import Platform
from onebasket.channels.sandbox.pushing import Pusher, listen
from onebasket.channels.sandbox.shop import Shop
from onebasket.channels.sandbox.tokens import Lives
from onebasket.channels.sandbox.web import hang_sign
from onebasket.kernel.money import exponent
from onebasket.project.starting import CannotStartError, require_port

SHORTEST_SECRET = 8


class Secrets(msgspec.Struct, frozen=True):
    """The app's secret, and the token that opens control."""

    secret: str
    control: str


def run(  # noqa: PLR0913 - a command's options
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")] = 8090,
    *,
    folder: Annotated[Path | None, typer.Option(help="Its books; else sandbox in ONEBASKET_HOME.")] = None,
    app_key: Annotated[str, typer.Option(help="By which an app is known here.")] = "sandbox-app",
    secrets_file: Annotated[
        Path | None, typer.Option("--secrets", help="JSON with secret and control, instead of the environment.")
    ] = None,
    push_to: Annotated[str, typer.Option(help="The address that pushes go to.")] = "",
    goods: Annotated[list[Path] | None, typer.Option(help="More goods, as JSON lines.")] = None,
    own: Annotated[bool, typer.Option("--own-goods/--no-own-goods", help="Whether to sell its own goods.")] = True,
    vary: Annotated[int, typer.Option(min=0, max=5_000_000, help="Make variants until there are so many.")] = 0,
    currency: Annotated[str, typer.Option(help="What its prices are in.")] = "GBP",
    pace: Annotated[
        float, typer.Option(min=0.0, help="Seconds until an order takes its next step; 0: by control.")
    ] = 0,
    commission_pace: Annotated[float, typer.Option(min=0.0, help="The same for commission lines.")] = 0,
    quota: Annotated[int, typer.Option(min=0, help="The most calls in a second; 0: no limit.")] = 1000,
    access_seconds: Annotated[int, typer.Option(min=1, help="For how long an access token holds.")] = 3600,
    refresh_seconds: Annotated[int, typer.Option(min=1, help="For how long a refresh token holds.")] = 86_400,
    address: Annotated[str, typer.Option(help="How shoppers reach it, where that is not its host and port.")] = "",
    name: Annotated[str, typer.Option(help="What it calls itself.")] = "Lantern & Loom",
) -> None:
    """Answer as a marketplace partner until SIGTERM. It sells nothing; never put it behind a shop that sells."""
    if port:
        require_port(host, port)
    _check(currency, push_to)
    home = folder or settings.ONEBASKET_HOME / "sandbox"
    home.mkdir(parents=True, exist_ok=True)
    kept = read_secrets(home, secrets_file)
    books = Books(home / "sandbox.sqlite3")
    _stock(books, goods or [], own=own, vary=vary)
    listen(books, somebody=bool(push_to))
    sandbox: list[Sandbox] = []

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> object:
        return sandbox[0](environ, start_response)

    server = make_threaded(host, port, answer)  # type: ignore[arg-type] # what a WSGI application returns
    base = address.rstrip("/") or f"http://{host}:{port_of(server)}"
    house = House(books, base, currency, Lives(access_seconds, refresh_seconds), pace, commission_pace)
    platform = Platform(house, Gate(books, app_key, kept.secret, Quota(quota)))
    control = Control(platform, kept.control, Guesses(most=20, window=60.0))
    hang_sign(name)
    sandbox.append(Sandbox(platform, Shop(house, app_key), control, ControlPage(control)))
    pusher = Pusher(books, platform.faults, push_to, app_key, kept.secret, platform.stopping) if push_to else None
    start_beside(platform, pusher)
    typer.echo(f"onebasket partner-sandbox: {base}")
    serve_until_told(server, platform.stopping)


def _check(currency: str, push_to: str) -> None:
    try:
        exponent(currency)
        to = urlsplit(push_to)
        usable = not push_to or (to.scheme in {"http", "https"} and bool(to.hostname) and to.port != 0)
    except ValueError as error:
        raise CannotStartError(str(error)) from error
    if not usable:
        raise CannotStartError(f"--push-to {push_to!r} is no http or https address.")


def _stock(books: Books, files: list[Path], *, own: bool, vary: int) -> None:
    try:
        if own:
            stock_up(books, own_goods())
        for file in files:
            stock_up(books, stated_goods(file))
        stock_up(books, (), vary=vary)
    except (BadGoodsError, OSError) as error:
        raise CannotStartError(f"The goods cannot be read: {error}") from error


def read_secrets(home: Path, file: Path | None) -> Secrets:
    """Return the secrets: from a file, else from the environment, else kept in the folder, made once.

    Raises:
        CannotStartError: they cannot be read, or are too short.
    """
    kept = home / "secrets.json"
    stated = os.environ.get("ONEBASKET_SANDBOX_SECRET", ""), os.environ.get("ONEBASKET_SANDBOX_CONTROL", "")
    try:
        if file is not None or (not all(stated) and kept.exists()):
            found = msgspec.json.decode((file or kept).read_bytes(), type=Secrets)
        elif all(stated):
            found = Secrets(*stated)
        else:
            found = Secrets(secrets.token_urlsafe(24), secrets.token_urlsafe(24))
            with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
                target.write(msgspec.json.encode(found))
    except (OSError, msgspec.MsgspecError) as error:
        raise CannotStartError(f"The secrets cannot be read: {error}") from error
    if min(len(found.secret), len(found.control)) < SHORTEST_SECRET:
        raise CannotStartError(f"Each secret has at least {SHORTEST_SECRET} characters.")
    return found
