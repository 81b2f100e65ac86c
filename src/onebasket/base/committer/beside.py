"""A committer in a thread of the asking process: where no process of its own was started for it."""

import atexit
import shutil
import tempfile
import threading
from contextlib import closing
from pathlib import Path

from django.db import connection

from onebasket.base.committer.server import Committer


def socket_folder() -> Path:
    """Make a folder that only we may enter, for a committer's socket; it is removed when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="onebasket-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def serve_beside(committer: Committer) -> tuple[str, threading.Thread]:
    """Serve in a thread of this process until the committer is stopped; return the socket's path and the thread."""
    path = socket_folder() / "committer"

    def serve() -> None:
        with closing(connection):
            committer.serve(path)

    thread = threading.Thread(target=serve, name="committer", daemon=True)
    thread.start()
    return str(path), thread
