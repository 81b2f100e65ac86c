"""Who writes a loader's batches: the committer of a hub on the same SQLite file, its one writer; else this process."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from onebasket.base.committer import Client, QueueFullError, UnavailableError, perform
from onebasket.base.presence import committer_of_the_hub
from onebasket.commerce.hotpath.actions import ACTIONS, FactsCall, ReceiptsCall

PATIENCE_SECONDS = 60.0
_CALLS: dict[str, Callable[[int, list[Any]], Any]] = {"receipts": ReceiptsCall, "facts": FactsCall}


class Writer:
    """Has batches of a source's items taken in by an action; a hot one is left to the hub that serves the same file."""

    def __init__(self, action: Callable[[int, Sequence[Any]], Sequence[Any]], *, hot: str = "") -> None:
        """Keep the action, and its name in the hot path; whom to ask is looked up each time, for hubs come and go."""
        self._action = action
        self._hot = hot
        self._asked: tuple[Path, Client] | None = None
        self.took_a_turn = False
        """Whether the last batch waited for its turn at a hub, which then need not be given time of its own."""

    def take_in(self, source_id: int, items: Sequence[Any]) -> list[Any]:
        """Have the items taken in and return the outcome of each, in order.

        Raises:
            UnavailableError: the database, or the hub that was asked, cannot serve; what is booked stays booked.
            BrokenRequestError: the hub failed on something in the batch; nothing of it was booked.
        """
        while self._hot and (socket := committer_of_the_hub()):
            try:
                (outcomes,) = self._client(socket).commit(
                    self._hot,
                    [_CALLS[self._hot](source_id, list(items))],
                    weights=[len(items)],
                    seconds=PATIENCE_SECONDS,
                )
            except QueueFullError as error:
                time.sleep(error.retry_after)
            except TimeoutError as error:
                raise UnavailableError("the hub did not answer in time") from error
            except UnavailableError:
                if committer_of_the_hub() == socket:
                    raise  # it is there, and cannot serve
            else:
                self.took_a_turn = True
                return list(outcomes)
        self.took_a_turn = False
        return list(perform(partial(self._action, source_id), items))

    def _client(self, socket: Path) -> Client:
        if self._asked is None or self._asked[0] != socket:
            if self._asked:
                self._asked[1].close()
            self._asked = socket, Client(str(socket), ACTIONS)
        return self._asked[1]
