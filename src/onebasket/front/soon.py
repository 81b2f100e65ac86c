"""How soon somebody can fetch something at a store: by its hours, on its own clock."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from onebasket.commerce.places.rules import hours_of
from onebasket.front import formats
from onebasket.front.stores import Store
from onebasket.kernel.clock import zone

DAYS_AHEAD = 7


def soon_at(store: Store, now: datetime) -> str:
    """Say from when or until when a store hands out; nothing where its hours are not known."""
    local = now.astimezone(zone(store.place.time_zone))
    clock, today = f"{local:%H:%M}", local.date()
    for ahead in range(DAYS_AHEAD):
        for opens, closes in hours_of(store.address.opening_hours, today + timedelta(days=ahead)):
            if ahead or clock < opens:
                day = formats.day(today + timedelta(days=ahead), today)
                return _("%(day)s from %(time)s") % {"day": day, "time": formats.wall_clock(opens)}
            if clock < closes:
                return _("Today until %(time)s") % {"time": formats.wall_clock(closes)}
    return ""
