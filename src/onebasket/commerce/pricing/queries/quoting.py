"""What a basket comes to at a place and instant, for a shopper as he is known; in a fixed number of statements.

The checkout, the basket's page and a till's question are answered by the same rules from the same rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import msgspec

from onebasket.base import bulk
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.customers.queries import shoppers
from onebasket.commerce.customers.rules.shopper import ShopperFacts
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.pricing.queries.book import PriceBook, price_book
from onebasket.commerce.pricing.queries.holders import Holder, persons
from onebasket.commerce.pricing.queries.remembered import NO_TERMS, Memory, ProductTerms, recall
from onebasket.commerce.pricing.rules.basket import Item, PricedBasket, Shopper, Terms, UnitPrice
from onebasket.commerce.pricing.rules.book import PriceFacts
from onebasket.commerce.pricing.rules.messages import serial_digest
from onebasket.commerce.pricing.rules.placed import state_ask
from onebasket.commerce.pricing.rules.presenting import ClaimedUse, SerialFacts, present, spread_uses, unread
from onebasket.commerce.pricing.rules.pricing import price_basket
from onebasket.commerce.pricing.rules.uses import Use

NOBODY = Holder()


class Asked(msgspec.Struct, frozen=True, gc=False):
    """A line to be priced; `label_amount` is what a price-in label says that the whole line costs."""

    number: int
    product: ProductFacts
    quantity: int
    label_amount: int | None = None


class QuoteAsk(msgspec.Struct, frozen=True):
    """On which channel and when, for whom, and which codes are presented: of coupons, as typed or scanned.

    `as_member` asks what any member would pay, for whoever is told that before a card is shown; nothing is claimed so.
    `without_staff`: whoever asks may name any card, so that nobody is staff to him.
    """

    channel: str
    at: datetime
    loyalty_number: str = ""
    coupons: tuple[str, ...] = ()
    staff: bool = False
    as_member: bool = False
    without_staff: bool = False


class Quote(NamedTuple):
    """A basket to be priced at a place."""

    place: PlaceFacts
    lines: Sequence[Asked]
    ask: QuoteAsk


class Quoted(msgspec.Struct, frozen=True, tag="quoted", tag_field="quote"):
    """What a basket comes to, what its order has to claim for it, and what it keeps of the question (`state_ask`)."""

    basket: PricedBasket
    claims: tuple[ClaimedUse, ...] = ()
    loyalty_number: str = ""
    asked: str = ""

    def uses(self, order: UUID) -> list[Use]:
        """Return what the order claims with `claim_uses`."""
        return [Use(order, one.code, one.times, self.loyalty_number, one.serial) for one in self.claims]


class Unpriced(msgspec.Struct, frozen=True, tag="unpriced", tag_field="quote"):
    """Products without a price at the place: the basket comes to nothing that can be said."""

    skus: tuple[str, ...]


def quote(place: PlaceFacts, lines: Sequence[Asked], ask: QuoteAsk) -> PricedBasket | Unpriced:
    """Return what a basket comes to; six statements at most, once promotions and taxes are remembered."""
    (quoted,) = quote_all([Quote(place, lines, ask)])
    return quoted.basket if isinstance(quoted, Quoted) else quoted


def quote_all(quotes: Sequence[Quote], memory: Memory | None = None) -> list[Quoted | Unpriced]:
    """Return what each basket comes to, in order; `memory` is what pricing remembers, where it was just asked for.

    As many statements for a batch as for one, where all are of one instant.
    """
    quoting = open_quoting(quotes, memory=memory)
    return [quoting.price(one) for one in quotes]


class Quoting(NamedTuple):
    """What baskets are priced from, as it was read for all of them: pricing reads no more."""

    memory: Memory
    known: Mapping[int, ProductTerms]
    people: Mapping[tuple[str, datetime], ShopperFacts]
    who: Mapping[str, Holder]
    serials: Mapping[str, SerialFacts]
    books: Mapping[datetime, PriceBook]

    def price(self, one: Quote) -> Quoted | Unpriced:
        """Return what a basket comes to: one of those that this was opened for, or a part of it."""
        ask = one.ask
        facts = self.people.get((ask.loyalty_number, ask.at))
        holder = self.who.get(facts.loyalty_number, NOBODY) if facts else NOBODY
        return _quote(one, self.books[ask.at], self.known, _Shopper(facts, holder, self.memory, ask), self.serials)


def open_quoting(
    quotes: Sequence[Quote], *, memory: Memory | None = None, book: tuple[datetime, PriceBook] | None = None
) -> Quoting:
    """Read what baskets are priced from; `book` where prices of their instant, card prices too, were read already."""
    memory = memory or recall()
    products = {line.product.id: line.product.sku for _, lines, _ in quotes for line in lines}
    known = memory.products(products)
    numbers = {(ask.loyalty_number, ask.at) for *_, ask in quotes if ask.loyalty_number}
    people = _people(numbers)
    who = persons({facts.loyalty_number: facts.numbers for facts in people.values()})
    serials = _serials({text for *_, ask in quotes for text in unread(ask.coupons, memory.coupons)})
    books = dict([book]) if book else {at: _book(quotes, products, at) for at in {ask.at for *_, ask in quotes}}
    return Quoting(memory, known, people, who, serials, books)


def _people(numbers: Iterable[tuple[str, datetime]]) -> dict[tuple[str, datetime], ShopperFacts]:
    """Return who buys under each number at each instant; a statement an instant. A card that is void is nobody's."""
    by_instant: dict[datetime, set[str]] = {}
    for number, at in numbers:
        by_instant.setdefault(at, set()).add(number)
    return {
        (number, at): facts
        for at, asked in by_instant.items()
        for number, facts in shoppers(asked, at=at).items()
        if facts.member
    }


class _Shopper:
    """Who asks, with the segments that hold at the instant; limits count under the number that stands for all."""

    def __init__(self, facts: ShopperFacts | None, holder: Holder, memory: Memory, ask: QuoteAsk) -> None:
        self.memory, self.clips = memory, holder.clips
        self.segments = memory.coupons.segments(holder.campaigns, ask.at) | (facts.segments if facts else frozenset())
        self.facts = Shopper(
            member=facts is not None or ask.as_member,
            staff=not ask.without_staff and (ask.staff or (facts is not None and facts.staff)),
            loyalty_number=facts.loyalty_number if facts else "",
            segments=self.segments,
            used=holder.used,
        )


def _quote(
    one: Quote,
    book: PriceBook,
    known: Mapping[int, ProductTerms],
    shopper: _Shopper,
    serials: Mapping[str, SerialFacts],
) -> Quoted | Unpriced:
    place, lines, ask = one
    taxes = shopper.memory.taxes
    items, missing = [], []
    for line in lines:
        key = (place.id, line.product.id)
        shelf = book.find(key)
        if shelf is None:
            missing.append(line.product.sku)
            continue
        own = known.get(line.product.id, NO_TERMS)
        tax_class = own.tax_class or taxes.classes.find(
            category=line.product.category, department=line.product.department
        )
        items.append(_item(line, shelf, book.find_loyalty(key), own.groups, tax_class))
    if missing:
        return Unpriced(tuple(dict.fromkeys(missing)))
    presented = present(
        ask.coupons, shopper.memory.coupons, serials, clips=shopper.clips, segments=shopper.segments, at=ask.at
    )
    terms = _terms(place, ask, shopper.memory)
    basket = price_basket(items, shopper.memory.compiled, shopper.facts, terms, coupons=presented.coupons)
    if presented.notes:
        basket = msgspec.structs.replace(basket, notes=(*basket.notes, *presented.notes))
    claims = spread_uses(basket.uses, presented.serials, shopper.memory.coupons)
    asked = state_ask(items, shopper.facts, terms, coupons=presented.coupons, priced=basket)
    return Quoted(basket, claims, shopper.facts.loyalty_number, asked)


def _item(
    line: Asked, shelf: PriceFacts, loyalty: PriceFacts | None, groups: frozenset[str], tax_class: str
) -> Item:  # fmt: skip
    product = line.product
    own = groups_of(product.department, product.category, product.brand)
    return Item(
        number=line.number,
        sku=product.sku,
        quantity=line.quantity,
        shelf=_unit_price(shelf),
        unit_steps=10**product.decimals,
        loyalty=_unit_price(loyalty) if loyalty else None,
        groups=own | groups if groups else own,
        tax_class=tax_class,
        label_amount=line.label_amount,
    )


def _unit_price(facts: PriceFacts) -> UnitPrice:
    return UnitPrice(facts.amount, facts.per_quantity, facts.id)


@lru_cache(maxsize=8_192)
def groups_of(department: str, category: str, brand: str) -> frozenset[str]:
    """Return the groups that promotions select goods by, besides the lists they are on."""
    named = (("department", department), ("category", category), ("brand", brand))
    return frozenset(f"{kind}:{name}" for kind, name in named if name)


def _terms(place: PlaceFacts, ask: QuoteAsk, memory: Memory) -> Terms:
    reckoning = memory.taxes.reckoning(place.id, ask.at)
    return Terms(
        place=place.code,
        channel=ask.channel,
        currency=place.currency,
        at=ask.at,
        taxes=memory.taxes.rates(place.id, ask.at),
        tax_included=reckoning.included,
        tax_rounding=reckoning.rounding,
        cash_step=reckoning.cash_step,
    )


def _book(quotes: Iterable[Quote], products: Mapping[int, str], at: datetime) -> PriceBook:
    currencies = {place.id: place.currency for place, _, ask in quotes if ask.at == at}
    return price_book(currencies, products, at=at, loyalty=True)


def _serials(texts: set[str]) -> dict[str, SerialFacts]:
    """Return the single-use codes among what was presented, by their text; one statement, none without texts."""
    digests = {serial_digest(text): text for text in sorted(texts)}
    if not digests:
        return {}
    rows = bulk.fetch(
        "SELECT digest, coupon_code, order_id IS NOT NULL FROM pricing_couponserial "  # noqa: S608 - constants
        f"WHERE {bulk.in_list('digest')}",
        [bulk.list_parameter(digests)],
    )
    found = {digest: SerialFacts(coupon, bool(used)) for digest, coupon, used in rows}
    return {text: found[digest] for text in texts if (digest := serial_digest(text)) in found}
