"""News as rows written in the transaction that makes them; the relay gives them public positions after commit.

Cursors read positions only: a later id can commit before an earlier one, so a cursor by id would be overtaken.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction

from onebasket.base import bulk
from onebasket.base.locking import require_transaction
from onebasket.base.models import Event
from onebasket.kernel.identity import new_id

_encode = msgspec.json.Encoder().encode
RELAY_LOCK = 0x6F6E6562  # any constant: PostgreSQL's advisory lock that lets one relay run at a time
_NAMES = ("event_id", "type", "subject", "place_code", "occurred_at", "data")


@dataclass(frozen=True, slots=True)
class News:
    """One event to be: `type` as in docs/api/events.md, `subject` such as order/<id>; `data` is JSON or its text."""

    type: str
    subject: str
    occurred_at: datetime
    data: Mapping[str, Any] | str
    place_code: str = ""


class _Gathering(threading.local):
    """What this thread has gathered inside `gathering`, None outside."""

    news: list[News] | None = None


_gathering = _Gathering()


@contextmanager
def gathering() -> Iterator[None]:
    """Write what is recorded inside in one statement, at the end of the block, in the order in which it was told."""
    if _gathering.news is not None:
        yield
        return
    _gathering.news = []
    try:
        yield
        told, _gathering.news = _gathering.news, None
        record(told)
    finally:
        _gathering.news = None


def record(news: Sequence[News]) -> None:
    """Write events in the present transaction."""
    require_transaction()
    if _gathering.news is not None:
        _gathering.news += news
        return
    rows = [
        (
            new_id(),
            item.type,
            item.subject,
            item.place_code,
            item.occurred_at,
            item.data if isinstance(item.data, str) else _encode(item.data).decode(),
        )
        for item in news
    ]
    bulk.insert(Event, _NAMES, rows)


def number_events(limit: int = 2_000) -> int:
    """Give the next committed events their positions, oldest id first; return how many. One relay at a time."""
    with transaction.atomic():
        if bulk.is_postgresql():
            ((locked,),) = bulk.fetch("SELECT pg_try_advisory_xact_lock(%s)", [RELAY_LOCK])
            if not locked:
                return 0
        return bulk.execute(
            "UPDATE base_event SET position = numbered.position FROM ("
            "  SELECT waiting.id AS id, (SELECT COALESCE(MAX(position), 0) FROM base_event)"
            "    + ROW_NUMBER() OVER (ORDER BY waiting.id) AS position"
            "  FROM (SELECT id FROM base_event WHERE position IS NULL ORDER BY id LIMIT %s) AS waiting"
            ") AS numbered WHERE base_event.id = numbered.id",
            [limit],
        )
