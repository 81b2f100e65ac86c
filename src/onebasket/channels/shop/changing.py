"""Changing a guest's basket: opening one where there is none, and adding to what was seen."""

from onebasket.channels.shop import asking
from onebasket.channels.shop.guest import Guest
from onebasket.commerce.orders.rules.baskets import BasketOutcome, BasketStands, ChangeBasket, LineWanted
from onebasket.commerce.orders.rules.messages import OrderConflict

MOST_TRIES = 4
MOST_STEPS = 1_000_000
"""A line's most: a thousand kilograms in grams."""


def ensure_basket(guest: Guest) -> BasketOutcome:
    """Return the guest's basket, opened at the chosen store where there is none."""
    store = guest.store
    assert store is not None  # noqa: S101 - the caller has asked for one
    outcome: BasketOutcome = OrderConflict()
    for _ in range(MOST_TRIES):
        if guest.basket is not None:
            return guest.basket
        outcome = asking.open_basket(guest.visit, store.code, guest.card)
        if not isinstance(outcome, BasketStands):
            return outcome
        # The answer is that of the first time: since then another tab may have filled it, or placed it as an order.
        guest.keep(basket=outcome.id)
        guest.forget_basket()
    return outcome


def change_line(guest: Guest, found: BasketStands, sku: str, change: int, *, key: str) -> BasketOutcome:
    """Want so much more or less of a product than the basket does now.

    A form is met once, by its key. Where another tab changes the basket between reading and asking, it is read again:
    nothing of what either wanted is lost.
    """
    outcome: BasketOutcome = OrderConflict()
    for attempt in range(MOST_TRIES):
        has = next((line.quantity for line in found.lines if line.sku == sku), 0)
        wanted = min(MOST_STEPS, max(0, has + change))
        outcome = asking.change_basket(
            ChangeBasket(f"{key}-{attempt}", found.id, (LineWanted(sku, wanted),), version=found.version)
        )
        if not asking.was_changed_meanwhile(outcome):
            return outcome
        guest.forget_basket()
        if guest.basket is None:
            return outcome
        found = guest.basket
    return outcome
