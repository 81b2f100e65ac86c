"""Let a basket be taken along: show a secret for it, and pass it to whoever shows that secret first.

The basket keeps its id, its lines and what it holds; it changes its source, so that the screen on which it was filled
can neither read nor change it any more.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from django.db import transaction

from onebasket.base import bulk, inbox, outbox
from onebasket.base.clock import ask_now, database_now
from onebasket.commerce.orders.actions.basket_world import Read, ask_world
from onebasket.commerce.orders.actions.basket_writing import write_baskets
from onebasket.commerce.orders.actions.secrets import pass_secret
from onebasket.commerce.orders.locking import ask_baskets
from onebasket.commerce.orders.models import Basket as BasketRow
from onebasket.commerce.orders.models import BasketPass
from onebasket.commerce.orders.rules.baskets import BasketStands
from onebasket.commerce.orders.rules.messages import OrderConflict
from onebasket.commerce.orders.rules.passing import (
    PASS_MINUTES,
    PassState,
    TakeBasket,
    TakeRefused,
    TakeUnknown,
    refuse_take,
)
from onebasket.commerce.orders.rules.secrets import digest
from onebasket.kernel.identity import fingerprint

TakeOutcome = BasketStands | TakeRefused | TakeUnknown | OrderConflict
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(BasketStands | TakeRefused).decode


class TakeCall(NamedTuple):
    """A request, and the source that takes the basket along."""

    source_id: int
    request: TakeBasket


class PassShown(NamedTuple):
    """The secret that takes a basket along, and until when."""

    secret: str
    expires_at: datetime


def show_pass(source_id: int, basket: UUID) -> PassShown | None:
    """Return a new secret that takes a source's open basket along; it revokes the one shown before.

    None where the source has no such basket, or it is not open. Owns its transaction.
    """
    with transaction.atomic():
        now = database_now()
        ask_baskets([basket]).rows()  # locked, so that nobody takes it along meanwhile
        if not BasketRow.objects.filter(pk=basket, source_id=source_id, state=BasketRow.State.OPEN).exists():
            return None
        before = BasketPass.objects.filter(pk=basket).values_list("generation", flat=True).first() or 0
        secret = pass_secret(basket, before + 1)
        until = now + timedelta(minutes=PASS_MINUTES)
        stated = {"generation": before + 1, "digest": digest(secret), "made_at": now, "expires_at": until}
        BasketPass.objects.update_or_create(pk=basket, defaults=stated | {"taken_at": None})
    return PassShown(secret, until)


def take_baskets(calls: Sequence[TakeCall]) -> list[TakeOutcome]:
    """Pass baskets to the sources that ask, one after the other: the first one has it, every later one is refused.

    What nobody was shown is unknown, which is not stored.
    """
    with bulk.batch():
        claims = [inbox.Claim(c.source_id, c.request.key, fingerprint(c.request)) for c in calls]
        claimed = inbox.claim("take", claims)
        fresh = {position: calls[position] for position in sorted(claimed.fresh)}
        baskets = set(_baskets_of({call.request.digest for call in fresh.values()}).values())
        clock, reading = ask_now(), ask_world(baskets)
        now = clock()
        read = reading(now)
        # Read again under the baskets' locks: what was taken meanwhile is told so.
        passes = _passes(baskets)
        unknown: dict[int, TakeOutcome] = {
            position: TakeUnknown(call.request.digest)
            for position, call in fresh.items()
            if call.request.digest not in passes
        }
        inbox.unclaim([claimed.fresh[position] for position in unknown])
        theirs = {position: call for position, call in fresh.items() if position not in unknown}
        decided = _decide_all(theirs, passes, read, now=now)
        inbox.settle({claimed.fresh[p]: _encode(outcome).decode() for p, outcome in decided.items()})
        return inbox.answer(
            claimed, {**decided, **unknown}, count=len(calls), decode=_decode, conflict=lambda _: OrderConflict()
        )


def _decide_all(
    calls: Mapping[int, TakeCall], passes: Mapping[str, PassState], read: Read, *, now: datetime
) -> dict[int, BasketStands | TakeRefused]:
    decided: dict[int, BasketStands | TakeRefused] = {}
    kept = dict(passes)
    taken: dict[UUID, int] = {}
    for position, call in calls.items():
        one = kept[call.request.digest]
        basket = read.baskets[one.basket]
        if refused := refuse_take(one, state=basket.state, now=now):
            decided[position] = refused
            continue
        kept[call.request.digest] = msgspec.structs.replace(one, taken=True)
        basket.source_id, taken[basket.id] = call.source_id, call.source_id
        basket.version += 1
        decided[position] = basket.stands()
    with outbox.gathering():
        write_baskets([read.baskets[identity] for identity in taken], now=now)
    for identity, source in taken.items():
        BasketRow.objects.filter(pk=identity).update(source_id=source)
    BasketPass.objects.filter(pk__in=taken).update(taken_at=now)
    return decided


def _baskets_of(digests: set[str]) -> dict[str, UUID]:
    return dict(BasketPass.objects.filter(digest__in=digests).values_list("digest", "basket_id"))


def _passes(baskets: set[UUID]) -> dict[str, PassState]:
    rows = BasketPass.objects.filter(pk__in=baskets).values_list("basket_id", "digest", "expires_at", "taken_at")
    return {stated: PassState(basket, stated, until, taken is not None) for basket, stated, until, taken in rows}
