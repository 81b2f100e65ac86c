"""What the demo's child processes share: they end when asked, and end when the demo that started them is gone."""

import ctypes
import os
import signal
import sys
from pathlib import Path

import msgspec

from onebasket.channels.demo.keeping import DemoError, read_kept

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that this process gets when its parent ends. It outlives an exec."""


class Task(msgspec.Struct, frozen=True):
    """What a child process is told, in a file only its owner can read: its own token and no other."""

    port: int
    token: str
    folder: str
    stores: int
    speed: float = 1.0
    associates_token: str = ""


def read_task(arguments: list[str]) -> Task:
    """Return the task in the file that the command line names."""
    task = read_kept(Path(arguments[0]), Task) if len(arguments) == 1 else None
    if task is None:
        raise DemoError("This process is started by onebasket demo.")
    return task


def end_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM when the demo ends; where it cannot, the demo's process group is what ends it."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before it could be asked
        sys.exit(1)


def main() -> None:
    """Tie this process to its parent, then become the program that the rest of the command line names."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    end_with_parent(parent)
    os.execv(program[0], program)  # noqa: S606 - the demo's own programs


if __name__ == "__main__":
    main()
