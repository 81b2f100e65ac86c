"""Tokens that expire and rotate: when they are renewed, and what an answer with new ones says."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from onebasket.commerce.partners.gateways.iop.values import Fields, OddValueError
from onebasket.commerce.partners.rules.port import NotDone, Tokens

EARLY = timedelta(minutes=5)
"""So long before its end a token is renewed: while it is still good, nobody waits for a renewal that fails."""
_MOST_TOKEN = 500
_REMEMBERED = 64


def is_ending(tokens: Tokens, now: datetime) -> bool:
    """Whether the access token is to be renewed before it is used."""
    return not tokens.access or (tokens.access_until is not None and tokens.access_until - EARLY <= now)


def is_over(tokens: Tokens, now: datetime) -> bool:
    """Whether the access token is good for nothing any more."""
    return not tokens.access or (tokens.access_until is not None and tokens.access_until <= now)


def tokens_from(content: Mapping[str, Any], before: Tokens, now: datetime) -> Tokens:
    """Return the tokens that an answer states; what it leaves out stays as it was.

    Raises:
        OddValueError: it states none.
    """
    fields = Fields(content)
    access = fields.text("access_token", most=_MOST_TOKEN)
    if not access:
        raise OddValueError("token", "access_token: none is stated")
    rotated = fields.text("refresh_token", most=_MOST_TOKEN)
    lasting = _until(fields, "expires_in", "expire_time", now)
    renewable = _until(fields, "refresh_expires_in", "refresh_token_valid_time", now)
    return Tokens(access, rotated or before.refresh, lasting, renewable if rotated else before.refresh_until)


class Renewals:
    """Renews each refresh token once in this process: a rotating one is used up by its first use.

    Whoever else holds the old one, because it was read before the new one was kept, is given the same new ones.
    """

    def __init__(self) -> None:
        """Know of none."""
        self._lock = threading.Lock()
        self._turns: OrderedDict[bytes, _Turn] = OrderedDict()

    def renewed(
        self, owner: str, before: Tokens, renew: Callable[[], Tokens | NotDone], *, seconds: float
    ) -> Tokens | NotDone:
        """Return the tokens that come after those; `renew` is called where nobody did so before.

        Who finds another one at it waits for that one, for so many seconds at most.
        """
        if not before.refresh:
            return NotDone("there is no refresh token: the partner has to be authorised anew", "unauthorised")
        turn = self._turn(hashlib.sha256(f"{owner}\n{before.refresh}".encode()).digest())
        if not turn.lock.acquire(timeout=seconds):
            return NotDone("its tokens are just being renewed")
        try:
            if turn.tokens is not None and turn.tokens.access != before.access:
                return turn.tokens
            fresh = renew()
            if isinstance(fresh, Tokens):
                turn.tokens = fresh
            return fresh
        finally:
            turn.lock.release()

    def _turn(self, key: bytes) -> "_Turn":
        with self._lock:
            turn = self._turns.setdefault(key, _Turn())
            while len(self._turns) > _REMEMBERED:
                self._turns.popitem(last=False)
            return turn


class _Turn:
    """One refresh token: who is at it, and what came of it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.tokens: Tokens | None = None


def _until(fields: Fields, seconds: str, instant: str, now: datetime) -> datetime | None:
    """Return when something ends; how long it lasts comes first, since that asks nothing of the partner's clock."""
    lasting = fields.whole(seconds, most=10**9)
    return now + timedelta(seconds=lasting) if lasting is not None else fields.instant(instant)
