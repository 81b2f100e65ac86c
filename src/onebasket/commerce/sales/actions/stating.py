"""A batch of receipts as it is worked on: what each states, what its lines mean, and what is to move."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.sales.actions.resolving import Resolved
from onebasket.commerce.sales.models import LineException
from onebasket.commerce.sales.queries.originals import Printed
from onebasket.commerce.sales.rules.receipt import Kind, Line, Receipt, comes_back_unsellable
from onebasket.commerce.sales.rules.ties import effect
from onebasket.commerce.stock.rules.ends import End
from onebasket.kernel.clock import business_day, is_credible

_UNKNOWN = LineException.Reason.UNKNOWN_PRODUCT.value
_MISMATCH = LineException.Reason.UNIT_MISMATCH.value


class Going(NamedTuple):
    """Goods that a line moves: `quantity` steps to the customer (negative: back), off or onto the shelf `end`."""

    line: int
    product_id: int
    end: End
    quantity: int


class Totals(NamedTuple):
    """What a receipt comes to, in minor units."""

    paid: int
    discount: int
    tax: int
    tendered: int
    change: int
    rounding: int


NOTHING = Totals(0, 0, 0, 0, 0, 0)


def less(totals: Totals, others: Iterable[Totals]) -> Totals:
    """Return what is left of totals."""
    return Totals(*(mine - sum(theirs) for mine, *theirs in zip(totals, *others, strict=True)))


@dataclass(slots=True)
class Stated:
    """A receipt to book: its entry and id, its place, that of its goods, and what follows from what it states."""

    entry_id: int
    receipt: Receipt
    place: PlaceFacts
    occurred_at: datetime
    business_day: date
    effect: int
    clock_suspect: bool
    id: int = 0
    products: Sequence[ProductFacts | None] = ()
    goings: list[Going] = field(default_factory=list)
    exceptions: list[tuple[int, str]] = field(default_factory=list)
    goods_place_id: int = 0
    awaits_original: bool = False
    voided: bool = False
    totals: Totals = NOTHING

    @property
    def printed(self) -> Printed:
        """Return how the receipt is named on paper."""
        return Printed(self.place.code, self.receipt.till, self.business_day, self.receipt.number)

    @property
    def names_original(self) -> Printed | None:
        """Return the original that a void names."""
        original = self.receipt.original
        if self.receipt.kind is not Kind.VOID or original is None:
            return None
        return Printed(original.place, original.till, original.business_day, original.number)


def state(entry_id: int, receipt: Receipt, place: PlaceFacts, resolved: Resolved, *, now: datetime) -> Stated:
    """Work out what a receipt means, without moving anything yet."""
    credible = is_credible(receipt.occurred_at, now=now)
    occurred_at = min(receipt.occurred_at, now) if credible else now
    day = receipt.business_day or business_day(
        occurred_at, time_zone=place.time_zone, day_start_minutes=place.day_start_minutes
    )
    stated = Stated(entry_id, receipt, place, occurred_at, day, effect(receipt), not credible)
    stated.totals, stated.goods_place_id = totals_of(receipt), place.id
    stated.products = products = resolved.products_of(receipt.lines)
    if stated.effect:
        for number, (line, product) in enumerate(zip(receipt.lines, products, strict=True), 1):
            if product is None:
                stated.exceptions.append((number, _UNKNOWN))
            elif line.quantity and product.tracked:
                if line.unit and line.unit != product.unit:
                    stated.exceptions.append((number, _MISMATCH))
                else:
                    stated.goings.append(_going(number, line, product, stated))
    return stated


def totals_of(receipt: Receipt) -> Totals:
    """Add up a receipt."""
    paid = listed = tax = 0
    for line in receipt.lines:
        paid += line.paid_amount
        listed += line.list_amount
        for item in line.taxes:
            tax += item.amount
    tendered = sum(tender.amount for tender in receipt.tenders)
    return Totals(paid, listed - paid, tax, tendered, receipt.change, receipt.rounding)


def _going(number: int, line: Line, product: ProductFacts, stated: Stated) -> Going:
    quantity = line.quantity * stated.effect
    unsellable = quantity < 0 and comes_back_unsellable(stated.receipt.kind, line.disposition)
    return Going(number, product.id, End.UNSELLABLE if unsellable else End.SELLABLE, quantity)
