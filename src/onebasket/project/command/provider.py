"""`onebasket provider`: a simulated card provider, for trials and tests."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from django.conf import settings

from onebasket.base.answering import make_threaded, port_of, serve_until_told
from onebasket.channels.provider.application import Provider
from onebasket.channels.provider.ledger import Ledger
from onebasket.project.starting import require_port


def run(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")] = 8070,
    *,
    file: Annotated[Path | None, typer.Option(help="Its books; else provider.sqlite3 in ONEBASKET_HOME.")] = None,
    hang: Annotated[float, typer.Option(min=0.0, help="Seconds that a card which hangs lets wait.")] = 30.0,
    days: Annotated[float, typer.Option(min=0.0, help="For how many days an authorisation holds.")] = 7.0,
) -> None:
    """Answer for test cards until SIGTERM. It moves no money; never put it behind a shop that sells."""
    if port:
        require_port(host, port)
    ledger = Ledger(file or settings.ONEBASKET_HOME / "provider.sqlite3", lasts=timedelta(days=days))
    provider = Provider(ledger, settings.CARD_SECRET, hang)
    server = make_threaded(host, port, provider)
    typer.echo(f"onebasket provider: http://{host}:{port_of(server)}")
    serve_until_told(server, provider.stopping)
