"""Take a partner's goods back over a counter of ours: decide who owes what, pay back, keep the goods for the partner.

The goods are not ours: they move no stock, and stand in the rows of returns until the partner has them.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from django.db import transaction

from onebasket.base import inbox, outbox
from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions.taking_in import sold_line
from onebasket.commerce.partners.locking.parts import lock_parts
from onebasket.commerce.partners.models import Partner, PartnerPart, PartnerReturn
from onebasket.commerce.partners.rules.messages import PartReturnNews
from onebasket.commerce.partners.rules.partners import Merchant
from onebasket.commerce.partners.rules.parts import Status
from onebasket.commerce.partners.rules.returns import (
    PartPaidBack,
    PartReturnAccepted,
    PartReturnConflict,
    PartReturnOutcome,
    PartReturnRefused,
    PartReturnRequest,
    PartSold,
    Returned,
    SoldNow,
    decide_return,
    refund_key,
    refuse_part,
)
from onebasket.commerce.payments.actions import refund
from onebasket.commerce.payments.rules.messages import NewRefund, RefundCall, RefundMade
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.kernel.clock import zone
from onebasket.kernel.identity import fingerprint, new_id

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PartReturnAccepted | PartReturnRefused).decode


class PartReturnCall(NamedTuple):
    """A request, the source that makes it, and the place codes that it may reach (None: every place)."""

    source_id: int
    request: PartReturnRequest
    places: frozenset[str] | None = None


class _Part(NamedTuple):
    """A part with what a return decides by."""

    row: PartnerPart
    partner: str
    sold: PartSold


def accept_part_returns(calls: Sequence[PartReturnCall]) -> list[PartReturnOutcome]:
    """Take partners' goods back, one call after the other; each is answered with what is paid back or a refusal.

    The same source and key again is the same return, and pays nothing back.
    """
    with transaction.atomic():
        now = database_now()
        claims = [inbox.Claim(c.source_id, c.request.key, fingerprint(c.request)) for c in calls]
        claimed = inbox.claim("part_return", claims)
        rows = {row.pk: row for row in lock_parts(calls[position].request.part for position in claimed.fresh)}
        decided: dict[int, PartReturnOutcome] = {}
        for position in sorted(claimed.fresh):
            decided[position] = _accept(calls[position], rows, claimed.fresh[position], now=now)
        inbox.settle({claimed.fresh[p]: _encode(outcome).decode() for p, outcome in decided.items()})
        return inbox.answer(claimed, decided, count=len(calls), decode=_decode, conflict=lambda _: PartReturnConflict())


def preview_part_return(call: PartReturnCall) -> Returned | PartReturnRefused:
    """Say what would be paid back, and by whom it is owed, as things stand; nothing is locked and nothing changes."""
    rows = {row.pk: row for row in PartnerPart.objects.filter(pk=call.request.part)}
    found = _find(call, rows)
    if isinstance(found, PartReturnRefused):
        return found
    part, place = found
    return decide_return(part.sold, call.request.lines, today=_day(database_now(), place))


def why_not_back(part: UUID, place: PlaceFacts) -> PartReturnRefused | None:
    """Say why nothing of a part can come back at a place now, or None."""
    row = PartnerPart.objects.get(pk=part)
    return refuse_part(_part(row, place).sold, today=_day(database_now(), place))


def _accept(
    call: PartReturnCall, rows: Mapping[UUID, PartnerPart], entry_id: int, *, now: datetime
) -> PartReturnAccepted | PartReturnRefused:
    found = _find(call, rows)
    if isinstance(found, PartReturnRefused):
        return found
    part, place = found
    back = decide_return(part.sold, call.request.lines, today=_day(now, place))
    if isinstance(back, PartReturnRefused):
        return back
    if call.request.expected_total not in {None, back.total}:
        return PartReturnRefused("other_total", "It comes to another amount than was shown. Work it out again.")
    tenders = _pay_back(call, part.row, back, now=now)
    if isinstance(tenders, PartReturnRefused):
        return tenders
    accepted = PartReturnAccepted(
        number=f"P-{entry_id}",
        part=part.row.pk,
        partner=part.partner,
        currency=part.row.currency,
        total=back.total,
        tax_total=sum(line.tax for line in back.lines),
        owner=back.owner,
        lines=back.lines,
        tenders=tenders,
    )
    _write(call, part, place, back, accepted, now=now)
    return accepted


def _find(call: PartReturnCall, rows: Mapping[UUID, PartnerPart]) -> tuple[_Part, PlaceFacts] | PartReturnRefused:
    request = call.request
    place = places_by_code([request.place]).get(request.place)
    if place is None or (call.places is not None and place.code not in call.places):
        return PartReturnRefused("unknown_place", f"There is no place {request.place!r}.")
    row = rows.get(request.part)
    if row is None:
        return PartReturnRefused("unknown_part", "There is no such part of an order.")
    return _part(row, place), place


def _part(row: PartnerPart, place: PlaceFacts) -> _Part:
    """Load a part for a return: what was agreed when it was bought holds; two statements."""
    lines = {
        line.number: SoldNow(sold_line(line), line.accepted or 0, line.returned)
        for line in row.lines.order_by("number")
    }
    sold = PartSold(
        status=Status(row.status),
        merchant=Merchant(row.merchant),
        currency=row.currency,
        cost_currency=row.cost_currency,
        return_days=row.return_days,
        counter_returns=row.counter_returns,
        delivered_on=_day(row.delivered_at, place) if row.delivered_at else None,
        lines=lines,
    )
    return _Part(row, Partner.objects.values_list("code", flat=True).get(pk=row.partner_id), sold)


def _day(at: datetime, place: PlaceFacts) -> date:
    """Return the day of an instant at a place."""
    return at.astimezone(zone(place.time_zone)).date()


def _pay_back(
    call: PartReturnCall, row: PartnerPart, back: Returned, *, now: datetime
) -> tuple[PartPaidBack, ...] | PartReturnRefused:
    """Pay back to the part's own tenders; all of it or nothing."""
    if not back.total:
        return ()
    wanted = NewRefund(refund_key(call.request.key), row.pk, back.total, call.request.reason)
    (made,) = refund([RefundCall(call.source_id, wanted, call.request.operator)], now=now)
    if isinstance(made, RefundMade):
        return tuple(PartPaidBack(part.method.value, part.amount) for part in made.parts)
    return PartReturnRefused("not_refundable", f"It cannot be paid back now: {made.message}")


def _write(
    call: PartReturnCall, part: _Part, place: PlaceFacts, back: Returned, accepted: PartReturnAccepted, *, now: datetime
) -> None:
    request, row = call.request, part.row
    numbers = {line.number: line for line in row.lines.all()}
    for line in back.lines:
        numbers[line.line].returned += line.quantity
        numbers[line.line].save(update_fields=["returned"])
    reason = back.reason | {"agreement": row.agreement_id}
    PartnerReturn.objects.bulk_create(
        PartnerReturn(
            id=new_id(),
            part=row,
            number=accepted.number,
            source_id=call.source_id,
            key=request.key,
            place_id=place.id,
            associate=request.operator,
            line=line.line,
            quantity=line.quantity,
            amount=line.amount,
            currency=row.currency,
            owner=back.owner,
            claim=line.claim,
            claim_currency=back.claim_currency,
            commission=line.commission,
            disposition=line.disposition,
            why=request.reason,
            reason=reason,
            accepted_at=now,
        )
        for line in back.lines
    )
    news = PartReturnNews(
        number=accepted.number,
        part=str(row.pk),
        order=str(row.order_id),
        partner=part.partner,
        place=place.code,
        merchant=row.merchant,
        owner=back.owner,
        currency=row.currency,
        total=back.total,
        tax_total=accepted.tax_total,
        claim=sum(line.claim for line in back.lines),
        claim_currency=back.claim_currency,
        commission=sum(line.commission for line in back.lines),
        lines=[(line.line, numbers[line.line].reference, line.quantity, line.amount) for line in back.lines],
    )
    outbox.record([outbox.News("part.returned", f"part/{row.pk}", now, _encode(news).decode(), place.code)])
