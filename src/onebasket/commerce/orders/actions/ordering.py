"""Draft the order that a request comes to, as it was decided and priced."""

from uuid import UUID

import msgspec

from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.orders.actions.deciding import Decided
from onebasket.commerce.orders.actions.drafting import Draft, DraftLine
from onebasket.commerce.pricing.rules.basket import PricedLine


def draft_request(decided: Decided, identity: UUID) -> Draft:
    """Draft the order; a line of which nothing is promised was not priced, and costs nothing."""
    request, basket = decided.request, decided.quoted.basket
    priced = {line.number: line for line in basket.lines}
    lines = []
    for at, (product, price, promised) in enumerate(
        zip(decided.products, decided.prices, decided.promised, strict=True)
    ):
        ordered = request.lines[at].quantity
        if (stated := priced.get(at + 1)) is not None:
            lines.append(_line(product, ordered, stated, tax_included=basket.tax_included))
        else:
            lines.append(DraftLine(product, ordered, promised, price.amount, price.per_quantity, 0, 0))
    reason = {
        "chosen": decided.reason,
        "asked": list(request.places),
        "free": decided.free,
        "partial": request.partial,
        "hold": str(request.hold) if request.hold else None,
        "prices": [price.id for price in decided.prices],
    }
    notes = [[line.number, *msgspec.structs.astuple(note)] for line in basket.lines for note in line.notes]
    notes += [[0, *msgspec.structs.astuple(note)] for note in basket.notes]
    if notes:
        reason |= {"method": basket.method, "notes": notes}
    return Draft(
        identity, decided.place, request.channel, lines, reason, request.loyalty_number, request.note,
        request.payment_minutes, basket.tax_included, asked=decided.quoted.asked,
    )  # fmt: skip


def _line(product: ProductFacts, ordered: int, stated: PricedLine, *, tax_included: bool) -> DraftLine:
    tax = 0 if tax_included else sum(part.amount for part in stated.taxes)
    return DraftLine(
        product, ordered, stated.quantity, stated.unit_amount, stated.per_quantity,
        stated.list_amount, stated.amount + tax, stated.reductions, stated.taxes,
    )  # fmt: skip
