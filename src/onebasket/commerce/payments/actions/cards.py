"""Card payments: authorised while the shopper waits, and inquired about. Nothing here runs inside a transaction.

What the provider answers late, or not at all, leaves the payment unknown. From then on it is only inquired about, until
it is known: whoever asks again gets `Unknown`, and no second authorisation is ever asked for.
"""

from functools import partial
from typing import NamedTuple
from uuid import UUID

from onebasket.base.clock import database_now
from onebasket.base.outside import require_no_transaction, run
from onebasket.commerce.payments.actions.calling import begin, finish, make_call
from onebasket.commerce.payments.actions.client import card_port
from onebasket.commerce.payments.actions.writing import card_of
from onebasket.commerce.payments.locking import lock_payment
from onebasket.commerce.payments.models import Attempt
from onebasket.commerce.payments.rules.asking import CardPayment, authorisation, fence, inquiry, stands
from onebasket.commerce.payments.rules.life import Goal, Method, Status
from onebasket.commerce.payments.rules.messages import Authorised, CardOutcome, Declined, Unknown
from onebasket.commerce.payments.rules.port import Call, NeverHeard

WORDS = {
    "declined": "The card was declined. Try another card, or pay in another way.",
    "insufficient": "The card was declined for want of funds. Try another card, or pay in another way.",
    "expired": "What was put aside on the card has lapsed. Try again.",
    "never_reached": "The card's bank was not reached, and nothing was taken. Try again.",
    "unavailable": "Cards cannot be taken just now, and nothing was taken. Try again, or pay in another way.",
    "not_open": "This payment is not open any more. What was put aside for it, if anything, is let go.",
    "too_many": "Too many cards were tried for this order. Pay in another way.",
    "not_a_card": "This payment is not made by card.",
}


def is_available() -> bool:
    """Whether card payments can be taken: a provider is set up."""
    return card_port() is not None


class _Begun(NamedTuple):
    """A call that is written down, and the payment that it is for."""

    attempt: int
    call: Call


def authorise(payment_id: UUID, card_token: str, *, request: str = "") -> CardOutcome:
    """Put what is due aside on the card that the provider's token stands for; waits at most some 20 s.

    Asked again for a payment that is authorised, it returns that, and asks nobody. So it does for a `request` (a source
    and key) that was asked before, whatever came of it. Raises Payment.DoesNotExist.
    """
    require_no_transaction()
    begun = run(partial(_begin_authorisation, payment_id, request))
    if begun is None:
        return look_into(payment_id, ours=False)
    if not isinstance(begun, _Begun):
        return begun
    answer = make_call(begun.call, card_token)
    found = finish(payment_id, begun.attempt, begun.call, answer)
    return look_into(payment_id, ours=True) if found.tender.status is Status.UNKNOWN else _outcome(found)


def _begin_authorisation(payment_id: UUID, request: str) -> CardOutcome | _Begun | None:
    """Write the call down; return an outcome where none is to be made, and None where an inquiry has to come first."""
    now = database_now()
    row = lock_payment(payment_id)
    if row.method != Method.CARD:
        return _declined(payment_id, "not_a_card")
    payment = card_of(row)
    standing = stands(payment, now)
    if standing == "unknown":
        return None
    if standing in {"closed", "exhausted"}:
        return _declined(payment_id, "not_open" if standing == "closed" else "too_many")
    before = Attempt.objects.filter(payment_id=payment_id, request=request)
    if standing is not None or (request and before.exists()):
        return _outcome(payment)
    asked, call = authorisation(payment)
    return _Begun(begin(row, asked, call, now=now, request=request), call)


def inquire(payment_id: UUID) -> CardOutcome:
    """Ask the provider what became of a payment, unless it is known or a call is under way.

    What the provider has never heard of is fenced off, so that it never comes. Raises Payment.DoesNotExist.
    """
    return look_into(payment_id, ours=False)


def look_into(payment_id: UUID, *, ours: bool) -> CardOutcome:
    """Inquire, and fence off what was never heard of; `ours` where the call under way was our own and is over."""
    require_no_transaction()
    fencing = False
    for _ in range(2):
        begun = run(partial(_begin_inquiry, payment_id, ours=ours, fencing=fencing))
        if isinstance(begun, CardPayment):
            return _outcome(begun)
        answer = make_call(begun.call)
        found = finish(payment_id, begun.attempt, begun.call, answer)
        if not isinstance(answer, NeverHeard):
            break
        ours = fencing = True
    return _outcome(found)


def _begin_inquiry(payment_id: UUID, *, ours: bool, fencing: bool) -> CardPayment | _Begun:
    now = database_now()
    row = lock_payment(payment_id)
    payment = card_of(row)
    if payment.tender.status is not Status.UNKNOWN:
        return payment
    if not ours and stands(payment, now) == "asked":
        return payment
    call = fence(payment) if fencing else inquiry(payment)
    return _Begun(begin(row, payment, call, now=now), call)


def _outcome(payment: CardPayment) -> CardOutcome:
    tender = payment.tender
    if tender.status is Status.UNKNOWN:
        return Unknown(tender.id)
    if tender.status in {Status.AUTHORISED, Status.CAPTURED} and tender.goal is not Goal.REVERSE:
        return Authorised(tender.id, tender.authorised, payment.label)
    if tender.status is Status.PENDING:
        return _declined(tender.id, "unavailable")
    if tender.status is Status.EXPIRED:
        return _declined(tender.id, "expired")
    return _declined(tender.id, payment.reason or "declined" if tender.status is Status.REFUSED else "not_open")


def _declined(payment_id: UUID, code: str) -> Declined:
    return Declined(payment_id, code, WORDS.get(code, WORDS["declined"]))
