"""`onebasket worker`: number events, deliver webhooks, end promises that have expired, watch folders."""

from pathlib import Path
from typing import Annotated

import typer
from django.db import connection

from onebasket.base.asked import stop_when_asked
from onebasket.channels.shop.mail import write_letter
from onebasket.channels.workers.loop import Job, Loop, standing_jobs
from onebasket.project.loading.folders import WatchedFolder
from onebasket.project.loading.receipts import ReceiptFiles, source_id_of

WATCH_SECONDS = 1.0


def run(
    *,
    watch: Annotated[list[Path] | None, typer.Option(help="Load receipt files that appear here; may repeat.")] = None,
    source: Annotated[str, typer.Option(help="With --watch: the source whose receipts these are.")] = "",
    form: Annotated[str, typer.Option("--format", help="jsonlines, csv or poslog; else told from each file.")] = "",
    mapping: Annotated[Path | None, typer.Option(exists=True, help="For CSV: what its columns mean.")] = None,
) -> None:
    """Do what is done behind the scenes until SIGTERM, which lets every job finish its turn.

    On PostgreSQL run one or more beside the hub. On SQLite the hub does this itself.
    """
    groups = standing_jobs(write_letter)
    stopping = stop_when_asked()
    for folder in watch or ():
        files = ReceiptFiles(source_id_of(source), form=form, mapping=mapping)
        watched = WatchedFolder(folder, files, stopping=stopping)
        groups.append([Job(f"folder {folder}", watched.look, WATCH_SECONDS)])
    connection.close()
    loop = Loop(groups)
    loop.start()
    typer.echo("onebasket worker: running. SIGTERM finishes what is in hand and stops.")
    while not stopping.wait(1.0):
        pass
    if not loop.stop():
        typer.echo("onebasket worker: a job did not finish in time; what it had not committed will be done again.")
