"""No collection slots: every slot is unknown."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID


class NoSlots:
    """The book of no slots."""

    def place_of(self, slot_id: int) -> int | None:  # noqa: ARG002 - as a book of slots
        """Return None: there is no such slot."""
        return None

    def take(self, slot_id: int, reference: UUID, expires_at: datetime) -> bool:  # noqa: ARG002 - as a book of slots
        """Take nothing."""
        return False

    def confirm(self, slot_id: int, reference: UUID) -> bool:  # noqa: ARG002 - as a book of slots
        """Confirm nothing."""
        return False

    def give_back(self, slot_id: int, reference: UUID) -> None:
        """Give nothing back."""


def open_slots_book(_ids: Iterable[int], *, now: datetime) -> NoSlots:  # noqa: ARG001 - as of slots
    """Open the book."""
    return NoSlots()


def post_slots(_book: object, *, now: datetime) -> None:
    """Write nothing."""
