"""What is paid back without a receipt: the lowest recent price, with the tax of now."""

from datetime import datetime
from typing import NamedTuple

from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.fulfilment.queries.recent import lowest_recent
from onebasket.commerce.fulfilment.rules.messages import BackLine, ReturnRefused, ReturnRequest
from onebasket.commerce.fulfilment.rules.returns import Back, override, taxes_of
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.pricing.queries.quoting import Asked, QuoteAsk, Unpriced, quote
from onebasket.commerce.pricing.rules.basket import PricedBasket
from onebasket.kernel.money import price_for


class PricedWithout(NamedTuple):
    """Lines that come back without a receipt, and whether prices contain tax here."""

    backs: list[Back]
    tax_included: bool


def price_without(request: ReturnRequest, place: PlaceFacts, *, now: datetime) -> PricedWithout | ReturnRefused:
    """Work out what is paid back for goods of which nobody knows when they were sold."""
    products = products_by_sku(line.sku for line in request.lines)
    if any(not line.sku for line in request.lines):
        return ReturnRefused("nothing_named", "Without a receipt each line names its product.")
    if unknown := [line.sku for line in request.lines if line.sku not in products]:
        return ReturnRefused("unknown_product", f"There is no product {unknown[0]!r}.")
    asked = [Asked(number, products[line.sku], line.quantity) for number, line in enumerate(request.lines, 1)]
    priced = quote(place, asked, QuoteAsk("returns", now))
    if isinstance(priced, Unpriced):
        return ReturnRefused("no_price", f"{priced.skus[0]} has no price here. Say what is paid back, and why.")
    backs = []
    for number, line in enumerate(request.lines):
        back = _back(line, products[line.sku], priced, number, place=place, now=now)
        if back is None:
            return ReturnRefused("no_price", f"{line.sku} had no price here of late. Say what is paid back, and why.")
        backs.append(back)
    return PricedWithout(backs, priced.tax_included)


def _back(
    line: BackLine, product: ProductFacts, priced: PricedBasket, number: int, *, place: PlaceFacts, now: datetime
) -> Back | None:
    lowest = lowest_recent(product.id, place, now=now)
    if lowest is None:
        return None
    amount = price_for(lowest[0], per_quantity=lowest[1], quantity=line.quantity)
    rates = [(part.code, part.rate) for part in priced.lines[number].taxes]
    taxes = taxes_of(amount, rates, tax_included=priced.tax_included)
    back = Back(
        product.id, product.sku, 0, line.quantity, line.disposition.value, amount, amount, taxes=taxes
    )  # fmt: skip
    return back if line.amount is None else override(back, line.amount, tax_included=priced.tax_included)
