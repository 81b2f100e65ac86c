"""The audit trail: who changed what."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from onebasket.base.models import TrailEntry


def note_change(
    actor: str, *, action: str, target: str, at: datetime, place_code: str = "", detail: Mapping[str, Any] | None = None
) -> None:
    """Append who did what to what, in the transaction of the change itself. Never put secrets into `detail`."""
    TrailEntry.objects.create(
        at=at, actor=actor, action=action, target=target, place_code=place_code, detail=dict(detail or {})
    )
