"""Partners' parts of orders as pages, mails, the desk and the counter read them; a fixed number of statements."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import F, Sum

from onebasket.commerce.partners.models import PartnerAddress, PartnerPart, PartnerPartLine, TheirOrder
from onebasket.commerce.partners.rules.parts import OPEN, Status
from onebasket.commerce.partners.rules.port import Address, Tracking

_HEAD = (
    "id", "order_id", "number", "status", "merchant", "currency", "total", "shipping_amount", "tax_amount", "reason",
    "opened_at", "placed_at", "delivered_at", "changed_at",
)  # fmt: skip
_LINE = (
    "number", "offer_id", "reference", "title", "category", "quantity", "accepted", "returned", "unit_amount",
    "shipping_amount", "amount", "tax_code", "tax_rate", "tax_amount", "tax_included", "stated_at",
)  # fmt: skip


class PartLineState(msgspec.Struct, frozen=True, gc=False):
    """A line of a part: `accepted` None before the partner answered; `amount` is due now, tax and shipping included."""

    number: int
    offer: int
    reference: str
    title: str
    category: str
    quantity: int
    accepted: int | None
    returned: int
    unit_amount: int
    shipping_amount: int
    amount: int
    tax_code: str
    tax_rate: int
    tax_amount: int
    tax_included: bool
    stated_at: datetime

    @property
    def due(self) -> int:
        """Return how many are sent: what the partner took in, before that what was bought."""
        return self.quantity if self.accepted is None else self.accepted


class TheirState(msgspec.Struct, frozen=True):
    """An order of the partner's that serves a part, `status` in its own words."""

    reference: str
    status: str
    tracking: tuple[Tracking, ...] = ()


class PartState(msgspec.Struct, frozen=True):
    """A partner's part of an order as it stands; `total` is due for it, in minor units of `currency`."""

    id: UUID
    order: UUID
    number: int
    status: str
    merchant: str
    currency: str
    total: int
    shipping_amount: int
    tax_amount: int
    reason: str
    opened_at: datetime
    placed_at: datetime | None
    delivered_at: datetime | None
    changed_at: datetime
    partner: str
    partner_name: str
    lines: tuple[PartLineState, ...] = ()
    theirs: tuple[TheirState, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is on its way."""
        return Status(self.status) in OPEN

    @property
    def is_ours(self) -> bool:
        """Whether the chain itself is merchant of record."""
        return self.merchant == "principal"


def parts_of(orders: Collection[UUID]) -> dict[UUID, list[PartState]]:
    """Return the parts of orders, in their order; three statements, one where there are none."""
    if not orders:
        return {}
    rows = PartnerPart.objects.filter(order_id__in=set(orders)).order_by("order_id", "number")
    heads = list(rows.values(*_HEAD, partner_code=F("partner__code"), partner_name=F("partner__name")))
    if not heads:
        return {}
    ids = [head["id"] for head in heads]
    lines: dict[UUID, list[PartLineState]] = {}
    for part, *line in PartnerPartLine.objects.filter(part__in=ids).order_by("number").values_list("part_id", *_LINE):
        lines.setdefault(part, []).append(PartLineState(*line))
    theirs: dict[UUID, list[TheirState]] = {}
    told: Any = TheirOrder.objects.filter(part__in=ids).order_by("pk")
    for part, reference, status, tracking in told.values_list("part_id", "reference", "status", "tracking"):
        theirs.setdefault(part, []).append(TheirState(reference, status, _tracking(tracking)))
    found: dict[UUID, list[PartState]] = {}
    for head in heads:
        stated = dict(head)
        order, code = stated.pop("order_id"), stated.pop("partner_code")
        part = PartState(
            order=order, partner=code, lines=tuple(lines.get(head["id"], ())),
            theirs=tuple(theirs.get(head["id"], ())), **stated,
        )  # fmt: skip
        found.setdefault(order, []).append(part)
    return found


def part_state(part: UUID) -> PartState | None:
    """Return one part, or None where there is none; four statements."""
    order = orders_of_parts([part]).get(part)
    return next((one for one in parts_of([order])[order] if one.id == part), None) if order else None


def orders_of_parts(ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return the order of each of these ids that is a part's; one statement."""
    return dict(PartnerPart.objects.filter(pk__in=set(ids)).values_list("pk", "order_id"))


def parts_totals(orders: Collection[UUID]) -> dict[UUID, int]:
    """Return by order what its parts come to together, those that were cancelled or refused left out; one statement."""
    if not orders:
        return {}
    rows = PartnerPart.objects.filter(order_id__in=set(orders)).exclude(status__in=[Status.CANCELLED, Status.REFUSED])
    return dict(rows.values_list("order_id").annotate(sum=Sum("total")).order_by())


def part_statuses(orders: Collection[UUID]) -> dict[UUID, dict[UUID, Status]]:
    """Return by order where each of its parts stands; one statement."""
    found: dict[UUID, dict[UUID, Status]] = {}
    rows = PartnerPart.objects.filter(order_id__in=set(orders)).values_list("order_id", "pk", "status")
    for order, part, status in rows if orders else ():
        found.setdefault(order, {})[part] = Status(status)
    return found


def orders_awaited(orders: Collection[UUID]) -> set[UUID]:
    """Return those of the orders of which a part has not ended yet; one statement."""
    rows = PartnerPart.objects.filter(order_id__in=set(orders), status__in=sorted(OPEN))
    return set(rows.values_list("order_id", flat=True))


def address_of(order: UUID) -> Address | None:
    """Return where the parts of an order go to; None where that was erased."""
    row = PartnerAddress.objects.filter(pk=order).values(*Address.__struct_fields__).first()
    return Address(**row) if row else None


def addresses_of(orders: Collection[UUID]) -> dict[UUID, Address]:
    """Return by order where its parts go to; one statement."""
    rows = PartnerAddress.objects.filter(pk__in=set(orders)).values("pk", *Address.__struct_fields__)
    return {row.pop("pk"): Address(**row) for row in rows}


def _tracking(kept: Iterable[Any]) -> tuple[Tracking, ...]:
    return tuple(msgspec.convert(one, Tracking) for one in kept if isinstance(one, dict))
