"""A place with slots for tests: from ten to six New York time, hourly, and who has taken what."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from onebasket.commerce.places.models import Place
from onebasket.commerce.slots.actions import open_slots_book, post_slots
from onebasket.commerce.slots.models import Plan, PlanWindow, Slot, SlotPromise
from onebasket.commerce.slots.rules.planning import slot_id
from tests.builders import MORNING, at

TEN = at(60)
"""Ten o'clock in New York on the Monday: an hour from the morning."""


def plan(place: str = "p1", *, capacity: int = 2, cutoff: int = 30, days: Iterable[int] = range(7)) -> None:
    """Let a place hand out from 10:00 to 18:00 in hours of so much room, every day."""
    place_id = Place.objects.get(code=place).pk
    Plan.objects.get_or_create(place_id=place_id, defaults={"changed_at": MORNING})
    PlanWindow.objects.bulk_create(
        PlanWindow(
            place_id=place_id, weekday=day, from_minutes=600, to_minutes=1080, slot_minutes=60, capacity=capacity,
            cutoff_minutes=cutoff,
        )
        for day in days
    )  # fmt: skip


def slot(hours: int = 0, place: str = "p1") -> int:
    """Return the id of the slot that begins so many hours after ten on the Monday."""
    return slot_id(Place.objects.get(code=place).pk, TEN + timedelta(hours=hours))


def ref(number: int) -> UUID:
    """Return a basket's id."""
    return UUID(int=number)


def take(
    wanted: Sequence[tuple[int, UUID]], *, now: datetime = MORNING, minutes: int = 15, confirm: bool = False
) -> list[bool]:
    """Hold (or confirm) slots for references in one transaction."""
    with transaction.atomic():
        book = open_slots_book({one for one, _ in wanted}, references={one for _, one in wanted}, now=now)
        until = now + timedelta(minutes=minutes)
        done = [
            book.confirm(one, reference) if confirm else book.take(one, reference, until) for one, reference in wanted
        ]
        post_slots(book, now=now)
    return done


def give_back(slot_id: int, reference: UUID, *, now: datetime = MORNING) -> bool:
    """Give one slot back."""
    with transaction.atomic():
        book = open_slots_book([], references=[reference], now=now)
        done = book.give_back(slot_id, reference)
        post_slots(book, now=now)
    return done


def figures(slot_id: int) -> tuple[int, int, int] | None:
    """Return planned, capacity and taken of a slot's row; nothing where there is none."""
    return Slot.objects.filter(pk=slot_id).values_list("planned", "capacity", "taken").first()


def standings() -> list[tuple[int, str, int]]:
    """Return who holds what, as (reference, standing, slot), in order of references."""
    rows = SlotPromise.objects.order_by("id").values_list("id", "standing", "slot_id")
    return [(reference.int, standing, slot) for reference, standing, slot in rows]


def faults_in_slots() -> list[str]:
    """Return every slot that is oversold, or whose figure differs from who holds it: none, ever."""
    active = SlotPromise.objects.filter(standing__in=["held", "firm"])
    promised = dict(active.values_list("slot_id").annotate(number=Count("id")))
    faults = []
    for one in Slot.objects.order_by("id"):
        number = promised.pop(one.pk, 0)
        if one.taken != number or number > one.capacity:
            faults.append(f"{one.pk}: taken {one.taken} of {one.capacity}, promised {number}")
    return faults + [f"{identity}: promised {number} without a row" for identity, number in promised.items()]
