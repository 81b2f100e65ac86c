"""Pay back what goods that came back are worth: to the original tenders in reverse order, or as store credit."""

from datetime import datetime
from typing import NamedTuple

from onebasket.commerce.fulfilment.models import Return, ReturnTender
from onebasket.commerce.fulfilment.queries.originals import tenders_of
from onebasket.commerce.fulfilment.rules.messages import PaidBack, ReturnRequest
from onebasket.commerce.fulfilment.rules.returns import tenders_back
from onebasket.commerce.payments.actions import issue_store_credit, refund
from onebasket.commerce.payments.rules.messages import (
    NewRefund,
    RefundCall,
    RefundMade,
    RefundOutcome,
    StoreCreditIssue,
)
from onebasket.commerce.places.rules import PlaceFacts

CREDIT = "store_credit"


class PayingBack(NamedTuple):
    """An amount to pay back for a return, tax included."""

    source_id: int
    request: ReturnRequest
    place: PlaceFacts
    reference: str
    currency: str
    amount: int


def pay_back(paying: PayingBack, *, now: datetime) -> list[PaidBack]:
    """Pay an amount back, in the present transaction; return in which ways.

    What an order's tenders cannot give back, because less was captured than is due, is paid as store credit, and so is
    everything where store credit was asked for or nobody knows how it was paid.
    """
    if not paying.amount:
        return []
    request = paying.request
    if request.to_credit or not paying.reference:
        return [_credit(paying, paying.amount)]
    if request.order is not None:
        return _to_order(paying, now=now)
    assert request.receipt is not None  # noqa: S101 - a reference is of an order or a receipt
    tenders = tenders_of(request.receipt)
    before = _paid_back_before(paying.reference)
    return [PaidBack(kind, amount) for kind, amount in tenders_back(tenders, paying.amount, before=before)]


def _to_order(paying: PayingBack, *, now: datetime) -> list[PaidBack]:
    request = paying.request
    assert request.order is not None  # noqa: S101 - asked by the caller
    made = _refund(paying, paying.amount, now=now)
    if isinstance(made, RefundMade):
        return [PaidBack(part.method.value, part.amount, str(part.payment)) for part in made.parts]
    able = min(paying.amount, made.refundable)
    found: list[PaidBack] = []
    if able:
        part_made = _refund(paying, able, now=now)
        assert isinstance(part_made, RefundMade)  # noqa: S101 - as much as was said to be refundable
        found += [PaidBack(part.method.value, part.amount, str(part.payment)) for part in part_made.parts]
    return [*found, _credit(paying, paying.amount - able)]


def _refund(paying: PayingBack, amount: int, *, now: datetime) -> RefundOutcome:
    request = paying.request
    assert request.order is not None  # noqa: S101 - asked by the caller
    wanted = NewRefund(f"return/{request.key}/{amount}"[:120], request.order, amount, request.reason)
    (made,) = refund([RefundCall(paying.source_id, wanted, request.operator)], now=now)
    return made


def _credit(paying: PayingBack, amount: int) -> PaidBack:
    request = paying.request
    wanted = StoreCreditIssue(
        f"return/{request.key}"[:120],
        paying.currency,
        amount,
        request.reason or "goods brought back",
        paying.place.code,
        request.loyalty_number,
    )
    (made,) = issue_store_credit(paying.source_id, [wanted])
    if made.outcome != "issued":
        raise RuntimeError(f"store credit was not issued: {made.message}")
    return PaidBack(CREDIT, amount, str(made.account), made.code)


def _paid_back_before(reference: str) -> int:
    """Return what was paid back to the tenders of a receipt before; store credit took nothing from them."""
    returns = Return.objects.filter(reference=reference).values("id")
    rows = ReturnTender.objects.exclude(kind=CREDIT).filter(return_id__in=returns)
    return sum(rows.values_list("amount", flat=True))
