"""Messages in quarantine that name somebody: rewritten where they say a card's number, and told where they may."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from onebasket.base.models import QuarantineItem
from onebasket.commerce.customers.rules.cards import ERASED
from onebasket.commerce.insights.rules.scrubbing import names, scrub


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
