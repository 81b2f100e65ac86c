"""How a part moves on in its row, and how that is told."""

from datetime import datetime

from onebasket.base import outbox
from onebasket.commerce.partners.actions.parts import part_news
from onebasket.commerce.partners.models import PartnerPart
from onebasket.commerce.partners.rules.parts import Status, Step, after

MOVED = ("status", "reason", "next_at", "changed_at", "version")


class NotPossibleError(Exception):
    """The part has moved on, and this cannot be done with it any more."""


def move(row: PartnerPart, step: Step, *, now: datetime, reason: str = "", next_at: datetime | None = None) -> None:
    """Move a locked part on, in the row that the caller saves with `MOVED`.

    Raises:
        NotPossibleError: the step is not open from where the part stands.
    """
    status = after(Status(row.status), step)
    if status is None:
        raise NotPossibleError(f"a part that is {row.status} cannot {step}")
    row.status, row.reason, row.next_at, row.changed_at = status.value, reason[:300], next_at, now
    row.version += 1


def tell(row: PartnerPart, kind: str, *, now: datetime) -> None:
    """Record that a part moved on, in the present transaction."""
    outbox.record(part_news([row], now=now, status=kind))
