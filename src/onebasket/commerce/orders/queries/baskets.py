"""Baskets as shop fronts read them: how one stands, in three statements."""

from datetime import datetime
from uuid import UUID

from django.db.models import F

from onebasket.commerce.orders.models import Basket, BasketLine
from onebasket.commerce.orders.rules.baskets import BasketLineState, BasketStands
from onebasket.commerce.places.queries import places_by_id

_HEAD = (
    "id", "version", "state", "place_id", "channel", "held_since", "held_until", "slot_id", "coupons", "loyalty_number",
)  # fmt: skip


def read_basket(
    source_id: int, identity: UUID, *, now: datetime, places: frozenset[str] | None = None
) -> BasketStands | None:
    """Return how a source's basket stands at an instant; None where there is none that it may see.

    What has expired is not held any more; the next change holds it anew.
    """
    head = Basket.objects.filter(pk=identity, source_id=source_id).values(*_HEAD).first()
    if head is None:
        return None
    place = places_by_id([head["place_id"]])[head["place_id"]]
    if places is not None and place.code not in places:
        return None
    over = head["held_until"] is not None and head["held_until"] <= now
    rows = BasketLine.objects.filter(basket_id=identity).order_by("number")
    lines = rows.values_list(F("product__sku"), "quantity", "held")
    return BasketStands(
        id=head["id"],
        version=head["version"],
        state=head["state"],
        place=place.code,
        channel=head["channel"],
        currency=place.currency,
        lines=tuple(BasketLineState(sku, quantity, 0 if over else held) for sku, quantity, held in lines),
        held_since=head["held_since"],
        held_until=head["held_until"],
        slot=head["slot_id"],
        coupons=tuple(head["coupons"]),
        loyalty_number=head["loyalty_number"],
    )
