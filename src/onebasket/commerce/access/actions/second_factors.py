"""Taking a second factor away from somebody who lost it: the next log-in asks for a new one where the role wants it."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.commerce.access.actions.sources import AccessError
from onebasket.commerce.access.models import User


def reset_second_factor(username: str, *, actor: str) -> None:
    """Remove a user's second factor and recovery codes, with a trail entry.

    Raises:
        AccessError: there is no such user, or they have none.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().filter(username=username).first()
        if user is None:
            raise AccessError(f"There is no user {username!r}.")
        removed, _ = Authenticator.objects.filter(user=user).delete()
        if not removed:
            raise AccessError(f"{username} has no second factor. Nothing was changed.")
        trail.note_change(actor, action="user.second_factor_reset", target=f"user/{username}", at=database_now())
