"""What changes slots. Public: the book for the checkout's transaction, the release of expired holds, and plans."""

from onebasket.commerce.slots.actions.book import ask_slots_book, open_slots_book, post_slots
from onebasket.commerce.slots.actions.expiring import release_expired_slots
from onebasket.commerce.slots.actions.plans import set_slot_days, set_slot_exceptions, set_slot_plans

__all__ = [
    "ask_slots_book",
    "open_slots_book",
    "post_slots",
    "release_expired_slots",
    "set_slot_days",
    "set_slot_exceptions",
    "set_slot_plans",
]
