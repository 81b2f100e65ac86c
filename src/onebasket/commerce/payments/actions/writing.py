"""How decided payments go back into their rows, and how what became of them is told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from onebasket.base import bulk, outbox
from onebasket.commerce.payments.models import Payment
from onebasket.commerce.payments.rules.asking import CardPayment
from onebasket.commerce.payments.rules.life import Goal, Method, Status
from onebasket.commerce.payments.rules.messages import PaymentNews
from onebasket.commerce.payments.rules.tenders import Tender
from onebasket.commerce.places.queries import places_by_id

TOLD = frozenset(
    {Status.AUTHORISED, Status.CAPTURED, Status.REVERSED, Status.REFUSED, Status.EXPIRED}
)  # fmt: skip
"""Standings that are news. A payment is unknown for a moment at each call: that is told only when an answer is lost."""

_SETS = ("status", "goal", "due", "authorised", "captured", "refunded", "next_at", "changed_at")


def tender_of(row: Payment, lowered: int = 0) -> Tender:
    """Return a row as decisions see it; `lowered` is what refunds took off it before its capture."""
    return Tender(
        id=row.pk,
        number=row.number,
        method=Method(row.method),
        status=Status(row.status),
        amount=row.amount,
        due=row.due,
        authorised=row.authorised,
        captured=row.captured,
        refunded=row.refunded,
        goal=Goal(row.goal),
        lowered=lowered,
    )


def card_of(row: Payment) -> CardPayment:
    """Return a card payment's row as the one who asks its provider sees it."""
    return CardPayment(
        tender=tender_of(row),
        currency=row.currency,
        tries=row.tries,
        next_at=row.next_at,
        expires_at=row.expires_at,
        reason=row.reason,
        label=row.label,
    )


def write_tenders(rows: Mapping[UUID, Payment], tenders: Sequence[Tender], *, now: datetime) -> None:
    """Write locked tenders back, in one statement; a card that has got a goal is due for its worker at once."""
    changed = [
        (
            one.id, one.status.value, one.goal.value, one.due, one.authorised, one.captured, one.refunded,
            _next_at(rows[one.id], one, now), now,
        )
        for one in sorted(tenders, key=lambda one: one.id)
    ]  # fmt: skip
    bulk.update_guarded(Payment, ("id",), _SETS, changed)


def _next_at(row: Payment, tender: Tender, now: datetime) -> datetime | None:
    if tender.status is Status.AUTHORISED and tender.goal is not Goal.NONE:
        return now
    return row.next_at if tender.status in {Status.AUTHORISED, Status.UNKNOWN} else None


def news_of(
    row: Payment, tender: Tender, *, now: datetime, places: Mapping[int, str], reason: str = "", status: str = ""
) -> outbox.News:
    """Return the news of a payment as it stands now; `status` where it is told under another name."""
    place = places.get(row.place_id, "")
    data = PaymentNews(
        payment=str(tender.id),
        order=str(row.order_id),
        place=place,
        method=tender.method.value,
        status=tender.status.value,
        currency=row.currency,
        amount=tender.amount,
        due=tender.due,
        authorised=tender.authorised,
        captured=tender.captured,
        refunded=tender.refunded,
        reason=reason,
    )
    text = msgspec.json.encode(data).decode()
    return outbox.News(f"payment.{status or tender.status.value}", f"payment/{tender.id}", now, text, place)


def place_codes(rows: Sequence[Payment]) -> dict[int, str]:
    """Return the codes of the places of rows."""
    return {place.id: place.code for place in places_by_id({row.place_id for row in rows}).values()}
