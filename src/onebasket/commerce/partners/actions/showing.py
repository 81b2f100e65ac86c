"""How often offers are shown, and links to them followed: counted in memory, and written down now and then in bulk.

No page waits for it. What a process has counted since it last wrote is lost when it is killed: these figures say how
well offers do, and nobody is paid by them. What is paid for is a referral, which is durable.
"""

import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from django.db import transaction

from onebasket.base import bulk
from onebasket.commerce.partners.models import Offer, ShownOffers
from onebasket.commerce.partners.rules.referrals import ShownCount

MOST_KEPT = 100_000
"""What is counted at once; what is shown beyond that before it is written goes uncounted."""
_ADD = (
    "INSERT INTO partners_shownoffers (day, partner_id, offer_id, channel, place_id, shown, clicked)"
    " {} ON CONFLICT (offer_id, day, channel, place_id) DO UPDATE SET"
    " shown = partners_shownoffers.shown + excluded.shown, clicked = partners_shownoffers.clicked + excluded.clicked"
)
_NAMES = ("day", "partner", "offer_id", "channel", "place_id", "shown", "clicked")
_Key = tuple[date, int, str, int]
_counts: dict[_Key, list[int]] = {}
_lock = threading.Lock()


def note_shown(offer_ids: Iterable[int], *, channel: str, place_id: int | None) -> None:
    """Count offers as shown to a shopper, now; in memory, never waits for a database and never raises."""
    _note(offer_ids, channel, place_id, (1, 0))


def note_clicked(offer_id: int, *, channel: str, place_id: int | None) -> None:
    """Count a link to an offer as followed, now; in memory, as `note_shown` does."""
    _note((offer_id,), channel, place_id, (0, 1))


def take_shown(most: int = 500) -> list[ShownCount]:
    """Take what was counted, at most so many figures; give back with `return_shown` what could not be written."""
    with _lock:
        keys = list(_counts)[:most]
        return [ShownCount(*key, *_counts.pop(key)) for key in keys]


def return_shown(counts: Sequence[ShownCount]) -> None:
    """Count again what was taken and could not be written."""
    with _lock:
        for one in counts:
            _add((one.day, one.offer_id, one.channel, one.place_id), (one.shown, one.clicked))


def book_shown(counts: Sequence[ShownCount]) -> int:
    """Add to the figures of days, by offer, channel and place, in one short transaction; return how many there were.

    Offers that are not there any more are left out.
    """
    with transaction.atomic():
        partners = dict(Offer.objects.filter(pk__in={one.offer_id for one in counts}).values_list("pk", "partner_id"))
        rows = sorted(
            (one.day, partners[one.offer_id], one.offer_id, one.channel[:16], one.place_id, one.shown, one.clicked)
            for one in counts
            if one.offer_id in partners
        )
        if rows:
            source, parameters = bulk.as_relation(ShownOffers, _NAMES, rows)
            bulk.execute(_ADD.format(source), parameters)
    return len(counts)


def _note(offer_ids: Iterable[int], channel: str, place_id: int | None, counted: tuple[int, int]) -> None:
    day = datetime.now(UTC).date()
    with _lock:
        for offer_id in offer_ids:
            _add((day, offer_id, channel, place_id or 0), counted)


def _add(key: _Key, counted: tuple[int, int]) -> None:
    figures = _counts.get(key)
    if figures is None:
        if len(_counts) >= MOST_KEPT:
            return
        figures = _counts[key] = [0, 0]
    figures[0] += counted[0]
    figures[1] += counted[1]
