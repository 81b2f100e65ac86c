"""What could not be booked, kept whole with its reason: mended, replayed or discarded by people, never lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from onebasket.base import bulk, trail
from onebasket.base.locking import require_transaction
from onebasket.base.models import QuarantineItem
from onebasket.kernel.identity import fingerprint

_NAMES = (
    "kind", "source_id", "key", "place_code", "fingerprint", "reason", "explanation", "content", "mended", "state",
    "note", "received_at", "settled_by",
)  # fmt: skip


class NotOpenError(Exception):
    """The item was settled before; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a message cannot be booked: a code, and what a clerk should know and do."""

    reason: str
    explanation: str


NUL_FAULT = Fault(
    "unreadable_text", "A text holds a NUL character, which cannot be stored. Remove it from the text and replay."
)


class Unreadable(NamedTuple):
    """A message that is none: its text whole, and why it could not be read; `key`, `place` where they can be told."""

    content: str
    reason: str
    explanation: str
    key: str = ""
    place: str = ""


class Message(Protocol):
    """What every message that can be read has."""

    @property
    def key(self) -> str:
        """Return the message's key within its source."""

    @property
    def place(self) -> str:
        """Return the code of the place it speaks of."""


@dataclass(frozen=True, slots=True)
class Unbookable:
    """A message to keep: `content` whole, `fingerprint` of it, `explanation` in a clerk's words."""

    source_id: int
    fingerprint: str
    reason: str
    explanation: str
    content: str
    key: str = ""
    place_code: str = ""


def unbookable(source_id: int, message: Message | Unreadable, fault: Fault) -> Unbookable:
    """Return the message as it is to be kept: unreadable text as it came, a readable message as JSON."""
    text = message.content if isinstance(message, Unreadable) else msgspec.json.encode(message).decode()
    return Unbookable(
        source_id, fingerprint(text), fault.reason, fault.explanation, text, key=message.key, place_code=message.place
    )


def conflict_of(key: str) -> Fault:
    """Return the fault of a message whose key was booked before with other content."""
    return Fault(
        "conflict",
        f"The key {key!r} was booked before with other content, which stays. Compare the two: if this one is another "
        "message, mend its key and replay; otherwise discard it.",
    )


def keep(kind: str, items: Sequence[Unbookable], *, now: datetime) -> list[int]:
    """Keep each message once; return the item ids in order. The same again finds the item that is there."""
    require_transaction()
    unique = {(item.source_id, item.fingerprint, item.reason): item for item in items}
    rows = [
        (
            kind, item.source_id, _storable(item.key)[:120], _storable(item.place_code)[:64], item.fingerprint,
            item.reason, _storable(item.explanation), _storable(item.content), "", "open", "", now, "",
        )
        for _, item in sorted(unique.items(), key=lambda pair: pair[0])
    ]  # fmt: skip
    bulk.insert_missing(QuarantineItem, _NAMES, rows, ("id",))
    found: dict[tuple[int, str, str], int] = {}
    for source in {item.source_id for item in items}:
        prints = [item.fingerprint for item in items if item.source_id == source]
        sql = (
            "SELECT id, fingerprint, reason FROM base_quarantineitem "  # noqa: S608 - constants
            f"WHERE source_id = %s AND {bulk.in_list('fingerprint')}"
        )
        for identity, print_, reason in bulk.fetch(sql, [source, bulk.list_parameter(prints)]):
            found[source, print_, reason] = identity
    return [found[item.source_id, item.fingerprint, item.reason] for item in items]


def _storable(text: str) -> str:
    """Return the text with NUL characters made visible: PostgreSQL cannot store them."""
    return text.replace("\x00", "\\u0000")


def supersede(kind: str, booked: Sequence[tuple[int, str]], *, now: datetime) -> None:
    """Close open items of a kind whose (source, key) has now been booked from a corrected message."""
    by_source: dict[int, list[str]] = {}
    for source, key in booked:
        by_source.setdefault(source, []).append(key)
    for source, keys in by_source.items():
        open_items = QuarantineItem.objects.filter(state=QuarantineItem.State.OPEN, source_id=source, kind=kind)
        if open_items.exists():
            open_items.filter(key__in=keys).exclude(reason="conflict").update(
                state=QuarantineItem.State.SUPERSEDED, settled_at=now, note="A corrected message was booked."
            )


def lock_open(item_id: int) -> QuarantineItem:
    """Lock one open item; NotOpenError when it was settled, QuarantineItem.DoesNotExist when there is none."""
    require_transaction()
    item = QuarantineItem.objects.select_for_update().get(pk=item_id)
    if item.state != QuarantineItem.State.OPEN:
        raise NotOpenError(item.state)
    return item


def mend(item: QuarantineItem, content: str, *, actor: str, now: datetime) -> None:
    """Keep a mended text beside the original, which stays as it came."""
    item.mended = content
    item.save(update_fields=["mended"])
    trail.note_change(
        actor, action="quarantine.mend", target=f"quarantine/{item.pk}", at=now, place_code=item.place_code
    )


def settle(item: QuarantineItem, state: QuarantineItem.State, *, actor: str, note: str, now: datetime) -> None:
    """Close a locked item as replayed or discarded, with a note and a trail entry."""
    item.state, item.note, item.settled_at, item.settled_by = state, note, now, actor
    item.save(update_fields=["state", "note", "settled_at", "settled_by"])
    trail.note_change(
        actor,
        action=f"quarantine.{state}",
        target=f"quarantine/{item.pk}",
        at=now,
        place_code=item.place_code,
        detail={"note": note},
    )
