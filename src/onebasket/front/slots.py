"""When an order can be collected: the store's open slots by day, on its own clock."""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from onebasket.commerce.slots.queries import open_slots
from onebasket.commerce.slots.rules.facts import SlotFacts
from onebasket.front import formats
from onebasket.front.stores import Store
from onebasket.kernel.clock import zone

DAYS = 7


@dataclass(frozen=True, slots=True)
class Time:
    """A slot as it is chosen."""

    slot: SlotFacts
    text: str

    @property
    def is_free(self) -> bool:
        """Whether there is room."""
        return self.slot.free > 0


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which the store hands out."""

    date: date
    text: str
    times: tuple[Time, ...]

    @property
    def is_free(self) -> bool:
        """Whether any of its slots has room."""
        return any(time.is_free for time in self.times)


def days_of(store: Store, *, now: datetime) -> list[Day]:
    """Return the days with slots from today on, each with its slots; none where the store has no plan."""
    where = zone(store.place.time_zone)
    slots = open_slots(store.place, now=now, days=DAYS)
    today = now.astimezone(where).date()
    return [
        Day(day, formats.day(day, today), tuple(Time(slot, span_text(slot, store)) for slot in listed))
        for day, listed in groupby(slots, key=lambda slot: slot.starts_at.astimezone(where).date())
    ]


def span_text(slot: SlotFacts, store: Store) -> str:
    """Write from when to when a slot lasts, on the store's clock."""
    zone_name = store.place.time_zone
    return f"{formats.clock(slot.starts_at, zone_name)} \N{EN DASH} {formats.clock(slot.ends_at, zone_name)}"


def slot_text(slot: SlotFacts, store: Store, *, now: datetime) -> str:
    """Write a slot with its day."""
    where = zone(store.place.time_zone)
    day = formats.day(slot.starts_at.astimezone(where).date(), now.astimezone(where).date())
    return f"{day}, {span_text(slot, store)}"
