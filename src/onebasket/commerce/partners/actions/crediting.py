"""Whose commission is: statements are matched to referrals and parts, and referrals follow where their lines stand."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from onebasket.base import bulk, outbox
from onebasket.base.columns import Row
from onebasket.commerce.partners.models import Offer, Referral
from onebasket.commerce.partners.queries.commissions import (
    ReferralRow,
    first_orders,
    lines_of_referrals,
    parts_by_name,
    referrals_by_click,
    referrals_by_id,
)
from onebasket.commerce.partners.rules.attribution import (
    Attribution,
    ClickFacts,
    Reason,
    attribute,
    clicks_in,
)
from onebasket.commerce.partners.rules.commissions import Held, agreement_on
from onebasket.commerce.partners.rules.messages import ReferralNews
from onebasket.commerce.partners.rules.port import CommissionStated
from onebasket.commerce.partners.rules.referrals import ENDED, Status, status_of
from onebasket.commerce.places.queries import places_by_id

_encode = msgspec.json.Encoder().encode


class Credit(NamedTuple):
    """Whose a statement's commission is, and why."""

    why: Attribution
    referral_id: UUID | None = None
    part_id: UUID | None = None


class Credited(NamedTuple):
    """A referral that a statement was credited to: why, which order of the partner's, and when it was bought."""

    why: Attribution
    order: str
    bought_at: datetime | None


def credit(partner_id: int, statements: Sequence[CommissionStated], agreements: Sequence[Held]) -> list[Credit]:
    """Return whose each statement's commission is; a fixed number of statements, however many."""
    parts = parts_by_name(partner_id, {one.ours for one in statements if one.ours})
    rows = referrals_by_click({name for one in statements for name in clicks_in(one.click)})
    orders = first_orders([row.id for row in rows.values()])
    known = {
        row.click: ClickFacts(row.click, row.partner_id, row.clicked_at, _days(row, agreements), orders.get(row.id, ""))
        for row in rows.values()
    }
    found = []
    for one in statements:
        if one.ours in parts:
            found.append(Credit(Attribution(Reason.OWN_PART), part_id=parts[one.ours]))
            continue
        bought_at = one.bought_at or one.changed_at
        why = attribute(one.click, known, partner_id=partner_id, order=one.order, bought_at=bought_at)
        if one.ours and not why.click:
            why = Attribution(Reason.UNKNOWN_PART, looked_at=why.looked_at)
        row = rows.get(why.click)
        if row and not known[row.click].order:
            known[row.click] = msgspec.structs.replace(known[row.click], order=one.order)
        found.append(Credit(why, referral_id=row.id if row else None))
    return found


def _days(row: ReferralRow, agreements: Sequence[Held]) -> int:
    terms = agreement_on(row.clicked_at.date(), agreements)
    return terms.referral_days if terms else 0


def move_referrals(partner: str, credited: Mapping[UUID, Credited], moved: Iterable[UUID], *, now: datetime) -> None:
    """Let referrals follow where their lines stand by now, and tell of those that are newly bought.

    `credited` are those with a statement that is theirs from now on; `moved` those whose lines have changed.
    """
    ids = {*credited, *moved}
    rows, lines = referrals_by_id(ids), lines_of_referrals(ids)
    changed, bought = [], []
    for identity in sorted(ids & rows.keys()):
        row, new = rows[identity], credited.get(identity)
        status = status_of(lines.get(identity, ()), bought=new is not None or row.status == Status.BOUGHT)
        if new is None and status == row.status:
            continue
        if row.status == Status.CLICKED and status is not Status.CLICKED:
            bought.append((row, status, new))
        changed.append(_change(row, status, new, now=now))
    _write(changed)
    _tell(partner, bought, now=now)


def _change(row: ReferralRow, status: Status, new: Credited | None, *, now: datetime) -> Row:
    at = new.bought_at if new else None
    bought_at = min((one for one in (row.bought_at, at) if one), default=None)
    reason: dict[str, object] | None = None
    if new:
        reason = {"why": new.why.reason.value, "order": new.order, "looked_at": dict(new.why.looked_at)}
    return row.id, status.value, bought_at, now if status in ENDED else None, reason


def _write(changed: Sequence[Row]) -> None:
    sets = ("status", "bought_at", "ended_at", "reason")
    bulk.update(Referral, ("id",), sets, [row for row in changed if row[4] is not None])
    bulk.update(Referral, ("id",), sets[:3], [row[:4] for row in changed if row[4] is None])


def _tell(partner: str, bought: Sequence[tuple[ReferralRow, Status, Credited | None]], *, now: datetime) -> None:
    places = places_by_id({row.place_id for row, _, _ in bought if row.place_id})
    offers = dict(Offer.objects.filter(pk__in={row.offer_id for row, _, _ in bought}).values_list("pk", "reference"))
    news = []
    for row, status, new in bought:
        place = places.get(row.place_id or 0)
        told = ReferralNews(
            str(row.id), partner, offers.get(row.offer_id or 0, ""), row.channel, place.code if place else "",
            status.value, new.order if new else "", new.why.reason.value if new else "",
        )  # fmt: skip
        at = (new.bought_at if new else None) or now
        news.append(outbox.News("referral.bought", f"referral/{row.id}", at, _encode(told).decode(), told.place))
    outbox.record(news)
