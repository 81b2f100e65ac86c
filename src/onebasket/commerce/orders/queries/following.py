"""An order as whoever placed it follows it, and as the counter finds it: by a secret that its id does not tell.

Four statements for one, whatever it holds.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import F

from onebasket.commerce.orders.models import Order, OrderContact, OrderLine, OrderReduction, OrderTax
from onebasket.commerce.orders.rules.notes import LineNote, kept_notes
from onebasket.commerce.orders.rules.numbers import order_number
from onebasket.commerce.orders.rules.secrets import digest
from onebasket.kernel.money import divide_half_up

_HEAD = (
    "id", "number", "status", "channel", "placed_at", "changed_at", "expires_at", "currency", "total", "list_total",
    "reduction_total", "tax_total", "tax_included", "slot_id", "loyalty_number", "note", "secret_generation", "reason",
    "part_count",
)  # fmt: skip


LONGEST_NUMBER = 9


class FollowedReduction(msgspec.Struct, frozen=True):
    """What took a line down: by which rule, and by how much."""

    kind: str
    reference: str
    name: str
    funder: str
    amount: int


class FollowedTax(msgspec.Struct, frozen=True):
    """Tax on a line, `rate` in parts per million."""

    code: str
    rate: int
    base: int
    amount: int


class FollowedLine(msgspec.Struct, frozen=True):
    """A line with its product's name; quantities in steps, amounts in minor units; `picked` is None until then."""

    line: int
    sku: str
    name: str
    unit: str
    decimals: int
    ordered: int
    promised: int
    picked: int | None
    list_amount: int
    amount: int
    reductions: tuple[FollowedReduction, ...] = ()
    taxes: tuple[FollowedTax, ...] = ()

    def taxes_due(self, *, included: bool) -> tuple[FollowedTax, ...]:
        """Return the taxes on what is due now: after a short pick their part in proportion, to the nearest unit."""
        beside = 0 if included else sum(tax.amount for tax in self.taxes)
        placed = self.list_amount - sum(cut.amount for cut in self.reductions) + beside
        if self.amount == placed or not placed:
            return self.taxes
        return tuple(
            FollowedTax(
                tax.code, tax.rate, *(divide_half_up(one * self.amount, placed) for one in (tax.base, tax.amount))
            )
            for tax in self.taxes
        )


class Followed(msgspec.Struct, frozen=True):
    """An order, whole, with how to reach whoever placed it (empty where that was erased).

    `notes` say why promotions applied or did not; `priced_by` is `exact`, or names the fallback that was taken. Its
    lines and totals are those of the place's own goods; partners send `part_count` parts beside them.
    """

    id: UUID
    number: str
    place: str
    place_name: str
    time_zone: str
    status: str
    channel: str
    placed_at: datetime
    changed_at: datetime
    expires_at: datetime | None
    currency: str
    total: int
    list_total: int
    reduction_total: int
    tax_total: int
    tax_included: bool
    slot_id: int | None
    loyalty_number: str
    note: str
    secret_generation: int
    lines: tuple[FollowedLine, ...]
    notes: tuple[LineNote, ...] = ()
    priced_by: str = "exact"
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""
    part_count: int = 0


def order_by_secret(secret: str) -> Followed | None:
    """Return the order whose page a secret opens."""
    return _follow({"secret_digest": digest(secret)}) if secret else None


def order_by_code(code: str, *, places: frozenset[str] | None) -> Followed | None:
    """Return the order that a collection code hands over, where it is at a place that the reader may see."""
    return _follow({"code_digest": digest(code)} | _reach(places)) if code else None


def follow_order(identity: UUID, *, places: frozenset[str] | None) -> Followed | None:
    """Return an order by its id, where it is at a place that the reader may see."""
    return _follow({"id": identity} | _reach(places))


def order_by_number(text: str) -> Followed | None:
    """Return the latest order of a number as people see it, such as 367-0042."""
    place, _, number = text.rpartition("-")
    if not (place and number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER):
        return None
    latest = Order.objects.filter(place__code=place, number=int(number)).order_by("-business_day")
    identity = latest.values_list("pk", flat=True).first()
    return _follow({"id": identity}) if identity else None


def _reach(places: frozenset[str] | None) -> dict[str, Any]:
    return {} if places is None else {"place__code__in": sorted(places)}


def _follow(wanted: dict[str, Any]) -> Followed | None:
    place = {"place": F("place__code"), "place_name": F("place__name"), "time_zone": F("place__time_zone")}
    rows = Order.objects.filter(**wanted).annotate(**{f"its_{name}": value for name, value in place.items()})
    head = rows.values(*_HEAD, *(f"its_{name}" for name in place)).first()
    if head is None:
        return None
    stated = {name.removeprefix("its_"): value for name, value in head.items()}
    reason = stated.pop("reason")
    stated |= {"notes": kept_notes(reason), "priced_by": str(reason.get("method", "exact"))}
    stated["number"] = order_number(stated["place"], stated["number"])
    contact = OrderContact.objects.filter(order_id=head["id"]).values("name", "email", "phone", "language").first()
    return Followed(lines=_lines(head["id"]), **stated | dict(contact or {}))


def _lines(order: UUID) -> tuple[FollowedLine, ...]:
    reductions: dict[int, list[FollowedReduction]] = {}
    cuts = OrderReduction.objects.filter(order_id=order).order_by("pk")
    for line, kind, reference, name, funder, amount in cuts.values_list(
        "line", "kind", "reference", "name", "funder", "amount"
    ):
        reductions.setdefault(line, []).append(FollowedReduction(kind, reference, name, funder, amount))
    taxes: dict[int, list[FollowedTax]] = {}
    stated = OrderTax.objects.filter(order_id=order).order_by("pk")
    for line, code, rate, base, amount in stated.values_list("line", "code", "rate", "base", "amount"):
        taxes.setdefault(line, []).append(FollowedTax(code, rate, base, amount))
    rows = OrderLine.objects.filter(order_id=order).order_by("number")
    return tuple(
        FollowedLine(*row, tuple(reductions.get(row[0], ())), tuple(taxes.get(row[0], ())))
        for row in rows.values_list(
            "number", "product__sku", "product__name", "product__unit__code", "product__unit__decimals", "ordered",
            "promised", "picked", "list_amount", "amount",
        )
    )  # fmt: skip
