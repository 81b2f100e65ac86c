"""Run an action again when it lost a race, and tell when the database cannot serve at all."""

import logging
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from onebasket.base.bulk import GuardError
from onebasket.base.database_file import require_the_file
from onebasket.base.pipeline import STALE

logger = logging.getLogger(__name__)

MAX_REPEATS = 8
_LOST_RACES = ("40P01", "40001", *STALE)  # PostgreSQL: deadlock detected, serialisation failure

Action = Callable[[Sequence[Any]], Sequence[Any]]


class UnavailableError(Exception):
    """The database cannot be reached or cannot write. Safe to send again with the same key.

    Nothing was kept, unless the line broke after COMMIT had been sent: then the same key finds what became of it.
    """

    retry_after = 2


def perform(action: Action, requests: Sequence[Any]) -> Sequence[Any]:
    """Run an action, repeating it when it lost a race; UnavailableError when the database is gone or full."""
    for attempt in range(MAX_REPEATS):
        try:
            require_the_file()
            return action(requests)
        except (DatabaseError, InterfaceError, GuardError) as error:
            if not lost_race(error):
                if not isinstance(error, OperationalError | InterfaceError):
                    raise
                logger.warning("the database cannot serve: %s", error)
                connection.close()
                raise UnavailableError(str(error)) from error
        time.sleep(random.uniform(0, 0.005) * 2**attempt)  # noqa: S311 - jitter, no secret
    message = "the batch lost every race"
    raise UnavailableError(message)


def lost_race(error: Exception) -> bool:
    """Whether repeating the transaction can help: deadlock, serialisation failure, a lost guard, what is stale.

    A SQLite that is plainly busy does not count: its lock has been waited for already, as long as the settings say.
    """
    if isinstance(error, GuardError):
        return True
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) in _LOST_RACES:
        return True
    return getattr(cause, "sqlite_errorname", "").startswith(("SQLITE_BUSY_", "SQLITE_LOCKED"))
