"""Following a link: the shopper is sent on at once, whatever else happens; or told what became of the offer."""

import logging
from datetime import UTC, datetime

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from onebasket.channels.referral.counting import CLICKS, address_of, is_robot, looks_ahead
from onebasket.channels.referral.pages import away, broken_link, ended, too_old
from onebasket.channels.referral.recording import record
from onebasket.commerce.partners.actions.referring import open_ticket, where_to
from onebasket.commerce.partners.actions.showing import note_clicked
from onebasket.commerce.partners.rules.referrals import Followed, FollowLink
from onebasket.commerce.partners.rules.tickets import Opened, is_expired

logger = logging.getLogger(__name__)
AHEAD = 503
"""What a browser that looks ahead is answered: it throws the answer away, and asks again when the link is followed."""
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@require_safe
def follow(request: HttpRequest, ticket: str) -> HttpResponse:
    """Send a shopper to the partner's page of an offer, and write the click down; no cookie, nothing about the shopper.

    The address is the offer's own, as it is kept: nothing of the request goes into it.
    """
    opened = open_ticket(ticket)
    now = datetime.now(UTC)
    if opened is None:
        return broken_link(request)
    if is_expired(opened.ticket, now=now):
        return too_old(request, opened.ticket.offer_id)
    if looks_ahead(request):
        return _said(HttpResponse(status=AHEAD))
    try:
        if request.method == "HEAD" or is_robot(request):
            followed = where_to(opened.ticket.offer_id, "", now=now)
        else:
            followed = _followed(request, opened, now)
    except (DatabaseError, InterfaceError):
        logger.exception("a link cannot be followed")
        return away(request)
    return _said(_sent_on(followed)) if followed.address else ended(request, opened.ticket)


@require_safe
def nothing(request: HttpRequest) -> HttpResponse:
    """Answer every other address below `/go/`."""
    return broken_link(request)


def _followed(request: HttpRequest, opened: Opened, now: datetime) -> Followed:
    ticket = opened.ticket
    click = FollowLink(
        offer_id=ticket.offer_id, channel=ticket.channel, place_id=ticket.place_id, associate=ticket.associate,
        shown_at=ticket.shown_at, serial=opened.serial, click=opened.click, clicked_at=now,
    )  # fmt: skip
    followed = record(click)
    if followed.address and CLICKS.count(address_of(request)):
        note_clicked(ticket.offer_id, channel=ticket.channel, place_id=ticket.place_id)
    return followed


def _sent_on(followed: Followed) -> HttpResponse:
    return HttpResponse(status=302, headers={"Location": followed.address})


def _said(response: HttpResponse) -> HttpResponse:
    for name, value in HEADERS.items():
        response[name] = value
    return response
