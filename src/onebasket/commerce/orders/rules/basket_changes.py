"""What a change does to a basket, and why one is refused: decided in memory, against locked shelves and slots."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.orders.rules.basket import Basket, KeptBack
from onebasket.commerce.orders.rules.baskets import (
    HOLD_MINUTES,
    MOST_COUPONS,
    MOST_LINES,
    MOST_RENEWALS,
    BasketRefused,
    ChangeBasket,
)
from onebasket.commerce.orders.rules.offering import (
    MOST_OFFERS,
    BasketOffer,
    OfferChange,
    OfferNow,
    OfferWanted,
    agree,
)
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.slots.rules.book import SlotBook
from onebasket.commerce.stock.rules.book import ShelfBook

OfferKey = tuple[str, int]
"""A currency and an offer's id: what it costs there."""


class Known(NamedTuple):
    """Places by code, products by SKU and partners' offers, as far as a batch names them."""

    places: Mapping[str, PlaceFacts]
    products: Mapping[str, ProductFacts]
    offers: Mapping[OfferKey, OfferNow] = {}


class Shelves(NamedTuple):
    """What a change is decided against: locked shelves, what is kept back, locked slots, and the time."""

    book: ShelfBook
    kept_back: KeptBack
    slots: SlotBook
    now: datetime


def refuse_place(code: str, known: Known) -> BasketRefused | None:
    """Refuse a place that nobody knows or that serves no orders."""
    place = known.places.get(code)
    if place is None:
        return BasketRefused("unknown_place", f"There is no place {code!r}.")
    if not place.active:
        return BasketRefused("inactive_place", f"{place.name} serves no orders.")
    return None


def refuse_products(skus: Iterable[str], known: Known) -> BasketRefused | None:
    """Refuse products that nobody knows, that are sold no more or keep no stock, and one named twice."""
    wanted = list(skus)
    if len(set(wanted)) != len(wanted):
        return BasketRefused("doubled_line", "Name each product once, with its whole quantity.", tuple(wanted))
    if unknown := tuple(sku for sku in wanted if sku not in known.products):
        return BasketRefused("unknown_product", "Some SKUs name no product.", unknown)
    if retired := tuple(sku for sku in wanted if not known.products[sku].active):
        return BasketRefused("inactive_product", "Some products are not sold any more.", retired)
    if untracked := tuple(sku for sku in wanted if not known.products[sku].tracked):
        return BasketRefused("untracked_product", "Some products keep no stock and cannot be ordered.", untracked)
    return None


def refuse_change(request: ChangeBasket, basket: Basket, known: Known) -> BasketRefused | None:  # noqa: PLR0911 - a refusal a line
    """Refuse what no lock can change."""
    if basket.state != "open":
        return BasketRefused("basket_closed", f"This basket is {basket.state} and cannot be changed.")
    if request.version is not None and request.version != basket.version:
        return BasketRefused("basket_changed", "The basket was changed meanwhile: look at it, then try again.")
    if request.place and (refused := refuse_place(request.place, known)):
        return refused
    if refused := refuse_products([line.sku for line in request.lines if line.quantity], known):
        return refused
    new = {known.products[line.sku].id for line in request.lines if line.quantity} - basket.lines.keys()
    if len(basket.lines) + len(new) > MOST_LINES:
        return BasketRefused("too_many_lines", f"A basket has at most {MOST_LINES} lines. Place this one first.")
    if len(set(basket.coupons) | set(request.add)) > MOST_COUPONS:
        return BasketRefused("too_many_coupons", f"A basket takes at most {MOST_COUPONS} coupons.")
    if request.renew and not basket.lines:
        return None
    if request.renew and basket.renewals >= MOST_RENEWALS:
        return BasketRefused("no_more_renewals", f"The time was renewed {MOST_RENEWALS} times already.")
    return None


def currency_after(request: ChangeBasket, basket: Basket, known: Known) -> str:
    """Return the currency of a basket once it is changed."""
    return known.places.get(request.place, basket.place).currency


def refuse_offers(request: ChangeBasket, basket: Basket, known: Known) -> BasketRefused | None:
    """Refuse partners' offers that are not sold as they are asked for, each with the reason."""
    wanted = [one for one in request.offers if one.quantity]
    if len({one.offer for one in request.offers}) != len(request.offers):
        return BasketRefused("doubled_line", "Name each offer once, with its whole quantity.")
    if len(basket.offers.keys() | {one.offer for one in wanted}) > MOST_OFFERS:
        return BasketRefused("too_many_offers", f"A basket has at most {MOST_OFFERS} partners' offers.")
    currency = currency_after(request, basket, known)
    agreed = (_agree(one, currency, known) for one in wanted)
    if changed := tuple(one for one in agreed if isinstance(one, OfferChange)):
        return BasketRefused("offer_changed", "Some offers are not sold, or cost something else now.", offers=changed)
    return None


def _agree(wanted: OfferWanted, currency: str, known: Known) -> BasketOffer | OfferChange:
    return agree(wanted, known.offers.get((currency, wanted.offer)) or OfferNow(wanted.offer, "", "", refused="gone"))


def _want_offers(request: ChangeBasket, basket: Basket, known: Known, *, moved: bool) -> None:
    """Keep what is wanted of offers; in another currency the others are agreed to anew, or left out."""
    if moved:
        again = [OfferWanted(one.offer, one.quantity) for one in basket.offers.values()]
        agreed = (_agree(one, basket.place.currency, known) for one in again)
        basket.offers = {one.offer: one for one in agreed if isinstance(one, BasketOffer)}
    for wanted in request.offers:
        agreed_to = _agree(wanted, basket.place.currency, known) if wanted.quantity else None
        if isinstance(agreed_to, BasketOffer):
            basket.offers[wanted.offer] = agreed_to
        else:
            basket.offers.pop(wanted.offer, None)


def apply(request: ChangeBasket, basket: Basket, known: Known, shelves: Shelves) -> BasketRefused | None:
    """Do a change that `refuse_change` let through; a slot that is full refuses all of it."""
    if request.drop:
        _drop(basket, shelves)
        return None
    place = known.places[request.place] if request.place else basket.place
    if request.slot and (refused := _take_slot(request.slot, basket, place, shelves)):
        return refused
    abroad = place.currency != basket.place.currency
    if place.id != basket.place.id:
        _move(basket, place, shelves)
    if request.offers or abroad:
        _want_offers(request, basket, known, moved=abroad)
    if request.slot is not None:
        if basket.slot_id and basket.slot_id != request.slot:
            shelves.slots.give_back(basket.slot_id, basket.id)
        basket.slot_id = request.slot or None
    touched = _want(request, basket, known)
    everything = _keep_time(request, basket, shelves.now) or bool(request.place)
    for product in {line.product.id: line.product for line in basket.lines.values()}.values() if everything else ():
        touched[product.id] = product
    for product in touched.values():
        basket.hold(product, shelves.book, shelves.kept_back)
    _extend_slot(basket, shelves, everything=everything)
    return None


def lines_touched(request: ChangeBasket, basket: Basket, now: datetime) -> bool:
    """Whether a change concerns all lines of a basket, and with them all its shelves."""
    return request.renew or request.drop or bool(request.place) or basket.is_over(now)


def _want(request: ChangeBasket, basket: Basket, known: Known) -> dict[int, ProductFacts]:
    touched: dict[int, ProductFacts] = {}
    for line in request.lines:
        product = known.products.get(line.sku)
        if product is not None:
            basket.want(product, line.quantity)
            touched[product.id] = product
    if request.loyalty_number is not None:
        basket.loyalty_number = request.loyalty_number
    kept = [code for code in basket.coupons if code not in request.remove]
    basket.coupons = tuple(dict.fromkeys([*kept, *request.add]))
    return touched


def _keep_time(request: ChangeBasket, basket: Basket, now: datetime) -> bool:
    """Begin the window where none is or it is over; whether everything is to be held anew."""
    if basket.is_over(now):
        basket.begin(now)
        basket.renewed = True
        return True
    if request.renew and basket.held_until is not None:
        basket.begin(now)
        basket.renewals += 1
        return True
    if basket.held_until is None and (basket.lines or basket.slot_id):
        basket.begin(now)
    return False


def _take_slot(slot: int, basket: Basket, place: PlaceFacts, shelves: Shelves) -> BasketRefused | None:
    figures = shelves.slots.figures.get(slot)
    if figures is None or figures.place_id != place.id:
        return BasketRefused("other_slot", f"There is no such slot at {place.name}.")
    window = shelves.now + timedelta(minutes=HOLD_MINUTES)
    until = window if basket.held_until is None or basket.is_over(shelves.now) else basket.held_until
    if not shelves.slots.take(slot, basket.id, until):
        return BasketRefused("slot_not_free", "This slot is full or over. Choose another.")
    return None


def _extend_slot(basket: Basket, shelves: Shelves, *, everything: bool) -> None:
    """Hold the slot as long as the goods; one that has run out and been given away is told by its absence."""
    if not (everything and basket.slot_id and basket.held_until):
        return
    if not shelves.slots.take(basket.slot_id, basket.id, basket.held_until):
        basket.slot_id = None


def _move(basket: Basket, place: PlaceFacts, shelves: Shelves) -> None:
    basket.let_go(shelves.book)
    if basket.slot_id:
        shelves.slots.give_back(basket.slot_id, basket.id)
        basket.slot_id = None
    basket.left.append(basket.place)
    basket.place = place


def _drop(basket: Basket, shelves: Shelves) -> None:
    basket.let_go(shelves.book)
    if basket.slot_id:
        shelves.slots.give_back(basket.slot_id, basket.id)
    basket.slot_id, basket.held_since, basket.held_until, basket.state = None, None, None, "dropped"
