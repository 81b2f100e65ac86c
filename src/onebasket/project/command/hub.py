"""`onebasket hub`: serve the API, the pages and the back office."""

import os
from pathlib import Path
from typing import Annotated

import typer
from django.conf import settings
from granian import Granian
from granian.constants import Interfaces

from onebasket.base.committer.beside import socket_folder
from onebasket.channels.api.committing import SOCKET_VARIABLE
from onebasket.project.command.migrate import bring_up_to_date
from onebasket.project.deciding import Deciding
from onebasket.project.indexing import Indexing
from onebasket.project.starting import require_certificate, require_file_without_hub, require_port

THREADS = 32
"""A serving process's request threads: most wait for the committer, which decides them in batches."""

IDLE_SECONDS = 600
"""The longest that granian knows: threads that come and go would leave their connections behind."""

DRAIN_SECONDS = 30
"""How long requests in hand may take after SIGTERM."""


def run(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    *,
    workers: Annotated[int, typer.Option(min=1, help="Serving processes; one committer decides for all.")] = 1,
    migrate: Annotated[bool, typer.Option(help="Bring the database's tables up to this version first.")] = True,
    certificate: Annotated[Path | None, typer.Option(exists=True, help="TLS certificate; wants --key too.")] = None,
    key: Annotated[Path | None, typer.Option(exists=True, help="The certificate's private key (PKCS#8).")] = None,
) -> None:
    """Serve the API, the pages and the back office until SIGTERM, which lets requests in hand finish."""
    if (certificate is None) != (key is None):
        raise typer.BadParameter("--certificate and --key go together.")
    if certificate and key:
        require_certificate(certificate, key)
    require_port(host, port)
    require_file_without_hub()
    if migrate:
        bring_up_to_date(verbosity=0)
    typer.echo(f"onebasket hub: {'http' if certificate is None else 'https'}://{host}:{port}/")
    path = socket_folder() / "committer"
    os.environ[SOCKET_VARIABLE] = str(path)
    with Deciding(path), Indexing():
        Granian(
            "onebasket.project.served:application",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=workers,
            blocking_threads=THREADS,
            blocking_threads_idle_timeout=IDLE_SECONDS,
            workers_kill_timeout=DRAIN_SECONDS,
            respawn_failed_workers=True,
            ssl_cert=certificate,
            ssl_key=key,
            websockets=False,
            log_dictconfig=settings.LOGGING,
        ).serve()
