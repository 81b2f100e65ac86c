"""The slots' events: the data of each type."""

import msgspec


class SlotNews(msgspec.Struct, frozen=True, gc=False):
    """A slot's figures after the change; times in UTC, promises are taken before `order_until`."""

    id: int
    starts_at: str
    ends_at: str
    order_until: str
    capacity: int
    taken: int


class SlotsChanged(msgspec.Struct, frozen=True):
    """Slots of one place that one batch has changed."""

    place: str
    slots: list[SlotNews]


EVENTS: dict[str, type[msgspec.Struct]] = {"slots.changed": SlotsChanged}
"""The data of each event type that slots emit."""
