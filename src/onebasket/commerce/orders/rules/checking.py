"""Why a basket is not placed as an order: decided over the basket as locked and what it was priced at."""

from onebasket.commerce.orders.rules.basket import Basket
from onebasket.commerce.orders.rules.basket_changes import Shelves
from onebasket.commerce.orders.rules.baskets import Checkout, CheckoutRefused
from onebasket.commerce.orders.rules.messages import Shortfall
from onebasket.commerce.pricing.rules.basket import PricedBasket
from onebasket.kernel.money import MAX_AMOUNT


def refuse_checkout(  # noqa: PLR0911 - a refusal a line
    request: Checkout, basket: Basket, priced: PricedBasket | None, *, version: int, unpriced: tuple[str, ...] = ()
) -> CheckoutRefused | None:
    """Refuse what no lock can change."""
    if basket.state != "open":
        return closed(basket)
    if not basket.lines and not basket.offers:
        return CheckoutRefused("basket_empty", "There is nothing in this basket.")
    if not basket.version == request.version == version:
        message = "The basket was changed meanwhile. Look at it, then place it."
        return CheckoutRefused("basket_changed", message, version=basket.version)
    if not basket.place.active:
        return CheckoutRefused(
            "inactive_place", f"{basket.place.name} serves no orders any more. Choose another place."
        )
    if retired := tuple(line.product.sku for line in basket.lines.values() if not line.product.active):
        return CheckoutRefused("inactive_product", "Some products are not sold any more. Take them out.", skus=retired)
    if priced is None:
        return CheckoutRefused("no_price", f"Some products have no price at {basket.place.name}.", skus=unpriced)
    if priced.total > MAX_AMOUNT or any(abs(line.list_amount) > MAX_AMOUNT for line in priced.lines):
        return CheckoutRefused("too_much_money", "A line comes to more than an order may. Order less of it.")
    if priced.total != request.expected_total:
        message = "What the basket comes to has changed. Look at it, then place it."
        return CheckoutRefused("price_changed", message, total=priced.total, version=basket.version)
    if not (request.contact.email or request.contact.phone):
        return CheckoutRefused("no_contact", "Give an e-mail address or a telephone number, so that we can reach you.")
    return None


def short_lines(basket: Basket, shelves: Shelves) -> tuple[Shortfall, ...]:
    """Return the lines of which there is not enough, what the basket holds counted in."""
    found: list[Shortfall] = []
    for number, line in enumerate(sorted(basket.lines.values(), key=lambda line: line.number), 1):
        shelf = shelves.book.find(basket.place.id, line.product.id)
        part = basket.parts.get(line.product.id)
        have = part.quantity if part else 0
        kept = shelves.kept_back(basket.place, line.product, basket.channel)
        free = have + max(0, shelf.available(kept)) if shelf else 0
        if free < line.quantity:
            found.append(Shortfall(number, line.product.sku, line.quantity, free, line.quantity - free))
    return tuple(found)


def closed(basket: Basket) -> CheckoutRefused:
    """Refuse a basket that was placed or dropped."""
    return CheckoutRefused("basket_closed", f"This basket is {basket.state} already.")
