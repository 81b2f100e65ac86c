"""Say where a picked order stands."""

from uuid import UUID

import msgspec
from django.db import transaction

from onebasket.base import outbox
from onebasket.base.clock import database_now
from onebasket.commerce.fulfilment.models import Staging
from onebasket.commerce.fulfilment.rules.messages import StagedNews
from onebasket.commerce.orders.queries.following import follow_order
from onebasket.commerce.orders.rules.life import Status
from onebasket.commerce.places.queries import places_by_code

_STANDS = frozenset({Status.PICKING, Status.READY})


class UnknownOrderError(Exception):
    """There is no such order to stage, or not at a place that the caller may see."""


def stage_order(order_id: UUID, spot: str, *, actor: str, places: frozenset[str] | None) -> None:
    """Note the spot at which a picked order stands; stated again, it was moved there.

    Raises:
        UnknownOrderError: there is no such order here, or nothing of it has been picked.
    """
    with transaction.atomic():
        order = follow_order(order_id, places=places)
        if order is None or order.status not in _STANDS:
            raise UnknownOrderError
        now = database_now()
        place = places_by_code([order.place])[order.place]
        where = spot.strip()[:40]
        said = {"place_id": place.id, "spot": where, "staged_by": actor, "staged_at": now}
        Staging.objects.update_or_create(order_id=order_id, defaults=said)
        data = msgspec.json.encode(StagedNews(str(order_id), order.place, where)).decode()
        outbox.record([outbox.News("order.staged", f"order/{order_id}", now, data, order.place)])
