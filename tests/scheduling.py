"""How the suite's tests are handed to its workers: those that share costly processes stay together, and go first.

xdist's own groups name tests by a suffix of their id, which pytest from 9.2 on does not take.
"""

from xdist.scheduler import LoadGroupScheduling

TOGETHER = ("tests/faults/",)
"""Folders of which each file's tests share hubs, demos or indexes that its fixtures make once."""


class Scheduling(LoadGroupScheduling):
    """Hands out each test apart, but for those of a file that shares; the scheduler begins with the largest."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0] if nodeid.startswith(TOGETHER) else nodeid
