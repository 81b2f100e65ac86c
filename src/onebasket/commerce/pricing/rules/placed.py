"""What an order asked of pricing when it was placed, kept beside it, so that what is kept of it can be priced again.

Shelf prices, quantities, tax rates and place stand with the order's lines; this is the rest. It names nobody.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from onebasket.commerce.pricing.rules.basket import (
    Item,
    PricedBasket,
    Shopper,
    TaxPart,
    TaxRate,
    Terms,
    UnitPrice,
)
from onebasket.commerce.pricing.rules.kept import BasketAsk

BY_PROMOTIONS = frozenset({"promotion", "coupon", "basket", "staff"})
"""Kinds of reductions that what is kept may lose; the card's price and a label's stay with each unit."""


class PlacedLine(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A line: the card's price where there is one, the groups that promotions choose by, and what a label says."""

    card: tuple[int, int] | None = None
    groups: tuple[str, ...] = ()
    label: int | None = None


class PlacedAsk(msgspec.Struct, frozen=True, omit_defaults=True):
    """When and for whom a basket was priced; `used` is how often limited promotions had been used before.

    `coupons` are the codes as the engine took them, one for each time that they were presented.
    """

    at: datetime
    lines: tuple[PlacedLine, ...]
    member: bool = False
    staff: bool = False
    segments: tuple[str, ...] = ()
    used: dict[str, int] = {}
    coupons: tuple[str, ...] = ()
    rounding: Literal["line", "receipt"] = "line"


class LineThen(NamedTuple):
    """An order's line as it was priced: `unit_steps` are one unit, taxes are those that it bore."""

    number: int
    sku: str
    quantity: int
    unit_steps: int
    shelf: UnitPrice
    taxes: Sequence[TaxPart]


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(PlacedAsk).decode


def state_ask(
    items: Iterable[Item], shopper: Shopper, terms: Terms, *, coupons: Sequence[str], priced: PricedBasket
) -> str:
    """Return what is to be kept of a basket's question, as JSON; nothing where no promotion took anything off.

    Without one every unit is worth what it cost, whatever becomes of the others.
    """
    if not any(cut.kind in BY_PROMOTIONS for line in priced.lines for cut in line.reductions):
        return ""
    lines = tuple(
        PlacedLine(
            (item.loyalty.amount, item.loyalty.per_quantity) if item.loyalty else None,
            tuple(sorted(item.groups)),
            item.label_amount,
        )
        for item in items
    )
    ask = PlacedAsk(
        terms.at, lines, shopper.member, shopper.staff, tuple(sorted(shopper.segments)), dict(shopper.used),
        tuple(coupons), terms.tax_rounding,
    )  # fmt: skip
    return _encode(ask).decode()


def read_ask(text: str) -> PlacedAsk | None:
    """Read what `state_ask` wrote; None where nothing was kept."""
    return _decode(text) if text else None


def ask_again(asked: PlacedAsk, lines: Sequence[LineThen], terms: Terms) -> BasketAsk | None:
    """Return the basket as it was asked; `terms` without taxes: those are of the lines. None where it does not fit.

    Lines that were promised nothing were not asked for, and are in neither.
    """
    if len(lines) != len(asked.lines):
        return None
    items, rates = [], []
    for line, kept in zip(lines, asked.lines, strict=True):
        own_class = f"line:{line.number}"
        rates += [TaxRate(tax.code, own_class, tax.rate) for tax in line.taxes]
        items.append(
            Item(
                line.number,
                line.sku,
                line.quantity,
                line.shelf,
                line.unit_steps,
                UnitPrice(*kept.card) if kept.card else None,
                frozenset(kept.groups),
                own_class,
                kept.label,
            )
        )
    shopper = Shopper(member=asked.member, staff=asked.staff, segments=frozenset(asked.segments), used=asked.used)
    placed = msgspec.structs.replace(terms, at=asked.at, taxes=tuple(rates), tax_rounding=asked.rounding)
    return BasketAsk(tuple(items), shopper, placed, asked.coupons)


def is_same(priced: PricedBasket, paid: PricedBasket) -> bool:
    """Whether a basket priced again came to what was paid, line by line, taxes too: then it was asked as it was."""

    def figures(basket: PricedBasket) -> list[tuple[object, ...]]:
        return [
            (
                line.number,
                line.list_amount,
                line.amount,
                tuple((tax.code, tax.rate, tax.base, tax.amount) for tax in line.taxes),
            )
            for line in basket.lines
        ]

    return figures(priced) == figures(paid)
