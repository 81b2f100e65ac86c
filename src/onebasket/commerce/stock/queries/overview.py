"""Reads of the stock for people: what is promised, what is at odds, and the shelves of a product.

`places` are place codes that the reader is bound to; None is every place.
"""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, F, Min, OuterRef, Q, QuerySet, Sum

from onebasket.base.keyset import After, Records, keyset
from onebasket.commerce.stock.models import Breach, Discrepancy, HoldLine, Movement, Reservation, Shelf
from onebasket.commerce.stock.queries.available import buffers_of
from onebasket.commerce.stock.queries.promises import open_reservations
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.promises import OpenReservation, at_risk

SHELF_SORTS = {"place": "place__code", "on_hand": "on_hand", "reserved": "reserved", "held": "held"}
SHELF_CHANNEL = "web"
SHELF = ("place_id", "product_id", "on_hand", "reserved", "held", "counted_at")
BREACHED = ExpressionWrapper(Q(breach_id__isnull=False), output_field=BooleanField())
DISCREPANT = ExpressionWrapper(Q(discrepancy_id__isnull=False), output_field=BooleanField())
PLACE = {"place_code": F("place__code"), "place_name": F("place__name"), "time_zone": F("place__time_zone")}
PRODUCT = {
    "sku": F("product__sku"), "product_name": F("product__name"), "unit": F("product__unit__code"),
    "decimals": F("product__unit__decimals"),
}  # fmt: skip


def promised(places: frozenset[str] | None) -> tuple[list[tuple[str, int, int]], int, datetime | None]:
    """Return open reservations as (unit, decimals, steps), their orders and the oldest; two statements."""
    rows = Reservation.objects.filter(_at(places), state=Reservation.State.OPEN)
    by_unit = rows.values_list("product__unit__code", "product__unit__decimals")
    whole = rows.aggregate(orders=Count("reference", distinct=True), oldest=Min("placed_at"))
    return list(by_unit.annotate(steps=Sum("quantity")).order_by()), whole["orders"], whole["oldest"]


def risks(places: frozenset[str] | None) -> tuple[int, int]:
    """Count the open breaches, and the orders whose promises they put at risk; two statements."""
    breaches = dict(_open(Breach, places).values_list("id", "shortfall"))
    if not breaches:
        return 0, 0
    shelf = Breach.objects.filter(place=OuterRef("place"), product=OuterRef("product"), closed_at__isnull=True)
    rows = Reservation.objects.filter(_at(places), Exists(shelf), state=Reservation.State.OPEN).annotate(
        breach=shelf.values("id")[:1]
    )
    by_breach: dict[int, list[OpenReservation]] = defaultdict(list)
    for breach, *reservation in rows.values_list("breach", "reference", "line", "quantity", "placed_at"):
        by_breach[breach].append(OpenReservation(*reservation))  # type: ignore[arg-type]
    orders = {item.reference for key, found in by_breach.items() for item in at_risk(found, breaches.get(key, 0))}
    return len(breaches), len(orders)


def discrepancies_open(places: frozenset[str] | None) -> int:
    """Count the shelves below zero."""
    return _open(Discrepancy, places).count()


def odds_by_place(places: frozenset[str] | None) -> tuple[dict[str, int], dict[str, int]]:
    """Count open breaches and open discrepancies by place code; two statements."""
    breaches, discrepancies = (
        dict(_open(model, places).values_list("place__code").annotate(count=Count("id")).order_by())
        for model in (Breach, Discrepancy)
    )
    return breaches, discrepancies


def breach_rows(
    places: frozenset[str] | None, filters: dict[str, str], *, sort: tuple[str, bool], after: After | None, limit: int
) -> tuple[Records, After | None]:
    """List breaches; `quantity` is the shortfall. `filters` may hold q (product or SKU), state and place."""
    rows = Breach.objects.filter(_odds(places, filters)).values(
        "id", "opened_at", "closed_at", "note", quantity=F("shortfall"), **PLACE, **PRODUCT
    )
    order = {"quantity": "shortfall"}.get(sort[0], sort[0])
    return keyset(rows, order=order, descending=sort[1], after=after, limit=limit)


def discrepancy_rows(
    places: frozenset[str] | None, filters: dict[str, str], *, sort: tuple[str, bool], after: After | None, limit: int
) -> tuple[Records, After | None]:
    """List discrepancies; `quantity` is the on hand below zero. `filters` as for breaches."""
    rows = Discrepancy.objects.filter(_odds(places, filters)).values(
        "id", "quantity", "opened_at", "closed_at", "note", **PLACE, **PRODUCT
    )
    return keyset(rows, order=sort[0], descending=sort[1], after=after, limit=limit)


def shelf_rows(
    places: frozenset[str] | None, sku: str, *, sort: tuple[str, bool], after: After | None, limit: int, now: datetime
) -> tuple[Records, After | None]:
    """List the sellable shelves of a product: the web's buffer, holds that have not expired; three statements."""
    rows = Shelf.objects.filter(_at(places), product__sku=sku, state=End.SELLABLE).values(
        *SHELF, breached=BREACHED, discrepant=DISCREPANT, **PLACE, **PRODUCT
    )
    found, cursor = keyset(rows, order=SHELF_SORTS[sort[0]], descending=sort[1], after=after, limit=limit)
    _complete(found, now)
    return found, cursor


def shelf_whole(
    places: frozenset[str] | None, place_code: str, sku: str, *, now: datetime, limit: int = 50
) -> dict[str, Any] | None:
    """Return a sellable shelf, its newest movements and its open promises, in six statements; None if foreign."""
    shelf = (
        Shelf.objects.filter(_at(places), place__code=place_code, product__sku=sku, state=End.SELLABLE)
        .values(*SHELF, breached=BREACHED, discrepant=DISCREPANT, **PLACE, **PRODUCT)
        .first()
    )  # fmt: skip
    if shelf is None:
        return None
    mine = Q(place_id=shelf["place_id"], product_id=shelf["product_id"])
    where = shelf["place_id"], shelf["product_id"]
    open_ones = open_reservations([where]).get(where, [])
    _complete([shelf], now)
    holds = HoldLine.objects.filter(mine, state=HoldLine.State.ACTIVE, expires_at__gt=now).order_by("expires_at")
    short = max(shelf["reserved"] - shelf["on_hand"], 0)
    return {
        "shelf": shelf,
        "movements": list(
            Movement.objects.filter(mine).order_by("-occurred_at", "-id").values(
                "id", "kind", "origin", "target", "quantity", "occurred_at", "booked_at", "reference"
            )[:limit]
        ),
        "reservations": sorted(open_ones, key=lambda item: item.placed_at, reverse=True)[:limit],
        "at_risk": {(item.reference, item.line) for item in at_risk(open_ones, short)},
        "holds": list(holds.values("hold_id", "quantity", "expires_at", created_at=F("hold__created_at"))[:limit]),
    }  # fmt: skip


def _complete(shelves: Records, now: datetime) -> None:
    """Take expired holds off and put the buffer on, in place; two statements, whatever the number of shelves."""
    place_ids, product_ids = ({shelf[name] for shelf in shelves} for name in ("place_id", "product_id"))
    buffers = buffers_of(place_ids, product_ids=product_ids)
    expired = dict(
        HoldLine.objects.filter(
            place_id__in=place_ids, product_id__in=product_ids, state=HoldLine.State.ACTIVE, expires_at__lte=now
        )
        .values_list("place_id")
        .annotate(steps=Sum("quantity"))
        .order_by()
    )
    for shelf in shelves:
        place_id, product_id = shelf.pop("place_id"), shelf.pop("product_id")
        shelf["held"] -= expired.get(place_id, 0)
        shelf["buffer"] = buffers.kept_back(
            place_id=place_id, channel=SHELF_CHANNEL, product_id=product_id, unit=shelf["unit"]
        )


def _odds(places: frozenset[str] | None, filters: dict[str, str]) -> Q:
    wanted = _at(places)
    if text := filters.get("q"):
        wanted &= Q(product__sku=text) | Q(product__name__icontains=text)
    if state := filters.get("state"):
        wanted &= Q(closed_at__isnull=state == "open")
    if place := filters.get("place"):
        wanted &= Q(place__code=place)
    return wanted


def _open(model: type[Breach] | type[Discrepancy], places: frozenset[str] | None) -> QuerySet[Any]:
    return model.objects.filter(_at(places), closed_at__isnull=True)


def _at(places: frozenset[str] | None) -> Q:
    return Q() if places is None else Q(place__code__in=sorted(places))
