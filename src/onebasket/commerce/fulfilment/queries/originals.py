"""What goods were sold by: an order that was handed over, or a till's receipt."""

from typing import NamedTuple
from uuid import UUID

from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.fulfilment.rules.messages import ReturnRefused, ReturnRequest
from onebasket.commerce.fulfilment.rules.returns import Original, Sold, due_of
from onebasket.commerce.orders.queries.following import Followed, follow_order
from onebasket.commerce.orders.rules.life import Status
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.pricing.rules.basket import PricedLine, Reduction, TaxPart
from onebasket.commerce.sales.queries.originals import Printed as Name
from onebasket.commerce.sales.queries.originals import booked_originals
from onebasket.commerce.sales.queries.reading import ReceiptRead, read_receipt
from onebasket.commerce.sales.rules.receipt import Original as Printed

OF_ORDER = "order/{}"
OF_RECEIPT = "receipt/{}"


class Found(NamedTuple):
    """What goods were sold by, and the order itself where it was one."""

    original: Original
    order: Followed | None = None


def find_original(request: ReturnRequest) -> Found | ReturnRefused:
    """Return what the goods of a return were sold by; it names an order or a receipt."""
    if request.order is None:
        assert request.receipt is not None  # noqa: S101 - asked by the caller
        sold = original_receipt(request.receipt)
        return sold if isinstance(sold, ReturnRefused) else Found(sold)
    order = follow_order(request.order, places=None)
    original = _of_order(order)
    return original if isinstance(original, ReturnRefused) else Found(original, order)


def original_order(identity: UUID) -> Original | ReturnRefused:
    """Return an order as it was sold; any place takes its goods back once they were handed over."""
    return _of_order(follow_order(identity, places=None))


def _of_order(order: Followed | None) -> Original | ReturnRefused:
    if order is None:
        return ReturnRefused("unknown_original", "There is no such order.")
    if order.status != Status.HANDED_OVER:
        return ReturnRefused("not_handed_over", f"Order {order.number} is {order.status}: nothing of it can come back.")
    products = products_by_sku(line.sku for line in order.lines)
    lines = {
        line.line: Sold(_priced(line.line, order), products[line.sku].id, line.picked or 0) for line in order.lines
    }
    reference = OF_ORDER.format(order.id)
    return Original(
        reference, order.place, order.currency, order.tax_included, order.loyalty_number, lines, order.total
    )


def _priced(number: int, order: Followed) -> PricedLine:
    line = next(line for line in order.lines if line.line == number)
    reductions = tuple(
        Reduction(cut.kind, cut.reference, cut.name, cut.funder, cut.amount)  # type: ignore[arg-type] # as written
        for cut in line.reductions
    )
    taxes = tuple(TaxPart(tax.code, tax.rate, tax.base, tax.amount) for tax in line.taxes)
    paid = line.list_amount - sum(cut.amount for cut in reductions)
    return PricedLine(number, line.sku, line.promised, line.list_amount, paid, reductions, taxes)


def original_receipt(printed: Printed) -> Original | ReturnRefused:
    """Return a till's sale as it was sold, by what is printed on its receipt."""
    found = _find(printed)
    if found is None:
        return ReturnRefused("unknown_original", "There is no such receipt. Check place, till, day and number.")
    if found.head.effect <= 0 or found.head.voided:
        return ReturnRefused("not_a_sale", "This receipt sold nothing, or was voided.")
    return _of_receipt(found)


def _find(printed: Printed) -> ReceiptRead | None:
    name = Name(printed.place, printed.till, printed.business_day, printed.number)
    places = {code: place.id for code, place in places_by_code([printed.place]).items()}
    found = booked_originals([name], places).get(name)
    return read_receipt(None, found.id) if found else None


def _of_receipt(found: ReceiptRead) -> Original:
    head = found.head
    products = products_by_sku(line.sku for line in found.lines if line.sku)
    lines: dict[int, Sold] = {}
    for line in found.lines:
        if line.sku is None or line.sku not in products or line.quantity <= 0:
            continue
        reductions = tuple(
            Reduction(_kind(cut.kind), cut.reference, cut.kind, cut.funder, cut.amount)  # type: ignore[arg-type]
            for cut in line.discounts
        )
        taxes = tuple(TaxPart(tax.code, tax.rate, tax.base, tax.amount) for tax in line.taxes)
        priced = PricedLine(line.line, line.sku, line.quantity, line.list_amount, line.paid_amount, reductions, taxes)
        lines[line.line] = Sold(priced, products[line.sku].id, line.quantity)
    paid = sum(due_of(sold.line, tax_included=head.tax_included) for sold in lines.values())
    reference = OF_RECEIPT.format(head.id)
    return Original(reference, head.place, head.currency, head.tax_included, head.loyalty_number, lines, paid)


def _kind(stated: str) -> str:
    return stated if stated in {"markdown", "loyalty", "promotion", "coupon", "basket", "staff"} else "promotion"


def tenders_of(printed: Printed) -> list[tuple[str, int]]:
    """Return how a till's sale was paid, in order, change taken off the last tender in cash, else the last."""
    found = _find(printed)
    if found is None:
        return []
    tenders = [(tender.kind, tender.amount) for tender in found.tenders]
    change = found.head.change
    for index in sorted(range(len(tenders)), key=lambda at: (tenders[at][0] == "cash", at), reverse=True):
        kind, amount = tenders[index]
        off = min(change, amount)
        tenders[index], change = (kind, amount - off), change - off
    return [tender for tender in tenders if tender[1] > 0]
