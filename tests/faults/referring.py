"""A process of its own that makes a partner with an offer on the database of a house, and prints tickets for links."""

import sys

import django

if __name__ == "__main__":
    django.setup()

from onebasket.base.clock import database_now  # Django must be set up before
from onebasket.commerce.partners.actions.referring import open_ticket, ticket_for
from onebasket.commerce.partners.models import Partner
from tests.partnering import add_offers, make_partner


def main(count: int) -> None:
    """Print so many tickets, each with the name that its referral will have."""
    partner = make_partner()
    Partner.objects.filter(pk=partner.id).update(options={"hosts": "lantern.example", "click_parameter": "dp"})
    offer = add_offers(partner, {"lamp": {}})["lamp"]
    now = database_now()
    for _ in range(count):
        text = ticket_for(offer, channel="shop", place_id=None, associate="", now=now)
        opened = open_ticket(text)
        assert opened is not None
        print(text, opened.click)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
