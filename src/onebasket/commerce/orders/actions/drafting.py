"""An order as decided, before it has a number: what is written of it, whether a request or a basket led to it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.orders.rules.baskets import Contact
from onebasket.commerce.orders.rules.messages import Shortfall
from onebasket.commerce.partners.rules.selling import NewPart
from onebasket.commerce.payments.rules.messages import NewPayment
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.pricing.rules.basket import Reduction, TaxPart


class DraftLine(NamedTuple):
    """A line: what is promised of it in steps, and what it comes to in minor units; `amount` is due, tax included."""

    product: ProductFacts
    ordered: int
    promised: int
    unit_amount: int
    per_quantity: int
    list_amount: int
    amount: int
    reductions: Sequence[Reduction] = ()
    taxes: Sequence[TaxPart] = ()

    @property
    def reduced_amount(self) -> int:
        """Return what all reductions take off."""
        return sum(reduction.amount for reduction in self.reductions)

    @property
    def tax_amount(self) -> int:
        """Return the tax in or beside it."""
        return sum(tax.amount for tax in self.taxes)


class Draft(NamedTuple):
    """An order to be written; `minutes` is how long it awaits its payment, None when it awaits none.

    `asked` is what is kept of the question that pricing answered. `payments` are those of the order and of its `parts`,
    which partners serve.
    """

    id: UUID
    place: PlaceFacts
    channel: str
    lines: Sequence[DraftLine]
    reason: Mapping[str, Any]
    loyalty_number: str = ""
    note: str = ""
    minutes: int | None = None
    tax_included: bool = True
    slot_id: int | None = None
    contact: Contact | None = None
    secret: bool = False
    payments: tuple[NewPayment, ...] = ()
    asked: str = ""
    parts: tuple[NewPart, ...] = ()

    @property
    def total(self) -> int:
        """Return what is due, tax included."""
        return sum(line.amount for line in self.lines)

    def payments_of(self, order: UUID) -> tuple[NewPayment, ...]:
        """Return the tenders of the order itself, or of one of its parts."""
        return tuple(payment for payment in self.payments if payment.order == order)

    @property
    def shortfalls(self) -> tuple[Shortfall, ...]:
        """Return the lines that were promised in part."""
        return tuple(
            Shortfall(number, line.product.sku, line.ordered, line.promised, line.ordered - line.promised)
            for number, line in enumerate(self.lines, 1)
            if line.promised < line.ordered
        )
