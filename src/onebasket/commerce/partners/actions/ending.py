"""Offers that a whole reading of a catalogue did not show: the partner sells them no more."""

from datetime import datetime, timedelta

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions.importing import end_offers
from onebasket.commerce.partners.models import Oddity, Offer
from onebasket.commerce.partners.rules.reading import Mistake, are_too_many

AT_ONCE = 500
SETTLED_FOR = timedelta(days=2)
"""For so long a person's word holds that a partner does give up so many."""


def end_unseen(partner_id: int, *, since: datetime) -> int | None:
    """End a partner's offers that were not listed since an instant, in short transactions; return how many.

    None, and nothing is ended, where they are too many to be believed before a person has said so.
    """
    live = Offer.objects.filter(partner_id=partner_id, gone=False)
    unseen = live.filter(seen_at__lt=since)
    if are_too_many(unseen.count(), live.count()) and not _is_settled(partner_id):
        return None
    ended = 0
    while ids := list(unseen.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        with bulk.batch():
            now = database_now()
            ended += end_offers(ids, unseen_since=since, stated_at=now, now=now)
    return ended


def _is_settled(partner_id: int) -> bool:
    settled = Oddity.objects.filter(partner_id=partner_id, reason=Mistake.MANY_GONE.value, state=Oddity.State.SETTLED)
    return settled.filter(settled_at__gte=database_now() - SETTLED_FOR).exists()
