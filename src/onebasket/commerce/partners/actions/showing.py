"""How often offers are shown: counted in memory, so that no page waits for it, and written down now and then in bulk.

What a process has counted since it last wrote is lost when it is killed: these figures say how well offers do, and
nobody is paid by them.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

from django.db import transaction

from onebasket.base import bulk
from onebasket.commerce.partners.models import Offer, ShownOffers
from onebasket.commerce.partners.rules.referrals import ShownCount

MOST_KEPT = 100_000
"""What is counted at once; what is shown beyond that before it is written goes uncounted."""
_NAMES = ("day", "partner", "offer_id", "channel", "place_id", "shown", "clicked")
_Key = tuple[date, int, str, int]
_counts: Counter[_Key] = Counter()
_lock = threading.Lock()


def note_shown(offer_ids: Iterable[int], *, channel: str, place_id: int | None) -> None:
    """Count offers as shown to a shopper, now; in memory, never waits for a database and never raises."""
    day = datetime.now(UTC).date()
    with _lock:
        for offer_id in offer_ids:
            key = (day, offer_id, channel, place_id or 0)
            if key in _counts or len(_counts) < MOST_KEPT:
                _counts[key] += 1


def take_shown(most: int = 500) -> list[ShownCount]:
    """Take what was counted, at most so many figures; give back with `return_shown` what could not be written."""
    with _lock:
        keys = list(_counts)[:most]
        return [ShownCount(*key, _counts.pop(key)) for key in keys]


def return_shown(counts: Sequence[ShownCount]) -> None:
    """Count again what was taken and could not be written."""
    with _lock:
        for one in counts:
            _counts[one.day, one.offer_id, one.channel, one.place_id] += one.shown


def book_shown(counts: Sequence[ShownCount]) -> int:
    """Add to the figures of days, in one short transaction; return how many figures there were.

    Offers that are not there any more are left out.
    """
    with transaction.atomic():
        add_figures({(one.day, one.offer_id, one.channel, one.place_id): (one.shown, 0) for one in counts})
    return len(counts)


def add_figures(figures: Mapping[_Key, tuple[int, int]]) -> None:
    """Add (shown, clicked) to the figures by day, offer, channel and place, in one order; two statements."""
    if not figures:
        return
    partners = dict(Offer.objects.filter(pk__in={key[1] for key in figures}).values_list("pk", "partner_id"))
    rows = [
        (day, partners[offer], offer, channel[:16], place, *counts)
        for (day, offer, channel, place), counts in sorted(figures.items())
        if offer in partners
    ]
    if not rows:
        return
    source, parameters = bulk.as_relation(ShownOffers, _NAMES, rows)
    bulk.execute(
        "INSERT INTO partners_shownoffers (day, partner_id, offer_id, channel, place_id, shown, clicked)"
        f" {source} ON CONFLICT (offer_id, day, channel, place_id) DO UPDATE SET"
        " shown = partners_shownoffers.shown + excluded.shown,"
        " clicked = partners_shownoffers.clicked + excluded.clicked",
        parameters,
    )
