"""Reads of promises: what is open on a shelf, and what a breach puts at risk."""

from collections.abc import Iterable
from itertools import groupby
from uuid import UUID

from onebasket.commerce.stock.models import Breach, Hold, Reservation
from onebasket.commerce.stock.rules.promises import AtRisk, OpenReservation, at_risk


def open_reservations(shelves: Iterable[tuple[int, int]]) -> dict[tuple[int, int], list[OpenReservation]]:
    """Return the open promises on shelves, by (place id, product id); a statement per place."""
    found: dict[tuple[int, int], list[OpenReservation]] = {}
    for place, group in groupby(sorted(shelves), key=lambda shelf: shelf[0]):
        rows = Reservation.objects.filter(
            place_id=place, product_id__in=[product for _, product in group], state=Reservation.State.OPEN
        ).values_list("product_id", "reference", "line", "quantity", "placed_at")
        for product, *row in rows:
            found.setdefault((place, product), []).append(OpenReservation(*row))  # type: ignore[arg-type] # values in the order of its fields
    return found


def hold_owners(ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return which source took each hold: nobody else may confirm it."""
    wanted = list(ids)
    return dict(Hold.objects.filter(pk__in=wanted).values_list("pk", "source_id")) if wanted else {}


def at_risk_of(breach: Breach) -> list[AtRisk]:
    """Return whose promise the breach falls on now, latest placed first."""
    if breach.closed_at is not None:
        return []
    shelf = breach.place_id, breach.product_id
    return at_risk(open_reservations([shelf]).get(shelf, []), breach.shortfall)
