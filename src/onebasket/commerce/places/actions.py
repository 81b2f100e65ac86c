"""State changes of places."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from onebasket.base import bulk, outbox
from onebasket.commerce.access.actions.intake import take_in
from onebasket.commerce.access.rules import CREATED, UNCHANGED, UPDATED, ItemOutcome, invalid
from onebasket.commerce.places import queries
from onebasket.commerce.places.models import Place
from onebasket.commerce.places.rules import PlaceChanged, PlaceItem, place_problem, stated_place

_NAMES = PlaceChanged.__struct_fields__


def upsert_places(source_id: int, items: Sequence[PlaceItem]) -> list[ItemOutcome]:
    """Make or change places, one transaction for the batch; return one outcome for each item, in order.

    The same key again returns the first outcome. A place's currency cannot change once it exists.
    """
    return take_in("place", source_id, items, book="places", decide=_decide)


def _decide(items: Sequence[PlaceItem], now: datetime) -> list[ItemOutcome]:
    before = _load({item.code for item in items})
    places = dict(before)
    outcomes = []
    news = []
    for item in items:
        known = places.get(item.code)
        if problem := place_problem(item, known):
            outcomes.append(invalid(problem))
            continue
        stated = stated_place(item)
        if stated == known:
            outcomes.append(UNCHANGED)
            continue
        places[item.code] = stated
        outcomes.append(CREATED if known is None else UPDATED)
        data = msgspec.json.encode(stated).decode()
        news.append(outbox.News("place.changed", f"place/{item.code}", now, data, place_code=item.code))
    _write(before, places)
    outbox.record(news)
    return outcomes


def _load(codes: set[str]) -> dict[str, PlaceChanged]:
    return {place.code: place for place in queries.stated_places(codes)}


def _write(before: dict[str, PlaceChanged], after: dict[str, PlaceChanged]) -> None:
    fresh = [msgspec.structs.astuple(after[code]) for code in sorted(after.keys() - before.keys())]
    changed = [msgspec.structs.astuple(after[code]) for code in sorted(before) if before[code] != after[code]]
    bulk.insert(Place, _NAMES, fresh)
    bulk.update_guarded(Place, _NAMES[:1], _NAMES[1:], changed)
