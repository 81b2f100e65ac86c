"""Working what is in quarantine: mend its text, discard it with a note, or book it after all, once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.db import transaction

from onebasket.base import inbox, trail
from onebasket.base.clock import database_now
from onebasket.base.models import QuarantineItem
from onebasket.base.quarantine import Fault, Message, Unreadable, lock_open, mend, settle

Readable = TypeVar("Readable", bound=Message)


class OtherKindError(Exception):
    """The item is of a kind that this module does not book; nothing was changed."""


class _FailedAgainError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Replayed:
    """The message is booked, and the item is settled."""

    item: int


@dataclass(frozen=True, slots=True)
class StillOpen:
    """The message could not be booked again; the item stays open, and nothing else was changed."""

    item: int
    reason: str
    explanation: str


ReplayOutcome = Replayed | StillOpen
_MENDED_MEANWHILE = Fault("mended_meanwhile", "Its text was mended at the same moment. Look at it, and replay again.")


def mend_item(item_id: int, *, content: str, actor: str) -> None:
    """Keep a mended text beside the original; NotOpenError when the item was settled before."""
    with transaction.atomic():
        mend(lock_open(item_id), content, actor=actor, now=database_now())


def discard_item(item_id: int, *, note: str, actor: str) -> None:
    """Settle an item that needs no booking, with a note; NotOpenError when it was settled before."""
    with transaction.atomic():
        settle(lock_open(item_id), QuarantineItem.State.DISCARDED, actor=actor, note=note, now=database_now())


def replay(
    item_id: int,
    *,
    kind: str,
    actor: str,
    places: frozenset[str] | None,
    read: Callable[[str], Readable | Unreadable],
    book: Callable[[int, Readable], Fault | None],
) -> ReplayOutcome:
    """Book an open item's text, mended or as it came, under the item's own source, in one transaction.

    `places` are the codes that the actor may book at (None: everywhere). `book` returns why the message cannot be
    booked, or None. What fails again leaves nothing but its explanation in the item's note.

    Keys are taken before the item, as in every booking that closes the items of its keys: whichever comes second waits.

    Raises:
        NotOpenError: the item was settled before.
        OtherKindError: the item is of another kind.
    """
    with transaction.atomic():
        seen = QuarantineItem.objects.get(pk=item_id)
        if seen.kind != kind:
            raise OtherKindError(seen.kind)
        text = seen.mended or seen.content
        message = read(text)
        _take_keys(seen.source_id, {seen.key, message.key})
        item = lock_open(item_id)
        if text != (item.mended or item.content):
            return _stay_open(item, _MENDED_MEANWHILE, actor=actor)
        try:
            with transaction.atomic():
                _book(item.source_id, message, places=places, book=book)
        except _FailedAgainError as failed:
            return _stay_open(item, failed.fault, actor=actor)
        note = "Booked from the mended text." if item.mended else "Booked as it came."
        settle(item, QuarantineItem.State.REPLAYED, actor=actor, note=note, now=database_now())
    return Replayed(item_id)


def _take_keys(source_id: int, keys: Iterable[str]) -> None:
    """Keep others from booking under these keys until the transaction ends; the booking itself claims its own."""
    claims = [inbox.Claim(source_id, key, "") for key in keys if key]
    inbox.unclaim(list(inbox.claim("replay", claims).fresh.values()))


def _book(
    source_id: int,
    message: Readable | Unreadable,
    *,
    places: frozenset[str] | None,
    book: Callable[[int, Readable], Fault | None],
) -> None:
    if isinstance(message, Unreadable):
        raise _FailedAgainError(Fault(message.reason, message.explanation))
    if places is not None and message.place not in places:
        explanation = f"The message is of place {message.place!r}, where you may not book. Mend it, or ask its people."
        raise _FailedAgainError(Fault("other_place", explanation))
    if fault := book(source_id, message):
        raise _FailedAgainError(fault)


def _stay_open(item: QuarantineItem, fault: Fault, *, actor: str) -> StillOpen:
    now = database_now()
    item.note = f"Replay failed: {fault.explanation}"
    item.save(update_fields=["note"])
    trail.note_change(
        actor,
        action="quarantine.replay_failed",
        target=f"quarantine/{item.pk}",
        at=now,
        place_code=item.place_code,
        detail={"reason": fault.reason, "explanation": fault.explanation},
    )
    return StillOpen(item.pk, fault.reason, fault.explanation)
