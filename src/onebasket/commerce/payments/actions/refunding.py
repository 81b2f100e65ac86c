"""Give back what was paid, to the original tenders in reverse order; each refund once, by its source and key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction

from onebasket.base import bulk, outbox
from onebasket.base.clock import database_now
from onebasket.commerce.payments.actions.balances import open_balances, post_balances
from onebasket.commerce.payments.actions.writing import place_codes, tender_of, write_tenders
from onebasket.commerce.payments.locking import lock_payments_of
from onebasket.commerce.payments.models import Payment, Refund, RefundPart
from onebasket.commerce.payments.rules.balances import EntryKind
from onebasket.commerce.payments.rules.life import BALANCES, Method, RefundStatus
from onebasket.commerce.payments.rules.messages import (
    NewRefund,
    RefundCall,
    RefundedPart,
    RefundMade,
    RefundNews,
    RefundOutcome,
    RefundRefused,
)
from onebasket.commerce.payments.rules.tenders import RefundPart as Part
from onebasket.commerce.payments.rules.tenders import Tender, TooMuch, plan_refund, refunded
from onebasket.kernel.identity import fingerprint, new_id

OWN_SOURCE = 0
"""The source id of what the hub does by itself."""
EXCESS = "More was captured than is due."

_REFUND = (
    "id", "place", "order_id", "source_id", "key", "fingerprint", "currency", "amount", "reason", "actor", "made_at",
)  # fmt: skip
_PART = (
    "id", "place", "refund", "payment", "amount", "is_lowered", "status", "failures", "next_at", "changed_at",
)  # fmt: skip


@dataclass(slots=True)
class _Work:
    """The locked payments of a batch, and what its refunds write."""

    rows: dict[UUID, Payment]
    tenders: dict[UUID, Tender]
    places: dict[int, str]
    now: datetime
    refunds: list[tuple[object, ...]] = field(default_factory=list)
    parts: list[tuple[object, ...]] = field(default_factory=list)
    news: list[outbox.News] = field(default_factory=list)
    give_back: list[tuple[Payment, int]] = field(default_factory=list)
    made: dict[tuple[int, str], tuple[str, RefundMade]] = field(default_factory=dict)

    def of(self, call: RefundCall) -> list[Payment]:
        """Return the payments of the order that a call is about, where its caller may see them."""
        found = [row for row in self.rows.values() if row.order_id == call.request.order]
        return [row for row in found if call.places is None or self.places.get(row.place_id, "") in call.places]


def refund(calls: Sequence[RefundCall], *, now: datetime | None = None) -> list[RefundOutcome]:
    """Refund one after the other, in one transaction; return one outcome for each call, in order.

    A balance has its money back at once, and what was paid at collection or by invoice counts as given back at the
    counter or credited. A card's part is pending until a worker has asked the provider. The same source and key again
    returns the same refund and gives nothing back.
    """
    with transaction.atomic():
        at = now or database_now()
        rows = {row.pk: row for row in lock_payments_of(call.request.order for call in calls)}
        tenders = {identity: tender_of(row) for identity, row in rows.items()}
        work = _Work(rows, tenders, place_codes(list(rows.values())), at)
        _recall(work, calls)
        outcomes = [_refund(work, call) for call in calls]
        _write(work)
    return outcomes


def _recall(work: _Work, calls: Sequence[RefundCall]) -> None:
    """Remember the refunds that were made under the calls' keys, as they stand now."""
    keys = {(call.source_id, call.request.key) for call in calls}
    known = Refund.objects.filter(key__in={key for _, key in keys}, source_id__in={source for source, _ in keys})
    for row in known:
        if (row.source_id, row.key) in keys:
            work.made[row.source_id, row.key] = (row.fingerprint, _read(row))


def _read(row: Refund) -> RefundMade:
    parts = RefundPart.objects.filter(refund=row).select_related("payment").order_by("-payment__number")
    stated = [RefundedPart(part.payment_id, Method(part.payment.method), part.amount, part.status) for part in parts]
    return RefundMade(row.pk, row.order_id, row.currency, row.amount, tuple(stated))


def _refund(work: _Work, call: RefundCall) -> RefundOutcome:
    request = call.request
    print_ = fingerprint(request)
    if found := work.made.get((call.source_id, request.key)):
        if found[0] == print_:
            return found[1]
        return RefundRefused("key_conflict", "This key was used before for another refund. Use a key of its own.")
    rows = work.of(call)
    if not rows:
        return RefundRefused("unknown_order", "Nothing was ever to be paid for such an order.")
    plan = plan_refund([work.tenders[row.pk] for row in rows], request.amount)
    if isinstance(plan, TooMuch):
        return RefundRefused("too_much", _words(plan, rows[0].currency), plan.refundable, plan.soon)
    made = _book(work, call, rows[0], plan)
    work.made[call.source_id, request.key] = (print_, made)
    return made


def _words(plan: TooMuch, currency: str) -> str:
    said = f"Of this order {plan.refundable} {currency} (minor units) can be given back."
    return f"{said} {plan.soon} more may follow once the card's capture is known." if plan.soon else said


def _book(work: _Work, call: RefundCall, first: Payment, plan: Sequence[Part]) -> RefundMade:
    request, identity = call.request, new_id()
    work.refunds.append(
        (
            identity, first.place_id, request.order, call.source_id, request.key, fingerprint(request), first.currency,
            request.amount, request.reason, call.actor, work.now,
        )
    )  # fmt: skip
    stated = []
    for part in plan:
        row = work.rows[part.payment]
        work.tenders[row.pk] = refunded(work.tenders[row.pk], part)
        by_provider = part.method is Method.CARD and not part.is_lowered
        status = RefundStatus.PENDING if by_provider else RefundStatus.DONE
        work.parts.append(
            (
                new_id(), row.place_id, identity, row.pk, part.amount, part.is_lowered, status.value, 0,
                work.now if by_provider else None, work.now,
            )
        )  # fmt: skip
        stated.append(RefundedPart(row.pk, part.method, part.amount, status.value))
        if part.method in BALANCES:
            work.give_back.append((row, part.amount))
        if not by_provider:
            news = refund_news(row, identity, part.amount, reason=request.reason, place=work.places[row.place_id])
            work.news.append(outbox.News("payment.refunded", f"payment/{row.pk}", work.now, *news))
    return RefundMade(identity, request.order, first.currency, request.amount, tuple(stated))


def refund_news(row: Payment, refund_id: UUID, amount: int, *, reason: str, place: str) -> tuple[str, str]:
    """Return the data of a refund's news, and its place."""
    data = RefundNews(
        refund=str(refund_id),
        payment=str(row.pk),
        order=str(row.order_id),
        place=place,
        method=row.method,
        currency=row.currency,
        amount=amount,
        reason=reason,
    )
    return msgspec.json.encode(data).decode(), place


def _write(work: _Work) -> None:
    before = {identity: tender_of(row) for identity, row in work.rows.items()}
    changed = [tender for identity, tender in work.tenders.items() if tender != before[identity]]
    write_tenders(work.rows, changed, now=work.now)
    bulk.insert(Refund, _REFUND, work.refunds)
    bulk.insert(RefundPart, _PART, work.parts)
    if work.give_back:
        book = open_balances([row.account_id for row, _ in work.give_back if row.account_id is not None], now=work.now)
        for row, amount in work.give_back:
            assert row.account_id is not None  # noqa: S101 - a constraint of the table
            book.give_back(row.account_id, amount, row.order_id, kind=EntryKind.REFUND)
        where = {row.account_id: work.places[row.place_id] for row, _ in work.give_back if row.account_id is not None}
        post_balances(book, now=work.now, places=where)
    outbox.record(work.news)


def refund_excess(row: Payment, amount: int, *, now: datetime) -> None:
    """Give back what a card's provider captured beyond what is due, in the transaction that learns of it."""
    call = RefundCall(OWN_SOURCE, NewRefund(f"excess-{row.pk}", row.order_id, amount, EXCESS), "onebasket")
    work = _Work({row.pk: row}, {row.pk: tender_of(row)}, place_codes([row]), now)
    _recall(work, [call])
    _refund(work, call)
    _write(work)
