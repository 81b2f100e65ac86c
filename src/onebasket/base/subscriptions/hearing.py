"""A numbered event as an action gets it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onebasket.base.columns import Row, as_instant, as_uuid

COLUMNS = "e.event_id, e.position, e.type, e.subject, e.place_code, e.occurred_at, e.data, e.id"
"""What `heard` reads, of base_event as e."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A numbered event; `data` is the JSON text of its type, `row` the event's own row."""

    event_id: UUID
    position: int
    type: str
    subject: str
    place_code: str
    occurred_at: datetime
    data: str
    row: int


def heard(row: Row) -> Heard:
    """Return an event out of a row of `COLUMNS`."""
    event_id, position, type_, subject, place_code, occurred_at, data, identity = row
    instant = as_instant(occurred_at)
    assert instant is not None  # noqa: S101 - the column is not null
    return Heard(as_uuid(event_id), position, type_, subject, place_code, instant, data, identity)
