"""When a card's provider is asked what, and what its answers mean. After a lost answer only an inquiry may follow."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from onebasket.commerce.payments.rules.life import Goal, RefundStatus, Status, Step, after
from onebasket.commerce.payments.rules.port import Call, CardState, NeverHeard, NotDone, Operation, RefundState, Told
from onebasket.commerce.payments.rules.tenders import Tender

MOST_TRIES = 20
"""Cards that may be tried for one payment."""
LONGEST_WAIT = timedelta(minutes=10)
FIRST_WAIT = timedelta(seconds=5)

NEVER_REACHED = "never_reached"


class CardPayment(msgspec.Struct, frozen=True):
    """A card payment as the one who asks sees it.

    `tries` counts authorisations asked for, each under a reference of its own at the provider. `next_at` is when it is
    to be looked at again; while a call is under way it lies ahead.
    """

    tender: Tender
    currency: str
    tries: int = 0
    next_at: datetime | None = None
    expires_at: datetime | None = None
    reason: str = ""
    label: str = ""

    @property
    def reference(self) -> str:
        """Return the name of the last authorisation asked for, at the provider."""
        return f"{self.tender.id.hex}-{self.tries}"


Standing = Literal["asked", "known", "closed", "unknown", "exhausted"]


def stands(payment: CardPayment, now: datetime) -> Standing | None:
    """Say why a card may not be asked for the money now, or nothing where it may.

    asked: a call is under way. unknown: an inquiry has to come first. known: the money is authorised or captured.
    closed: the order has let the payment go. exhausted: too many cards were tried.
    """
    tender = payment.tender
    if tender.status is Status.UNKNOWN:
        return "asked" if payment.next_at is not None and payment.next_at > now else "unknown"
    if tender.status in {Status.AUTHORISED, Status.CAPTURED}:
        return "known"
    if tender.status is Status.REVERSED or tender.goal is not Goal.NONE or tender.due == 0:
        return "closed"
    return "exhausted" if payment.tries >= MOST_TRIES else None


def authorisation(payment: CardPayment) -> tuple[CardPayment, Call]:
    """Return the payment as it stands while an authorisation is asked for, and the call."""
    asked = msgspec.structs.replace(_asked(payment), tries=payment.tries + 1, reason="", expires_at=None)
    return asked, Call(
        Operation.AUTHORISE, asked.reference, f"{asked.reference}-authorise", asked.tender.due, payment.currency
    )


def next_call(payment: CardPayment, now: datetime) -> Call | None:
    """Return what to ask next so that the payment becomes known or comes to its goal."""
    tender, reference = payment.tender, payment.reference
    if tender.status is Status.UNKNOWN:
        return inquiry(payment)
    if tender.status is not Status.AUTHORISED:
        return None
    if tender.goal is Goal.CAPTURE:
        return Call(Operation.CAPTURE, reference, f"{reference}-capture-{tender.due}", tender.due, payment.currency)
    if tender.goal is Goal.REVERSE:
        return Call(Operation.REVERSE, reference, f"{reference}-reverse")
    return inquiry(payment) if payment.expires_at is not None and payment.expires_at <= now else None


def inquiry(payment: CardPayment) -> Call:
    """Return the question what became of the last authorisation asked for."""
    return Call(Operation.INQUIRE, payment.reference, "")


def fence(payment: CardPayment) -> Call:
    """Return the call that makes sure an authorisation of which nobody has heard never takes effect."""
    return Call(Operation.FENCE, payment.reference, f"{payment.reference}-reverse")


def _asked(payment: CardPayment) -> CardPayment:
    step = after(payment.tender.status, Step.ASK)
    assert step is not None  # noqa: S101 - asked by the callers
    return msgspec.structs.replace(payment, tender=msgspec.structs.replace(payment.tender, status=step))


def while_asked(payment: CardPayment) -> CardPayment:
    """Return a payment as it stands while its provider is asked: unknown."""
    return payment if payment.tender.status is Status.UNKNOWN else _asked(payment)


_STEPS = {
    "authorised": Step.AUTHORISE,
    "captured": Step.CAPTURE,
    "reversed": Step.REVERSE,
    "declined": Step.REFUSE,
    "expired": Step.EXPIRE,
}


def learn(payment: CardPayment, call: Call, answer: Told | NotDone) -> CardPayment | str:
    """Return an unknown payment as an answer leaves it, or what is odd about the answer."""
    if isinstance(answer, NotDone):
        return _not_done(payment, call)
    state = answer.state
    if odd := _oddity(payment, state):
        return odd
    step = _STEPS[state.status]
    if step is Step.REVERSE and payment.tender.goal is not Goal.REVERSE:
        # Let go without our wish, or fenced off: another card may be tried.
        step = Step.REFUSE
    status = after(payment.tender.status, step)
    if status is None:
        return f"a payment that is {payment.tender.status} cannot be {state.status}"
    tender = msgspec.structs.replace(
        payment.tender,
        status=status,
        authorised=state.amount if status in {Status.AUTHORISED, Status.CAPTURED} else payment.tender.authorised,
        captured=state.captured if status is Status.CAPTURED else 0,
    )
    reason = state.code or (NEVER_REACHED if call.operation is Operation.FENCE else "")
    return msgspec.structs.replace(
        payment,
        tender=tender,
        reason=reason if status in {Status.REFUSED, Status.EXPIRED} else "",
        label=state.label or payment.label,
        expires_at=state.expires_at if status is Status.AUTHORISED else None,
    )


def _oddity(payment: CardPayment, state: CardState) -> str:
    if state.reference != payment.reference:
        return f"it is about {state.reference!r}"
    if state.status in {"authorised", "captured"} and not 0 < state.amount <= payment.tender.amount:
        return f"it puts {state.amount} aside, not {payment.tender.due}"
    if state.status in {"authorised", "captured"} and state.currency != payment.currency:
        return f"it is in {state.currency}, not in {payment.currency}"
    if state.status == "captured" and not 0 < state.captured <= state.amount:
        return f"it captured {state.captured} of {state.amount}"
    return ""


def _not_done(payment: CardPayment, call: Call) -> CardPayment:
    """Return a payment whose call had no effect: as it stood before, unless an inquiry was what could not be made."""
    if call.operation is Operation.AUTHORISE:
        step = Step.WITHDRAW
    elif call.operation in {Operation.CAPTURE, Operation.REVERSE}:
        step = Step.AUTHORISE
    else:
        return payment
    status = after(payment.tender.status, step)
    assert status is not None  # noqa: S101 - unknown until now
    return msgspec.structs.replace(payment, tender=msgspec.structs.replace(payment.tender, status=status))


def wait_after(failures: int) -> timedelta:
    """Return how long to wait after so many answers in a row that brought nothing."""
    times: int = 3 ** min(max(failures, 1) - 1, 8)
    return min(LONGEST_WAIT, FIRST_WAIT * times)


def refund_call(payment: CardPayment, part: UUID, *, amount: int, status: RefundStatus) -> Call:
    """Return what to ask next about a refund: an inquiry where the last answer was lost, else the refund."""
    if status is RefundStatus.UNKNOWN:
        return inquiry(payment)
    return Call(Operation.REFUND, payment.reference, f"{part.hex}-refund", amount, payment.currency)


def learn_refund(part: UUID, *, amount: int, call: Call, answer: Told | NeverHeard | NotDone) -> RefundStatus:
    """Return where a refund stands after an answer: booked by its key, refused, or to be asked for (again)."""
    if isinstance(answer, NotDone):
        return RefundStatus.UNKNOWN if call.operation is Operation.INQUIRE else RefundStatus.PENDING
    if isinstance(answer, NeverHeard):
        return RefundStatus.REFUSED
    if RefundState(f"{part.hex}-refund", amount) in answer.state.refunds:
        return RefundStatus.DONE
    return RefundStatus.PENDING if call.operation is Operation.INQUIRE else RefundStatus.REFUSED


def excess_of(tender: Tender) -> int:
    """Return how much more was captured than was due: a capture on its way when the order was made smaller.

    What was given back does not count, and neither does what a refund has under way.
    """
    return max(0, tender.captured - tender.due) if tender.status is Status.CAPTURED and not tender.refunded else 0
