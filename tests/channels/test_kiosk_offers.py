"""Partners' offers at the kiosk: beside a product, side by side, in one basket with the store's goods, paid by card."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from onebasket.commerce.orders.actions import requoting
from onebasket.commerce.orders.models import Order
from onebasket.commerce.partners.actions.referring import open_ticket
from onebasket.commerce.partners.actions.showing import take_shown
from onebasket.commerce.partners.models import Agreement, Offer, PartnerAddress
from onebasket.commerce.payments.models import Payment
from tests.builders import faults_in_stock, shelf
from tests.channels.kiosking import Kiosk, form_of
from tests.channels.shopping import make_shop
from tests.mixing import standings
from tests.partnering import add_offers, make_partner
from tests.paying import Books, provider

pytestmark = pytest.mark.django_db(transaction=True)
GTIN = "04006381333931"
HOME = {"street": "1 Acacia Avenue", "postcode": "45202", "city": "Cincinnati", "country": "US"}
WHO = {"name": "Ada", "reach": "ada@example.org"} | HOME


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(requoting, "refresh_offers", lambda _ids, **_: None)
    take_shown()
    return make_shop(monkeypatch)


@pytest.fixture
def offers(source: int) -> dict[str, int]:
    stated = {"price": 1000, "shipping_amount": 300, "days_from": 3, "days_to": 5}
    return add_offers(make_partner(), {"milk": stated | {"gtin": GTIN}, "lamp": stated | {"price": 2500}})


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    with provider(tmp_path) as found:
        yield found


def test_a_product_shows_who_else_sells_it_and_side_by_side_what_that_costs(offers: dict[str, int]) -> None:
    kiosk = Kiosk()
    page = kiosk.get("p/milk")
    assert "The same from our partners, sent to your home" in page.text
    form = form_of(page, "/compare/more", button="Side by side")
    names = ["p:milk", f"o:{offers['milk']}"]
    kiosk.client.post(form.action, form.fields | {"instead": "1", "add": names})
    page = kiosk.get("compare")
    assert kiosk.visit().compared == ("p:milk", f"o:{offers['milk']}")
    assert "Price $1.99 least, with shipping $10.00" in page.text
    assert "Shipping none, you collect it plus $3.00 shipping" in page.text
    assert "When now, here delivered in 3 to 5 days" in page.text
    assert "Who sells it p1 sold and shipped by Lantern" in page.text
    shown = {(one.offer_id, one.channel) for one in take_shown()}
    assert shown == {(offers["milk"], "kiosk")}


def test_an_offers_page_leads_to_the_partner_with_credit_to_the_kiosks_store(
    offers: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    links: list[str] = []

    def drawn(link: str) -> str:
        links.append(link)
        return "drawn"

    monkeypatch.setattr("onebasket.channels.kiosk.views.finding.qr_code", drawn)
    page = Kiosk("p2").get(f"o/{offers['lamp']}")
    assert "$25.00 plus $3.00 shipping" in page.text
    assert "Buy it at Lantern" in page.text
    opened = open_ticket(links[0].partition("/go/")[2])
    assert opened is not None
    assert (opened.ticket.offer_id, opened.ticket.channel, opened.ticket.associate) == (offers["lamp"], "kiosk", "")
    assert Kiosk().get("o/999999").status == 404
    Offer.objects.update(gone=True)
    assert Kiosk().get(f"o/{offers['lamp']}").status == 404


def test_what_has_ended_at_a_partner_that_only_refers_is_not_shown(offers: dict[str, int]) -> None:
    Agreement.objects.update(ships=False)
    kiosk = Kiosk()
    page = kiosk.get(f"o/{offers['lamp']}")
    assert "Buy it at Lantern" in page.text
    kiosk.send(page, "/compare/more", button="Compare")
    assert "Lamp" in kiosk.get("compare").text
    Offer.objects.update(gone=True)
    assert kiosk.get(f"o/{offers['lamp']}").status == 404
    assert "Nothing to compare yet" in kiosk.get("compare").text


def test_a_mixed_basket_is_ordered_and_paid_here(offers: dict[str, int], books: Books) -> None:
    kiosk = Kiosk()
    kiosk.add("milk", 2)
    page = kiosk.send(kiosk.get(f"o/{offers['lamp']}"), "/basket/offers", button="Add")
    assert "It is in your basket." in page.text
    page = kiosk.get("basket")
    assert "To collect at p1" in page.text
    assert "Sent to your home by Lantern" in page.text
    assert "All of it $31.98" in page.text
    page = kiosk.get("checkout")
    assert "Lantern is given your name and this address" in page.text
    wrong = kiosk.send(page, "/checkout", name="Ada", reach="ada@example.org", country="XX")
    assert wrong.status == 422
    assert "Where is it to be sent?" in wrong.text
    assert "Choose a country." in wrong.text
    page = kiosk.send(wrong, "/checkout", **WHO)
    assert "Pay $28.00 by card" in page.text
    assert Order.objects.get().status == "awaiting_payment"
    declined = kiosk.send(page, "/pay", button="Pay $28.00", card="tok_declined")
    assert declined.status == 402
    assert "The card was declined." in declined.text
    page = kiosk.send(declined, "/pay", button="Pay $28.00", card="tok_approved")
    assert "Thank you. Your order is placed." in page.text
    assert "Sent to your home by Lantern" in page.text
    order = Order.objects.get()
    assert (order.status, order.channel, order.total) == ("placed", "kiosk", 398)
    assert standings() == [("lantern", "due", 2800)]
    assert PartnerAddress.objects.get().street == HOME["street"]
    assert sorted(Payment.objects.values_list("method", "status", "amount")) == [
        ("at_collection", "pending", 398),
        ("card", "authorised", 2800),
    ]
    assert shelf("milk") == (10, 2, 0)
    kiosk.get("leave")
    assert kiosk.get("done").address == "/kiosk/"
    assert faults_in_stock() == []


def test_an_offer_alone_is_sent_home_without_a_time_to_collect(offers: dict[str, int], books: Books) -> None:
    kiosk = Kiosk()
    kiosk.send(kiosk.get(f"o/{offers['lamp']}"), "/basket/offers", button="Add")
    page = kiosk.send(kiosk.get("checkout"), "/checkout", **WHO)
    page = kiosk.send(page, "/pay", button="Pay $28.00", card="tok_approved")
    assert "It comes to your home." in page.text
    assert page.html.count('class="qr"') == 1  # its page on the phone: there is nothing to collect


def test_a_part_is_left_out_before_it_is_paid(offers: dict[str, int], books: Books) -> None:
    kiosk = Kiosk()
    kiosk.add("milk")
    kiosk.send(kiosk.get(f"o/{offers['lamp']}"), "/basket/offers", button="Add")
    page = kiosk.send(kiosk.get("checkout"), "/checkout", **WHO)
    page = kiosk.send(page, "/pay", button="Leave out what Lantern sends")
    assert "Thank you. Your order is placed." in page.text
    assert standings() == [("lantern", "cancelled", 2800)]


def test_what_went_up_is_said_openly_and_agreed_to(offers: dict[str, int], books: Books) -> None:
    kiosk = Kiosk()
    kiosk.send(kiosk.get(f"o/{offers['lamp']}"), "/basket/offers", button="Add")
    Offer.objects.filter(pk=offers["lamp"]).update(price=2600)
    page = kiosk.get("checkout")
    assert "It costs $26.00 now, and $25.00 when you put it in." in page.text
    page = kiosk.send(page, "/basket/offers", button="Take it for $29.00")
    assert "$29.00" in page.text
    assert "Order here" in kiosk.get("checkout").text
    assert Order.objects.count() == 0


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"offer": "x"}, 400),
        ({"quantity": "-1"}, 400),
        ({"seen": "x"}, 400),
        ({"offer": "999"}, 302),
        ({"seen": "1"}, 302),
    ],
)
def test_what_no_page_of_ours_sends_puts_nothing_in(offers: dict[str, int], sent: dict[str, str], status: int) -> None:
    kiosk = Kiosk()
    form = form_of(kiosk.get(f"o/{offers['lamp']}"), "/basket/offers")
    assert kiosk.answer(form, **({"quantity": "1"} | sent)).status_code == status
    assert "Sent to your home" not in kiosk.get("basket").text


def test_without_a_card_provider_partners_goods_go_to_the_phone(offers: dict[str, int]) -> None:
    kiosk = Kiosk()
    kiosk.send(kiosk.get(f"o/{offers['lamp']}"), "/basket/offers", button="Add")
    with override_settings(CARD_URL=""):
        page = kiosk.get("checkout")
    assert "no cards are taken here. Take the basket to your phone" in page.text
    assert not [form for form in page.forms if any("Order for" in one[2] for one in form.buttons)]
