"""Reads of the plumbing for people: what is in quarantine, which deliveries were given up."""

from django.db.models import F, Q

from onebasket.base.keyset import After, Records, keyset
from onebasket.base.models import Delivery, QuarantineItem

QUARANTINE_SORTS = {"received_at": "received_at", "reason": "reason"}
DELIVERY_SORTS = {"next_attempt_at": "next_attempt_at", "attempts": "attempts"}


def quarantine_open(places: frozenset[str] | None) -> int:
    """Count what waits in quarantine."""
    return QuarantineItem.objects.filter(_at(places), state=QuarantineItem.State.OPEN).count()


def quarantine_rows(
    places: frozenset[str] | None, filters: dict[str, str], *, sort: tuple[str, bool], after: After | None, limit: int
) -> tuple[Records, After | None]:
    """List quarantine; `filters` may hold q, state and place."""
    wanted = _at(places)
    if text := filters.get("q"):
        wanted &= Q(key__icontains=text) | Q(explanation__icontains=text) | Q(reason__icontains=text)
    if state := filters.get("state"):
        wanted &= Q(state=state)
    if place := filters.get("place"):
        wanted &= Q(place_code=place)
    rows = QuarantineItem.objects.filter(wanted).values(
        "id", "kind", "key", "place_code", "reason", "explanation", "state", "received_at"
    )
    return keyset(rows, order=QUARANTINE_SORTS[sort[0]], descending=sort[1], after=after, limit=limit)


def deliveries_dead() -> int:
    """Count the deliveries that were given up."""
    return Delivery.objects.filter(state=Delivery.State.DEAD).count()


def dead_delivery_rows(
    filters: dict[str, str], *, sort: tuple[str, bool], after: After | None, limit: int
) -> tuple[Records, After | None]:
    """List the deliveries that were given up; `filters` may hold q."""
    wanted = Q(state=Delivery.State.DEAD)
    if text := filters.get("q"):
        wanted &= Q(webhook__url__icontains=text) | Q(event__type__icontains=text) | Q(subject__icontains=text)
    rows = Delivery.objects.filter(wanted).values(
        "id", "subject", "attempts", "last_error", "next_attempt_at",
        url=F("webhook__url"), type=F("event__type"), place_code=F("event__place_code"),
    )  # fmt: skip
    return keyset(rows, order=DELIVERY_SORTS[sort[0]], descending=sort[1], after=after, limit=limit)


def _at(places: frozenset[str] | None) -> Q:
    return Q() if places is None else Q(place_code__in=sorted(places))
