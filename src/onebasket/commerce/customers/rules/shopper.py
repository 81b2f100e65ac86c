"""Who buys, as prices are decided."""

from datetime import datetime

from msgspec import Struct


class ShopperFacts(Struct, frozen=True):
    """A customer by a number: `loyalty_number` stands for all numbers of the person, so limits count by it.

    `member` says whether the number that was asked for still is a card. `segments` are those that hold, `numbers` every
    number of the person.
    """

    customer_id: int
    loyalty_number: str
    member: bool
    staff: bool
    segments: frozenset[str]
    numbers: tuple[str, ...] = ()


class Span(Struct, frozen=True, gc=False):
    """What a customer belongs to, half-open; None is for ever."""

    name: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it holds at an instant."""
        return (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at < self.valid_to)
