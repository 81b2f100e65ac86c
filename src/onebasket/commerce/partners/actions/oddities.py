"""The queue of what is odd: kept once while it is open, and settled by people."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from onebasket.base import bulk, trail
from onebasket.base.clock import database_now
from onebasket.base.instants import instant_parameter
from onebasket.commerce.partners.models import Oddity

MOST_CONTENT = 20_000
"""Characters of what came that are kept."""


class NotOpenError(Exception):
    """The oddity was settled before, or there is none."""


class Odd(NamedTuple):
    """Something odd of a partner's: what it is about, a code, words for a clerk, and what came."""

    partner_id: int
    kind: str
    reference: str
    reason: str
    explanation: str
    content: str = ""


def keep_odd(items: Sequence[Odd], *, now: datetime) -> None:
    """Keep what is odd; the same (partner, kind, reference, reason) counts up while it is open."""
    unique = {item[:4]: item for item in items}
    with transaction.atomic():
        for key in sorted(unique):
            _keep(unique[key], now=now)


def settle_odd(identity: int, *, actor: str, note: str) -> None:
    """Settle what was odd, with a note.

    Raises:
        NotOpenError: it was settled before, or there is none.
    """
    with transaction.atomic():
        now = database_now()
        fit = Oddity.objects.filter(pk=identity, state=Oddity.State.OPEN)
        done = fit.update(state=Oddity.State.SETTLED, settled_at=now, settled_by=actor, note=note[:300])
        if not done:
            raise NotOpenError(identity)
        trail.note_change(actor, action="oddity.settle", target=f"oddity/{identity}", at=now, detail={"note": note})


def _keep(item: Odd, *, now: datetime) -> None:
    bulk.write(
        "INSERT INTO partners_oddity (partner_id, kind, reference, reason, explanation, content, state, times,"
        " first_at, last_at, settled_by, note) VALUES (%s, %s, %s, %s, %s, %s, 'open', 1, %s, %s, '', '')"
        " ON CONFLICT (partner_id, kind, reference, reason) WHERE state = 'open'"
        " DO UPDATE SET times = partners_oddity.times + 1, last_at = excluded.last_at, content = excluded.content,"
        " explanation = excluded.explanation",
        [
            item.partner_id, item.kind, _storable(item.reference, 120), item.reason[:40],
            _storable(item.explanation, 500), _storable(item.content, MOST_CONTENT),
            instant_parameter(now), instant_parameter(now),
        ],
    )  # fmt: skip


def _storable(text: str, most: int) -> str:
    """Return the text with NUL characters made visible, which PostgreSQL cannot store, and cut."""
    return text.replace("\x00", "\\u0000")[:most]
