"""Working the quarantine: mend the text, replay it, discard it with a note."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms

from onebasket.base.models import QuarantineItem
from onebasket.base.quarantine import NotOpenError
from onebasket.base.replaying import OtherKindError, Replayed, ReplayOutcome, discard_item, mend_item
from onebasket.channels.desk.rights import Places
from onebasket.channels.desk.works.work import Asked, Done, NoteForm, Refused, Result, Row, Work, WorkForm, refusing
from onebasket.commerce.access.rules import reach
from onebasket.commerce.pricing.actions import tills
from onebasket.commerce.stock.actions import replaying as stock

LONGEST_TEXT = 1_000_000
REPLAYS = {"receipt": tills.replay_receipt, "stock": stock.replay_quarantined}
"""How each kind is booked again."""


def pretty(text: str) -> str:
    """Return JSON with a field a line; any other text as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


class MendForm(WorkForm):
    """The message's text."""

    content = forms.CharField(
        label="Mended text",
        max_length=LONGEST_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "class": "ob-code", "spellcheck": "false"}),
        help_text="Amounts in minor units, quantities in the unit's smallest step. The original stays as it came.",
    )
    replay = forms.BooleanField(label="Replay it at once", required=False, initial=True)


class _OnItem(Work):
    right = "quarantine.work"
    model = QuarantineItem

    def is_offered(self, row: Row) -> bool:
        return bool(row.state == QuarantineItem.State.OPEN)


class MendQuarantined(_OnItem):
    """Correct what a sender got wrong."""

    slug = "mend-quarantined"
    label = "Mend"
    verb = "Save"
    about = "Correct the text. It is booked under the sender's own source and key once it is replayed."
    form = MendForm

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        """Begin with the newest text."""
        return {"content": pretty(row.mended or row.content), "replay": True}

    @refusing(NotOpenError, OtherKindError)
    def perform(self, asked: Asked) -> Result:
        """Keep the text, and replay it when asked to."""
        mend_item(asked.row.pk, content=asked.data["content"], actor=asked.actor)
        if not asked.data["replay"] or asked.row.kind not in REPLAYS:
            return Done("The mended text is kept. Replay it when what it needs is there.")
        return told(replayed(asked))


class ReplayQuarantined(_OnItem):
    """Book it after all."""

    slug = "replay"
    label = "Replay"
    verb = "Replay"
    about = "Book this message now, under the sender's own source and key. What fails again stays here."

    def is_offered(self, row: Row) -> bool:
        """Offer it for what this hub can book."""
        return super().is_offered(row) and row.kind in REPLAYS

    @refusing(NotOpenError, OtherKindError)
    def perform(self, asked: Asked) -> Result:
        """Book it."""
        return told(replayed(asked))


class DiscardQuarantined(_OnItem):
    """Close it without booking."""

    slug = "discard"
    label = "Discard"
    verb = "Discard"
    about = "Close this message without booking it. Its text stays here for good."
    form = NoteForm
    is_grave = True

    @refusing(NotOpenError)
    def perform(self, asked: Asked) -> Result:
        """Settle it with the note."""
        discard_item(asked.row.pk, note=asked.data["note"], actor=asked.actor)
        return Done("Discarded.")


def replayed(asked: Asked) -> ReplayOutcome:
    """Replay the row within what the person may reach."""
    within: Places = reach(asked.user, "quarantine.work")
    return REPLAYS[asked.row.kind](asked.row.pk, actor=asked.actor, places=within)


def told(outcome: ReplayOutcome) -> Result:
    """Say what came of a replay."""
    if isinstance(outcome, Replayed):
        return Done("Booked. The message is settled.")
    return Refused(f"It stays here: {outcome.explanation}")
