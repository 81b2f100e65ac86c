"""Say what a broken multi-buy pays back, of the orders that are placed from now on."""

from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.commerce.fulfilment.models import ReturnPolicy
from onebasket.commerce.fulfilment.rules.messages import ALLOCATED, REPRICE_KEPT
from onebasket.commerce.places.queries import places_by_code


class ReturnPolicyError(Exception):
    """The policy cannot be set; nothing was changed. Its text says why."""


def set_return_policy(policy: str, *, place: str = "", actor: str) -> None:
    """Set the chain's policy, or a place's own; an empty policy of a place is the chain's again.

    Raises:
        ReturnPolicyError: there is no such policy or place.
    """
    if policy not in {ALLOCATED, REPRICE_KEPT} and not (place and not policy):
        raise ReturnPolicyError(f"There is no policy {policy!r}: {ALLOCATED} or {REPRICE_KEPT}.")
    found = places_by_code([place]).get(place) if place else None
    if place and found is None:
        raise ReturnPolicyError(f"There is no place {place!r}.")
    with transaction.atomic():
        now = database_now()
        ReturnPolicy.objects.create(place_id=found.id if found else None, policy=policy, set_at=now, set_by=actor)
        trail.note_change(
            actor,
            action="return_policy.set",
            target=f"return-policy/{place or 'chain'}",
            at=now,
            place_code=place,
            detail={"policy": policy},
        )
