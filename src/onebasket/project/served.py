"""What a hub's serving process loads: the application, with its life tied to the hub's."""

import atexit
import multiprocessing

from django.urls import get_resolver

from onebasket.base.database_file import keep_to_the_file
from onebasket.base.tuning import tune_process
from onebasket.channels.referral.recording import book_spooled, spool, write_shown
from onebasket.channels.workers.loop import Job, Loop
from onebasket.project.kinship import end_with_parent
from onebasket.project.wsgi import application

__all__ = ["application"]

if hub := multiprocessing.parent_process():
    end_with_parent(hub.pid or 0)
keep_to_the_file()
# Addresses and views are loaded before the first request, not by it.
_ = get_resolver().url_patterns
tune_process()


def _write_last() -> None:
    """Write down what was counted since the last time."""
    write_shown()


# What a serving process does between requests: clicks that could not be written at once, figures of what was shown.
_between = Loop(
    [
        [
            Job("spooled clicks", book_spooled, 1.0, end=spool().close),
            Job("shown offers", write_shown, 5.0, 1.0, end=_write_last),
        ]
    ]
)
_between.start()
atexit.register(_between.stop, 5.0)
