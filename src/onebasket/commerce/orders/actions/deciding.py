"""Decide requests one after the other against the book that their predecessors left."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.orders.actions.quoting import Pricing
from onebasket.commerce.orders.actions.world import Shortlist, World
from onebasket.commerce.orders.rules.messages import OrderRefused, OrderRequest, Shortfall
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.pricing.queries.quoting import Quoted
from onebasket.commerce.pricing.rules.book import PriceFacts
from onebasket.commerce.pricing.rules.uses import Use
from onebasket.commerce.sourcing.rules import Candidate, Choice, Need, Shortage, choose_place
from onebasket.commerce.stock.rules.book import ShelfBook
from onebasket.commerce.stock.rules.promises import HeldLine
from onebasket.kernel.money import MAX_AMOUNT


class Decided(NamedTuple):
    """A request that will be served: where, what of each line, at which price, out of which hold, and why."""

    request: OrderRequest
    place: PlaceFacts
    products: Sequence[ProductFacts]
    prices: Sequence[PriceFacts]
    promised: Sequence[int]
    reason: str
    held: Sequence[HeldLine]
    free: Mapping[str, Sequence[int]]
    """What was free of each line at each place that was looked at, under the lock."""
    quoted: Quoted


class Retry(NamedTuple):
    """Decide again in a new transaction: the shortlist ran out under the lock although more places looked possible.

    Or a promotion could not be used as it was worked out; `uses` are to be locked beforehand then.
    """

    uses: Sequence[Use] = ()


def refuse_unknown(request: OrderRequest, world: World) -> OrderRefused | None:  # noqa: PLR0911 - a refusal a line
    """Refuse what no lock can change: unknown or retired places and products, doubled lines."""
    skus = [line.sku for line in request.lines]
    if unknown := tuple(code for code in request.places if code not in world.places):
        return OrderRefused("unknown_place", f"There is no place {unknown[0]!r}.")
    if not any(world.places[code].active for code in request.places):
        return OrderRefused("inactive_place", "None of these places serves orders.")
    if unknown := tuple(sku for sku in skus if sku not in world.products):
        return OrderRefused("unknown_product", "Some SKUs name no product.", skus=unknown)
    if retired := tuple(sku for sku in skus if not world.products[sku].active):
        return OrderRefused("inactive_product", "Some products are not sold any more.", skus=retired)
    if untracked := tuple(sku for sku in skus if not world.products[sku].tracked):
        return OrderRefused("untracked_product", "Some products keep no stock and cannot be ordered.", skus=untracked)
    if len(set(skus)) != len(skus):
        return OrderRefused("doubled_line", "Name each product once, with its whole quantity.")
    if request.hold is not None and len(request.places) != 1:
        return OrderRefused("hold_not_usable", "An order out of a hold names the hold's place and no other.")
    return None


class Deciding(NamedTuple):
    """What a batch is decided with: the world, its prices, the book on its shelves; `last`: nothing is put off."""

    world: World
    pricing: Pricing
    book: ShelfBook
    last: bool
    now: datetime


def decide(
    position: int, request: OrderRequest, shortlist: Shortlist, batch: Deciding, *, held: Sequence[HeldLine]
) -> Decided | OrderRefused | Retry:
    """Choose the place, price what it promises, claim what that uses, and take the promise: one decision."""
    world = batch.world
    if request.hold is not None and (refused := _refuse_hold(request.hold, held, shortlist, batch.now)):
        return refused
    products = [world.products[line.sku] for line in request.lines]
    ids = [product.id for product in products]
    priced = [(place, prices) for place in shortlist.places if (prices := world.prices.find_all(place.id, ids))]
    if not priced:
        return _refuse_unpriced(shortlist, products, world)
    needs = [Need(number, line.sku, line.quantity) for number, line in enumerate(request.lines, 1)]
    own = _own_hold(held)
    candidates = [
        Candidate(
            place.code, tuple(_free(batch.book, world, place, product, request.channel, own) for product in products)
        )
        for place, _ in priced
    ]
    choice = choose_place(needs, candidates, partial=request.partial)
    cut = shortlist.cut and not batch.last
    if cut and _fell_short(request, choice, whole=shortlist.whole):
        return Retry()
    if not isinstance(choice, Choice):
        return _refuse_short(needs, candidates[choice.index], choice.reason)
    place, prices = priced[choice.index]
    free = {candidate.place: candidate.available for candidate in candidates}
    quoted = _price(position, request, place, prices, choice.promised, batch)
    if not isinstance(quoted, Quoted):
        return quoted
    _take(batch.book, place, products, choice.promised, held)
    return Decided(request, place, products, prices, choice.promised, choice.reason, held, free, quoted)


def _price(
    position: int,
    request: OrderRequest,
    place: PlaceFacts,
    prices: Sequence[PriceFacts],
    promised: Sequence[int],
    batch: Deciding,
) -> Quoted | OrderRefused | Retry:
    """Price what is promised, and claim what that uses; last of all, so that nothing has to be given back."""
    if any(p.amount * quantity > MAX_AMOUNT * p.per_quantity for p, quantity in zip(prices, promised, strict=True)):
        return OrderRefused("too_much_money", "A line comes to more than an order may. Order less of it.", place.code)
    quoted = batch.pricing.quote(position, place, promised)
    if request.expected_total not in {None, quoted.basket.total}:
        message = "The order comes to another amount than was expected. Look at it, then place it."
        return OrderRefused("price_changed", message, place.code, total=quoted.basket.total)
    claimed = batch.pricing.claim(position, quoted, last=batch.last)
    if not claimed:
        return quoted
    if not batch.last:
        return Retry([] if isinstance(claimed, str) else claimed)
    return OrderRefused("coupon_not_usable", f"{claimed} was used meanwhile. Leave it out.", place.code)


def _take(
    book: ShelfBook,
    place: PlaceFacts,
    products: Sequence[ProductFacts],
    promised: Sequence[int],
    held: Sequence[HeldLine],
) -> None:
    for line in held:
        book.hold(line.place_id, line.product_id, -line.quantity)
    for product, quantity in zip(products, promised, strict=True):
        if quantity:
            book.reserve(place.id, product.id, quantity)


def _fell_short(request: OrderRequest, choice: Choice | Shortage, *, whole: bool) -> bool:
    """Whether less came out under the lock than the shortlist promised."""
    if not isinstance(choice, Choice):
        return True
    return whole and any(given < line.quantity for given, line in zip(choice.promised, request.lines, strict=True))


def _free(
    book: ShelfBook, world: World, place: PlaceFacts, product: ProductFacts, channel: str, own: Mapping[int, int]
) -> int:
    shelf = book.find(place.id, product.id)
    if shelf is None:
        return 0
    return max(0, shelf.available(world.buffer(place, product, channel)) + own.get(product.id, 0))


def _own_hold(held: Sequence[HeldLine]) -> dict[int, int]:
    own: dict[int, int] = {}
    for line in held:
        own[line.product_id] = own.get(line.product_id, 0) + line.quantity
    return own


def _refuse_hold(hold: UUID, held: Sequence[HeldLine], shortlist: Shortlist, now: datetime) -> OrderRefused | None:
    places = {place.id for place in shortlist.places}
    if not held or any(line.expires_at <= now for line in held):
        return OrderRefused("hold_not_usable", f"The hold {hold} has expired or was used or given back.")
    if any(line.place_id not in places for line in held):
        return OrderRefused("hold_not_usable", f"The hold {hold} is at another place.")
    return None


def _refuse_unpriced(shortlist: Shortlist, products: Sequence[ProductFacts], world: World) -> OrderRefused:
    place = shortlist.places[0]
    skus = tuple(product.sku for product in products if (place.id, product.id) not in world.prices)
    return OrderRefused("no_price", f"Some products have no price at {place.code}.", place.code, skus=skus)


def _refuse_short(needs: Sequence[Need], closest: Candidate, reason: str) -> OrderRefused:
    shortfalls = tuple(
        Shortfall(need.line, need.sku, need.quantity, free, need.quantity - free)
        for need, free in zip(needs, closest.available, strict=True)
        if free < need.quantity
    )
    return OrderRefused("short", f"There is not enough of every line: {reason}.", closest.place, shortfalls)
