"""Links to partners' pages: a ticket for each that is shown, and a referral for each that is followed."""

import os
from datetime import datetime

from django.conf import settings

from onebasket.commerce.partners.rules.tickets import NONCE_BYTES, Opened, Ticket, pack, unpack


def ticket_for(offer_id: int, *, channel: str, place_id: int | None, associate: str, now: datetime) -> str:
    """Return a ticket for a link that is being shown: `/go/<ticket>` leads to the partner's page of the offer.

    `place_id` None where no place is chosen, `associate` empty unless one shows it. No statement, microseconds.
    """
    ticket = Ticket(offer_id, channel, place_id or 0, associate, now)
    return pack(ticket, nonce=os.urandom(NONCE_BYTES), secret=settings.SECRET_KEY)


def open_ticket(text: str) -> Opened | None:
    """Return what a ticket of ours says, or None; no statement."""
    return unpack(text, secret=settings.SECRET_KEY)
