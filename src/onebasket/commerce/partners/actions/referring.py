"""Links to partners' pages: a ticket for each that is shown, and a referral for each that is followed."""

import os
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import msgspec
from django.conf import settings

from onebasket.base import bulk, outbox
from onebasket.base.clock import database_now
from onebasket.base.columns import Row, as_uuid
from onebasket.commerce.partners.actions.oddities import Odd, keep_odd
from onebasket.commerce.partners.models import Referral
from onebasket.commerce.partners.queries.links import link_targets
from onebasket.commerce.partners.rules.links import LinkTarget, NoWay, land
from onebasket.commerce.partners.rules.messages import ReferralNews
from onebasket.commerce.partners.rules.referrals import Followed, FollowLink, Status
from onebasket.commerce.partners.rules.tickets import NONCE_BYTES, Opened, Ticket, pack, unpack
from onebasket.commerce.places.queries import places_by_id
from onebasket.kernel.identity import new_id

_NAMES = (
    "id", "partner", "offer_id", "click", "ticket", "channel", "place_id", "associate", "target", "status", "reason",
    "shown_at", "clicked_at",
)  # fmt: skip
_encode = msgspec.json.Encoder().encode


def ticket_for(offer_id: int, *, channel: str, place_id: int | None, associate: str, now: datetime) -> str:
    """Return a ticket for a link that is being shown: `/go/<ticket>` leads to the partner's page of the offer.

    `place_id` None where no place is chosen, `associate` empty unless one shows it. No statement, microseconds.
    """
    ticket = Ticket(offer_id, channel, place_id or 0, associate, now)
    return pack(ticket, nonce=os.urandom(NONCE_BYTES), secret=settings.SECRET_KEY)


def open_ticket(text: str) -> Opened | None:
    """Return what a ticket of ours says, or None; no statement."""
    return unpack(text, secret=settings.SECRET_KEY)


def where_to(offer_id: int, click: str, *, now: datetime) -> Followed:
    """Return where a link leads, and write nothing: for whoever does not count, and while nothing can be written."""
    return _followed(land(link_targets([offer_id], on=now.date()).get(offer_id), click))


def follow_links(calls: Sequence[FollowLink]) -> list[Followed]:
    """Write a referral for every link that leads somewhere, once a ticket, in one transaction; say where each leads.

    Whoever was sent on before is a referral to there, whatever became of the offer or the partner since. Safe to
    repeat: a ticket that was followed before leads to the same address, with the same click id.
    """
    if not calls:
        return []
    with bulk.batch():
        found = _targets(calls)
        landed = [_landed(call, target) for call, target in zip(calls, found, strict=True)]
        targets = {target.offer_id: target for target in found if target}
        rows = [
            _row(call, targets[call.offer_id], address)
            for call, address in zip(calls, landed, strict=True)
            if not isinstance(address, NoWay)
        ]
        made = bulk.insert_missing(Referral, _NAMES, sorted(rows, key=lambda row: row[4]), ("id",))
        _tell({as_uuid(one) for (one,) in made}, rows, targets)
        if NoWay.FOREIGN in landed:
            _keep_foreign(calls, landed, targets, now=database_now())
    return [_followed(one) for one in landed]


def _targets(calls: Sequence[FollowLink]) -> list[LinkTarget | None]:
    """Return each call's offer, with what was agreed on the day of its click: a statement for each day."""
    offers: dict[date, set[int]] = {}
    for call in calls:
        offers.setdefault(call.clicked_at.date(), set()).add(call.offer_id)
    known = {day: link_targets(ids, on=day) for day, ids in offers.items()}
    return [known[call.clicked_at.date()].get(call.offer_id) for call in calls]


def _landed(call: FollowLink, target: LinkTarget | None) -> str | NoWay:
    return call.led if call.led and target else land(target, call.click)


def _followed(landed: str | NoWay) -> Followed:
    return Followed(refused=landed.value) if isinstance(landed, NoWay) else Followed(landed)


def _row(call: FollowLink, target: LinkTarget, address: str) -> Row:
    return (
        new_id(), target.partner_id, call.offer_id, call.click, call.serial, call.channel[:16], call.place_id or None,
        call.associate[:150], address[:1000], Status.CLICKED.value, {}, call.shown_at, call.clicked_at,
    )  # fmt: skip


def _tell(made: set[object], rows: Sequence[Row], targets: Mapping[int, LinkTarget]) -> None:
    new = [row for row in rows if row[0] in made]
    places = places_by_id({row[6] for row in new if row[6]})
    news = []
    for row in new:
        place = places.get(row[6])
        target = targets[row[2]]
        told = ReferralNews(
            str(row[0]),
            target.partner,
            target.reference,
            row[5],
            place.code if place else "",
            Status.CLICKED.value,
        )
        news.append(outbox.News("referral.clicked", f"referral/{row[0]}", row[12], _encode(told).decode(), told.place))
    outbox.record(news)


def _keep_foreign(
    calls: Sequence[FollowLink], landed: Sequence[str | NoWay], targets: Mapping[int, LinkTarget], *, now: datetime
) -> None:
    """Tell people of offers whose address is none of the partner's: somebody may have slipped it in."""
    found = {call.offer_id for call, one in zip(calls, landed, strict=True) if one is NoWay.FOREIGN}
    keep_odd(
        [
            Odd(
                targets[offer].partner_id, "referral", targets[offer].reference, "foreign_address",
                "The offer's address lies at no host that the partner's option `hosts` names: nobody is sent there.",
                targets[offer].url,
            )
            for offer in found
        ],
        now=now,
    )  # fmt: skip
