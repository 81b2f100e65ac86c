"""Mixed baskets: a store's goods and partners' offers in one order, each part paid, placed and ended by itself."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from onebasket.base.clock import database_now
from onebasket.base.inbox_audit import audit_inbox
from onebasket.base.models import ParkedEvent
from onebasket.base.relay import number_waiting
from onebasket.base.subscriptions import dispatch
from onebasket.channels.workers.subscriptions import WRITING
from onebasket.commerce.books.queries.audit import audit_books
from onebasket.commerce.orders.actions import ReopenCall, reopen_orders
from onebasket.commerce.orders.actions.parted import leave_out
from onebasket.commerce.orders.models import Basket, Order
from onebasket.commerce.orders.queries.audit import audit_orders
from onebasket.commerce.orders.queries.journal_audit import audit_sold
from onebasket.commerce.orders.rules.baskets import BasketRefused, BasketStands, CheckoutRefused
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderPlaced, StepRefused
from onebasket.commerce.orders.rules.offering import OfferChange
from onebasket.commerce.partners.models import Agreement, Offer, PartnerAddress, PartnerPart, PartnerPartLine
from onebasket.commerce.partners.queries.audit import audit_partners
from onebasket.commerce.partners.rules.partners import Merchant
from onebasket.commerce.payments.actions import authorise
from onebasket.commerce.payments.models import Payment
from onebasket.commerce.payments.queries.audit import audit_payments
from onebasket.commerce.payments.queries.journal_audit import audit_paid
from onebasket.commerce.payments.rules.messages import Authorised
from onebasket.commerce.slots.queries.audit import audit_slots
from onebasket.commerce.stock.queries.audit import audit_stock
from tests.builders import make_chain, shelf, step
from tests.mixing import ask_offers, checking, mixed, move_part, place, standings, try_placing
from tests.partnering import add_offers, make_partner
from tests.paying import balance, gift_card, provider

pytestmark = pytest.mark.django_db


def run() -> None:
    """Number what was told, and dispatch until nothing is left."""
    while number_waiting() + dispatch(WRITING):
        pass
    assert not ParkedEvent.objects.exists()


def faults() -> list[tuple[str, tuple[str, ...]]]:
    """Return the checks of the audit that fail, each with what contradicts it."""
    found = audit_inbox() + audit_stock(now=database_now()) + audit_slots(now=database_now()) + audit_payments()
    found += audit_partners() + audit_orders() + audit_books() + audit_sold() + audit_paid()
    return [(one.check, one.examples) for one in found if one.differences]


@pytest.fixture
def source() -> int:
    return make_chain(stock={"milk": 50, "bread": 50})


@pytest.fixture
def offers() -> dict[str, int]:
    """Two partners' offers: a lamp at $10.00 and a vase at $25.00, and a net at $4.00 with $1.50 shipping."""
    lamps = add_offers(make_partner("lantern"), {"lamp": {}, "vase": {"price": 2500}})
    nets = add_offers(make_partner("harbour"), {"net": {"price": 400, "shipping_amount": 150}})
    return lamps | nets


def payments(order: UUID) -> list[tuple[str, str, int]]:
    rows = Payment.objects.filter(order_id=order).order_by("number")
    return list(rows.values_list("method", "status", "amount"))


def test_one_basket_becomes_one_order_with_a_part_for_each_partner(source: int, offers: dict[str, int]) -> None:
    basket = mixed(source, {"milk": 2}, {offers["lamp"]: 2, offers["vase"]: 1, offers["net"]: 3}, card="4711")
    assert [(one.offer, one.quantity, one.amount, one.shipping) for one in basket.offers] == [
        (offers["lamp"], 2, 1000, 0), (offers["vase"], 1, 2500, 0), (offers["net"], 3, 400, 150),
    ]  # fmt: skip
    placed = place(source, basket, method="at_collection", offers_method="invoice")
    assert (placed.status, placed.total, [line.sku for line in placed.lines]) == ("placed", 398, ["milk"])
    assert [(part.partner, part.merchant, part.total) for part in placed.parts] == [
        ("lantern", "agent", 4500), ("harbour", "agent", 1350),
    ]  # fmt: skip
    assert standings() == [("lantern", "due", 4500), ("harbour", "due", 1350)]
    assert payments(placed.id) == [("at_collection", "pending", 398)]
    assert [payments(part.id) for part in placed.parts] == [
        [("invoice", "authorised", 4500)], [("invoice", "authorised", 1350)],
    ]  # fmt: skip
    to = PartnerAddress.objects.get(pk=placed.id)
    assert (to.name, to.street, to.country, to.email) == ("Ada", "1 Acacia Avenue", "US", "ada@example.org")
    line = PartnerPartLine.objects.get(reference="net")
    assert (line.quantity, line.unit_amount, line.shipping_amount, line.amount) == (3, 400, 150, 1350)
    assert (line.unit_cost, line.commission_rate, line.tax_amount) == (400, 70_000, 0)
    assert shelf("milk") == (50, 2, 0)
    assert Order.objects.get().part_count == 2
    assert faults() == []


def test_offers_alone_are_an_order_that_nobody_picks(source: int, offers: dict[str, int]) -> None:
    basket = mixed(source, {}, {offers["lamp"]: 1}, card="4711")
    assert basket.held_until is None
    placed = place(source, basket, method="invoice")
    assert (placed.status, placed.total, placed.lines, placed.payments) == ("placed", 0, (), ())
    assert standings() == [("lantern", "due", 1000)]
    refused = step(source, "p", placed, Step.FINISH_PICKING)
    assert isinstance(refused, StepRefused)
    assert refused.code == "not_open"
    run()
    (part,) = placed.parts
    move_part(part.id, "shipped")
    run()
    assert payments(part.id) == [("invoice", "captured", 1000)]
    assert Order.objects.get().status == "placed"
    move_part(part.id, "delivered")
    run()
    assert Order.objects.get().status == "closed"
    assert faults() == []


def test_an_order_of_offers_whose_partners_all_refuse_is_cancelled(source: int, offers: dict[str, int]) -> None:
    placed = place(source, mixed(source, {}, {offers["lamp"]: 1, offers["net"]: 1}, card="4711"), method="invoice")
    move_part(placed.parts[0].id, "refused")
    run()
    assert Order.objects.get().status == "placed"
    move_part(placed.parts[1].id, "refused")
    run()
    assert Order.objects.get().status == "cancelled"
    assert [payments(part.id)[0][1] for part in placed.parts] == ["reversed", "reversed"]
    assert faults() == []


def test_an_order_of_which_a_partner_has_delivered_something_is_not_cancelled(
    source: int, offers: dict[str, int]
) -> None:
    placed = place(source, mixed(source, {}, {offers["lamp"]: 1, offers["net"]: 1}, card="4711"), method="invoice")
    move_part(placed.parts[0].id, "delivered")
    refused = step(source, "c", placed, Step.CANCEL)
    assert isinstance(refused, StepRefused)
    assert refused.code == "not_open"
    assert standings() == [("lantern", "delivered", 1000), ("harbour", "due", 550)]


def test_balances_pay_the_own_part_first_then_the_partners(source: int, offers: dict[str, int]) -> None:
    card = gift_card(source, 2000)
    basket = mixed(source, {"milk": 2}, {offers["lamp"]: 1, offers["net"]: 1}, card="4711")
    placed = place(source, basket, method="invoice", balances=(card.code,), accounts=(card.account,))
    assert payments(placed.id) == [("gift_card", "authorised", 398)]
    assert [payments(part.id) for part in placed.parts] == [
        [("gift_card", "authorised", 1000)],
        [("gift_card", "authorised", 550)],
    ]
    assert balance(card) == 52
    assert standings() == [("lantern", "due", 1000), ("harbour", "due", 550)]
    move_part(placed.parts[0].id, "refused")
    run()
    assert balance(card) == 1052
    assert faults() == []


def test_what_partners_send_is_not_paid_at_collection(source: int, offers: dict[str, int]) -> None:
    basket = mixed(source, {"milk": 2}, {offers["lamp"]: 1})
    refused = try_placing(source, basket)
    assert isinstance(refused, CheckoutRefused)
    assert refused.code == "paid_ahead"
    assert PartnerPart.objects.count() == 0
    assert shelf("milk") == (50, 0, 2)


@pytest.mark.django_db(transaction=True)
def test_cards_pay_each_part_by_itself_and_the_order_is_placed_when_all_are_sure(
    source: int,
    offers: dict[str, int],
    tmp_path: Path,
) -> None:
    with provider(tmp_path):
        basket = mixed(source, {"milk": 2}, {offers["lamp"]: 1, offers["net"]: 1})
        placed = place(source, basket, method="card")
        assert placed.status == "awaiting_payment"
        assert standings() == [("lantern", "waiting", 1000), ("harbour", "waiting", 550)]
        own, lamp, net = placed.payments[0].id, *(part.payments[0].id for part in placed.parts)
        for payment in (own, lamp):
            assert isinstance(authorise(payment, "tok_approved"), Authorised)
            run()
            assert Order.objects.get().status == "awaiting_payment"
        assert [status for _, status, _ in standings()] == ["waiting", "waiting"]
        assert isinstance(authorise(net, "tok_approved"), Authorised)
        run()
    assert Order.objects.get().status == "placed"
    assert [status for _, status, _ in standings()] == ["due", "due"]
    assert faults() == []


@pytest.mark.django_db(transaction=True)
def test_a_part_that_is_left_out_lets_the_rest_stand(source: int, offers: dict[str, int], tmp_path: Path) -> None:
    with provider(tmp_path):
        placed = place(source, mixed(source, {}, {offers["lamp"]: 1, offers["net"]: 1}), method="card")
        assert isinstance(authorise(placed.parts[0].payments[0].id, "tok_approved"), Authorised)
        run()
        assert Order.objects.get().status == "awaiting_payment"
        assert leave_out(placed.id, placed.parts[1].id, reason="by the shopper")
        assert not leave_out(placed.id, placed.parts[1].id, reason="by the shopper")
        run()
    assert standings() == [("lantern", "due", 1000), ("harbour", "cancelled", 550)]
    assert payments(placed.parts[1].id) == [("card", "reversed", 550)]
    assert faults() == []


def test_a_cancelled_order_lets_its_parts_go_until_a_partner_was_asked(source: int, offers: dict[str, int]) -> None:
    basket = mixed(source, {"milk": 1}, {offers["lamp"]: 1, offers["net"]: 1}, card="4711")
    placed = place(source, basket, method="invoice")
    move_part(placed.parts[1].id, "unknown")
    step(source, "c", placed, Step.CANCEL)
    assert [status for _, status, _ in standings()] == ["cancelled", "unknown"]
    run()
    assert [payments(part.id)[0][1] for part in placed.parts] == ["reversed", "authorised"]
    assert payments(placed.id) == [("invoice", "reversed", 199)]
    assert faults() == []


def test_an_order_of_offers_is_not_cancelled_once_a_partner_was_asked(source: int, offers: dict[str, int]) -> None:
    placed = place(source, mixed(source, {}, {offers["lamp"]: 1}, card="4711"), method="invoice")
    move_part(placed.parts[0].id, "unknown")
    refused = step(source, "c", placed, Step.CANCEL)
    assert isinstance(refused, StepRefused)
    assert Order.objects.get().status == "placed"
    assert [status for _, status, _ in standings()] == ["unknown"]


@pytest.mark.parametrize(
    ("change", "why", "after"),
    [
        ({"price": 1200}, "dearer", 1200),
        ({"price": 900}, "cheaper", 900),
        ({"shipping_amount": 50}, "dearer", 1000),
        ({"gone": True}, "gone", 1000),
        ({"available": False}, "out_of_stock", 1000),
        ({"stock": 1}, "too_few", 1000),
        ({"stock": 0}, "out_of_stock", 1000),
        ({"currency": "GBP"}, "not_sold", None),
        ({"stated_at": timedelta(hours=2)}, "silent", 1000),
    ],
)
def test_nothing_is_bought_that_is_not_as_it_was_seen(
    source: int,
    offers: dict[str, int],
    change: dict[str, object],
    why: str,
    after: int | None,
) -> None:
    basket = mixed(source, {"milk": 1}, {offers["lamp"]: 2, offers["net"]: 1}, card="4711")
    sets = {name: database_now() - value if isinstance(value, timedelta) else value for name, value in change.items()}
    Offer.objects.filter(pk=offers["lamp"]).update(**sets)
    refused = try_placing(source, basket, method="invoice")
    assert isinstance(refused, CheckoutRefused)
    assert refused.code == "offers_changed"
    (named,) = refused.offers
    assert (named.title, named.partner, named.why, named.before, named.after) == ("Lamp", "Lantern", why, 1000, after)
    assert Order.objects.count() == 0
    assert PartnerPart.objects.count() == 0
    assert Payment.objects.count() == 0
    assert shelf("milk") == (50, 0, 1)
    if why in {"dearer", "cheaper"}:
        agreed = ask_offers(source, basket.id, {offers["lamp"]: 2}, key="agree")
        assert isinstance(agreed, BasketStands)
        assert isinstance(try_placing(source, agreed, key="c2", method="invoice"), OrderPlaced)


def test_an_agreement_that_ended_meanwhile_sells_nothing(source: int, offers: dict[str, int]) -> None:
    basket = mixed(source, {}, {offers["lamp"]: 1}, card="4711")
    Agreement.objects.filter(partner__code="lantern").update(ends_on=database_now().date())
    refused = try_placing(source, basket, method="invoice")
    assert isinstance(refused, CheckoutRefused)
    assert [one.why for one in refused.offers] == ["not_sold"]


def test_another_total_than_was_seen_is_refused(source: int, offers: dict[str, int]) -> None:
    basket = mixed(source, {}, {offers["lamp"]: 1}, card="4711")
    refused = try_placing(source, basket, method="invoice", offers_total=1)
    assert refused == CheckoutRefused(
        "price_changed", "What partners send comes to something else. Look at it, then place it.", version=1,
        offers_total=1000,
    )  # fmt: skip
    without = try_placing(source, basket, key="c2", method="invoice", ship_to=None)
    assert isinstance(without, CheckoutRefused)
    assert without.code == "address_needed"


@pytest.mark.parametrize(
    ("reference", "quantity", "why"),
    [("lamp", 6, "too_few"), ("gone", 1, "gone"), ("none", 1, "out_of_stock"), ("abroad", 1, "not_sold")],
)
def test_a_basket_takes_no_offer_that_is_not_sold(
    source: int,
    offers: dict[str, int],
    reference: str,
    quantity: int,
    why: str,
) -> None:
    more = add_offers(
        make_partner("third"),
        {"gone": {"gone": True}, "none": {"stock": 0}, "abroad": {"currency": "CHF"}},
    )
    basket = mixed(source, {"milk": 1}, {offers["vase"]: 1})
    refused = ask_offers(source, basket.id, {(offers | more)[reference]: quantity})
    assert isinstance(refused, BasketRefused)
    assert (refused.code, [one.why for one in refused.offers]) == ("offer_changed", [why])
    assert Basket.objects.get().version == 1


def test_an_offer_nobody_has_and_too_many_are_refused(source: int, offers: dict[str, int]) -> None:
    basket = mixed(source, {"milk": 1}, {})
    nobody = ask_offers(source, basket.id, {10**9: 1})
    assert isinstance(nobody, BasketRefused)
    assert nobody.offers == (OfferChange(10**9, "", "", "gone", 1),)
    many = add_offers(make_partner("many"), {f"i{number}": {} for number in range(51)})
    refused = ask_offers(source, basket.id, dict.fromkeys(many.values(), 1), key="o2")
    assert isinstance(refused, BasketRefused)
    assert refused.code == "too_many_offers"


def test_nought_takes_an_offer_out(source: int, offers: dict[str, int]) -> None:
    basket = mixed(source, {"milk": 1}, {offers["lamp"]: 1, offers["net"]: 1})
    left = ask_offers(source, basket.id, {offers["lamp"]: 0})
    assert isinstance(left, BasketStands)
    assert [one.offer for one in left.offers] == [offers["net"]]
    assert (left.version, left.lines[0].held) == (2, 1)


def test_as_principal_the_chain_adds_its_markup(source: int) -> None:
    ids = add_offers(make_partner("own", merchant=Merchant.PRINCIPAL, markup=250_000), {"lamp": {}})
    placed = place(source, mixed(source, {}, {ids["lamp"]: 2}, card="4711"), method="invoice")
    assert [(part.merchant, part.total) for part in placed.parts] == [("principal", 2500)]
    part = PartnerPart.objects.get()
    assert (part.total, part.cost, part.cost_currency) == (2500, 2000, "USD")


def test_a_mixed_order_is_opened_again_with_its_offers(source: int, offers: dict[str, int]) -> None:
    basket = mixed(source, {"milk": 1}, {offers["lamp"]: 2}, card="4711")
    placed = place(source, basket, method="invoice")
    (again,) = reopen_orders([ReopenCall(source, "r1", placed.id)])
    assert isinstance(again, BasketStands)
    assert [(one.offer, one.quantity, one.amount) for one in again.offers] == [(offers["lamp"], 2, 1000)]
    assert standings() == [("lantern", "cancelled", 2000)]
    placed = place(source, again, key="c2", method="invoice")
    move_part(placed.parts[0].id, "placed")
    (refused,) = reopen_orders([ReopenCall(source, "r2", placed.id)])
    assert isinstance(refused, StepRefused)
    run()
    assert faults() == []


def test_the_same_checkout_twice_is_one_order_with_one_part_each(source: int, offers: dict[str, int]) -> None:
    basket = mixed(source, {"milk": 1}, {offers["lamp"]: 1, offers["net"]: 1}, card="4711")
    call = checking(source, basket, method="invoice")
    first, again = (try_placing(source, basket, method="invoice") for _ in range(2))
    assert first == again
    other = try_placing(source, basket, key="other tab", method="invoice")
    assert isinstance(other, CheckoutRefused)
    assert other.code == "basket_closed"
    assert call.request.key == "c1"
    assert PartnerPart.objects.count() == 2
