"""Baskets that wait to be taken along: as whoever was shown the secret sees one, and whether it has gone."""

from datetime import datetime
from uuid import UUID

from onebasket.base.clock import database_now
from onebasket.commerce.orders.models import BasketPass
from onebasket.commerce.orders.queries.baskets import read_basket
from onebasket.commerce.orders.rules.baskets import BasketStands
from onebasket.commerce.orders.rules.passing import PassState, TakeRefused, refuse_take
from onebasket.commerce.orders.rules.secrets import digest


def basket_to_take(secret: str, *, now: datetime) -> BasketStands | TakeRefused | None:
    """Return the basket that a secret takes along, or why it cannot be taken; None where nobody was shown this."""
    found = (
        BasketPass.objects.filter(digest=digest(secret))
        .values_list("basket_id", "digest", "expires_at", "taken_at", "basket__source_id", "basket__state")
        .first()
    )
    if found is None:
        return None
    basket, stated, until, taken, source, state = found
    if refused := refuse_take(PassState(basket, stated, until, taken is not None), state=state, now=now):
        return refused
    return read_basket(source, basket, now=now)


def was_taken(basket: UUID) -> bool:
    """Whether a basket was taken along by the secret shown last; one statement."""
    return BasketPass.objects.filter(pk=basket, taken_at__isnull=False).exists()


def waits_to_be_taken(basket: UUID) -> bool:
    """Whether somebody may still take the basket along: then it is not given back when its screen is left."""
    return BasketPass.objects.filter(pk=basket, taken_at__isnull=True, expires_at__gt=database_now()).exists()
