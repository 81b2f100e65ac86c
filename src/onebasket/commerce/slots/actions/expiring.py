"""Give expired holds back that nobody has met."""

from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.commerce.slots.actions.book import open_slots_book, post_slots
from onebasket.commerce.slots.models import SlotPromise
from onebasket.commerce.slots.rules.book import Standing


def release_expired_slots(limit: int = 200) -> int:
    """Release expired holds, oldest first, with all others on the same slots; return how many were freed."""
    with transaction.atomic():
        now = database_now()
        due = SlotPromise.objects.filter(standing=Standing.HELD.value, expires_at__lte=now).order_by("expires_at")
        ids = set(due.values_list("slot_id", flat=True)[:limit])
        if not ids:
            return 0
        book = open_slots_book(ids, references=(), now=now)
        post_slots(book, now=now)
        return len(book.expired)
