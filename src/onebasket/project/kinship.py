"""A process whose life is tied to its parent's.

Were the hub killed outright, what it started would go on; and beside the next hub two committers would own the hot
path of one SQLite file. Linux ends the child with its parent (prctl(2), PR_SET_PDEATHSIG); elsewhere the supervisor has
to end the process group. Ending at any moment is safe: what was acknowledged is committed.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Ask the kernel to end this process when the one that started it, whose id is `parent`, ends."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before it could be asked
        os.kill(os.getpid(), signal.SIGKILL)
