"""An order's basket as it was asked to be priced, so that what is kept of it can be priced again."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from onebasket.commerce.orders.models import Order, OrderLine
from onebasket.commerce.orders.queries.following import Followed, FollowedTax
from onebasket.commerce.pricing.queries.placed import promotions_as_of
from onebasket.commerce.pricing.rules.basket import TaxPart, Terms, UnitPrice
from onebasket.commerce.pricing.rules.compiling import PromotionSet
from onebasket.commerce.pricing.rules.kept import BasketAsk
from onebasket.commerce.pricing.rules.placed import LineThen, ask_again, read_ask


class PricedThen(NamedTuple):
    """A basket as it was asked, and the promotions as they were recorded when its order was placed."""

    ask: BasketAsk
    promotions: PromotionSet


def priced_then(order: Followed) -> PricedThen | None:
    """Return what an order was priced from; None where no promotion took anything off, or nothing was kept of it.

    Three statements.
    """
    text: str = Order.objects.filter(pk=order.id).values_list("asked", flat=True).get()
    asked = read_ask(text)
    if asked is None:
        return None
    terms = Terms(order.place, order.channel, order.currency, asked.at, tax_included=order.tax_included)
    ask = ask_again(asked, _lines(order), terms)
    return PricedThen(ask, _promotions(order.placed_at, ask)) if ask else None


def _promotions(placed_at: datetime, ask: BasketAsk) -> PromotionSet:
    return promotions_as_of(placed_at, at=ask.terms.at, coupons=ask.coupons)


def _lines(order: Followed) -> list[LineThen]:
    prices = dict(_prices(order.id))
    return [
        LineThen(line.line, line.sku, line.promised, 10**line.decimals, prices[line.line], _taxes(line.taxes))
        for line in order.lines
        if line.promised
    ]


def _prices(order: UUID) -> list[tuple[int, UnitPrice]]:
    rows = OrderLine.objects.filter(order_id=order).values_list("number", "unit_amount", "per_quantity")
    return [(number, UnitPrice(amount, per)) for number, amount, per in rows]


def _taxes(stated: Sequence[FollowedTax]) -> tuple[TaxPart, ...]:
    return tuple(TaxPart(tax.code, tax.rate, tax.base, tax.amount) for tax in stated)
