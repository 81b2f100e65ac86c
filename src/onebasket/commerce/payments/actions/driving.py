"""What a worker does about card payments: find out what is unknown, capture and let go what is to be, refund.

One call at a time, the longest due first. A provider that does not answer is left alone until the next turn.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

from onebasket.base import outbox
from onebasket.base.clock import database_now
from onebasket.base.outside import require_no_transaction, run
from onebasket.commerce.payments.actions.calling import begin, finish, leased, make_call, note_answer, note_call
from onebasket.commerce.payments.actions.cards import look_into
from onebasket.commerce.payments.actions.refunding import refund_news
from onebasket.commerce.payments.actions.writing import card_of, place_codes
from onebasket.commerce.payments.locking import lock_part, lock_payment
from onebasket.commerce.payments.models import Payment, Refund, RefundPart
from onebasket.commerce.payments.rules.asking import learn_refund, next_call, refund_call, wait_after
from onebasket.commerce.payments.rules.life import RefundStatus
from onebasket.commerce.payments.rules.port import Answer, Call, Lost, NeverHeard, NotDone

AT_ONCE = 20
MOST_SILENT = 3
"""After so many calls in a row that nobody answered, the rest of a turn is left for the next."""


class _Begun(NamedTuple):
    """A call that is written down."""

    attempt: int
    call: Call


def settle_unknown(limit: int = AT_ONCE) -> int:
    """Take the next step with the card payments that are due; return how many calls were made."""
    require_no_transaction()
    due = Payment.objects.filter(next_at__lte=database_now()).order_by("next_at")
    return _while_answered(list(due.values_list("pk", flat=True)[:limit]), _drive)


def pay_back(limit: int = AT_ONCE) -> int:
    """Ask for the refunds to cards that are due; return how many calls were made."""
    require_no_transaction()
    due = RefundPart.objects.filter(next_at__lte=database_now()).order_by("next_at")
    return _while_answered(list(due.values_list("pk", flat=True)[:limit]), _drive_part)


def _while_answered(ids: Sequence[UUID], drive: Callable[[UUID], Answer | None]) -> int:
    called = silent = 0
    for identity in ids:
        answer = drive(identity)
        if answer is None:
            continue
        called += 1
        silent = silent + 1 if isinstance(answer, Lost | NotDone) else 0
        if silent == MOST_SILENT:
            break
    return called


def _drive(payment_id: UUID) -> Answer | None:
    begun = run(partial(_begin, payment_id))
    if begun is None:
        return None
    answer = make_call(begun.call)
    finish(payment_id, begun.attempt, begun.call, answer)
    if isinstance(answer, NeverHeard):
        look_into(payment_id, ours=True)
    return answer


def _begin(payment_id: UUID) -> _Begun | None:
    """Write the next call down, unless another worker was faster or there is none."""
    now = database_now()
    row = lock_payment(payment_id)
    if row.next_at is None or row.next_at > now:
        return None
    payment = card_of(row)
    call = next_call(payment, now)
    if call is None:
        row.next_at = None
        row.save(update_fields=["next_at"])
        return None
    return _Begun(begin(row, payment, call, now=now), call)


def _drive_part(part_id: UUID) -> Answer | None:
    begun = run(partial(_begin_part, part_id))
    if begun is None:
        return None
    answer = make_call(begun.call)
    run(partial(_finish_part, part_id, begun, answer))
    return answer


def _begin_part(part_id: UUID) -> _Begun | None:
    now = database_now()
    payment_id = RefundPart.objects.values_list("payment_id", flat=True).get(pk=part_id)
    row = lock_payment(payment_id)
    part = lock_part(part_id)
    if part.next_at is None or part.next_at > now:
        return None
    call = refund_call(card_of(row), part.pk, amount=part.amount, status=RefundStatus(part.status))
    part.status, part.next_at = RefundStatus.UNKNOWN.value, leased(now)
    part.save(update_fields=["status", "next_at"])
    return _Begun(note_call(row.pk, call, now=now, part=part.pk), call)


def _finish_part(part_id: UUID, begun: _Begun, answer: Answer) -> None:
    now = database_now()
    payment_id = RefundPart.objects.values_list("payment_id", flat=True).get(pk=part_id)
    row = lock_payment(payment_id)
    part = lock_part(part_id)
    note_answer(begun.attempt, answer, now=now)
    if part.status != RefundStatus.UNKNOWN:
        return
    status = RefundStatus.UNKNOWN
    if not isinstance(answer, Lost):
        status = learn_refund(part.pk, amount=part.amount, call=begun.call, answer=answer)
    done = status in {RefundStatus.DONE, RefundStatus.REFUSED}
    part.failures = 0 if done else min(part.failures + 1, 100) if isinstance(answer, Lost | NotDone) else part.failures
    part.status, part.changed_at = status.value, now
    part.next_at = None if done else now + wait_after(part.failures) if part.failures else now
    part.save(update_fields=["failures", "status", "changed_at", "next_at"])
    if done:
        _tell(row, part, status)


def _tell(row: Payment, part: RefundPart, status: RefundStatus) -> None:
    """Tell what became of a refund's part; what the provider refused counts as not given back."""
    reason = Refund.objects.values_list("reason", flat=True).get(pk=part.refund_id)
    kind = "payment.refunded"
    if status is RefundStatus.REFUSED:
        kind = "payment.refund_refused"
        row.refunded -= part.amount
        row.save(update_fields=["refunded"])
    news = refund_news(row, part.refund_id, part.amount, reason=reason, place=place_codes([row])[row.place_id])
    outbox.record([outbox.News(kind, f"payment/{row.pk}", part.changed_at, *news)])
