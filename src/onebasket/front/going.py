"""Where a link that takes a shopper to a partner's own page leads: to our `/go/` with a ticket, nowhere else."""

from datetime import datetime

from onebasket.commerce.partners.actions.referring import ticket_for


def go_address(offer_id: int, *, channel: str, place_id: int, associate: str, now: datetime) -> str:
    """Return the address that takes a shopper to an offer's page at its partner; nothing is written for it."""
    ticket = ticket_for(offer_id, channel=channel, place_id=place_id or None, associate=associate, now=now)
    return f"/go/{ticket}"
