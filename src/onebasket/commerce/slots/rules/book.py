"""The book of locked slots: figures in memory that a batch decides against, basket after basket.

It knows no database. `slots.actions` fills it from locked rows and writes what has changed.
"""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


class Standing(enum.StrEnum):
    """How a reference stands to the slot that it last took."""

    HELD = "held"
    FIRM = "firm"
    GIVEN_BACK = "given_back"
    EXPIRED = "expired"


ACTIVE = frozenset({Standing.HELD, Standing.FIRM})


@dataclass(slots=True)
class SlotFigures:
    """A slot's figures as the batch has left them so far.

    `planned` is the room that the plan gives; `capacity` the bound that the table keeps: as planned, or as much as is
    taken where the plan has since been cut below that.
    """

    id: int
    place_id: int
    place: str
    version: int
    starts_at: datetime
    ends_at: datetime
    cutoff_at: datetime
    planned: int
    capacity: int
    taken: int
    changed: bool = False

    @property
    def free(self) -> int:
        """Return how many more may take the slot."""
        return max(0, self.planned - self.taken)

    def replan(self, capacity: int) -> None:
        """Follow the plan; what is taken stays taken."""
        self.changed = self.changed or self.planned != capacity
        self.planned = capacity
        self._bound()

    def change(self, taken: int) -> None:
        """Take (or with a negative number give back)."""
        self.taken += taken
        if taken < 0:
            self._bound()
        self.changed = True

    def _bound(self) -> None:
        # Never upwards while taking: the table's CHECK then stands between a fault and an oversold slot.
        bound = max(self.planned, self.taken)
        self.changed = self.changed or self.capacity != bound
        self.capacity = bound


@dataclass(slots=True)
class Promise:
    """The one slot that a reference holds, or last held; `expires_at` while it is held."""

    reference: UUID
    place_id: int
    slot_id: int
    standing: Standing
    expires_at: datetime | None
    version: int
    changed: bool = False
    left_place_id: int | None = None
    """Where its row lies yet, when it has moved to another place in this batch."""

    @property
    def active(self) -> bool:
        """Whether it counts among the slot's taken."""
        return self.standing in ACTIVE


class ReferenceNotOpenedError(KeyError):
    """A reference was to take or give back that the book was not opened for: a fault of the program."""


@dataclass(slots=True)
class SlotBook:
    """Locked slots by id, the promises of the references at hand, and those that were met expired."""

    now: datetime
    figures: dict[int, SlotFigures]
    promises: dict[UUID, Promise | None]
    expired: list[Promise] = field(default_factory=list)

    def place_of(self, slot_id: int) -> int | None:
        """Return the place id of a slot in the book, None where there is no such slot."""
        slot = self.figures.get(slot_id)
        return slot.place_id if slot else None

    def promise_of(self, reference: UUID) -> Promise | None:
        """Return what a reference holds now: nothing where it gave back or let expire."""
        promise = self._find(reference)
        return promise if promise is not None and promise.active else None

    def take(self, slot_id: int, reference: UUID, expires_at: datetime) -> bool:
        """Hold the slot for a reference until a time, at most until the slot's cut-off; False when full or past.

        What the reference held elsewhere is given back then, and stays where this one is refused. Holding the same
        slot again moves the time; one that is firm stays firm.
        """
        promise = self._find(reference)
        slot = self.figures.get(slot_id)
        if slot is None or self.now >= slot.cutoff_at or self.now >= expires_at:
            return False
        if promise is not None and promise.active and promise.slot_id == slot_id:
            if promise.standing == Standing.HELD:
                promise.expires_at = min(expires_at, slot.cutoff_at)
                promise.changed = True
            return True
        if not slot.free:
            return False
        self._put(reference, promise, slot, Standing.HELD, min(expires_at, slot.cutoff_at))
        return True

    def confirm(self, slot_id: int, reference: UUID) -> bool:
        """Make a hold firm; where it has expired or there is none, take the slot anew if it has room yet."""
        promise = self._find(reference)
        if promise is not None and promise.active and promise.slot_id == slot_id:
            if promise.standing == Standing.HELD:
                promise.standing, promise.expires_at, promise.changed = Standing.FIRM, None, True
            return True
        slot = self.figures.get(slot_id)
        if slot is None or self.now >= slot.cutoff_at or not slot.free:
            return False
        self._put(reference, promise, slot, Standing.FIRM, None)
        return True

    def give_back(self, slot_id: int, reference: UUID) -> bool:
        """Give the slot back; False, and nothing changes, where the reference does not hold it."""
        promise = self._find(reference)
        if promise is None or not promise.active or promise.slot_id != slot_id:
            return False
        self._end(promise, Standing.GIVEN_BACK)
        return True

    def release_expired(self, due: Mapping[UUID, Promise]) -> None:
        """End the holds whose time is over, as they are met on locked slots."""
        for reference, found in due.items():
            # The same object as the reference's own, or the two would count it twice.
            promise = self.promises.setdefault(reference, found)
            if promise is not None and promise.standing == Standing.HELD:
                self._end(promise, Standing.EXPIRED)
                self.expired.append(promise)

    def changed_slots(self) -> Iterator[SlotFigures]:
        """Give the slots to be written, in the order in which they are locked."""
        return (slot for _, slot in sorted(self.figures.items()) if slot.changed)

    def changed_promises(self) -> list[Promise]:
        """Return the promises to be written, in one order for all."""
        changed = [one for one in self.promises.values() if one is not None and one.changed]
        return sorted(changed, key=lambda one: one.reference.bytes)

    def _find(self, reference: UUID) -> Promise | None:
        try:
            return self.promises[reference]
        except KeyError as error:
            raise ReferenceNotOpenedError(reference) from error

    def _end(self, promise: Promise, standing: Standing) -> None:
        self.figures[promise.slot_id].change(-1)
        promise.standing, promise.expires_at, promise.changed = standing, None, True

    def _put(
        self,
        reference: UUID,
        before: Promise | None,
        slot: SlotFigures,
        standing: Standing,
        expires_at: datetime | None,
    ) -> None:
        if before is not None and before.active:
            self.figures[before.slot_id].change(-1)
        slot.change(1)
        if before is None:
            self.promises[reference] = Promise(reference, slot.place_id, slot.id, standing, expires_at, 0, changed=True)
            return
        if before.version and before.left_place_id is None and before.place_id != slot.place_id:
            before.left_place_id = before.place_id
        before.place_id, before.slot_id = slot.place_id, slot.id
        before.standing, before.expires_at, before.changed = standing, expires_at, True
