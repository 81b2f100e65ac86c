"""`python -m onebasket.project.indexer HUB`: the process that keeps a hub's search indexes up with the news."""

import signal
import sys

import django

django.setup()

from onebasket.base.asked import stop_when_asked  # noqa: E402 - Django must be set up before models are imported
from onebasket.base.database_file import keep_to_the_file  # noqa: E402
from onebasket.channels.workers.loop import Loop  # noqa: E402
from onebasket.channels.workers.searching import offer_jobs, search_jobs  # noqa: E402
from onebasket.project.kinship import end_with_parent  # noqa: E402


def main(*, hub: int) -> None:
    """Keep the index until SIGTERM, which lets a turn finish; a kill at any moment leaves the last commit."""
    end_with_parent(hub)
    keep_to_the_file()
    stopping = stop_when_asked(signals=[signal.SIGTERM])
    # Ctrl-C reaches the whole group: the hub ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    loop = Loop([search_jobs(), offer_jobs()])
    loop.start()
    stopping.wait()
    loop.stop()


if __name__ == "__main__":
    main(hub=int(sys.argv[1]))
