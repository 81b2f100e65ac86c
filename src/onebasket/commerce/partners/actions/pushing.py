"""Pushes: kept once when they are signed as they should be; a worker then asks for what they speak of.

What a push says is never believed. It says when to ask, so nothing that is forged, old, doubled or out of order can
move anything.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Literal

import msgspec

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.base.outside import require_no_transaction, run
from onebasket.base.sealing import UnsealableError
from onebasket.commerce.partners.actions import calling
from onebasket.commerce.partners.actions.calling import call_partner, leased
from onebasket.commerce.partners.actions.oddities import Odd, keep_odd
from onebasket.commerce.partners.actions.opening import open_gateway
from onebasket.commerce.partners.actions.refreshing import refresh_offers
from onebasket.commerce.partners.locking.parts import lock_part
from onebasket.commerce.partners.models import Partner, PartnerCursor, PartnerPart, ReceivedPush, TheirOrder
from onebasket.commerce.partners.queries.offers import offers_of
from onebasket.commerce.partners.rules.asking import wait_after
from onebasket.commerce.partners.rules.commissions import SWEEPS
from onebasket.commerce.partners.rules.parts import Status
from onebasket.commerce.partners.rules.port import Capability, Forged, OddItem, PushStated, Refused, Trouble
from onebasket.commerce.partners.rules.port import TheirOrder as Stated

Taken = Literal["kept", "known", "odd", "forged", "unknown_partner", "unavailable"]
"""What became of a push."""
AT_ONCE = 50
MOST_FAILURES = 10
LONGEST_KEY = 80
KIND = "push"
_NAMES = (
    "partner", "key", "kind", "reference", "status", "occurred_at", "received_at", "done_at", "failures", "next_at",
)  # fmt: skip
_encode = msgspec.json.Encoder().encode


def take_push(partner: str, headers: Mapping[str, str], body: bytes) -> Taken:
    """Keep a push of a partner, by code, once; header names are lower-case. What is signed but odd is for people."""
    found = Partner.objects.filter(code=partner, active=True).values_list("pk", flat=True).first()
    if found is None:
        return "unknown_partner"
    try:
        gateway = open_gateway(found)
    except (UnsealableError, KeyError):
        return "unavailable"
    if Capability.PUSHES not in gateway.capabilities:
        return "unknown_partner"
    stated = gateway.read_push(headers, body)
    if isinstance(stated, Forged):
        return "forged"
    if isinstance(stated, OddItem):
        odd = Odd(found, KIND, stated.reference, stated.reason, stated.explanation, stated.content)
        run(lambda: keep_odd([odd], now=database_now()))
        return "odd"
    return "kept" if run(partial(_keep, found, stated)) else "known"


def note_forged(partner: str, times: int) -> None:
    """Tell people that somebody sends pushes in a partner's name which it did not sign."""
    found = Partner.objects.filter(code=partner).values_list("pk", flat=True).first()
    if found is not None:
        said = f"{times} pushes in a row from one address were not signed by the partner; nothing was done about them."
        run(lambda: keep_odd([Odd(found, KIND, "", "forged", said)], now=database_now()))


def _keep(partner_id: int, stated: PushStated) -> bool:
    now = database_now()
    is_open = stated.kind != "other"
    row = (
        partner_id, _name(stated.key), stated.kind, _plain(stated.reference)[:64], _plain(stated.status)[:64],
        stated.occurred_at, now, None if is_open else now, 0, now if is_open else None,
    )  # fmt: skip
    return bool(bulk.insert_missing(ReceivedPush, _NAMES, [row], ("id",)))


def _name(key: str) -> str:
    """Return a key as it is kept: one that is too long by its digest."""
    plain = _plain(key)
    return plain if len(plain) <= LONGEST_KEY else sha256(plain.encode()).hexdigest()


def _plain(text: str) -> str:
    return text.replace("\x00", "")


def look_into_pushes(limit: int = AT_ONCE) -> int:
    """Ask for what the pushes that came speak of; return how many were looked into."""
    require_no_transaction()
    due = ReceivedPush.objects.filter(next_at__lte=database_now()).order_by("next_at", "pk")
    return sum(_look_into(identity) for identity in list(due.values_list("pk", flat=True)[:limit]))


def _look_into(identity: int) -> int:
    push = run(partial(_claim, identity))
    if push is None:
        return 0
    _BY_KIND.get(push.kind, _done)(push)
    return 1


def _claim(identity: int) -> ReceivedPush | None:
    """Take a push, unless another worker was faster."""
    now = database_now()
    row = ReceivedPush.objects.filter(pk=identity, next_at__lte=now).first()
    if row is None:
        return None
    mine = ReceivedPush.objects.filter(pk=identity, next_at=row.next_at).update(next_at=leased(now))
    return row if mine else None


def _done(push: ReceivedPush) -> None:
    ReceivedPush.objects.filter(pk=push.pk).update(done_at=database_now(), next_at=None)


def _order(push: ReceivedPush) -> None:
    """Let the part that an order serves be asked about now; find out about one that we do not know."""
    if not run(partial(_wake, push)):
        ask = partial(_read, push.reference)
        until = database_now() + timedelta(seconds=calling.PATIENCE.start)
        answer: Stated | Refused | Trouble = call_partner(push.partner_id, ask, not_after=until)
        run(partial(_unknown, push, answer))


def _read(reference: str, gateway: object) -> Stated | Refused | Trouble:
    return gateway.read_order(reference, seconds=calling.PATIENCE.read)  # type: ignore[attr-defined,no-any-return] # a Gateway


def _wake(push: ReceivedPush) -> bool:
    known = TheirOrder.objects.filter(partner_id=push.partner_id, reference=push.reference)
    part = known.values_list("part_id", flat=True).first()
    if part is None:
        return False
    row = lock_part(part)
    if row.status in {Status.PLACED, Status.SHIPPED}:
        row.next_at = database_now()
        row.save(update_fields=["next_at"])
    _done(push)
    return True


def _unknown(push: ReceivedPush, answer: Stated | Refused | Trouble) -> None:
    """Say what an order is that we do not know: of a part that is being placed, or one that nobody asked for."""
    now = database_now()
    if isinstance(answer, Trouble) and push.failures + 1 < MOST_FAILURES:
        failures = push.failures + 1
        ReceivedPush.objects.filter(pk=push.pk).update(failures=failures, next_at=now + wait_after(failures))
        return
    if isinstance(answer, Stated):
        found = PartnerPart.objects.filter(ours=answer.ours, partner_id=push.partner_id)
        status = found.values_list("status", flat=True).first()
        # One without our reference is a referred shopper's own; one that is being placed is told of in a moment.
        if not answer.ours or status in {Status.DUE, Status.UNKNOWN}:
            _done(push)
            return
        said = "The partner has an order that we did not find in its answer: was it ordered twice?"
        reason = "unexpected_order" if status is not None else "unknown_order"
    else:
        said = f"The partner told of an order that it does not show: {answer.__class__.__name__}."
        reason = "order_not_known"
    keep_odd([Odd(push.partner_id, KIND, push.reference, reason, said, _encode(answer).decode())], now=now)
    _done(push)


def _offer(push: ReceivedPush) -> None:
    """Ask what an offer of ours is like now; one that we do not list is left for the catalogue."""
    known = offers_of(push.partner_id, [push.reference])
    if known:
        refresh_offers([known[push.reference].id], seconds=calling.PATIENCE.read)
    _done(push)


def _commission(push: ReceivedPush) -> None:
    """Let commission be read soon, of whatever age: a push does not say when a line was bought."""
    now = database_now()
    resting = PartnerCursor.objects.filter(partner=push.partner_id, failures=0, next_at__gt=now)
    for sweep in SWEEPS:
        read_at = resting.filter(kind=sweep.kind).values_list("moved_at", flat=True).first()
        soon = max(now, read_at + sweep.pushed) if read_at else now
        # One that could not be read is left alone for as long as it is.
        resting.filter(kind=sweep.kind, next_at__gt=soon).update(next_at=soon)
    _done(push)


_BY_KIND: dict[str, Callable[[ReceivedPush], None]] = {
    "order": _order,
    "offer": _offer,
    "commission": _commission,
}
