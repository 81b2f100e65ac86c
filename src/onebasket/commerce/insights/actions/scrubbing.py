"""Events and messages in quarantine that name somebody: rewritten where they say a card's number."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max, Q

from onebasket.base import bulk
from onebasket.base.models import Event, QuarantineItem
from onebasket.commerce.customers.rules.cards import ERASED
from onebasket.commerce.insights.rules.scrubbing import names, scrub

EVENTS_AT_ONCE = 20_000


def scrub_events(numbers: Sequence[str]) -> int:
    """Take these card numbers out of what events tell of receipts, orders and returns; return how many events.

    Events about customers keep the bare number, so that whoever reads them can erase too; it links to nothing here.
    Read part by part, and written in short transactions.
    """
    known = [number for number in numbers if number]
    changed, after, last = 0, 0, Event.objects.aggregate(last=Max("pk"))["last"] or 0
    while after < last and known:
        told = Event.objects.filter(pk__gt=after, pk__lte=after + EVENTS_AT_ONCE, data__contains='"loyalty_number"')
        rows = [
            (identity, scrubbed)
            for identity, data in told.exclude(type__startswith="customer.").values_list("pk", "data")
            if (scrubbed := scrub(data, known, put=ERASED)) != data
        ]
        with transaction.atomic():
            bulk.update(Event, ("id",), ("data",), rows)
        changed += len(rows)
        after += EVENTS_AT_ONCE
    return changed


def scrub_quarantine(numbers: Sequence[str]) -> tuple[int, tuple[int, ...]]:
    """Take these card numbers out of messages in quarantine, open or closed, one short transaction each.

    Return how many messages were changed, and the ids of those that still hold a number somewhere: a person has to
    look at them. The message stays whole in everything else, and under its own key.
    """
    found = Q()
    for number in numbers:
        found |= Q(content__contains=number) | Q(mended__contains=number)
    ids = QuarantineItem.objects.filter(found).order_by("pk").values_list("pk", flat=True) if numbers else ()
    changed, left = 0, []
    for identity in ids:
        with transaction.atomic():
            item = QuarantineItem.objects.select_for_update().get(pk=identity)
            before = (item.content, item.mended)
            item.content, item.mended = (scrub(text, numbers, put=ERASED) for text in before)
            if (item.content, item.mended) != before:
                item.save(update_fields=["content", "mended"])
                changed += 1
            if names(item.content, numbers) or names(item.mended, numbers):
                left.append(item.pk)
    return changed, tuple(left)
