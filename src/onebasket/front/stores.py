"""The chain's stores as a shopper picks them: by name, by town or postcode, and by how far they are."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from onebasket.commerce.places.queries import addresses_of, all_places, find_spots, nearest, search_places
from onebasket.commerce.places.rules import PlaceAddress, PlaceFacts, Spot, distance_metres, hours_of, is_open
from onebasket.kernel.clock import zone

REST_SECONDS = 10.0
"""For so long a process takes the stores as it last read them: they seldom change, and every page names some."""
MOST_SHOWN = 40
NOWHERE = PlaceAddress()


@dataclass(frozen=True, slots=True)
class Store:
    """A store with where it lies."""

    place: PlaceFacts
    address: PlaceAddress

    @property
    def name(self) -> str:
        """Return its name."""
        return self.place.name

    @property
    def code(self) -> str:
        """Return its code."""
        return self.place.code

    @property
    def spot(self) -> Spot | None:
        """Return where it lies on the map."""
        latitude, longitude = self.address.latitude, self.address.longitude
        return Spot(latitude, longitude) if latitude is not None and longitude is not None else None

    @property
    def line(self) -> str:
        """Return its address in one line."""
        town = " ".join(part for part in (self.address.region, self.address.postcode) if part)
        return ", ".join(part for part in (self.address.street, self.address.city, town) if part)

    def metres_to(self, other: "Store | None") -> int | None:
        """Return how far another store is; nothing where one of the two has no spot."""
        here, there = self.spot, other.spot if other else None
        return None if here is None or there is None else distance_metres(here, there)

    def hours_today(self, now: datetime) -> list[tuple[str, str]]:
        """Return from when to when it is open today, by its own clock."""
        return hours_of(self.address.opening_hours, now.astimezone(zone(self.place.time_zone)).date())

    def is_open(self, now: datetime) -> bool:
        """Whether it is open now."""
        return is_open(self.address.opening_hours, now, self.place.time_zone)


class Near(NamedTuple):
    """A store, and how far it is in metres where that is known."""

    store: Store
    metres: int | None


@dataclass(frozen=True, slots=True)
class Stores:
    """Every open store by its id, and the one that the shopper has chosen."""

    open: Mapping[int, Store]
    chosen: Store | None
    channel: str = "web"
    """By which channel its shopper buys: what is kept back from it, and which promotions hold on it."""

    def named(self, code: str) -> Store | None:
        """Return the open store of a code."""
        return next((store for store in self.open.values() if store.code == code), None)

    def by_distance(self, place_ids: Iterable[int]) -> list[Near]:
        """Return these stores, without the chosen one, the nearest to it first; those without a spot last, by code."""
        metres = _metres_from(self.chosen) if self.chosen else {}
        others = (store for identity in place_ids if (store := self.open.get(identity)) is not None)
        found = [Near(store, metres.get(store.place.id)) for store in others if store is not self.chosen]
        return sorted(found, key=lambda near: (near.metres is None, near.metres or 0, near.store.code))


@dataclass
class _Kept:
    until: float = 0.0
    open: Mapping[int, Store] | None = None
    metres: dict[int, Mapping[int, int | None]] = field(default_factory=dict)


_kept = _Kept()


def stores_for(place_code: str, channel: str = "web") -> Stores:
    """Return the open stores and the shopper's; a store that has closed since is chosen no more."""
    found = open_stores()
    chosen = next((store for store in found.values() if store.code == place_code), None) if place_code else None
    return Stores(found, chosen, channel)


def open_stores() -> Mapping[int, Store]:
    """Return every open store by its id, as read within the last seconds; two statements otherwise."""
    now = time.monotonic()
    if _kept.open is None or now >= _kept.until:
        places = [place for place in all_places() if place.active and place.kind == "store"]
        addresses = addresses_of(place.id for place in places)
        _kept.open = {place.id: Store(place, addresses.get(place.id, NOWHERE)) for place in places}
        _kept.until, _kept.metres = now + REST_SECONDS, {}
    return _kept.open


def _metres_from(chosen: Store) -> Mapping[int, int | None]:
    """Return how far every open store is from one, worked out once for as long as the stores are kept."""
    found = _kept.metres.get(chosen.place.id)
    if found is None:
        found = {identity: store.metres_to(chosen) for identity, store in open_stores().items()}
        _kept.metres[chosen.place.id] = found
    return found


def forget_stores() -> None:
    """Read the stores anew the next time."""
    _kept.open = None


def find_stores(stores: Stores, text: str) -> list[Near]:
    """Return the stores that a text means: those nearest to the town or postcode that it names, then those named so.

    Without a text those nearest to the chosen store, which comes first itself; where none is chosen all, as people
    count: 31 before 292. At most five statements.
    """
    if not text:
        return _all(stores)
    spots = find_spots(text)
    met = nearest(spots[0], limit=MOST_SHOWN) if spots else []
    met += search_places(text, limit=MOST_SHOWN)
    listed: dict[int, Near] = {}
    for one in met:
        if (store := stores.open.get(one.place.id)) is not None:
            listed.setdefault(one.place.id, Near(store, one.distance_metres))
    return list(listed.values())[:MOST_SHOWN]


def _all(stores: Stores) -> list[Near]:
    if stores.chosen is None:
        ordered: Sequence[Store] = sorted(stores.open.values(), key=lambda store: (_counted(store.name), store.code))
        return [Near(store, None) for store in ordered][:MOST_SHOWN]
    return [Near(stores.chosen, None), *stores.by_distance(stores.open)][:MOST_SHOWN]


def _counted(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in name.casefold().split()]
