"""The guest's basket as pages show it: what its lines come to, what it holds and until when, and what it lacks."""

from dataclasses import dataclass
from datetime import datetime

from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.catalogue.queries.browsing import ShownProduct, shown_by_sku
from onebasket.commerce.orders.queries.quoting import priced_at, quote_basket
from onebasket.commerce.orders.rules.baskets import BasketLineState, BasketStands
from onebasket.commerce.pricing.queries.quoting import Asked, Quote, QuoteAsk, Quoted, Unpriced, quote_all
from onebasket.commerce.pricing.rules.basket import PricedBasket, PricedLine, Reduction
from onebasket.commerce.slots.queries import slots_by_id
from onebasket.commerce.slots.rules.facts import SlotFacts
from onebasket.commerce.sourcing.queries import Wanted, nearby_with_all
from onebasket.front import formats
from onebasket.front.drawing.choosing import Picture, picture_for
from onebasket.front.notes import refusals, why
from onebasket.front.offers import Address
from onebasket.front.pricetags import Deal
from onebasket.front.shipped import NOTHING, Shipped, view_shipped
from onebasket.front.sizes import Named, take_apart
from onebasket.front.steps import Step, step_of
from onebasket.front.stores import Near, Store, Stores

ALTERNATIVES = 3


def no_page(_offer: int, _title: str) -> str:
    """Return no page, where none is linked to."""
    return ""


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of the basket: what is wanted, what is held, and what it comes to."""

    product: ShownProduct
    named: Named
    picture: Picture
    state: BasketLineState
    priced: PricedLine | None
    currency: str

    @property
    def step(self) -> Step:
        """Return by how much it changes."""
        return step_of(self.product)

    @property
    def fewer(self) -> int:
        """Return how much is wanted with one step less; nothing takes the line out."""
        return max(0, self.state.quantity - self.step.more)

    @property
    def more(self) -> int:
        """Return how much is wanted with one step more."""
        return self.state.quantity + self.step.more

    @property
    def quantity(self) -> str:
        """Write how much is wanted."""
        return formats.quantity(self.state.quantity, self.product.unit, self.product.decimals)

    @property
    def held(self) -> str:
        """Write how much of it is held."""
        return formats.quantity(self.state.held, self.product.unit, self.product.decimals)

    @property
    def lacks(self) -> bool:
        """Whether the store has less of it than is wanted."""
        return self.state.held < self.state.quantity

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        """Return what took it down."""
        return self.priced.reductions if self.priced else ()

    @property
    def hints(self) -> list[Deal]:
        """Return the promotions that are within reach, each with what is still wanting."""
        notes = self.priced.notes if self.priced else ()
        return [Deal(note.name, why(note, self.currency)) for note in notes if note.why == "more_goods"]

    @property
    def refused(self) -> list[tuple[str, str]]:
        """Return the other promotions that did not apply, each with the reason."""
        return refusals(self.priced.notes, self.currency) if self.priced else []


@dataclass(frozen=True, slots=True)
class BasketView:
    """A basket that has lines, or partners' offers, priced and explained."""

    stands: BasketStands
    lines: tuple[LineView, ...]
    quoted: Quoted | Unpriced
    unpriced: tuple[str, ...]
    slot: SlotFacts | None
    now: datetime
    elsewhere: tuple[Near, ...]
    with_card: int | None = None
    """What it would come to with a loyalty card, where none is shown."""
    shipped: Shipped = NOTHING
    """What partners sell of it."""

    @property
    def total(self) -> int | None:
        """Return what all of it comes to, what partners send included; None where some product has no price."""
        return self.priced.total + self.shipped.total if self.priced else None

    @property
    def has_both(self) -> bool:
        """Whether it is of the store's own goods and of partners'."""
        return bool(self.lines and self.shipped.count)

    @property
    def priced(self) -> PricedBasket | None:
        """Return what it comes to; None where some product has no price."""
        return self.quoted.basket if isinstance(self.quoted, Quoted) else None

    @property
    def codes(self) -> list[tuple[str, str]]:
        """Return the coupons that were presented, each with why it takes nothing off, where that is so."""
        notes = self.priced.notes if self.priced else ()
        applied = {reduction.reference for line in self.lines for reduction in line.reductions}
        idle = {note.reference: why(note, "") for note in notes if not note.applied and note.cause == "coupon"}
        return [(code, "" if code in applied else idle.get(code, "")) for code in self.stands.coupons]

    @property
    def refused(self) -> list[tuple[str, str]]:
        """Return the promotions for the whole basket that did not apply, each with the reason."""
        notes = self.priced.notes if self.priced else ()
        return refusals((note for note in notes if note.cause != "coupon"), self.priced.currency) if self.priced else []

    @property
    def is_held(self) -> bool:
        """Whether it holds its units still."""
        return self.stands.held_until is not None and self.now < self.stands.held_until

    @property
    def minutes_left(self) -> int:
        """Return for how many minutes it holds them yet, the one begun included."""
        until = self.stands.held_until
        return 0 if until is None or until <= self.now else int((until - self.now).total_seconds() // 60) + 1

    @property
    def lacking(self) -> list[LineView]:
        """Return the lines of which the store has less than is wanted."""
        return [line for line in self.lines if line.lacks] if self.is_held else []

    @property
    def can_be_placed(self) -> bool:
        """Whether nothing stands in the way of an order, as far as is known now."""
        return self.priced is not None and not self.unpriced and not self.lacking and self.shipped.is_as_agreed

    @property
    def card_saves(self) -> int:
        """Return how much less it would come to with a loyalty card."""
        return max(0, self.priced.total - self.with_card) if self.priced and self.with_card is not None else 0


def quantities(stands: BasketStands | None) -> dict[str, int]:
    """Return how much of each SKU a basket wants."""
    return {line.sku: line.quantity for line in stands.lines} if stands else {}


def view_basket(
    stands: BasketStands, stores: Stores, *, now: datetime, offer_page: Address = no_page, to_pay: bool = False
) -> BasketView:
    """Return a basket priced and explained; where it lacks something, with the nearest stores that have it all.

    `offer_page` gives the page of a partner's offer. `to_pay`: partners were asked anew for what was too old.
    """
    quoted = quote_basket(stands, now=now)
    basket = quoted.basket if isinstance(quoted, Quoted) else None
    products = shown_by_sku((line.sku for line in stands.lines), retired=True)
    priced = {line.sku: line for line in basket.lines} if basket else {}
    lines = tuple(
        _line(products[state.sku], state, priced.get(state.sku), stands.currency)
        for state in stands.lines
        if state.sku in products
    )
    gone = tuple(line.product.sku for line in lines if not line.product.sold)
    slot = slots_by_id([stands.slot], now=now).get(stands.slot) if stands.slot else None
    held = stands.held_until is not None and now < stands.held_until
    lacks = held and any(line.lacks for line in lines)
    elsewhere = _stores_with_all(stands, stores, now=now) if lacks else ()
    unpriced = quoted.skus if isinstance(quoted, Unpriced) else ()
    nobody = stands.loyalty_number or stores.chosen is None or not lines
    with_card = None if nobody or stores.chosen is None else _as_member(stands, stores.chosen, now=now)
    shipped = view_shipped(stands, address=offer_page, now=now, to_pay=to_pay)
    unsold = tuple(dict.fromkeys((*unpriced, *gone)))
    return BasketView(stands, lines, quoted, unsold, slot, now, elsewhere, with_card, shipped)


def _as_member(stands: BasketStands, store: Store, *, now: datetime) -> int | None:
    """Return what the basket would come to for any member."""
    products = products_by_sku(line.sku for line in stands.lines)
    lines = [Asked(number, products[line.sku], line.quantity) for number, line in enumerate(stands.lines, 1)]
    ask = QuoteAsk(stands.channel, priced_at(stands, now=now), coupons=stands.coupons, as_member=True)
    (quoted,) = quote_all([Quote(store.place, lines, ask)])
    return quoted.basket.total if isinstance(quoted, Quoted) else None


def _line(product: ShownProduct, state: BasketLineState, priced: PricedLine | None, currency: str) -> LineView:
    return LineView(
        product=product,
        named=take_apart(product.name),
        picture=picture_for(product.sku, product.name, product.category, product.department),
        state=state,
        priced=priced,
        currency=currency,
    )


def _stores_with_all(stands: BasketStands, stores: Stores, *, now: datetime) -> tuple[Near, ...]:
    if stores.chosen is None:
        return ()
    products = products_by_sku(line.sku for line in stands.lines)
    wanted = [Wanted(products[line.sku], line.quantity) for line in stands.lines]
    found = nearby_with_all(stores.chosen.place, wanted, channel=stands.channel, now=now, limit=ALTERNATIVES).found
    return tuple(
        Near(store, one.place.distance_metres) for one in found if (store := stores.open.get(one.place.place.id))
    )
