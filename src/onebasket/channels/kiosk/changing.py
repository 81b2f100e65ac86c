"""Changing a shopper's basket: opening one where there is none, and adding to what was seen."""

from onebasket.channels.kiosk import asking
from onebasket.channels.kiosk.guest import Guest
from onebasket.commerce.orders.rules.baskets import (
    BasketOutcome,
    BasketRefused,
    BasketStands,
    ChangeBasket,
    LineWanted,
)
from onebasket.commerce.orders.rules.messages import OrderConflict

MOST_TRIES = 4
MOST_STEPS = 1_000_000
"""A line's most: a thousand kilograms in grams."""


def ensure_basket(guest: Guest) -> BasketOutcome:
    """Return the shopper's basket, opened at the kiosk's store where there is none."""
    outcome: BasketOutcome = OrderConflict()
    for _ in range(MOST_TRIES):
        if guest.basket is not None:
            return guest.basket
        outcome = asking.open_basket(guest.kiosk, guest.visit)
        if not isinstance(outcome, BasketStands):
            return outcome
        # The answer is that of the first time: since then it may have been taken along, or placed as an order.
        guest.keep(basket=outcome.id)
        guest.forget_basket()
    return outcome


def change_line(guest: Guest, sku: str, change: int, *, key: str) -> BasketOutcome:
    """Want so much more or less of a product than the basket does now; a form is met once, by its key."""
    outcome = ensure_basket(guest)
    for attempt in range(MOST_TRIES):
        if not isinstance(outcome, BasketStands):
            return outcome
        has = next((line.quantity for line in outcome.lines if line.sku == sku), 0)
        wanted = LineWanted(sku, min(MOST_STEPS, max(0, has + change)))
        stated = ChangeBasket(f"{key}-{attempt}", outcome.id, (wanted,), version=outcome.version)
        changed = asking.change_basket(guest.kiosk, stated)
        if not asking.was_changed_meanwhile(changed):
            return changed
        guest.forget_basket()
        if guest.basket is None:
            return changed
        outcome = guest.basket
    return outcome


def tell(guest: Guest, outcome: BasketOutcome, *, done: str = "") -> None:
    """Keep what is to be told of an outcome, and look at the basket anew."""
    if isinstance(outcome, BasketRefused):
        done = f"offer_{outcome.offers[0].why}" if outcome.offers else outcome.code
    elif isinstance(outcome, BasketStands) and outcome.renewed:
        done = "held_anew"
    elif not isinstance(outcome, BasketStands) and not asking.is_done_before(outcome):
        done = "basket_gone"
    if done:
        guest.keep(said=done)
    guest.forget_basket()
