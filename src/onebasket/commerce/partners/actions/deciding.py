"""What people decide about parts that are held up, with who did it in the trail."""

from collections import Counter
from enum import StrEnum
from uuid import UUID

from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions.taking_in import (
    AMOUNTS,
    Case,
    case_of,
    live_orders,
    lower_lines,
    owe_what_is_charged,
    refuse,
)
from onebasket.commerce.partners.actions.telling import MOVED, NotPossibleError, move, tell
from onebasket.commerce.partners.locking.parts import lock_part
from onebasket.commerce.partners.models import PartnerPart
from onebasket.commerce.partners.rules.asking import poll_seconds
from onebasket.commerce.partners.rules.parts import Status, Step
from onebasket.commerce.partners.rules.policy import Reason, share
from onebasket.commerce.partners.rules.port import AskedLine
from onebasket.commerce.payments.queries.standing import paid_ahead


class Decision(StrEnum):
    """What a person decides about a part.

    accept: take it in as the partner's orders are known, whatever they cost; the shopper pays what was agreed for what
    comes. again: place it once more, which is refused while the partner is known to have an order for it. refuse: give
    it up, and let the shopper's money go; whoever decides so cancels at the partner what is there.
    """

    ACCEPT = "accept"
    AGAIN = "again"
    REFUSE = "refuse"


class UnknownPartError(Exception):
    """There is no such part."""


def decide_part(part_id: UUID, decision: Decision, *, actor: str, note: str) -> None:
    """Decide about a part that is held up, or give up one that was placed and not sent; once, with a note.

    Raises:
        UnknownPartError: there is no such part.
        NotPossibleError: it has moved on, or the decision does not fit what is known of it.
    """
    with transaction.atomic():
        now = database_now()
        try:
            row = lock_part(part_id)
        except PartnerPart.DoesNotExist as error:
            raise UnknownPartError(part_id) from error
        before, reason = row.status, row.reason
        case = case_of(row)
        if decision is Decision.REFUSE:
            refuse(case, Reason.BY_PERSON, now=now)
        elif before != Status.STUCK:
            raise NotPossibleError(f"a part that is {before} is not held up")
        elif decision is Decision.ACCEPT:
            _accept(case)
        else:
            _again(case)
        trail.note_change(
            actor,
            action=f"part.{decision}",
            target=f"part/{part_id}",
            at=now,
            detail={"was": before, "reason": reason, "note": note[:300]},
        )


def _accept(case: Case) -> None:
    now, row = database_now(), case.row
    found: Counter[str] = Counter()
    live = live_orders(row)
    for reference, quantity, _unit in (line for one in live for line in one.lines):
        found[reference] += quantity
    lines = [AskedLine(one.number, one.reference, one.quantity, one.unit_cost, row.cost_currency) for one in case.asked]
    quantities = share(lines, found)
    if not any(quantities.values()):
        raise NotPossibleError("no order of the partner's is known for it")
    less = lower_lines(case, quantities)
    owe_what_is_charged(case, live)
    wait = poll_seconds(case.options, now, now)
    move(row, Step.ACCEPT, now=now, reason=Reason.BY_PERSON if less else "", next_at=now + wait)
    row.placed_at, row.failures = now, 0
    row.save(update_fields=[*MOVED, *AMOUNTS, "placed_at", "failures"])
    tell(row, "placed", now=now)


def _again(case: Case) -> None:
    now, row = database_now(), case.row
    if live_orders(row):
        raise NotPossibleError("the partner has an order for it: accept it, or refuse the part and cancel it there")
    if row.total and not paid_ahead([row.pk]):
        raise NotPossibleError("its payment has lapsed, so that nothing could be taken for it: refuse the part")
    move(row, Step.WITHDRAW, now=now, next_at=now)
    row.failures, row.due_since = 0, now
    row.save(update_fields=[*MOVED, "failures", "due_since"])
    tell(row, "due", now=now)
