"""What a shopper sees where a link leads nowhere: what became of it, and what there is instead."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from onebasket.base.languages import language_asked
from onebasket.commerce.partners.actions.referring import ticket_for, where_to
from onebasket.commerce.partners.queries.offers import offers_by_gtin, offers_by_id, price_all
from onebasket.commerce.partners.rules.offers import OfferFacts
from onebasket.commerce.partners.rules.tickets import Ticket
from onebasket.front import formats

MOST_ALTERNATIVES = 6
RETRY_SECONDS = 5


class Alternative(NamedTuple):
    """The same thing from another partner, with its price and a link of its own."""

    title: str
    partner: str
    price: str
    address: str


def broken_link(request: HttpRequest) -> HttpResponse:
    """Say that the address was never one of ours, or was changed on its way."""
    return _page(request, "broken", {}, status=404)


def too_old(request: HttpRequest, offer_id: int) -> HttpResponse:
    """Say that the link was shown long ago, and lead to what it was about."""
    return _page(request, "old", {"look_for": _look_for(_offer(offer_id))}, status=410)


def ended(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    """Say that the partner's page is not there any more, with the same thing from others where there is one."""
    offer = _offer(ticket.offer_id)
    with translation.override(language_asked(request)):
        found = _alternatives(offer, ticket) if offer else ()
    title = offer.title if offer else ""
    return _page(request, "ended", {"title": title, "look_for": _look_for(offer), "alternatives": found}, status=410)


def away(request: HttpRequest) -> HttpResponse:
    """Say that the address cannot be looked up just now."""
    response = _page(request, "away", {}, status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _offer(offer_id: int) -> OfferFacts | None:
    """Return the offer; None where it cannot be read: the page does without."""
    try:
        return offers_by_id([offer_id]).get(offer_id)
    except (DatabaseError, InterfaceError):
        return None


def _look_for(offer: OfferFacts | None) -> str:
    """Return the address of the shop's search for what an offer was about."""
    return f"{reverse('shop:search')}?{urlencode({'q': offer.title[:100]})}" if offer else ""


def _alternatives(offer: OfferFacts, ticket: Ticket) -> Sequence[Alternative]:
    now = datetime.now(UTC)
    same = [one for one in offers_by_gtin([offer.gtin]).get(offer.gtin, []) if one.id != offer.id]
    priced = [one for one in price_all(same, currency=offer.currency, now=now) if one.is_referred and one.price]
    led = [one for one in priced if where_to(one.offer.id, "", now=now).address]
    cheapest = sorted(led, key=lambda one: one.price.amount if one.price else 0)[:MOST_ALTERNATIVES]
    return [
        Alternative(
            one.offer.title,
            one.partner.name,
            formats.money(one.price.amount, one.price.currency) if one.price else "",
            _link(one.offer.id, ticket, now),
        )
        for one in cheapest
    ]


def _link(offer_id: int, ticket: Ticket, now: datetime) -> str:
    """Return a link to another offer, credited as the one that was followed."""
    text = ticket_for(
        offer_id, channel=ticket.channel, place_id=ticket.place_id, associate=ticket.associate, now=now
    )  # fmt: skip
    return reverse("referral:go", args=[text])


def _page(request: HttpRequest, kind: str, context: Mapping[str, object], *, status: int) -> HttpResponse:
    language = language_asked(request)
    with translation.override(language):
        around = {"kind": kind, "language": language, "path": request.path, **context}
        response = HttpResponse(render_to_string("referral/odd.html", around), status=status)
    response["Content-Language"] = language
    response["Content-Security-Policy"] = _policy()
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    patch_vary_headers(response, ("Accept-Language", "Cookie"))
    return response


def _policy() -> str:
    """Return the content policy of every page of ours; the middleware that writes it elsewhere passes links by."""
    stated = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in stated.items())
