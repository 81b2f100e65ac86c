"""What changes slots. Public: the book for the checkout's transaction, and the release of expired holds."""

from onebasket.commerce.slots.actions.book import open_slots_book, post_slots
from onebasket.commerce.slots.actions.expiring import release_expired_slots

__all__ = ["open_slots_book", "post_slots", "release_expired_slots"]
