"""What an order's tenders come to when it is handed over, cancelled, picked short, or something is returned.

Amounts are integers of the currency's minor unit. Tenders count in the order in which they were opened: the first pays
first, the last is lowered first and gets its money back first.
"""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from onebasket.commerce.payments.rules.life import BALANCES, Goal, Method, Status, Step, after

Kind = Literal["hand_over", "lower", "cancel"]


class Tender(msgspec.Struct, frozen=True, gc=False):
    """A payment as decisions see it; refunded <= captured <= authorised <= amount, and due <= amount.

    `lowered` is what refunds took off what was due before it was captured.
    """

    id: UUID
    number: int
    method: Method
    status: Status
    amount: int
    due: int
    authorised: int = 0
    captured: int = 0
    refunded: int = 0
    goal: Goal = Goal.NONE
    lowered: int = 0

    @property
    def taken(self) -> int:
        """Return what is captured of what is due: what is captured beyond it goes back by itself."""
        return min(self.captured, self.due)

    @property
    def most(self) -> int:
        """Return the most that can still be due on it."""
        if self.status is Status.REVERSED or self.goal is Goal.REVERSE:
            return 0
        if self.status is Status.CAPTURED:
            return self.captured
        if self.goal is Goal.CAPTURE:
            return self.due
        if self.method in BALANCES:
            return self.authorised
        return self.authorised if self.status is Status.AUTHORISED else self.amount


class Settled(msgspec.Struct, frozen=True, gc=False):
    """A tender as it stands then, and how much its balance is given back."""

    tender: Tender
    give_back: int = 0


class Settlement(msgspec.Struct, frozen=True):
    """The tenders that change, and what of the total no tender has paid at hand-over (a card refused, say)."""

    changed: tuple[Settled, ...]
    uncovered: int = 0


def plan_due(tenders: Sequence[Tender], total: int) -> dict[UUID, int]:
    """Return what is due on each tender of a total: the first pay whole, so the last are lowered first.

    What is captured already counts first and stays; what was given back by capturing less is due on none.
    """
    left = total - sum(one.lowered + one.taken for one in tenders)
    due: dict[UUID, int] = {}
    for one in sorted(tenders, key=lambda one: one.number):
        if one.status is Status.CAPTURED:
            due[one.id] = one.captured
        else:
            due[one.id] = min(one.most, max(0, left))
            left -= due[one.id]
    return due


def plan_settlement(tenders: Sequence[Tender], kind: Kind, total: int) -> Settlement:
    """Decide what becomes of an order's tenders.

    hand_over: what is due of `total` is captured, a card's by its provider later; the rest is let go. lower: the order
    comes to `total` now; balances get the rest back. cancel: everything is let go. Handed over once more, a card that
    is to be captured is due for no more than before.
    """
    due = plan_due(tenders, 0 if kind == "cancel" else total)
    settled = [_settle(one, kind, due[one.id]) for one in tenders]
    paid = sum(one.tender.due for one in settled if one.tender.status == Status.CAPTURED or one.tender.goal)
    given_back = sum(one.lowered for one in tenders)
    uncovered = max(0, total - given_back - paid) if tenders and kind == "hand_over" else 0
    changed = tuple(one for one, before in zip(settled, tenders, strict=True) if one.tender != before)
    return Settlement(changed, uncovered)


def _settle(one: Tender, kind: Kind, due: int) -> Settled:
    if one.status in {Status.CAPTURED, Status.REVERSED}:
        return Settled(one)
    if due == 0:
        return _let_go(one)
    if one.method is Method.CARD:
        asked = one.status in {Status.AUTHORISED, Status.UNKNOWN}
        goal = Goal.CAPTURE if kind == "hand_over" and asked else one.goal
        return Settled(msgspec.structs.replace(one, due=due, goal=goal))
    give_back = one.authorised - due if one.method in BALANCES else 0
    authorised = due if one.method in BALANCES or kind == "hand_over" else one.authorised
    if kind == "lower" or after(one.status, Step.CAPTURE) is None:
        return Settled(msgspec.structs.replace(one, due=due, authorised=authorised), give_back)
    captured = msgspec.structs.replace(one, due=due, authorised=authorised, captured=due, status=Status.CAPTURED)
    return Settled(captured, give_back)


def _let_go(one: Tender) -> Settled:
    """Let a tender go: at once where we keep the money ourselves or nobody was asked, else by the provider."""
    if one.method is Method.CARD and one.status in {Status.AUTHORISED, Status.UNKNOWN}:
        return Settled(msgspec.structs.replace(one, due=0, goal=Goal.REVERSE))
    give_back = one.authorised if one.method in BALANCES else 0
    return Settled(msgspec.structs.replace(one, due=0, status=Status.REVERSED, goal=Goal.NONE), give_back)


class RefundPart(msgspec.Struct, frozen=True, gc=False):
    """What one tender gets back; `is_lowered` where a card that is yet to be captured is captured for less instead."""

    payment: UUID
    method: Method
    amount: int
    is_lowered: bool = False


class TooMuch(msgspec.Struct, frozen=True):
    """More is asked back than was paid and not returned before; `soon` may be added once a capture is known."""

    refundable: int
    soon: int = 0


def plan_refund(tenders: Sequence[Tender], amount: int) -> tuple[RefundPart, ...] | TooMuch:
    """Split an amount over the original tenders in reverse order, each up to what is left of it; exact to the cent."""
    if (refundable := sum(map(refundable_of, tenders))) < amount:
        soon = sum(one.due for one in tenders if one.status is Status.UNKNOWN and one.goal is Goal.CAPTURE)
        return TooMuch(refundable, soon)
    parts = []
    left = amount
    for one in sorted(tenders, key=lambda one: -one.number):
        if part := min(left, refundable_of(one)):
            parts.append(RefundPart(one.id, one.method, part, one.status is Status.AUTHORISED))
            left -= part
    return tuple(parts)


def refundable_of(one: Tender) -> int:
    """Return how much of a tender can be given back."""
    if one.status is Status.CAPTURED:
        return one.captured - one.refunded
    return one.due if one.status is Status.AUTHORISED and one.goal is Goal.CAPTURE else 0


def refunded(one: Tender, part: RefundPart) -> Tender:
    """Return a tender as its part of a refund leaves it."""
    if not part.is_lowered:
        return msgspec.structs.replace(one, refunded=one.refunded + part.amount)
    due, lowered = one.due - part.amount, one.lowered + part.amount
    return msgspec.structs.replace(one, due=due, lowered=lowered, goal=Goal.CAPTURE if due else Goal.REVERSE)
