"""What follows places that changed: their slots, which lie elsewhere in another time zone."""

from collections.abc import Sequence

import msgspec

from onebasket.base.clock import database_now
from onebasket.base.subscriptions import Heard
from onebasket.commerce.places.rules import PlaceChanged
from onebasket.commerce.slots.actions import follow_places

PLACES = "place.changed"
_place = msgspec.json.Decoder(PlaceChanged).decode


def follow(events: Sequence[Heard]) -> None:
    """Let slots follow their places."""
    follow_places({_place(event.data).code for event in events}, now=database_now())
