"""Orders of a person, by the numbers of their cards or the addresses that they gave: page by page, or whole."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import F, Q

from onebasket.base.keyset import After, keyset
from onebasket.commerce.orders.models import Order, OrderContact, OrderReduction, OrderTax
from onebasket.commerce.orders.queries.reading import OrderRead, read_orders_by_id
from onebasket.commerce.orders.rules.life import Status
from onebasket.commerce.orders.rules.numbers import order_number
from onebasket.commerce.partners.queries.parts import addresses_of, orders_awaited, parts_totals
from onebasket.commerce.partners.rules.port import Address

LOWEST, HIGHEST = str(UUID(int=0)), str(UUID(int=2**128 - 1))
"""Ids below and above those of all orders."""
OPEN = (Status.AWAITING_PAYMENT, Status.PLACED, Status.PICKING, Status.READY)


class OrderHead(msgspec.Struct, frozen=True):
    """An order in a list; `total` is what is due now, tax included, in minor units, for what partners send too."""

    id: UUID
    number: str
    place: str
    channel: str
    status: str
    placed_at: datetime
    currency: str
    total: int
    line_count: int
    part_count: int = 0


class ContactRead(msgspec.Struct, frozen=True):
    """Whom to reach about an order."""

    name: str
    email: str
    phone: str
    language: str


class ReductionRead(msgspec.Struct, frozen=True):
    """What took a line of an order down, as placed."""

    line: int
    kind: str
    reference: str
    name: str
    funder: str
    amount: int


class OrderTaxRead(msgspec.Struct, frozen=True):
    """Tax on a line of an order, as placed; `rate` in parts per million."""

    line: int
    code: str
    rate: int
    base: int
    amount: int


class PersonalOrder(msgspec.Struct, frozen=True):
    """An order with everything that was said and worked out for whoever placed it.

    `sent_to` is the address that partners sent their parts of it to.
    """

    order: OrderRead
    contact: ContactRead | None
    reductions: tuple[ReductionRead, ...]
    taxes: tuple[OrderTaxRead, ...]
    sent_to: Address | None = None


def orders_of(
    numbers: Sequence[str], *, places: frozenset[str] | None, after: After | None, limit: int
) -> tuple[list[OrderHead], After | None]:
    """Return orders under any of these loyalty numbers, the newest first, and the cursor after them; one statement.

    `places` are the codes of the places that may be seen; None is everywhere. One statement more where partners send
    some of them.
    """
    reach = Q() if places is None else Q(place__code__in=sorted(places))
    rows = Order.objects.filter(reach, loyalty_number__in=[number for number in numbers if number]).values(
        "id", "number", "channel", "status", "placed_at", "currency", "total", "line_count",
        "part_count", place_code=F("place__code"),
    )  # fmt: skip
    found, following = keyset(rows, order="placed_at", descending=True, after=after, limit=limit)
    sent = parts_totals([row["id"] for row in found if row["part_count"]])
    return [_head(row, sent.get(row["id"], 0)) for row in found], following


def ids_of_person(numbers: Sequence[str], emails: Iterable[str]) -> list[UUID]:
    """Return the orders under these numbers, and those whose contact gave one of these e-mail addresses; by id."""
    by_number = Order.objects.filter(loyalty_number__in=[number for number in numbers if number])
    found = set(by_number.values_list("pk", flat=True))
    given = [Q(email__iexact=email) for email in emails if email]
    if given:
        wrote = reduce(lambda one, other: one | other, given)
        found |= set(OrderContact.objects.filter(wrote).values_list("order_id", flat=True))
    return sorted(found)


def ordered_since(since: datetime) -> set[str]:
    """Return the loyalty numbers under which something was ordered since an instant."""
    rows = Order.objects.filter(placed_at__gte=since).exclude(loyalty_number="")
    return set(rows.values_list("loyalty_number", flat=True).distinct())


def open_among(ids: Sequence[UUID]) -> list[str]:
    """Return how people call those of these orders that are not done yet, the oldest first.

    One that a partner has yet to send a part of is not done either: the partner needs to know where to.
    """
    awaited = orders_awaited(ids)
    rows = Order.objects.filter(Q(status__in=OPEN) | Q(pk__in=awaited), pk__in=ids).order_by("placed_at", "pk")
    return [order_number(code, number) for code, number in rows.values_list("place__code", "number")]


def personal_orders(ids: Sequence[UUID]) -> list[PersonalOrder]:
    """Return these orders with contacts, addresses, reductions and taxes, the newest first; seven statements or ten."""
    contacts = {
        order: ContactRead(*told)
        for order, *told in OrderContact.objects.filter(order_id__in=ids).values_list(
            "order_id", *ContactRead.__struct_fields__
        )
    }
    reductions = _below(OrderReduction, ReductionRead, ids)
    taxes = _below(OrderTax, OrderTaxRead, ids)
    sent_to = addresses_of(ids)
    return [
        PersonalOrder(
            order,
            contacts.get(order.id),
            tuple(reductions.get(order.id, ())),
            tuple(taxes.get(order.id, ())),
            sent_to.get(order.id),
        )
        for order in read_orders_by_id(ids)
    ]


def _below(model: Any, shape: Any, ids: Sequence[UUID]) -> dict[UUID, list[Any]]:  # noqa: ANN401 - tables below orders
    found: dict[UUID, list[Any]] = {}
    rows = model.objects.filter(order_id__in=ids).order_by("id").values_list("order_id", *shape.__struct_fields__)
    for order, *stated in rows:
        found.setdefault(order, []).append(shape(*stated))
    return found


def _head(row: dict[str, Any], sent: int) -> OrderHead:
    stated = dict(row)
    stated["total"] += sent
    code = stated.pop("place_code")
    stated["number"] = order_number(code, stated["number"])
    return OrderHead(place=code, **stated)
