"""Mixed baskets in the shop: partners' offers beside the store's goods, what has changed said, paid and followed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from onebasket.base.clock import database_now
from onebasket.channels.shop import guesses
from onebasket.commerce.orders.actions import requoting
from onebasket.commerce.orders.models import Order
from onebasket.commerce.partners.models import Offer, PartnerAddress, PartnerPart
from onebasket.commerce.payments.actions import calling
from onebasket.commerce.payments.models import Payment
from tests.channels.shopping import Form, Page, Shopper, make_shop
from tests.mixing import move_part, standings
from tests.offers import add_customers
from tests.partnering import add_offers, make_partner
from tests.paying import Books, gift_card, provider

pytestmark = pytest.mark.django_db(transaction=True)
HOME = {"street": "1 Acacia Avenue", "postcode": "45202", "city": "Cincinnati", "country": "US"}
WHO = {"name": "Ada", "email": "ada@example.org"} | HOME


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(calling, "PATIENCE", calling.Patience(call=0.5, inquiry=2.0, lease=1.5))
    monkeypatch.setattr(requoting, "refresh_offers", lambda _ids, **_: None)
    guesses.WRONG_CODES.clear()
    return make_shop(monkeypatch)


@pytest.fixture
def offers(source: int) -> dict[str, int]:
    lantern = make_partner("lantern")
    more = add_offers(make_partner("harbour"), {"net": {"price": 400, "shipping_amount": 150}})
    return add_offers(lantern, {"lamp": {"days_from": 3, "days_to": 5}, "vase": {"price": 2500}}) | more


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    with provider(tmp_path) as found:
        yield found


def put_in(shopper: Shopper, number: int, how_many: int = 1, **more: str) -> Page:
    """Put an offer into the basket, as the form on its page does."""
    fields = {"key": "a-key-of-sixteen-or-so", "offer": str(number), "quantity": str(how_many)} | more
    token = shopper.get("departments").forms[-1].fields["csrfmiddlewaretoken"]
    return shopper.send(Form("/shop/basket/offers", "post", fields | {"csrfmiddlewaretoken": token}))


def test_a_basket_shows_each_partner_apart_with_who_sells_and_how_old_its_price_is(offers: dict[str, int]) -> None:
    shopper = Shopper()
    shopper.add("milk")
    put_in(shopper, offers["lamp"], 2, key="k" * 16)
    page = put_in(shopper, offers["net"], key="l" * 16)
    assert "Sent to your home by Lantern sold and shipped by Lantern" in page.text
    assert "delivered in 3 to 5 days" in page.text
    assert "price as of" in page.text
    assert "Sent to your home by Harbour" in page.text
    assert "Shipping, included $1.50" in page.text
    assert "From p1" in page.text
    assert "All of it $27.49" in page.text
    assert page.form("basket/offers", offer=str(offers["lamp"])).buttons


def test_an_offer_is_set_and_taken_out(offers: dict[str, int]) -> None:
    shopper = Shopper()
    page = put_in(shopper, offers["lamp"])
    assert "It is in your basket." in page.text
    page = shopper.send(page.form("basket/offers", offer=str(offers["lamp"])), button="More of Lamp")
    assert "Together $20.00" in page.text
    page = shopper.send(page.form("basket/offers", offer=str(offers["lamp"])), button="Take out")
    assert "Your basket is empty" in page.text


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        ({"offer": "nobody"}, 400, ""),
        ({"quantity": "-1"}, 400, ""),
        ({"quantity": "1e9"}, 400, ""),
        ({"seen": "x"}, 400, ""),
        ({"offer": "999999"}, 200, "Its partner does not sell it any more."),
        ({"quantity": "6"}, 200, "Its partner does not have so many of it."),
        ({"quantity": "999999"}, 200, "Its partner does not have so many of it."),
        ({"seen": "900"}, 200, "Its price has gone up meanwhile."),
        ({"seen": "1100"}, 200, "Its price has changed meanwhile."),
    ],
)
def test_what_no_page_of_ours_sends_puts_nothing_in(
    offers: dict[str, int], sent: dict[str, Any], status: int, said: str
) -> None:
    shopper = Shopper()
    page = put_in(shopper, offers["lamp"], **sent)
    assert page.status == status
    assert said in page.text
    assert "Sent to your home" not in page.text


def test_a_mixed_basket_is_bought_with_two_ways_of_paying(source: int, offers: dict[str, int]) -> None:
    add_customers(source, "4711")
    shopper = Shopper()
    shopper.add("milk")
    page = put_in(shopper, offers["lamp"])
    page = shopper.send(page.form("basket/card"), card="4711")
    page = shopper.checkout()
    assert "How you pay for what you collect" in page.text
    assert "How you pay for what partners send" in page.text
    assert "$10.00 is paid now, as it is sent to you; $1.99 is paid as you chose above." in page.text
    assert "Lantern is given your name and this address" in page.text
    form = page.form("/checkout")
    missing = shopper.send(form, button="Place the order", name="Ada", email="ada@example.org")
    assert missing.status == 422
    assert "Where is it to be sent?" in missing.text
    done = shopper.send(missing.form("/checkout"), button="Place the order", **WHO)
    assert "Thank you. Your order is placed." in done.text
    assert "Being ordered from the partner" in done.text
    assert "sold and sent by Lantern" in done.text
    assert standings() == [("lantern", "due", 1000)]
    assert set(Payment.objects.values_list("method", "status", "amount")) == {
        ("at_collection", "pending", 199), ("invoice", "authorised", 1000),
    }  # fmt: skip
    to = PartnerAddress.objects.get()
    assert (to.name, to.street, to.postcode, to.city, to.country) == (
        "Ada", "1 Acacia Avenue", "45202", "Cincinnati", "US",
    )  # fmt: skip
    receipt = shopper.get(f"{done.address.partition('?')[0]}/receipt/1")
    assert "Sold by Lantern" in receipt.text
    assert "states the tax in it on an invoice of its own" in receipt.text
    assert shopper.get(f"{done.address.partition('?')[0]}/receipt/2").status == 404
    assert "1 product, 1 part sent by a partner" in shopper.get("orders").text


def test_offers_alone_need_no_time_and_are_collected_by_nobody(source: int, offers: dict[str, int]) -> None:
    card = gift_card(source, 5_000)
    shopper = Shopper()
    put_in(shopper, offers["lamp"])
    page = shopper.checkout()
    assert "Who receives it" in page.text
    assert "Whenever the store is open" not in page.text
    page = shopper.send(page.form("/checkout"), button="Apply", code=card.code, **HOME)
    done = shopper.send(page.form("/checkout"), button="Place the order", **WHO)
    assert "Thank you." in done.text
    assert "Show this when you collect" not in done.text
    assert [(one.method, one.amount) for one in Payment.objects.all()] == [("gift_card", 1000)]
    move_part(PartnerPart.objects.get().pk, "unknown")
    page = shopper.get(done.address.partition("?")[0])
    assert "cannot be taken back here" in page.text
    assert not any(form.action.endswith("/change") for form in page.forms)


@pytest.mark.parametrize(
    ("change", "said", "button"),
    [
        ({"price": 1200}, "It costs $12.00 now, and $10.00 when you put it in.", "Take it for $12.00"),
        ({"price": 800}, "It has become cheaper: $8.00 now, and $10.00 when you put it in.", "Take it for $8.00"),
        ({"stock": 0}, "Lantern has none of it now.", "Take out"),
        ({"gone": True}, "Lantern does not sell it any more.", "Take out"),
        ({"shipping_amount": 99}, "Its shipping costs $0.99 now, and $0.00", "Take it for $10.99"),
    ],
)
def test_what_has_changed_is_said_with_both_prices_and_one_click_mends_it(
    source: int, offers: dict[str, int], change: dict[str, object], said: str, button: str
) -> None:
    card = gift_card(source, 5_000)
    shopper = Shopper()
    shopper.add("milk")
    put_in(shopper, offers["lamp"])
    page = shopper.checkout()
    page = shopper.send(page.form("/checkout"), button="Apply", code=card.code, **HOME)
    Offer.objects.filter(pk=offers["lamp"]).update(**change)
    told = shopper.send(page.form("/checkout"), button="Place the order", **WHO)
    assert told.address.endswith("basket?asked")
    assert said in told.text
    assert Order.objects.count() == 0
    assert "To the checkout" not in told.text
    mended = shopper.send(told.form("basket/offers", button=button), button=button)
    assert "To the checkout" in mended.text
    assert ("Sent to your home" in mended.text) == (button != "Take out")


def test_a_silent_partner_is_told_openly_and_nothing_is_placed(source: int, offers: dict[str, int]) -> None:
    shopper = Shopper()
    shopper.add("milk")
    put_in(shopper, offers["lamp"])
    Offer.objects.filter(pk=offers["lamp"]).update(stated_at=database_now() - timedelta(hours=2))
    assert "asked anew before you pay" in shopper.get("basket").text
    told = shopper.get("checkout")
    assert told.address.endswith("basket?asked")
    assert "Lantern did not answer, so its price is not sure." in told.text
    assert Order.objects.count() == 0


def test_a_partner_that_answers_is_asked_before_the_checkout(
    source: int, offers: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def answer(ids: frozenset[int], *, seconds: float) -> None:
        asked.append((ids, seconds))
        Offer.objects.filter(pk__in=ids).update(stated_at=database_now())

    monkeypatch.setattr(requoting, "refresh_offers", answer)
    shopper = Shopper()
    put_in(shopper, offers["lamp"])
    Offer.objects.filter(pk=offers["lamp"]).update(stated_at=database_now() - timedelta(hours=2))
    page = shopper.checkout()
    assert asked == [(frozenset({offers["lamp"]}), 2.0)]
    assert "Where partners send it" in page.text


def test_cards_pay_each_part_and_a_declined_one_is_named(books: Books, offers: dict[str, int]) -> None:
    shopper = Shopper()
    shopper.add("milk")
    put_in(shopper, offers["lamp"], key="k" * 16)
    put_in(shopper, offers["net"], key="l" * 16)
    page = shopper.send(
        shopper.checkout().form("/checkout"), button="Place the order", method="card", offers_method="card", **WHO
    )
    assert page.address.endswith("/pay")
    assert "Pay $17.49 by card" in page.text
    assert "Each is a payment of its own" in page.text
    told = shopper.send(page.form("/pay"), button="Pay $17.49", card="tok_declined")
    assert told.status == 402
    assert "p1: The card was declined." in told.text
    assert set(Payment.objects.values_list("status", flat=True)) == {"refused", "pending"}
    less = shopper.send(told.form("/pay", button="Leave out what Harbour sends"), button="Leave out what Harbour sends")
    assert "Pay $11.99 by card" in less.text
    done = shopper.send(less.form("/pay"), button="Pay $11.99", card="tok_approved")
    assert "Thank you." in done.text
    assert standings() == [("lantern", "due", 1000), ("harbour", "cancelled", 550)]


def test_an_order_of_one_offer_that_is_left_out_is_cancelled(books: Books, offers: dict[str, int]) -> None:
    shopper = Shopper()
    put_in(shopper, offers["lamp"])
    page = shopper.send(shopper.checkout().form("/checkout"), button="Place the order", offers_method="card", **WHO)
    done = shopper.send(page.form("/pay", button="Leave out"), button="Leave out what Lantern sends")
    assert "The order is cancelled." in done.text
    assert standings() == [("lantern", "cancelled", 1000)]


def test_a_basket_of_somebody_else_is_not_changed(offers: dict[str, int]) -> None:
    ada, bob = Shopper(), Shopper()
    put_in(ada, offers["lamp"])
    page = put_in(bob, offers["vase"])
    form = bob.checkout().form("/checkout")
    stolen = bob.send(form, button="Place the order", basket=str(ada.basket()), **WHO)
    assert "This basket is not there any more." in stolen.text
    assert Order.objects.count() == 0
    assert "Vase" in page.text
