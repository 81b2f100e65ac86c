"""Letters that are to be written: one for each fact, however often one hears of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from onebasket.base import bulk
from onebasket.base.locking import require_transaction
from onebasket.base.models import Letter

_NAMES = ("key", "kind", "subject", "occurred_at", "state", "attempts", "due_at", "last_error")


class NewLetter(NamedTuple):
    """A letter to be written: `key` names the fact it is about, at most 96 characters."""

    key: str
    kind: str
    subject: str
    occurred_at: datetime


def queue_letters(letters: Sequence[NewLetter], *, now: datetime) -> int:
    """Queue letters in the present transaction; return how many are new: a key queued before stays as it is."""
    require_transaction()
    rows = {one.key: (*one, Letter.State.PENDING.value, 0, now, "") for one in letters}
    return len(bulk.insert_missing(Letter, _NAMES, [rows[key] for key in sorted(rows)], ("id",))) if rows else 0
