"""A call to a card's provider in three parts: written down and committed, made outside any transaction, written down.

From before the call until its answer is written down the payment is unknown; a process that is killed in between leaves
it so, and an inquiry finds out what became of it.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from onebasket.base import outbox
from onebasket.base.clock import database_now
from onebasket.base.outside import require_no_transaction, run
from onebasket.commerce.payments.actions.client import card_port
from onebasket.commerce.payments.actions.refunding import refund_excess
from onebasket.commerce.payments.actions.writing import TOLD, card_of, news_of, place_codes
from onebasket.commerce.payments.locking import lock_payment
from onebasket.commerce.payments.models import Attempt, Payment
from onebasket.commerce.payments.rules.asking import CardPayment, excess_of, learn, wait_after, while_asked
from onebasket.commerce.payments.rules.life import Goal, Status
from onebasket.commerce.payments.rules.port import Answer, Call, Lost, NeverHeard, NotDone, Operation, Told

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a provider is waited for, in seconds: `call` for what moves money, `inquiry` for a question.

    For `lease` nobody asks again after a call whose process may have been killed.
    """

    call: float = 10.0
    inquiry: float = 5.0
    lease: float = 30.0


PATIENCE = Patience()


def leased(now: datetime) -> datetime:
    """Return until when nobody else asks about what is being asked now."""
    return now + timedelta(seconds=PATIENCE.lease)


def note_call(payment_id: UUID, call: Call, *, now: datetime, part: UUID | None = None, request: str = "") -> int:
    """Write a call down before it is made; return its attempt's id."""
    row = Attempt.objects.create(
        payment_id=payment_id,
        part=part,
        operation=call.operation.value,
        reference=call.reference,
        key=call.key,
        request=request,
        amount=call.amount,
        asked_at=now,
    )
    return row.pk


def make_call(call: Call, token: str = "") -> Answer:
    """Make a call that was written down; without a provider it is not done."""
    require_no_transaction()
    port = card_port()
    if port is None:
        return NotDone("no provider is set up")
    seconds = PATIENCE.inquiry if call.operation is Operation.INQUIRE else PATIENCE.call
    return port.perform(call, token=token, seconds=seconds)


def note_answer(attempt_id: int, answer: Answer, *, now: datetime) -> None:
    """Write down what came of a call."""
    if isinstance(answer, Told):
        result, detail = "told", f"{answer.state.status} {answer.state.code}".strip()
        if not answer.accepted:
            detail = f"not accepted: {detail}"
    elif isinstance(answer, NeverHeard):
        result, detail = "never_heard", ""
    else:
        result, detail = ("not_done" if isinstance(answer, NotDone) else "lost"), answer.reason
    Attempt.objects.filter(pk=attempt_id).update(answered_at=now, result=result, detail=detail[:300])


def begin(row: Payment, payment: CardPayment, call: Call, *, now: datetime, request: str = "") -> int:
    """Write a locked payment as unknown, and the call that is about to be made; return the attempt's id."""
    asked = while_asked(payment)
    row.status, row.tries, row.reason = asked.tender.status.value, asked.tries, asked.reason
    row.next_at, row.changed_at = leased(now), now
    row.save(update_fields=["status", "tries", "reason", "next_at", "changed_at"])
    return note_call(row.pk, call, now=now, request=request)


def finish(payment_id: UUID, attempt_id: int, call: Call, answer: Answer) -> CardPayment:
    """Write down what came of a call, and the payment as that leaves it; return the payment."""
    return run(lambda: _finish(payment_id, attempt_id, call, answer))


def _finish(payment_id: UUID, attempt_id: int, call: Call, answer: Answer) -> CardPayment:
    now = database_now()
    row = lock_payment(payment_id)
    note_answer(attempt_id, answer, now=now)
    before = card_of(row)
    if before.tender.status is not Status.UNKNOWN or before.reference != call.reference:
        return before  # whoever inquired meanwhile knew sooner
    if isinstance(answer, Lost | NeverHeard):
        return _still_unknown(row, before, now=now, is_lost=isinstance(answer, Lost))
    found = learn(before, call, answer)
    if isinstance(found, str):
        logger.error("payment %s: the provider's answer is odd: %s", payment_id, found)
        return _still_unknown(row, before, now=now, is_lost=True)
    _write(row, found, now=now, failed=isinstance(answer, NotDone))
    return found


def _still_unknown(row: Payment, payment: CardPayment, *, now: datetime, is_lost: bool) -> CardPayment:
    """Leave a payment unknown, to be inquired about: soon after a first failure, later after more."""
    if is_lost and not row.failures:
        outbox.record([_news(row, payment, now=now, status="unknown")])
    row.failures += 1 if is_lost else 0
    row.next_at = now + wait_after(row.failures) if is_lost else now
    row.save(update_fields=["failures", "next_at"])
    return payment


def _write(row: Payment, found: CardPayment, *, now: datetime, failed: bool) -> None:
    tender = found.tender
    row.failures = min(row.failures + 1, 100) if failed else 0
    row.status, row.authorised, row.captured = tender.status.value, tender.authorised, tender.captured
    row.reason, row.label, row.expires_at, row.changed_at = found.reason, found.label[:40], found.expires_at, now
    row.next_at = _next_at(row, found, now=now, failed=failed)
    row.save(
        update_fields=[
            "failures", "status", "authorised", "captured", "reason", "label", "expires_at", "changed_at", "next_at",
        ]
    )  # fmt: skip
    if tender.status in TOLD and not failed:
        outbox.record([_news(row, found, now=now)])
    if excess := excess_of(tender):
        refund_excess(row, excess, now=now)


def _next_at(row: Payment, found: CardPayment, *, now: datetime, failed: bool) -> datetime | None:
    """Return when a worker looks at the payment: at once for a goal, when it expires, after a while where it failed."""
    if found.tender.status is Status.UNKNOWN or (found.tender.goal is not Goal.NONE and failed):
        return now + wait_after(row.failures)
    if found.tender.status is not Status.AUTHORISED:
        return None
    return found.expires_at if found.tender.goal is Goal.NONE else now


def _news(row: Payment, found: CardPayment, *, now: datetime, status: str = "") -> outbox.News:
    places = place_codes([row])
    return news_of(row, found.tender, now=now, places=places, reason=found.reason, status=status)
