"""What a product costs at the store, and what a loyalty card or a promotion takes off: priced as at the checkout."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from onebasket.commerce.catalogue.queries import products_by_id
from onebasket.commerce.catalogue.queries.browsing import ShownProduct
from onebasket.commerce.pricing.queries import price_book
from onebasket.commerce.pricing.queries.quoting import Asked, Quote, QuoteAsk, Quoted, quote_all
from onebasket.commerce.pricing.rules.basket import PricedLine
from onebasket.commerce.pricing.rules.book import PriceFacts
from onebasket.front import formats
from onebasket.front.notes import why
from onebasket.front.sizes import Named
from onebasket.front.stores import Stores
from onebasket.kernel.money import price_for

CHANNEL = "web"
NO_PLACE = 0
"""Has no price of its own: the chain's holds."""
MOST_DEALS = 2


@dataclass(frozen=True, slots=True)
class Deal:
    """A promotion at a product: its name, what is still wanting for it, and whether it is for members."""

    name: str
    wanting: str = ""
    with_card: bool = False


@dataclass(frozen=True, slots=True)
class PriceTag:
    """What a unit costs this shopper now: `amount` in minor units for `per`; `was` is the shelf price where it is less.

    `card_text` is what it costs with a loyalty card, where none is shown and it would be less.
    """

    amount: int
    currency: str
    text: str
    per: str = ""
    was: str = ""
    unit_text: str = ""
    card_text: str = ""
    deals: tuple[Deal, ...] = ()


class _Lines(NamedTuple):
    """A product priced for this shopper, and as for a member where no card is shown."""

    own: PricedLine
    member: PricedLine


def price_tags(
    products: Sequence[tuple[ShownProduct, Named]], stores: Stores, *, card: str, now: datetime
) -> dict[int, PriceTag]:
    """Return the price tags of products by id, at the chosen store, or the chain's prices where none is chosen.

    A product without a price has none. Few statements, however many products.
    """
    if stores.chosen is None:
        return _chain_tags(products, stores, now=now)
    place = stores.chosen.place
    facts = products_by_id(product.id for product, _named in products)
    asks = [QuoteAsk(stores.channel, now, card), QuoteAsk(stores.channel, now, card, as_member=True)]
    quoted = quote_all([Quote(place, [Asked(1, one, 10**one.decimals)], ask) for one in facts.values() for ask in asks])
    lines = {
        identity: _Lines(own.basket.lines[0], member.basket.lines[0])
        for identity, own, member in zip(facts, quoted[::2], quoted[1::2], strict=True)
        if isinstance(own, Quoted) and isinstance(member, Quoted)
    }
    return {
        product.id: _tag(product, named, lines[product.id], place.currency)
        for product, named in products
        if product.id in lines
    }


def _tag(product: ShownProduct, named: Named, lines: _Lines, currency: str) -> PriceTag:
    unit, own = 10**product.decimals, lines.own
    reduced = own.amount < own.list_amount
    amount, per_quantity = (own.amount, unit) if reduced else (own.unit_amount, own.per_quantity)
    return PriceTag(
        amount=amount,
        currency=currency,
        text=formats.money(amount, currency),
        per=formats.price_per(per_quantity, product.unit, product.decimals),
        was=formats.money(own.list_amount, currency) if reduced else "",
        unit_text=_unit_text(product, named, amount, per_quantity, currency),
        card_text=formats.money(lines.member.amount, currency) if lines.member.amount < own.amount else "",
        deals=_deals(lines),
    )


def _deals(lines: _Lines) -> tuple[Deal, ...]:
    """Return the promotions that are worth telling: what takes the price down, for all or for members; what is near."""
    told = {one.reference: Deal(one.name) for one in lines.own.reductions if one.kind != "loyalty"}
    for one in lines.member.reductions:
        if one.kind != "loyalty":
            told.setdefault(one.reference, Deal(one.name, with_card=True))
    for note in lines.member.notes:
        if note.why == "more_goods" and note.missing:
            told.setdefault(note.reference, Deal(note.name, why(note, "")))
    return tuple(told.values())[:MOST_DEALS]


def _chain_tags(
    products: Sequence[tuple[ShownProduct, Named]], stores: Stores, *, now: datetime
) -> dict[int, PriceTag]:
    """Return the chain's own shelf and card prices; promotions are a store's."""
    currency = next((store.place.currency for store in stores.open.values()), "")
    if not currency:
        return {}
    book = price_book({NO_PLACE: currency}, [one.id for one, _named in products], at=now, loyalty=True)
    found: dict[int, PriceTag] = {}
    for product, named in products:
        if (shelf := book.find((NO_PLACE, product.id))) is not None:
            found[product.id] = _chain_tag(product, named, shelf, book.find_loyalty((NO_PLACE, product.id)))
    return found


def _chain_tag(product: ShownProduct, named: Named, shelf: PriceFacts, loyalty: PriceFacts | None) -> PriceTag:
    unit, currency = 10**product.decimals, shelf.currency
    whole = price_for(shelf.amount, per_quantity=shelf.per_quantity, quantity=unit)
    with_card = price_for(loyalty.amount, per_quantity=loyalty.per_quantity, quantity=unit) if loyalty else whole
    return PriceTag(
        amount=shelf.amount,
        currency=currency,
        text=formats.money(shelf.amount, currency),
        per=formats.price_per(shelf.per_quantity, product.unit, product.decimals),
        unit_text=_unit_text(product, named, shelf.amount, shelf.per_quantity, currency),
        card_text=formats.money(with_card, currency) if with_card < whole else "",
    )


def _unit_text(product: ShownProduct, named: Named, amount: int, per_quantity: int, currency: str) -> str:
    told = named.holds and product.unit == "each" and per_quantity == 1
    return formats.unit_price(amount, currency, named.holds, named.per) if told else ""
