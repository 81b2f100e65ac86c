"""What a hub's serving process loads: the application, with its life tied to the hub's.

Were the hub killed outright, its serving process would go on; and beside the next hub two processes would own the hot
path of one SQLite file. Linux ends the child with its parent (prctl(2), PR_SET_PDEATHSIG); elsewhere the supervisor has
to end the process group. Ending at any moment is safe: what was acknowledged is committed.
"""

import ctypes
import os
import signal
import sys

from django.urls import get_resolver

from onebasket.channels.workers.loop import start_in_process
from onebasket.project.wsgi import application

__all__ = ["LOOP", "application"]

PR_SET_PDEATHSIG = 1
INIT = 1


def end_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it ends."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == INIT:  # it ended before it could be asked
        os.kill(os.getpid(), signal.SIGKILL)


end_with_parent()
# Addresses and views are loaded before the first request, not by it.
_ = get_resolver().url_patterns
LOOP = start_in_process()
"""The workers' loop, which a hub on SQLite runs beside its requests; None on PostgreSQL."""
