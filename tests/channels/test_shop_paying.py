"""Paying in the shop: gift cards, invoices for members, and cards through a real provider that may not answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from onebasket.channels.shop import guesses
from onebasket.commerce.customers.actions.joining import join
from onebasket.commerce.customers.rules.person import Details
from onebasket.commerce.orders.models import Order
from onebasket.commerce.payments.actions import calling
from onebasket.commerce.payments.models import Payment
from tests.builders import counts_of, shelf
from tests.channels.accounting import shopper as account
from tests.channels.shopping import Page, Shopper, make_shop
from tests.mailing import post
from tests.offers import add_customers, card_prices
from tests.paying import Books, balance, gift_card, provider, store_credit

pytestmark = pytest.mark.django_db(transaction=True)
WHO = {"name": "Ada", "email": "ada@example.org"}


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(calling, "PATIENCE", calling.Patience(call=0.5, inquiry=2.0, lease=1.5))
    guesses.WRONG_CODES.clear()
    return make_shop(monkeypatch)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    with provider(tmp_path) as found:
        yield found


def review(shopper: Shopper, *skus: str) -> Page:
    """Fill a basket and go to its checkout."""
    for sku in skus or ("milk",):
        shopper.add(sku)
    return shopper.checkout()


def tenders() -> list[tuple[str, str, int]]:
    """Return the tenders that were opened: method, status, amount."""
    return list(Payment.objects.order_by("number").values_list("method", "status", "amount"))


def test_a_gift_card_pays_a_part(source: int) -> None:
    card = gift_card(source, 150)
    shopper = Shopper()
    page = review(shopper)
    page = shopper.send(page.form("/checkout"), button="Apply", code=card.code, name="Ada")
    assert "-$1.50" in page.text
    assert "Left to pay $0.49" in page.text
    form = page.form("/checkout")
    assert form.fields["name"] == "Ada"
    assert counts_of(Order) == [0]
    done = shopper.send(form, button="Place the order", **WHO)
    assert "Thank you." in done.text
    assert tenders() == [("gift_card", "authorised", 150), ("at_collection", "pending", 49)]
    assert balance(card) == 0
    assert "Gift card" in done.text


def test_a_gift_card_may_pay_it_all_and_be_taken_out_again(source: int) -> None:
    card, credit = gift_card(source, 5_000), store_credit(source, 50)
    shopper = Shopper()
    page = shopper.send(review(shopper).form("/checkout"), button="Apply", code=card.code)
    assert "Left to pay $0.00" in page.text
    assert "How you pay" not in page.text
    page = shopper.send(page.form("/checkout"), button="Take out")
    assert "Left to pay" not in page.text
    page = shopper.send(page.form("/checkout"), button="Apply", code=credit.code)
    assert "Left to pay $1.49" in page.text
    assert "Thank you." in shopper.send(page.form("/checkout"), button="Place the order", **WHO).text
    assert tenders() == [("store_credit", "authorised", 50), ("at_collection", "pending", 149)]


def test_codes_that_nobody_has_are_told_and_counted(source: int) -> None:
    card = gift_card(source, 100)
    shopper = Shopper()
    page = review(shopper)
    mistyped = shopper.send(page.form("/checkout"), button="Apply", code="K1YJ-NONSENSE")
    assert "This is no code of ours." in mistyped.text
    refused = shopper.send(mistyped.form("/checkout"), button="Place the order", code="K1YJ-NONSENSE", **WHO)
    assert (refused.status, counts_of(Order)) == (409, [0])
    assert "This gift card or credit cannot be used." in refused.text
    for _ in range(guesses.MOST_MISSES):
        guesses.WRONG_CODES.add("127.0.0.1")
    told = shopper.send(page.form("/checkout"), button="Apply", code=card.code)
    assert "Too many codes that nobody has." in told.text


def test_an_invoice_is_for_members(source: int) -> None:
    add_customers(source, "4400187")
    shopper = Shopper()
    page = review(shopper)
    assert "By invoice" not in page.text
    shopper.send(shopper.get("basket").form("basket/card"), card="4400187")
    page = shopper.checkout()
    assert "By invoice" in page.text
    assert "Thank you." in shopper.send(page.form("/checkout"), button="Place the order", method="invoice", **WHO).text
    assert tenders() == [("invoice", "authorised", 199)]


def test_a_member_has_nothing_to_type_twice(source: int) -> None:
    card_prices(source, milk=179)
    user = account("ann@shop.example")
    join(user.pk, Details("Ann", "ann@shop.example", "+1 555 010 1234"))
    shopper = Shopper()
    shopper.client.force_login(user, backend="onebasket.channels.account.signing.ShopperBackend")
    assert "$1.79 instead of $1.99" in shopper.get("p/milk/milk").text
    page = review(shopper)
    assert "Ann" in page.text
    form = page.form("/checkout")
    assert (form.fields["name"], form.fields["email"], form.fields["phone"]) == (
        "Ann", "ann@shop.example", "+1 555 010 1234",
    )  # fmt: skip
    assert "Thank you." in shopper.send(form, button="Place the order").text
    order = Order.objects.get()
    assert order.total == 179
    assert order.loyalty_number


def test_the_chains_people_shop_as_guests(source: int, admin_user: object) -> None:
    shopper = Shopper()
    shopper.client.force_login(admin_user)  # type: ignore[arg-type] # of the chain
    assert "Log in" in shopper.get("").text


def test_cards_are_offered_where_a_provider_takes_them(source: int) -> None:
    assert "By card, now" not in review(Shopper()).text


def to_pay(shopper: Shopper) -> Page:
    """Place an order to be paid by card, and come to its payment."""
    page = shopper.send(review(shopper).form("/checkout"), button="Place the order", method="card", **WHO)
    assert page.address.endswith("/pay")
    assert "Pay $1.99 by card" in page.text
    return page


def test_a_card_is_asked_once_and_the_order_placed(source: int, books: Books) -> None:
    shopper = Shopper()
    page = to_pay(shopper)
    assert Order.objects.get().status == "awaiting_payment"
    assert post() == []
    done = shopper.send(page.form("/pay"), button="Pay $1.99", card="tok_approved")
    assert "Your card's bank has put the money aside." in done.text
    assert Order.objects.get().status == "placed"
    assert tenders() == [("card", "authorised", 199)]
    assert len(post()) == 1
    again = shopper.send(page.form("/pay"), button="Pay $1.99", card="tok_approved")
    assert "Order p1-0001" in again.text
    assert len(post()) == 1


def test_a_declined_card_leaves_other_ways(source: int, books: Books) -> None:
    shopper = Shopper()
    page = to_pay(shopper)
    told = shopper.send(page.form("/pay"), button="Pay $1.99", card="tok_declined")
    assert told.status == 402
    assert "The card was declined." in told.text
    done = shopper.send(told.form("/pay", button="Pay when I collect"), button="Pay when I collect")
    assert "You pay when you collect." in done.text
    assert (Order.objects.get().status, tenders()) == ("placed", [("at_collection", "pending", 199)])


def test_an_answer_that_never_comes_is_inquired_about(source: int, books: Books) -> None:
    shopper = Shopper()
    page = to_pay(shopper)
    told = shopper.send(page.form("/pay"), button="Pay $1.99", card="tok_late")
    if "We are waiting for your bank" in told.text:
        told = shopper.send(told.form("/pay", button="Look again"), button="Look again")
    assert "Thank you. Your order is placed." in told.text
    assert tenders() == [("card", "authorised", 199)]


def test_an_unpaid_order_can_be_left(source: int, books: Books) -> None:
    shopper = Shopper()
    page = to_pay(shopper)
    order = shopper.get(page.address.removesuffix("/pay"))
    assert "This order waits for its payment." in order.text
    gone = shopper.send(shopper.get(next(link for link in page.links if link.endswith("/cancel"))).form("/cancel"))
    assert "The order is cancelled." in gone.text
    assert shelf("milk") == (10, 0, 0)
    assert "Cancelled" in shopper.get(page.address).text
