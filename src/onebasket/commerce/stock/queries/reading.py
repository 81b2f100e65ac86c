"""Shelves, movements, holds and what is at odds, as programs read them, in a fixed number of statements.

`places` are the place codes that the reader is bound to; None is every place.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db.models import F, Q

from onebasket.base.keyset import After, keyset
from onebasket.commerce.stock.models import Breach, Discrepancy, Hold, Movement, Reservation, Shelf
from onebasket.commerce.stock.rules.ends import End, Kind
from onebasket.commerce.stock.rules.promises import OpenReservation, at_risk

_NAMED = {"place_code": F("place__code"), "sku": F("product__sku")}


class ShelfRead(msgspec.Struct, frozen=True):
    """The stock of a product at a place in one state; steps of the product's unit. Buffers are not taken off."""

    place: str
    sku: str
    state: str
    on_hand: int
    reserved: int
    held: int
    counted_at: datetime | None
    breached: bool
    discrepant: bool


class MovementRead(msgspec.Struct, frozen=True):
    """A row of the ledger: a positive quantity from one end to another."""

    id: int
    place: str
    sku: str
    kind: str
    origin: str
    target: str
    quantity: int
    occurred_at: datetime
    booked_at: datetime
    line: int
    reference: str


class RiskRead(msgspec.Struct, frozen=True):
    """An order's line that the goods on hand do not cover, by `short` of its `quantity`."""

    order: UUID
    line: int
    quantity: int
    short: int
    placed_at: datetime


class BreachRead(msgspec.Struct, frozen=True):
    """On hand below reserved; `at_risk` is whose promise that falls on, the latest placed first."""

    id: int
    place: str
    sku: str
    shortfall: int
    opened_at: datetime
    closed_at: datetime | None
    note: str
    noted_by: str
    at_risk: tuple[RiskRead, ...]


class DiscrepancyRead(msgspec.Struct, frozen=True):
    """On hand below zero: asks for a count."""

    id: int
    place: str
    sku: str
    state: str
    quantity: int
    opened_at: datetime
    closed_at: datetime | None
    note: str
    noted_by: str


class ShelfFilter(NamedTuple):
    """Which shelves or movements; an empty filter is every one."""

    place: str = ""
    sku: str = ""
    state: End | None = None


def read_shelves(
    places: frozenset[str] | None, wanted: ShelfFilter, *, after: After | None, limit: int
) -> tuple[list[ShelfRead], After | None]:
    """Return a page of shelves and the cursor of the page after it; one statement."""
    rows = Shelf.objects.filter(_at(places), _narrow(wanted)).values(
        "state", "on_hand", "reserved", "held", "counted_at", "breach_id", "discrepancy_id", **_NAMED
    )
    if wanted.state is not None:
        rows = rows.filter(state=wanted.state)
    order = "product_id" if wanted.place else "place_id" if wanted.sku else "id"
    found, following = keyset(rows, order=order, descending=False, after=after, limit=limit)
    return [_shelf(row) for row in found], following


def read_movements(
    places: frozenset[str] | None, wanted: ShelfFilter, *, after: After | None, limit: int
) -> tuple[list[MovementRead], After | None]:
    """Return a page of the ledger, newest first, and the cursor of the page after it; one statement.

    By the time of the fact for one product at one place, else in the order in which they were booked.
    """
    rows = Movement.objects.filter(_at(places), _narrow(wanted)).values(
        "id", "kind", "origin", "target", "quantity", "occurred_at", "booked_at", "line", "reference", **_NAMED
    )
    if wanted.state is not None:
        rows = rows.filter(Q(origin=wanted.state) | Q(target=wanted.state))
    order = "occurred_at" if wanted.place and wanted.sku else "id"
    found, following = keyset(rows, order=order, descending=True, after=after, limit=limit)
    return [_movement(row) for row in found], following


def read_breaches(
    places: frozenset[str] | None, *, place: str, is_open: bool | None, after: After | None, limit: int
) -> tuple[list[BreachRead], After | None]:
    """Return a page of breaches, newest first, with whose promises are at risk; two statements."""
    rows = Breach.objects.filter(_at(places), _odds(place, is_open)).values(
        "id", "shortfall", "opened_at", "closed_at", "note", "noted_by", at_place=F("place_id"),
        of_product=F("product_id"), **_NAMED,
    )  # fmt: skip
    found, following = keyset(rows, order="opened_at", descending=True, after=after, limit=limit)
    reserved = _open_reservations([row for row in found if row["closed_at"] is None])
    return [_breach(row, reserved.get((row["at_place"], row["of_product"]), [])) for row in found], following


def read_discrepancies(
    places: frozenset[str] | None, *, place: str, is_open: bool | None, after: After | None, limit: int
) -> tuple[list[DiscrepancyRead], After | None]:
    """Return a page of discrepancies, newest first; one statement."""
    rows = Discrepancy.objects.filter(_at(places), _odds(place, is_open)).values(
        "id", "state", "quantity", "opened_at", "closed_at", "note", "noted_by", **_NAMED
    )
    found, following = keyset(rows, order="opened_at", descending=True, after=after, limit=limit)
    return [
        DiscrepancyRead(place=row.pop("place_code"), state=_end(row.pop("state")), **row) for row in found
    ], following  # fmt: skip


def is_hold_of(source_id: int, hold: UUID, *, places: frozenset[str] | None) -> bool:
    """Whether a source took this hold, at a place that it may see."""
    return Hold.objects.filter(_at(places), pk=hold, source_id=source_id).exists()


def _shelf(row: dict[str, Any]) -> ShelfRead:
    breached, discrepant = row.pop("breach_id") is not None, row.pop("discrepancy_id") is not None
    place, state = row.pop("place_code"), _end(row.pop("state"))
    return ShelfRead(place=place, state=state, breached=breached, discrepant=discrepant, **row)


def _movement(row: dict[str, Any]) -> MovementRead:
    origin, target, kind = row.pop("origin"), row.pop("target"), Kind(row.pop("kind"))
    return MovementRead(
        place=row.pop("place_code"), kind=kind.name.lower(), origin=_end(origin), target=_end(target), **row
    )


def _breach(row: dict[str, Any], reserved: Sequence[OpenReservation]) -> BreachRead:
    stated = {name: value for name, value in row.items() if name not in {"at_place", "of_product", "place_code"}}
    risks = at_risk(reserved, row["shortfall"]) if row["closed_at"] is None else []
    found = tuple(RiskRead(risk.reference, risk.line, risk.quantity, risk.short, risk.placed_at) for risk in risks)
    return BreachRead(place=row["place_code"], at_risk=found, **stated)


def _open_reservations(breaches: Sequence[dict[str, Any]]) -> dict[tuple[int, int], list[OpenReservation]]:
    """Return the open promises of the breached shelves, and of some beside them, by (place id, product id)."""
    found: dict[tuple[int, int], list[OpenReservation]] = {}
    if not breaches:
        return found
    rows = Reservation.objects.filter(
        place_id__in={row["at_place"] for row in breaches},
        product_id__in={row["of_product"] for row in breaches},
        state=Reservation.State.OPEN,
    ).values_list("reference", "line", "quantity", "placed_at", "place_id", "product_id")
    for row in rows:
        found.setdefault(row[4:], []).append(OpenReservation(*row[:4]))
    return found


def _end(value: int) -> str:
    return End(value).name.lower()


def _narrow(wanted: ShelfFilter) -> Q:
    narrow = Q()
    if wanted.place:
        narrow &= Q(place__code=wanted.place)
    if wanted.sku:
        narrow &= Q(product__sku=wanted.sku)
    return narrow


def _odds(place: str, is_open: bool | None) -> Q:  # noqa: FBT001 - None is either
    narrow = Q(place__code=place) if place else Q()
    return narrow if is_open is None else narrow & Q(closed_at__isnull=is_open)


def _at(places: frozenset[str] | None) -> Q:
    return Q() if places is None else Q(place__code__in=sorted(places))
