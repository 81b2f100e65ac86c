"""Find the receipts that voids name, and the voids that wait for a receipt."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from onebasket.base.models import InboxEntry
from onebasket.commerce.sales.models import LineException, Receipt


class Printed(NamedTuple):
    """How a receipt is named on paper."""

    place: str
    till: str
    business_day: date
    number: str


class Found(NamedTuple):
    """A receipt as booked: its ids and its totals in minor units."""

    id: int
    entry_id: int
    place_id: int
    voided: bool
    effect: int
    paid_total: int
    discount_total: int
    tax_total: int
    tendered: int
    change: int
    rounding: int


_FIELDS = (
    "id", "entry_id", "place_id", "voided", "effect", "paid_total", "discount_total", "tax_total", "tendered", "change",
    "rounding",
)  # fmt: skip


def booked_originals(wanted: Iterable[Printed], place_ids: Mapping[str, int]) -> dict[Printed, Found]:
    """Return the sales and returns that have been booked under these names; voids are rare, so a statement each."""
    found: dict[Printed, Found] = {}
    for name in set(wanted):
        row = (
            Receipt.objects.filter(
                place_id=place_ids.get(name.place, 0),
                business_day=name.business_day,
                till=name.till,
                number=name.number,
                kind__in=(1, 2),
            )
            .order_by("id")
            .values_list(*_FIELDS)
            .first()
        )
        if row:
            found[name] = Found(*row)
    return found


def voided_of(receipts: Collection[int]) -> set[int]:
    """Return those of the receipts that were voided; one statement, none without receipts."""
    if not receipts:
        return set()
    return set(Receipt.objects.filter(pk__in=list(receipts), voided=True).values_list("pk", flat=True))


def lined_voids(names: Collection[Printed]) -> list[tuple[Printed, Found]]:
    """Return the voids that name these receipts, list their lines, and count: a statement each, for they are rare."""
    return [
        (name, Found(*row))
        for name in sorted(names)
        for row in Receipt.objects.filter(
            kind=3,
            line_count__gt=0,
            original_place=name.place,
            original_day=name.business_day,
            original_till=name.till,
            original_number=name.number,
        )
        .exclude(effect=0)
        .order_by("id")
        .values_list(*_FIELDS)
    ]


def mending_entries(receipt: Found) -> list[int]:
    """Return the inbox entries that mended lines of a receipt."""
    mended = LineException.objects.filter(
        place_id=receipt.place_id, receipt_id=receipt.id, state=LineException.State.MENDED
    )
    keys = [mending_key(identity) for identity in mended.values_list("pk", flat=True)]
    return list(InboxEntry.objects.filter(kind="mend", key__in=keys).values_list("pk", flat=True)) if keys else []


def mending_key(exception_id: int) -> str:
    """Return the key under which a line exception is mended, once."""
    return f"line-exception-{exception_id}"


class WaitingVoid(NamedTuple):
    """A void whose original has not been booked yet."""

    id: int
    entry_id: int
    place_id: int
    occurred_at: datetime
    number: str
    original: Printed


def waiting_voids(booked: Iterable[Printed]) -> list[WaitingVoid]:
    """Return the voids that have waited for any of these receipts; one statement when none waits at all."""
    names = set(booked)
    rows = Receipt.objects.filter(awaits_original=True, original_day__in={name.business_day for name in names})
    found = [
        WaitingVoid(*row[:5], Printed(*row[5:]))  # type: ignore[arg-type] # the day is there: it was asked for
        for row in rows.values_list(
            "id", "entry_id", "place_id", "occurred_at", "number",
            "original_place", "original_till", "original_day", "original_number",
        )
    ]  # fmt: skip
    # Ordered here: asked for in order of id, the database would walk the whole table instead of the few that wait.
    return sorted(void for void in found if void.original in names)
