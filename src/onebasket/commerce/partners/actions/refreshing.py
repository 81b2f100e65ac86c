"""Single offers asked for again when what is kept of them is too old to be sold: within seconds, or not at all.

A shopper waits for this. So all partners are asked at once, one deadline bounds the whole, and a partner that was
silent just now, or is being asked by many already, counts as silent without being asked.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import Future, wait
from typing import NamedTuple

from django.db import connection

from onebasket.base.clock import database_now
from onebasket.base.outside import require_no_transaction
from onebasket.base.sealing import UnsealableError
from onebasket.commerce.partners.actions.importing import state_offers
from onebasket.commerce.partners.actions.opening import keep_tokens, open_gateway
from onebasket.commerce.partners.models import Partner
from onebasket.commerce.partners.queries.offers import offers_by_id
from onebasket.commerce.partners.rules.port import Capability, Gateway, Lost, OfferStated, Trouble

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 4
"""So many requests of one process ask one partner at a time: the others do not queue behind a slow one."""
REST_SECONDS = 10.0
"""For so long a partner that gave no answer is not asked again."""

Place = tuple[int, str]
"""A partner, and its address: at another one it is asked again."""
Answer = tuple[OfferStated, ...] | Trouble


class Refreshed(NamedTuple):
    """How many offers were asked for, how many changed, and the ids of those that nobody could be asked about."""

    asked: int
    changed: int
    silent: frozenset[int]


class _Asked(NamedTuple):
    """A partner that is being asked: its gateway, offers by its own references, and the answer to come."""

    place: Place
    gateway: Gateway
    ids: dict[str, int]
    answer: "Future[Answer]"


def refresh_offers(ids: Collection[int], *, seconds: float = 2.0) -> Refreshed:
    """Ask partners what single offers cost now, and write what they say; outside any transaction.

    `seconds` bounds the whole of it. What is kept of an offer in `silent` stays as it was, and as old.
    """
    require_no_transaction()
    until = time.monotonic() + seconds
    by_partner: dict[int, dict[str, int]] = {}
    for offer in offers_by_id(ids).values():
        by_partner.setdefault(offer.partner_id, {})[offer.reference] = offer.id
    places = Partner.objects.filter(pk__in=by_partner).values_list("pk", "endpoint") if by_partner else []
    begun = [_ask(place, by_partner[place[0]], until) for place in places]
    asked = [one for one in begun if one is not None]
    if asked and connection.vendor == "postgresql":
        connection.close()  # the pool is smaller than the number of threads that may wait for a partner
    wait([one.answer for one in asked], max(0.0, until - time.monotonic()))
    heard: set[int] = set()
    changed = 0
    for one in asked:
        stated = _heard(one)
        if stated:
            written = state_offers(one.place[0], stated, now=database_now())
            changed += written.changed + written.ended
            heard |= {one.ids[each.reference] for each in stated}
    return Refreshed(sum(len(one.ids) for one in asked), changed, frozenset(set(ids) - heard))


def _ask(place: Place, ids: dict[str, int], until: float) -> _Asked | None:
    """Begin to ask a partner; None where it cannot be asked, or should be left alone."""
    try:
        gateway = open_gateway(place[0])
    except (KeyError, UnsealableError, Partner.DoesNotExist) as error:
        logger.warning("partner %s: its gateway cannot be opened: %s", place[0], type(error).__name__)
        return None
    if Capability.DETAILS not in gateway.capabilities or not _PATIENCE.enter(place):
        return None
    asked = _Asked(place, gateway, ids, Future())
    # A thread for each, not a pool: one that hangs in the look-up of a name keeps no other from being asked.
    threading.Thread(target=_answer, args=(asked, until), name="refresh", daemon=True).start()
    return asked


def _answer(asked: _Asked, until: float) -> None:
    """Ask, in a thread of its own that touches no database."""
    answer: Answer = Lost("the gateway failed")
    try:
        answer = asked.gateway.read_offers(tuple(asked.ids), seconds=max(0.0, until - time.monotonic()))
    except Exception:
        logger.exception("partner %s: the gateway failed", asked.place[0])
    finally:
        _PATIENCE.leave(asked.place, answered=isinstance(answer, tuple))
        asked.answer.set_result(answer)


def _heard(asked: _Asked) -> Sequence[OfferStated]:
    """Return what a partner said in time of what it was asked for; nothing where it did not."""
    if not asked.answer.done():
        _PATIENCE.rest(asked.place)
        return ()
    keep_tokens(asked.place[0], asked.gateway)
    answer = asked.answer.result()
    if not isinstance(answer, tuple):
        logger.warning("partner %s: offers could not be refreshed: %s", asked.place[0], answer.reason)
        return ()
    return [offer for offer in answer if offer.reference in asked.ids]


class _Patience:
    """How this process bears with its partners: few requests at a time, none for a while after silence."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asking: Counter[Place] = Counter()
        self._resting: dict[Place, float] = {}

    def enter(self, place: Place) -> bool:
        """Say that a partner is being asked; False where it is to be left alone."""
        with self._lock:
            rests = self._resting.get(place, 0.0) > time.monotonic()
            if rests or self._asking[place] >= MOST_AT_ONCE:
                return False
            self._asking[place] += 1
            return True

    def leave(self, place: Place, *, answered: bool) -> None:
        """Say that it is asked no more."""
        with self._lock:
            self._asking[place] -= 1
            if answered:
                self._resting.pop(place, None)
        if not answered:
            self.rest(place)

    def rest(self, place: Place) -> None:
        """Leave a partner alone for a while."""
        with self._lock:
            self._resting[place] = time.monotonic() + REST_SECONDS


_PATIENCE = _Patience()
