"""Making and changing the people who sign in; every change leaves a trail entry."""

import secrets

import msgspec
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.commerce.access.actions.sources import AccessError
from onebasket.commerce.access.models import User
from onebasket.commerce.access.rules import SHOPPER, binding_problem

_RANDOM_BYTES = 15
_APART = "A shopper's account and one of the chain's people never turn into each other: make another account."


class UserRequest(msgspec.Struct, frozen=True):
    """A person to let in: a role, and for a store role the codes of its places. Without a password one is made."""

    username: str
    role: str
    places: tuple[str, ...] = ()
    password: str | None = None


class CreatedUser(msgspec.Struct, frozen=True):
    """A user that was made; `password` is shown this once, and only when it was made here."""

    id: int
    username: str
    password: str | None


def create_user(request: UserRequest, *, actor: str) -> CreatedUser:
    """Make a user who may sign in to the back office.

    Raises:
        AccessError: the name is taken or unfit, the role or its places are, or the password is too weak.
    """
    user = User(username=request.username, role=request.role, places=sorted(set(request.places)), is_staff=True)
    if problem := _username_problem(user) or binding_problem(request.role, request.places):
        raise AccessError(problem)
    made = None if request.password else secrets.token_urlsafe(_RANDOM_BYTES)
    user.password = _hashed(request.password or made or "", user)
    with transaction.atomic():
        if User.objects.filter(username__iexact=user.username).exists():
            raise AccessError(f"There is a user {user.username} already. Choose another name.")
        user.save(force_insert=True)
        detail = {"role": user.role, "places": user.places}
        trail.note_change(
            actor, action="user.create", target=f"user/{user.username}", at=database_now(), detail=detail
        )  # fmt: skip
    return CreatedUser(user.pk, user.username, made)


def change_user(username: str, *, role: str, places: tuple[str, ...] = (), active: bool = True, actor: str) -> None:
    """Set a user's role, places and whether they may sign in; a shopper's role stays what it is.

    Raises:
        AccessError: no such user, or the role and places do not go together.
    """
    if role != SHOPPER and (problem := binding_problem(role, places)):
        raise AccessError(problem)
    with transaction.atomic():
        user = _lock_user(username)
        if (user.role == SHOPPER) != (role == SHOPPER) or (role == SHOPPER and places):
            raise AccessError(_APART)
        before = {"role": user.role, "places": user.places, "active": user.is_active}
        after = {"role": role, "places": sorted(set(places)), "active": active}
        if before == after:
            return
        user.role, user.places, user.is_active = role, sorted(set(places)), active
        user.save(update_fields=["role", "places", "is_active"])
        detail = {"before": before, "after": after}
        trail.note_change(actor, action="user.change", target=f"user/{username}", at=database_now(), detail=detail)


def set_password(username: str, *, actor: str, password: str | None = None) -> str | None:
    """Give a user a new password; return it, this once, when it was made here.

    Raises:
        AccessError: no such user, or the password is too weak.
    """
    made = None if password else secrets.token_urlsafe(_RANDOM_BYTES)
    hashed = _hashed(password or made or "", User(username=username))
    with transaction.atomic():
        user = _lock_user(username)
        if user.role == SHOPPER:
            raise AccessError("Shoppers set their own password: the log-in page sends them a link.")
        user.password = hashed
        user.save(update_fields=["password"])
        trail.note_change(actor, action="user.password", target=f"user/{username}", at=database_now())
    return made


def _lock_user(username: str) -> User:
    user = User.objects.select_for_update().filter(username=username).first()
    if user is None:
        raise AccessError(f"There is no user {username!r}.")
    return user


def _username_problem(user: User) -> str:
    try:
        user.clean_fields(exclude=["password", "role", "places"])
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _hashed(password: str, user: User) -> str:
    """Hash outside any transaction: Argon2 takes tens of milliseconds on purpose."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise AccessError(" ".join(error.messages)) from error
    return make_password(password)
