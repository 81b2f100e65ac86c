"""The slots' events: the data of each type."""

import msgspec

from onebasket.commerce.slots.rules.messages import StatedWindow, WeeklyWindow


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


class SlotPlanChanged(msgspec.Struct, frozen=True):
    """A place's weekly plan is another one; these are its windows, whole."""

    place: str
    windows: list[WeeklyWindow]


class SlotExceptionChanged(msgspec.Struct, frozen=True):
    """On a date these windows hold instead of the weekly plan's (none: closed); or, `removed`, the plan's again."""

    place: str
    date: str
    note: str
    windows: list[StatedWindow]
    removed: bool


EVENTS: dict[str, type[msgspec.Struct]] = {
    "slots.changed": SlotsChanged,
    "slotplan.changed": SlotPlanChanged,
    "slotplan.exception_changed": SlotExceptionChanged,
}
"""The data of each event type that slots emit."""
