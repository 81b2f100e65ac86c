"""The chain's stores as a shopper picks them."""

from collections.abc import Mapping
from dataclasses import dataclass

from onebasket.channels.shop.visit import Visit
from onebasket.commerce.places.queries import all_places
from onebasket.commerce.places.rules import PlaceFacts

MOST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Stores:
    """Every open store by its id, and the one that the shopper has chosen."""

    open: Mapping[int, PlaceFacts]
    chosen: PlaceFacts | None

    def named(self, code: str) -> PlaceFacts | None:
        """Return the open store of a code."""
        return next((store for store in self.open.values() if store.code == code), None)


def stores_for(visit: Visit) -> Stores:
    """Return the open stores and the shopper's; a store that has closed since is chosen no more. One statement."""
    found = {place.id: place for place in all_places() if place.active and place.kind == "store"}
    chosen = next((place for place in found.values() if place.code == visit.place), None) if visit.place else None
    return Stores(found, chosen)


def search_stores(stores: Stores, text: str) -> list[PlaceFacts]:
    """Return the stores whose name or code holds every word, by name as people count: 31 before 292."""
    words = text.casefold().split()[:MOST_WORDS]
    found = [store for store in stores.open.values() if all(_holds(store, word) for word in words)]
    return sorted(found, key=lambda store: (_counted(store.name), store.code))


def _holds(store: PlaceFacts, word: str) -> bool:
    return word in store.name.casefold() or word in store.code.casefold()


def _counted(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in name.casefold().split()]
