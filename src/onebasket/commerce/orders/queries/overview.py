"""Reads of orders for people: lists, sums by minute, day and place, and one order, whole.

`places` are place codes that the reader is bound to; None is every place.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, Sum, TextField
from django.db.models.functions import Cast, Substr

from onebasket.base.keyset import After, Records, keyset
from onebasket.commerce.orders.models import Fulfilment, Order, OrderLine
from onebasket.commerce.orders.rules.life import OPEN, PROMISED, Status

MINUTE_LETTERS = 16
LARGEST_NUMBER = 10**9
SORTS = {"placed_at": "placed_at", "status": "status", "lines": "line_count", "total": "total"}
HEAD = (
    "id", "number", "channel", "status", "business_day", "placed_at", "changed_at", "line_count", "currency", "total",
    "loyalty_number",
)  # fmt: skip
PLACE = {"place_code": F("place__code"), "place_name": F("place__name"), "time_zone": F("place__time_zone")}


def order_rows(
    places: frozenset[str] | None, filters: dict[str, str], *, sort: tuple[str, bool], after: After | None, limit: int
) -> tuple[Records, After | None]:
    """List orders; `filters`: q (number or card), channel, status (`unpicked`, `open` or a status), day, place."""
    wanted = _at(places)
    if text := filters.get("q"):
        wanted &= _named(text)
    if status := filters.get("status"):
        several = {"open": OPEN, "unpicked": PROMISED}.get(status)
        wanted &= Q(status=status) if several is None else Q(status__in=sorted(several))
        wanted &= Q(line_count__gt=0) if status == "unpicked" else Q()
    for name, path in (("channel", "channel"), ("place", "place__code")):
        if value := filters.get(name):
            wanted &= Q(**{path: value})
    if day := _as_day(filters.get("day", "")):
        wanted &= Q(business_day=day)
    rows = Order.objects.filter(wanted).values(*HEAD, **PLACE)
    return keyset(rows, order=SORTS[sort[0]], descending=sort[1], after=after, limit=limit)


def orders_by_minute(places: frozenset[str] | None, since: datetime) -> list[tuple[str, str, str, int, int]]:
    """Return (UTC minute as 'YYYY-MM-DD HH:MM', channel, currency, orders, money) of what was placed since."""
    rows = (
        Order.objects.filter(_at(places), placed_at__gte=since)
        .exclude(status=Status.CANCELLED)
        .annotate(minute=Substr(Cast("placed_at", TextField()), 1, MINUTE_LETTERS))
        .values_list("minute", "channel", "currency")
        .annotate(count=Count("id"), amount=Sum("total"))
        .order_by()
    )
    return list(rows)


def orders_by_place(places: frozenset[str] | None, since: datetime) -> dict[str, tuple[int, int]]:
    """Return orders and money by place code, of what was placed since and not cancelled."""
    rows = Order.objects.filter(_at(places), placed_at__gte=since).exclude(status=Status.CANCELLED)
    counted = rows.values_list("place__code").annotate(count=Count("id"), amount=Sum("total")).order_by()
    return {code: (count, amount) for code, count, amount in counted}


def open_by_place(places: frozenset[str] | None) -> dict[str, int]:
    """Count the open orders by place code, those apart that partners send all of."""
    rows = Order.objects.filter(_at(places), status__in=sorted(OPEN), line_count__gt=0)
    return dict(rows.values_list("place__code").annotate(count=Count("id")).order_by())


def ordered_on(
    days: Sequence[tuple[date, Sequence[int]]], *, before: datetime | None = None
) -> dict[tuple[str, str], int]:
    """Return money by (channel, currency) of business days, each at the places (ids) that it is the day of."""
    wanted = Q()
    for day, place_ids in days:
        wanted |= Q(business_day=day, place_id__in=place_ids)
    rows = Order.objects.filter(wanted).exclude(status=Status.CANCELLED) if days else Order.objects.none()
    if before is not None:
        rows = rows.filter(placed_at__lte=before)
    summed = rows.values_list("channel", "currency").annotate(amount=Sum("total")).order_by()
    return {(channel, currency): amount for channel, currency, amount in summed}


def order_whole(places: frozenset[str] | None, identity: UUID) -> dict[str, Any] | None:
    """Return an order with its lines and fulfilments, in three statements; None if there is none or it is foreign."""
    head = Order.objects.filter(_at(places), id=identity).values(*HEAD, "reason", "expires_at", "note", **PLACE).first()
    if head is None:
        return None
    lines = OrderLine.objects.filter(order_id=identity).order_by("number")
    parts = Fulfilment.objects.filter(order_id=identity).order_by("place_id")
    return {
        "head": head,
        "lines": list(
            lines.values(
                "number", "ordered", "promised", "picked", "unit_amount", "per_quantity", "amount",
                sku=F("product__sku"), name=F("product__name"), unit=F("product__unit__code"),
                decimals=F("product__unit__decimals"), place_code=F("place__code"),
            )
        ),
        "fulfilments": list(parts.values_list("owner", "place__name", "status")),
    }  # fmt: skip


def _named(text: str) -> Q:
    """Match a card, an order's number, or its number after its place's code."""
    code, _, number = text.rpartition("-")
    found = Q(loyalty_number=text)
    if number.isdecimal() and int(number) < LARGEST_NUMBER:
        found |= Q(number=int(number), place__code=code) if code else Q(number=int(number))
    return found


def _as_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _at(places: frozenset[str] | None) -> Q:
    return Q() if places is None else Q(place__code__in=sorted(places))
