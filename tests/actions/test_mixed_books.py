"""Partners' parts in the books and in the audit: what is sold for whom, what is owed to whom, what the rows prove."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import F

from onebasket.base.clock import database_now
from onebasket.base.models import ParkedEvent
from onebasket.base.relay import number_waiting
from onebasket.base.subscriptions import dispatch
from onebasket.channels.workers.subscriptions import WRITING
from onebasket.commerce.books.models import Entry
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.queries.audit import audit_orders
from onebasket.commerce.orders.rules.messages import OrderPlaced
from onebasket.commerce.partners.models import PartnerAddress, PartnerPart, PartnerPartLine, PartnerReturn
from onebasket.commerce.partners.queries.audit import audit_partners
from onebasket.commerce.partners.queries.journal_audit import audit_sent
from onebasket.commerce.partners.rules.partners import Merchant
from onebasket.commerce.payments.models import Payment
from onebasket.commerce.pricing.actions import set_tax_classes, set_tax_terms, set_taxes
from onebasket.commerce.pricing.rules.messages import TaxClassItem, TaxItem, TaxTermsItem
from onebasket.kernel.identity import new_id
from tests.builders import make_chain
from tests.journal import stands as books
from tests.mixing import mixed, move_part, place
from tests.offers import SINCE
from tests.partnering import add_offers, make_partner
from tests.paying import gift_card

pytestmark = pytest.mark.django_db


def run() -> None:
    """Number what was told, and dispatch until nothing is left."""
    while number_waiting() + dispatch(WRITING):
        pass
    assert not ParkedEvent.objects.exists()


def faults() -> dict[str, int]:
    """Return how many rows contradict each check of parts, tenders and journal."""
    found = audit_partners() + audit_sent() + audit_orders()
    return {one.check: one.differences for one in found if one.differences}


@pytest.fixture
def source() -> int:
    return make_chain(stock={"milk": 50})


def bought(source: int, quantity: int = 2, **terms: Any) -> OrderPlaced:
    """Buy lamps at $10.00 each, with $1.50 for shipping, of a partner by invoice."""
    ids = add_offers(make_partner("lantern", **terms), {"lamp": {"shipping_amount": 150, "category": "Home > Lamps"}})
    return place(source, mixed(source, {}, {ids["lamp"]: quantity}, card="4711"), method="invoice")


def test_as_agent_the_chain_owes_what_was_paid_less_its_commission(source: int) -> None:
    placed = bought(source)
    run()
    assert books() == {}
    move_part(placed.parts[0].id, "shipped")
    run()
    # 2 x 10.00 and 1.50 of shipping; 7 % of the goods are the chain's.
    assert books() == {
        "COMMISSION lantern": -140,
        f"CUSTOMERS {placed.parts[0].id}": 2150,
        "OWED_TO_PARTNERS lantern": -2010,
    }
    move_part(placed.parts[0].id, "delivered")
    run()
    assert Entry.objects.filter(kind="sent").count() == 1
    assert faults() == {}


def test_as_principal_the_chain_sells_and_owes_what_it_cost(source: int) -> None:
    set_taxes(source, [TaxItem("t", "VAT", 200_000, SINCE, "standard")])
    set_tax_terms(source, [TaxTermsItem("i", SINCE, included=True)])
    set_tax_classes(source, [TaxClassItem("c", "standard", category="Home")])
    placed = bought(source, merchant=Merchant.PRINCIPAL, markup=200_000)
    part = placed.parts[0]
    line = PartnerPartLine.objects.get()
    # One costs 10.00 and is sold at 12.00; 24.00 and 1.50 of shipping with 20 % of tax in them.
    assert (part.total, line.unit_amount, line.tax_code, line.tax_amount) == (2550, 1200, "VAT", 425)
    move_part(part.id, "shipped")
    run()
    assert books() == {
        f"CUSTOMERS {part.id}": 2550,
        "OWED_TO_PARTNERS lantern": -2150,
        "PARTNER_GOODS lantern": 2150,
        "PARTNER_SALES 20 %": -2125,
        "TAX VAT 20 %": -425,
    }
    assert faults() == {}


def test_tax_beside_prices_is_added_once_on_each_line(source: int) -> None:
    set_taxes(source, [TaxItem("t", "OH", 57_500, SINCE, "goods"), TaxItem("u", "HAM", 20_500, SINCE, "goods")])
    set_tax_terms(source, [TaxTermsItem("i", SINCE, included=False)])
    set_tax_classes(source, [TaxClassItem("c", "goods", category="Partner goods")])
    ids = add_offers(make_partner("own", merchant=Merchant.PRINCIPAL), {"lamp": {"price": 999}})
    placed = place(source, mixed(source, {}, {ids["lamp"]: 1}, card="4711"), method="invoice", offers_total=1077)
    line = PartnerPartLine.objects.get()
    assert (line.tax_code, line.tax_rate, line.tax_amount, line.amount) == ("HAM + OH", 78_000, 78, 1077)
    assert placed.parts[0].total == 1077


def test_a_part_that_comes_to_less_when_it_is_delivered_is_stated_anew(source: int) -> None:
    placed = bought(source)
    move_part(placed.parts[0].id, "shipped")
    run()
    PartnerPartLine.objects.update(accepted=1, amount=1150)
    move_part(placed.parts[0].id, "delivered", total=1150, cost=1150)
    run()
    assert books()["OWED_TO_PARTNERS lantern"] == -1080
    assert books()["COMMISSION lantern"] == -70


def test_what_was_never_sent_stands_in_no_book(source: int) -> None:
    card = gift_card(source, 5_000)
    ids = add_offers(make_partner("lantern"), {"lamp": {}})
    basket = mixed(source, {}, {ids["lamp"]: 1})
    placed = place(source, basket, method="card", balances=(card.code,), accounts=(card.account,))
    move_part(placed.parts[0].id, "refused")
    run()
    assert Order.objects.get().status == "cancelled"
    assert {name: amount for name, amount in books().items() if "PARTNER" in name or "COMMISSION" in name} == {}
    assert not [name for name in books() if name.startswith("ORDERS_DUE")]
    assert faults() == {}


def _set(**values: object) -> Callable[[UUID], object]:
    return lambda part: PartnerPart.objects.filter(pk=part).update(**values)


def _owed(more: int, status: str = "due") -> Callable[[UUID], object]:
    """Let the tenders of a part be due for so much more than it comes to."""

    def spoil(part: UUID) -> None:
        PartnerPart.objects.filter(pk=part).update(status=status)
        Payment.objects.filter(order_id=part).update(amount=9_999, authorised=F("due") + more, due=F("due") + more)

    return spoil


CORRUPTIONS: list[tuple[str, set[str], Callable[[UUID], object]]] = [
    ("a total that is not its lines'", {"partners.lines", "partners.tenders", "partners.paid"}, _set(total=9_999)),
    ("tax that no line bears", {"partners.lines"}, _set(tax_amount=1)),
    ("shipping that no line bears", {"partners.lines"}, _set(shipping_amount=0)),
    ("more back than was sent", {"partners.lines", "partners.returns"},
     lambda part: PartnerPartLine.objects.filter(part=part).update(accepted=1, returned=2)),
    ("money that was let go", {"partners.paid", "partners.tenders"},
     lambda part: Payment.objects.filter(order_id=part).update(status="reversed", due=0)),
    ("a partner's part that is paid at collection", {"partners.paid"},
     lambda part: Payment.objects.filter(order_id=part).update(method="at_collection")),
    ("an address of nobody's", {"partners.addresses"},
     lambda _: PartnerAddress.objects.update(order_id=new_id())),
    ("a part without its order", {"orders.parts", "partners.addresses"}, _set(order_id=new_id())),
    ("an order that counts another number of parts", {"orders.parts"}, lambda _: Order.objects.update(part_count=2)),
    ("an order that ended before its parts", {"orders.parts", "orders.fulfilments"},
     lambda _: Order.objects.update(status="closed")),
    ("a cancelled part that is due still", {"partners.tenders"}, _set(status="cancelled")),
    ("a waiting part whose tenders are due for less", {"partners.paid", "partners.tenders"}, _owed(-1)),
    ("a placed part whose tenders are due for less", {"partners.paid", "partners.tenders"}, _owed(-1, "placed")),
    ("a placed part whose tenders are due for more", {"partners.tenders"}, _owed(1, "placed")),
    ("a payment of nobody's", {"orders.tenders", "partners.paid"},
     lambda part: Payment.objects.filter(order_id=part).update(order_id=new_id())),
]  # fmt: skip


@pytest.mark.parametrize(("_what", "checks", "spoil"), CORRUPTIONS, ids=[one[0] for one in CORRUPTIONS])
def test_the_audit_finds(source: int, _what: str, checks: set[str], spoil: Callable[[UUID], object]) -> None:
    placed = bought(source)
    run()
    assert faults() == {}
    spoil(placed.parts[0].id)
    assert set(faults()) == checks


def test_the_audit_finds_a_part_that_is_not_in_the_journal(source: int) -> None:
    placed = bought(source)
    move_part(placed.parts[0].id, "shipped")
    run()
    assert faults() == {}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM books_posting")
        cursor.execute("DELETE FROM books_entry")
    assert set(faults()) == {"partners.journal"}


def test_the_audit_finds_an_entry_of_a_part_that_was_not_sent(source: int) -> None:
    placed = bought(source)
    move_part(placed.parts[0].id, "shipped")
    run()
    PartnerPart.objects.update(status="placed")
    assert "partners.journal" in faults()


def test_the_audit_finds_a_return_that_is_not_in_the_journal(source: int) -> None:
    placed = bought(source)
    move_part(placed.parts[0].id, "delivered", delivered_at=database_now())
    run()
    part = PartnerPart.objects.get()
    PartnerReturn.objects.create(
        id=new_id(), part=part, source_id=source, key="r", place_id=part.place_id, line=1, quantity=1, amount=1000,
        currency="USD", owner="partner", disposition="good", accepted_at=database_now(),
    )  # fmt: skip
    assert set(faults()) == {"partners.journal_returns", "partners.returns"}
    assert placed.total == 0
