"""What came back of a sale before, and by which policy the rest does."""

from datetime import datetime
from typing import NamedTuple, cast

from django.db.models import F, Q

from onebasket.commerce.fulfilment.models import Return, ReturnPolicy
from onebasket.commerce.fulfilment.rules.messages import ALLOCATED, Policy


class Before(NamedTuple):
    """What the returns of a sale came to so far, tax included; `policy` is that of the first, None without any.

    `owed` is what the last one left for the next; `overridden`: an associate stated another amount in one of them.
    """

    total: int = 0
    policy: Policy | None = None
    owed: int = 0
    overridden: bool = False


def came_before(reference: str) -> Before:
    """Return what came back of a sale before; under the locks of its lines nobody changes it. One statement."""
    rows = Return.objects.filter(reference=reference).order_by("receipt_id")
    found = list(rows.values_list("total", "policy", "owed", "override"))
    if not found:
        return Before()
    return Before(sum(row[0] for row in found), cast("Policy", found[0][1]), found[-1][2], any(row[3] for row in found))


def policy_of(place: str, placed_at: datetime) -> Policy:
    """Return the policy that held at a place when an order was placed: its own before the chain's. One statement."""
    rows = ReturnPolicy.objects.filter(Q(place=None) | Q(place__code=place), set_at__lte=placed_at)
    ordered = rows.order_by(F("place_id").asc(nulls_last=True), "-set_at", "-id")
    own: dict[bool, str] = {}
    for of_place, policy in ordered.values_list("place_id", "policy"):
        own.setdefault(of_place is not None, policy)
    return cast("Policy", own.get(True) or own.get(False) or ALLOCATED)
