"""`python -m onebasket.project.committer SOCKET HUB`: the process that decides for a hub's serving processes."""

import signal
import sys
from pathlib import Path

import django

django.setup()

from onebasket.base import presence  # noqa: E402 - Django must be set up before models are imported
from onebasket.base.bulk import is_postgresql  # noqa: E402
from onebasket.base.committer import Committer  # noqa: E402
from onebasket.base.database_file import keep_to_the_file  # noqa: E402
from onebasket.base.tuning import tune_process  # noqa: E402
from onebasket.channels.shop.mail import write_letter  # noqa: E402
from onebasket.channels.workers.loop import Loop, Turns, network_jobs, writing_jobs  # noqa: E402
from onebasket.commerce.hotpath.actions import ACTIONS  # noqa: E402
from onebasket.project.kinship import end_with_parent  # noqa: E402


def main(path: Path, *, hub: int) -> None:
    """Decide until SIGTERM; on SQLite, do between batches what else writes to the file. `hub` is the hub's id."""
    end_with_parent(hub)
    keep_to_the_file()
    chores = None if is_postgresql() else Turns(writing_jobs()).take
    committer = Committer(ACTIONS, chores=chores)
    signal.signal(signal.SIGTERM, lambda *_: committer.stop())
    # Ctrl-C reaches the whole group: the hub ends us once its requests in hand are answered.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    announced = presence.announce(path)
    if announced is None and not is_postgresql():
        raise SystemExit("Another hub decides for this SQLite file, which has one hub. Stop one of the two.")
    network = Loop([] if is_postgresql() else network_jobs(write_letter))
    network.start()
    tune_process()
    committer.serve(path)
    network.stop()
    if announced:
        announced.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), hub=int(sys.argv[2]))
