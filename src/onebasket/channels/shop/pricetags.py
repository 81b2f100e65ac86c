"""What a product costs at the store, and what a loyalty card or a promotion takes off: priced as at the checkout."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from onebasket.channels.shop import formats
from onebasket.channels.shop.sizes import Named
from onebasket.channels.shop.stores import Stores
from onebasket.commerce.catalogue.queries import products_by_id
from onebasket.commerce.catalogue.queries.browsing import ShownProduct
from onebasket.commerce.pricing.queries import price_book
from onebasket.commerce.pricing.queries.book import PriceBook
from onebasket.commerce.pricing.queries.quoting import Asked, Quote, QuoteAsk, Quoted, quote_all
from onebasket.commerce.pricing.rules.basket import Note, PricedLine
from onebasket.commerce.pricing.rules.book import PriceFacts
from onebasket.kernel.money import price_for

CHANNEL = "web"
NO_PLACE = 0
"""Has no price of its own: the chain's holds."""
MOST_DEALS = 2


@dataclass(frozen=True, slots=True)
class Deal:
    """A promotion at a product: its name, and what is still wanting for it."""

    name: str
    wanting: str = ""


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
    book = price_book({place.id: place.currency}, facts, at=now, loyalty=True)
    ask = QuoteAsk(CHANNEL, now, card)
    quotes = [Quote(place, [Asked(1, one, 10**one.decimals)], ask) for one in facts.values()]
    lines = {
        identity: quoted.basket.lines[0]
        for identity, quoted in zip(facts, quote_all(quotes), strict=True)
        if isinstance(quoted, Quoted)
    }
    return {
        product.id: _tag(product, named, lines[product.id], shelf, book.find_loyalty((place.id, product.id)))
        for product, named in products
        if product.id in lines and (shelf := book.find((place.id, product.id))) is not None
    }


def wanting(note: Note) -> str:
    """Say what is still wanting for a promotion that did not apply; nothing where that is no news to a shopper."""
    if note.cause == "short" and note.missing:
        return ngettext("%(count)d more for it", "%(count)d more for it", note.missing) % {"count": note.missing}
    return _("with the loyalty card") if note.cause == "card" else ""


def _chain_tags(
    products: Sequence[tuple[ShownProduct, Named]], stores: Stores, *, now: datetime
) -> dict[int, PriceTag]:
    """Return the chain's own shelf and card prices; promotions are a store's."""
    currency = next((store.place.currency for store in stores.open.values()), "")
    if not currency:
        return {}
    book: PriceBook = price_book({NO_PLACE: currency}, [one.id for one, _named in products], at=now, loyalty=True)
    found: dict[int, PriceTag] = {}
    for product, named in products:
        if (shelf := book.find((NO_PLACE, product.id))) is not None:
            found[product.id] = _tag(product, named, None, shelf, book.find_loyalty((NO_PLACE, product.id)))
    return found


def _tag(
    product: ShownProduct, named: Named, line: PricedLine | None, shelf: PriceFacts, loyalty: PriceFacts | None
) -> PriceTag:
    unit = 10**product.decimals
    whole = price_for(shelf.amount, per_quantity=shelf.per_quantity, quantity=unit)
    amount, per_quantity = shelf.amount, shelf.per_quantity
    reduced = line is not None and line.amount < whole
    if line is not None and reduced:
        amount, per_quantity = line.amount, unit
    notes = line.notes if line is not None else ()
    with_card = price_for(loyalty.amount, per_quantity=loyalty.per_quantity, quantity=unit) if loyalty else whole
    paid = line.amount if line is not None else whole
    return PriceTag(
        amount=amount,
        currency=shelf.currency,
        text=formats.money(amount, shelf.currency),
        per=formats.price_per(per_quantity, product.unit, product.decimals),
        was=formats.money(whole, shelf.currency) if reduced else "",
        unit_text=_unit_text(product, named, amount, per_quantity, shelf.currency),
        card_text=formats.money(with_card, shelf.currency) if with_card < paid else "",
        deals=_deals(line, notes),
    )


def _unit_text(product: ShownProduct, named: Named, amount: int, per_quantity: int, currency: str) -> str:
    told = named.holds and product.unit == "each" and per_quantity == 1
    return formats.unit_price(amount, currency, named.holds, named.per) if told else ""


def _deals(line: PricedLine | None, notes: Sequence[Note]) -> tuple[Deal, ...]:
    """Return the promotions that are worth telling: those that took the price down, then those within reach."""
    if line is None:
        return ()
    told = {reduction.reference: Deal(reduction.name) for reduction in line.reductions if reduction.kind != "loyalty"}
    near = {
        note.reference: Deal(note.name, wanting(note))
        for note in notes
        if not note.applied and note.reference != "card" and wanting(note)
    }
    return tuple((told | {code: deal for code, deal in near.items() if code not in told}).values())[:MOST_DEALS]
