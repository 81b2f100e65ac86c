"""Where partners send things is personal data: handed out with the rest, and erased with it, once nobody needs it."""

import msgspec
import pytest

from onebasket.base.relay import number_waiting
from onebasket.base.subscriptions import dispatch
from onebasket.channels.workers.subscriptions import WRITING
from onebasket.commerce.customers.queries import customers_by_loyalty_number
from onebasket.commerce.insights.actions.erasing import erase_person
from onebasket.commerce.insights.queries.person import export_person
from onebasket.commerce.insights.rules.person import Erased, EraseRefused
from onebasket.commerce.orders.models import Order
from onebasket.commerce.partners.models import PartnerAddress, PartnerPart
from onebasket.commerce.partners.rules.port import Address
from tests.builders import make_chain
from tests.mixing import mixed, move_part, place
from tests.offers import add_customers
from tests.partnering import add_offers, make_partner

pytestmark = pytest.mark.django_db


def test_the_address_is_handed_out_and_goes_once_the_part_has_ended() -> None:
    source = make_chain(stock={"milk": 5})
    add_customers(source, "4711")
    offers = add_offers(make_partner("lantern"), {"lamp": {}})
    placed = place(source, mixed(source, {}, {offers["lamp"]: 1}, card="4711"), method="invoice")
    customer = customers_by_loyalty_number(["4711"])["4711"]
    export = export_person(customer)
    assert export is not None
    (order,) = export.orders
    assert order.sent_to == Address(
        name="Ada", street="1 Acacia Avenue", city="Cincinnati", postcode="45202", country="US", region="OH",
        email="ada@example.org",
    )  # fmt: skip
    assert [line.title for part in order.order.parts for line in part.lines] == ["Lamp"]
    assert b"1 Acacia Avenue" in msgspec.json.encode(export)

    refused = erase_person(customer, actor="tests")
    assert isinstance(refused, EraseRefused)
    assert PartnerAddress.objects.count() == 1
    # The store's own part has ended, and the partner has yet to send its own: it needs to know where to.
    Order.objects.update(status="handed_over")
    refused = erase_person(customer, actor="tests")
    assert isinstance(refused, EraseRefused)
    assert PartnerAddress.objects.count() == 1

    Order.objects.update(status="placed")
    move_part(placed.parts[0].id, "delivered")
    while number_waiting() + dispatch(WRITING):
        pass
    assert Order.objects.get().status == "closed"
    assert isinstance(erase_person(customer, actor="tests"), Erased)
    assert PartnerAddress.objects.count() == 0
    assert PartnerPart.objects.get().total == 1000
