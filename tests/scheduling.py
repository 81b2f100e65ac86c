"""How the suite's tests are handed to its workers: those that share costly processes stay together, and go first.

xdist's own groups name tests by a suffix of their id, which pytest from 9.2 on does not take.
"""

from xdist.scheduler import LoadGroupScheduling
from xdist.workermanage import WorkerController

TOGETHER = ("tests/faults/", "tests/test_tidy.py")
"""Where each file's tests share what is made once: hubs, demos and indexes of fixtures, the syntax of every file."""


class Scheduling(LoadGroupScheduling):
    """Hands out each test apart, but for those of a file that shares; the scheduler begins with the largest."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0] if nodeid.startswith(TOGETHER) else nodeid

    def schedule(self) -> None:
        """Give every worker two units at least: it begins none before it knows of the next."""
        super().schedule()
        for node in self.nodes:
            self._reschedule(node)

    def _reschedule(self, node: WorkerController) -> None:
        if node in self.registered_collections:  # a new worker, in a dead one's place, may still be collecting
            try:
                super()._reschedule(node)
            except OSError:  # it has died, and is not yet missed: what it was just given is handed on then
                self.log("could not hand a unit to", node)

    def remove_node(self, node: WorkerController) -> str | None:
        """Take leave of a worker: what it had not begun goes to others, and the test that it died in fails.

        xdist's own would hand out that test again, and with it every unit that the worker had long finished: one that
        holds nothing to do leaves its next worker waiting for ever.
        """
        units = self.assigned_work.pop(node)
        pending = [(scope, nodeid) for scope, unit in units.items() for nodeid, done in unit.items() if not done]
        for scope, nodeid in pending[1:]:
            self.workqueue.setdefault(scope, {})[nodeid] = False
        for other in self.nodes:
            self._reschedule(other)
        return pending[0][1] if pending else None
