"""The CloudEvents envelope (CNCF CloudEvents 1.0, JSON format) in which events leave: over the API and as webhooks."""

import json
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

SOURCE = "/onebasket/hub"
TYPE_PREFIX = "com.onebasket."


class Told(Protocol):
    """What an event's row gives: `data` is JSON text, `position` is set once the relay has numbered it."""

    @property
    def event_id(self) -> UUID:
        """Return the event's id, the same wherever it is sent."""

    @property
    def position(self) -> int | None:
        """Return where it stands among all events; cursors read on from it."""

    @property
    def type(self) -> str:
        """Return the type as docs/api/events.md lists it, without the prefix."""

    @property
    def subject(self) -> str:
        """Return what it is about, such as order/<id>: events of one subject keep their order."""

    @property
    def occurred_at(self) -> datetime:
        """Return when it was booked."""

    @property
    def data(self) -> str:
        """Return the data of its type."""


def envelope(event: Told) -> dict[str, Any]:
    """Return the event as a CloudEvents JSON object; `position` is an extension attribute."""
    return {
        "specversion": "1.0",
        "id": str(event.event_id),
        "source": SOURCE,
        "type": f"{TYPE_PREFIX}{event.type}",
        "subject": event.subject,
        "time": event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "position": event.position,
        "data": json.loads(event.data),
    }
