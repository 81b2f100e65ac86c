"""Enrolling sources, issuing and revoking their tokens; every change leaves a trail entry."""

import secrets
from datetime import datetime

import msgspec
from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.commerce.access.models import Source, Token
from onebasket.commerce.access.rules import EVERY_PLACE, code_problem, scopes_problem, token_digest

_RANDOM_BYTES = 32
_LONGEST_NAME = 120


class AccessError(Exception):
    """What was asked about users, sources or tokens cannot be done; the message says why and what to do."""


class TokenRequest(msgspec.Struct, frozen=True):
    """A token to issue: the code of its source, what for, where (`("*",)` is every place), until when."""

    source: str
    name: str
    scopes: tuple[str, ...]
    places: tuple[str, ...]
    expires_at: datetime | None = None


def enrol_source(code: str, *, actor: str, name: str = "") -> int:
    """Enrol one till, store or partner system and return its id.

    Raises:
        AccessError: the code is not fit, or was enrolled before; a replaced machine enrols under a new one.
    """
    if problem := code_problem(code) or _name_problem(name):
        raise AccessError(problem)
    with transaction.atomic():
        now = database_now()
        source, fresh = Source.objects.get_or_create(code=code, defaults={"name": name, "created_at": now})
        if not fresh:
            raise AccessError(f"The source {code} was enrolled before. A replaced machine enrols under a new code.")
        trail.note_change(actor, action="source.enrol", target=f"source/{code}", at=now, detail={"name": name})
    return source.pk


def set_source_active(code: str, *, active: bool, actor: str) -> None:
    """Close a source, so that none of its tokens opens anything, or open it again.

    Raises:
        AccessError: nobody enrolled this code.
    """
    with transaction.atomic():
        source = _lock_source(code)
        if source.active == active:
            return
        source.active = active
        source.save(update_fields=["active"])
        action = "source.open" if active else "source.close"
        trail.note_change(actor, action=action, target=f"source/{code}", at=database_now())


def issue_token(request: TokenRequest, *, actor: str) -> tuple[int, str]:
    """Issue a token; return its id and its secret text, which is shown this once and kept only as a digest.

    Whether the places exist is for the caller to see to: they are known further up.

    Raises:
        AccessError: unknown or closed source, unknown scope, no place, or an expiry in the past.
    """
    if (
        problem := scopes_problem(request.scopes)
        or _places_problem(request.places)
        or _token_name_problem(request.name)
    ):
        raise AccessError(problem)
    secret = f"ob_{secrets.token_urlsafe(_RANDOM_BYTES)}"
    with transaction.atomic():
        now = database_now()
        source = _lock_source(request.source)
        if not source.active:
            raise AccessError(f"The source {request.source} is closed. Open it before a token is issued to it.")
        if request.expires_at is not None and request.expires_at <= now:
            raise AccessError("The token would expire before it is used: give an expiry in the future.")
        token = Token.objects.create(
            source=source,
            name=request.name,
            digest=token_digest(secret),
            scopes=sorted(set(request.scopes)),
            places=[EVERY_PLACE] if EVERY_PLACE in request.places else sorted(set(request.places)),
            created_at=now,
            created_by=actor,
            expires_at=request.expires_at,
        )
        detail = {"source": request.source, "name": request.name, "scopes": token.scopes, "places": token.places}
        trail.note_change(actor, action="token.issue", target=f"token/{token.pk}", at=now, detail=detail)
    return token.pk, secret


def revoke_token(token_id: int, *, actor: str) -> bool:
    """Revoke a token for ever; False when it was revoked before.

    Raises:
        AccessError: there is no such token.
    """
    with transaction.atomic():
        token = Token.objects.select_for_update().filter(pk=token_id).first()
        if token is None:
            raise AccessError(f"There is no token {token_id}.")
        if token.revoked_at is not None:
            return False
        token.revoked_at = database_now()
        token.save(update_fields=["revoked_at"])
        trail.note_change(actor, action="token.revoke", target=f"token/{token_id}", at=token.revoked_at)
    return True


def _lock_source(code: str) -> Source:
    source = Source.objects.select_for_update().filter(code=code).first()
    if source is None:
        raise AccessError(f"Nobody enrolled a source {code!r}. Enrol it first.")
    return source


def _places_problem(places: tuple[str, ...]) -> str:
    if not places:
        return "A token is bound to places: name their codes, or * for every place."
    unfit = [code for code in places if code != EVERY_PLACE and code_problem(code)]
    return f"{unfit[0]!r} is no place code. {code_problem(unfit[0])}" if unfit else ""


def _token_name_problem(name: str) -> str:
    return _name_problem(name) if name.strip() else "A token needs a name, so that people know what it is for."


def _name_problem(name: str) -> str:
    return f"A name has at most {_LONGEST_NAME} characters." if len(name) > _LONGEST_NAME or "\x00" in name else ""
