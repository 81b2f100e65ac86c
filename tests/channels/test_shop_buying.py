"""From an empty basket to an order and back, by pages alone: what is held, what is seen, and what is refused."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from onebasket.base.committer import QueueFullError, UnavailableError
from onebasket.channels.shop import asking, guesses
from onebasket.commerce.access.queries import sources_by_code
from onebasket.commerce.catalogue.actions import retire_products
from onebasket.commerce.catalogue.rules import ProductRetirement
from onebasket.commerce.hotpath.actions import asking as committing
from onebasket.commerce.orders.models import Basket, BasketLine, Order, OrderContact
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderStep
from onebasket.commerce.places.models import Place
from onebasket.commerce.stock.models import HoldLine
from tests.builders import add_prices, counts_of, deliver, faults_in_stock, order, placed, shelf, take_steps
from tests.channels.shopping import Form, Page, Shopper, make_shop
from tests.mailing import post
from tests.slotting import faults_in_slots, plan, standings

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    return make_shop(monkeypatch)


def wanted(shopper: Shopper) -> dict[str, tuple[int, int]]:
    """Return what the shopper's basket wants and holds by SKU."""
    rows = BasketLine.objects.filter(basket_id=shopper.basket()).order_by("number")
    return {sku: (quantity, held) for sku, quantity, held in rows.values_list("product__sku", "quantity", "held")}


def line_form(page: Page, sku: str) -> Form:
    return page.form("basket/lines", sku=sku)


def test_a_guest_buys_and_collects(source: int) -> None:
    plan(capacity=4)
    shopper = Shopper()
    shopper.add("milk", 2)
    shopper.add("apples")
    page = shopper.get("basket")
    assert wanted(shopper) == {"milk": (2, 2), "apples": (500, 500)}
    assert (shelf("milk"), shelf("apples")) == ((10, 0, 2), (5_000, 0, 500))
    assert "Milk $3.98" in page.text
    assert "500 g" in page.text
    assert "Total $5.48" in page.text
    assert re.search(r"Kept for you until .{4,9} \( (30|29) minutes \)", page.text)

    review = shopper.checkout()
    assert "Place the order for $5.48" in review.text
    done = shopper.send(review.form("/checkout"), name="Ada", email="ada@example.org", note="Ring twice.")

    assert "Thank you. Your order is placed." in done.text
    assert "Order p1-0001" in done.text
    assert "A confirmation goes to ada@example.org." in done.text
    row = Order.objects.get()
    assert (row.total, row.status, row.channel, row.note) == (548, "placed", "web", "Ring twice.")
    assert OrderContact.objects.values_list("name", "email", "language").get() == ("Ada", "ada@example.org", "en")
    assert (shelf("milk"), shelf("apples")) == ((10, 2, 0), (5_000, 500, 0))
    assert [standing for _, standing, _ in standings()] == ["firm"]
    assert faults_in_stock() + faults_in_slots() == []
    assert "Your basket is empty" in shopper.get("basket").text
    assert "Order p1-0001" in shopper.get("orders").text
    receipt = shopper.get(next(link for link in done.links if link.endswith("/receipt")))
    assert "Milk 2 $3.98" in receipt.text
    assert "<path" in receipt.html


def test_the_mail_says_what_was_bought_and_where_to_follow_it(source: int) -> None:
    shopper = Shopper()
    shopper.add("milk", 2)
    done = shopper.place()
    (message,) = post()
    assert (message.subject, message.to) == ("Your order p1-0001", ["ada@example.org"])
    assert "2 x Milk   $3.98" in message.body
    address = re.findall(r"http://localhost:8000(/shop/orders/[A-Z2-7]{26})", str(message.body))[0]
    assert done.address == f"{address}?placed"
    assert "Order p1-0001" in Shopper(store="").get(address).text
    html = str(message.alternatives[0][0])  # type: ignore[attr-defined] # a mail of two forms
    assert address in html
    assert "style=" not in html


def test_the_basket_says_who_has_what_its_store_lacks(source: int) -> None:
    deliver(source, {"milk": 20, "bread": 20}, place="p2", key="p2")
    place_apart()
    shopper = Shopper()
    for sku in ("milk", "bread"):
        shopper.add(sku)
    page = shopper.get("basket")
    for _ in range(5):
        page = shopper.send(line_form(page, "bread"), button="More")
    assert wanted(shopper) == {"milk": (1, 1), "bread": (6, 5)}
    assert "p1 has not enough of 1 product" in page.text
    assert "Only 5 kept: the store has no more" in page.text
    assert "Here is all of your basket: p2 6.9 mi" in page.text
    assert "To the checkout" not in page.text
    assert shopper.get("checkout").address.endswith("/basket")

    moved = shopper.send(page.form("stores/choose", store="p2"))

    assert "Your basket has moved." in moved.text
    assert wanted(shopper) == {"milk": (1, 1), "bread": (6, 6)}
    assert (shelf("bread"), shelf("bread", place_code="p2")) == ((5, 0, 0), (20, 0, 6))
    assert "Thank you." in shopper.place().text
    assert Order.objects.get().place.code == "p2"
    assert faults_in_stock() == []


def place_apart() -> None:
    """Put p2 a tenth of a degree north of p1: 11.1 km."""
    for code, latitude in (("p1", 39_000_000), ("p2", 39_100_000)):
        Place.objects.filter(code=code).update(latitude=latitude, longitude=-84_000_000, city="Town")


def test_where_nobody_has_it_all_the_basket_says_so(source: int) -> None:
    shopper = Shopper()
    page = shopper.add("bread", 6)
    page = shopper.get("basket")
    assert "No store has all of it now." in page.text
    less = shopper.send(line_form(page, "bread"), button="Less")
    assert "No store has" not in less.text
    assert "To the checkout" in less.text
    gone = shopper.send(line_form(less, "bread"), button="Take out")
    assert "Your basket is empty" in gone.text
    assert shelf("bread") == (5, 0, 0)


def test_the_same_form_twice_has_one_effect(source: int) -> None:
    shopper = Shopper()
    form = line_form(shopper.get("p/milk/milk"), "milk")
    shopper.send(form, button="Add")
    shopper.send(form, button="Add")
    assert wanted(shopper) == {"milk": (1, 1)}
    page = shopper.get("basket")
    more = line_form(page, "milk")
    shopper.send(more, button="More")
    shopper.send(more, button="More")
    assert wanted(shopper) == {"milk": (2, 2)}
    review = shopper.checkout().form("/checkout")
    first = shopper.send(review, name="Ada", email="a@example.org")
    second = shopper.send(review, name="Ada", email="a@example.org")
    assert (first.address, second.address) == (second.address, first.address)
    assert counts_of(Order, Basket) == [1, 1]
    assert len(post()) == 1
    # The same key for something else: told, nothing placed.
    third = shopper.send(review, name="Ada", email="a@example.org", note="No, wait.")
    assert "This basket has become an order" in third.text
    assert counts_of(Order) == [1]


def test_without_our_keys_every_click_would_count(source: int) -> None:
    """The negative control: the same click under two keys counts twice."""
    shopper = Shopper()
    form = line_form(shopper.get("p/milk/milk"), "milk")
    shopper.send(form, button="Add")
    form.fields["key"] = "another-key-of-mine"
    shopper.send(form, button="Add")
    assert wanted(shopper) == {"milk": (2, 2)}


def test_two_tabs_lose_nothing(source: int) -> None:
    shopper = Shopper()
    left = line_form(shopper.get("p/milk/milk"), "milk")
    right = line_form(shopper.get("p/milk/milk"), "milk")
    bread = line_form(shopper.get("p/bread/bread"), "bread")
    for form in (left, right, bread):
        shopper.send(form, button="Add")
    assert wanted(shopper) == {"milk": (2, 2), "bread": (1, 1)}
    assert counts_of(Basket) == [1]

    review = shopper.checkout().form("/checkout")
    shopper.send(line_form(shopper.get("basket"), "milk"), button="Less")
    told = shopper.send(review, name="Ada", email="a@example.org", note="Ring.")

    assert told.status == 409
    assert "Your basket was changed meanwhile" in told.text
    assert "Place the order for $4.49" in told.text
    form = told.form("/checkout")
    assert form.fields["name"] == "Ada"
    assert counts_of(Order) == [0]
    assert "Thank you." in shopper.send(form).text
    assert Order.objects.get().total == 449


def test_a_price_that_changes_meanwhile_is_shown_before_it_is_paid(source: int) -> None:
    shopper = Shopper()
    shopper.add("milk", 2)
    review = shopper.checkout().form("/checkout")
    expire(shopper)
    add_prices(source, {"milk": (209, 1)}, place="p1")
    told = shopper.send(review, name="Ada", email="a@example.org")
    assert counts_of(Order) == [0]
    assert "What your basket comes to has changed." in told.text
    assert "Place the order for $4.18" in told.text
    assert "Thank you." in shopper.send(told.form("/checkout")).text
    assert Order.objects.get().total == 418


def expire(shopper: Shopper) -> None:
    """Let the time for which a basket holds its units be over."""
    row = Basket.objects.get(pk=shopper.basket())
    assert row.held_since is not None
    early = row.held_since - timedelta(hours=1)
    Basket.objects.filter(pk=row.pk).update(held_since=early, held_until=early + timedelta(minutes=30))
    HoldLine.objects.update(expires_at=early + timedelta(minutes=30))


def test_a_basket_whose_time_is_over_is_kept_anew(source: int) -> None:
    shopper = Shopper()
    shopper.add("bread", 3)
    expire(shopper)
    page = shopper.get("basket")
    assert "The time for which it was kept is over." in page.text
    placed(source, order("o1", {"bread": 4}))
    again = shopper.send(page.form("basket/renew"))
    assert "is kept for you anew" in again.text
    assert "p1 has not enough of 1 product" in again.text
    assert wanted(shopper) == {"bread": (3, 1)}
    assert faults_in_stock() == []


def test_keeping_longer_has_an_end(source: int) -> None:
    shopper = Shopper()
    shopper.add("milk")
    for _ in range(3):
        page = shopper.send(shopper.get("basket").form("basket/renew"))
        assert "kept for you anew" in page.text
    assert "renewed as often as can be" in shopper.send(page.form("basket/renew")).text


def test_what_left_the_assortment_can_be_taken_out(source: int) -> None:
    shopper = Shopper()
    shopper.add("milk")
    shopper.add("bread")
    retire_products(source, [ProductRetirement("gone", "bread")])
    page = shopper.get("basket")
    assert "1 product cannot be bought here any more." in page.text
    left = shopper.send(page.form("basket/lines", sku="bread"), button="Take out")
    assert "cannot be bought" not in left.text
    assert "Thank you." in shopper.place().text


def test_a_slot_that_is_full_is_not_sold_twice(source: int) -> None:
    plan(capacity=1)
    one, two = Shopper(), Shopper()
    for shopper in (one, two):
        shopper.add("milk")
    first, second = one.get("checkout"), two.get("checkout")
    assert "Place the order" in one.send(first.form("slot/take")).text
    told = two.send(second.form("slot/take"))
    assert "This time has just been taken." in told.text
    assert "Full" in told.text
    assert faults_in_slots() == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": "", "email": "a@example.org"}, "Whose order is it?"),
        ({"name": "Ada", "email": ""}, "Type an e-mail address, or a telephone number below"),
        ({"name": "Ada", "email": "nonsense"}, "This is no e-mail address"),
        ({"name": "Ada", "email": "", "phone": "call me"}, "This is no telephone number"),
    ],
)
def test_what_is_missing_is_said_at_its_field(source: int, typed: dict[str, str], said: str) -> None:
    shopper = Shopper()
    shopper.add("milk")
    page = shopper.send(shopper.checkout().form("/checkout"), **typed)
    assert page.status == 422
    assert said in page.text
    assert page.form("/checkout").fields["name"] == typed["name"]
    assert counts_of(Order) == [0]


@pytest.mark.parametrize(
    ("action", "field", "value"),
    [
        ("basket/lines", "quantity", "-1"),
        ("basket/lines", "quantity", "1e3"),
        ("basket/lines", "quantity", ""),
        ("basket/lines", "seen", "nought"),
        ("basket/lines", "key", "short"),
        ("basket/lines", "key", "x" * 200),
        ("/checkout", "total", "-5"),
        ("/checkout", "version", ""),
        ("/checkout", "basket", "not-a-basket"),
        ("/checkout", "method", "by_magic"),
        ("/checkout", "key", ""),
    ],
)
def test_tampered_forms_do_nothing(source: int, action: str, field: str, value: str) -> None:
    shopper = Shopper()
    shopper.add("milk")
    page = shopper.checkout() if action == "/checkout" else shopper.get("basket")
    form = page.form(action)
    form.fields[field] = value
    told = shopper.send(form, name="Ada", email="a@example.org")
    assert told.status == 400
    assert "This form does not add up" in told.text
    assert counts_of(Order) == [0]
    assert wanted(shopper) == {"milk": (1, 1)}


def test_a_lower_total_than_it_comes_to_is_refused(source: int) -> None:
    shopper = Shopper()
    shopper.add("milk")
    form = shopper.checkout().form("/checkout")
    form.fields["total"] = "1"
    told = shopper.send(form, name="Ada", email="a@example.org")
    assert (told.status, counts_of(Order)) == (409, [0])
    assert "What your basket comes to has changed." in told.text


def test_a_form_without_our_token_does_nothing(source: int) -> None:
    shopper = Shopper()
    shopper.add("milk")
    form = line_form(shopper.get("basket"), "milk")
    del form.fields["csrfmiddlewaretoken"]
    told = shopper.send(form, button="More")
    assert told.status == 403
    assert "We could not be sure that it was you" in told.text
    assert wanted(shopper) == {"milk": (1, 1)}


def test_a_strangers_form_reaches_no_basket_but_its_own(source: int) -> None:
    ada, eve = Shopper(), Shopper()
    ada.add("milk", 2)
    eve.add("bread")
    stolen = ada.checkout().form("/checkout")
    own = eve.checkout().form("/checkout")
    told = eve.send(own, name="Eve", email="e@example.org", basket=stolen.fields["basket"])
    assert "This basket is not there any more." in told.text
    assert counts_of(Order) == [0]
    # The same key as another guest's: each has an effect of its own.
    form = line_form(eve.get("basket"), "bread")
    form.fields["key"] = line_form(ada.get("basket"), "milk").fields["key"]
    eve.send(form, button="More")
    ada.send(line_form(ada.get("basket"), "milk"), button="More")
    assert (wanted(ada), wanted(eve)) == ({"milk": (3, 3)}, {"bread": (2, 2)})


def test_other_peoples_orders_open_by_their_secret_alone(source: int) -> None:
    ada, eve = Shopper(), Shopper(store="")
    ada.add("milk")
    done = ada.place()
    address = done.address.removesuffix("?placed")
    secret = address.rsplit("/", 1)[1]
    assert "p1-0001" not in eve.get("orders").text
    assert eve.get(f"orders/{Order.objects.get().pk}").status == 404
    assert eve.get(f"orders/{secret[:-1]}A").status == (200 if secret.endswith("A") else 404)
    assert eve.get(f"orders/{secret}/nothing").status == 404
    found = eve.get(address)
    assert found.status == 200
    assert (found.headers["Referrer-Policy"], found.headers["Cache-Control"]) == ("same-origin", "private, no-store")


def test_guessing_secrets_is_slowed_down(source: int) -> None:
    ada, eve = Shopper(), Shopper(store="")
    ada.add("milk")
    address = ada.place().address
    for number in range(guesses.MOST_MISSES):
        assert eve.get(f"orders/{'A' * 24}{number:02}".replace("0", "Q").replace("1", "R")).status == 404
    told = eve.get(address)
    assert told.status == 429
    assert 0 < int(told.headers["Retry-After"]) <= 300
    assert "Too many addresses that open nothing" in told.text
    assert eve.get(address, REMOTE_ADDR="10.0.0.9").status == 200
    guesses.MISSES.clear()
    assert eve.get(address).status == 200


def test_behind_a_proxy_guessers_are_told_apart(source: int, settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ada, eve = Shopper(), Shopper(store="")
    ada.add("milk")
    address = ada.place().address
    for _ in range(guesses.MOST_MISSES):
        guesses.MISSES.add("10.0.0.9")
    assert eve.get(address, headers={"X-Forwarded-For": "1.2.3.4, 10.0.0.9"}).status == 429
    assert eve.get(address, headers={"X-Forwarded-For": "10.0.0.9, 10.0.0.8"}).status == 200


def test_a_forms_address_that_is_reloaded_leads_on(source: int) -> None:
    for path in ("basket/lines", "stores/choose", "checkout/slot/take"):
        assert "What p1 has, right now" in Shopper().get(path).text


def test_an_order_can_be_cancelled_until_it_is_picked(source: int) -> None:
    shopper = Shopper()
    shopper.add("milk", 2)
    done = shopper.place()
    ask = shopper.get(next(link for link in done.links if link.endswith("/cancel")))
    form = ask.form("/cancel")
    gone = shopper.send(form)
    assert "The order is cancelled." in gone.text
    assert "Thank you." not in shopper.get(done.address).text
    assert "Show this when you collect" not in gone.text
    assert shelf("milk") == (10, 0, 0)
    assert "The order is cancelled." in shopper.send(form).text
    assert "cannot be cancelled here" in shopper.get(ask.address).text

    shopper.add("milk", 2)
    second = shopper.place()
    ask = shopper.get(next(link for link in second.links if link.endswith("/cancel")))
    order_id = Order.objects.get(status="placed").pk
    take_steps(source, OrderStep("pick", order_id, Step.PICK))
    late = shopper.send(ask.form("/cancel"))
    assert "The order has moved on meanwhile" in late.text
    assert "Ready to collect" in late.text
    assert Order.objects.get(pk=order_id).status == "ready"


def test_an_order_is_changed_by_opening_it_again(source: int) -> None:
    shopper = Shopper()
    shopper.add("bread", 5)
    done = shopper.place()
    page = shopper.send(done.form("/change"))
    assert "Your order is open again" in page.text
    assert wanted(shopper) == {"bread": (5, 5)}
    shopper.send(line_form(page, "bread"), button="Less")
    assert "Order p1-0002" in shopper.place().text
    assert list(Order.objects.order_by("number").values_list("status", "total")) == [
        ("cancelled", 1250),
        ("placed", 1000),
    ]
    assert shelf("bread") == (5, 4, 0)
    assert faults_in_stock() == []


def test_a_full_basket_is_not_lost_to_an_old_order(source: int) -> None:
    shopper = Shopper()
    shopper.add("bread")
    done = shopper.place()
    shopper.add("milk")
    told = shopper.send(done.form("/change"))
    assert "one basket is filled at a time" in told.text
    assert wanted(shopper) == {"milk": (1, 1)}
    assert Order.objects.get().status == "placed"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (QueueFullError(), "Many are shopping just now"),
        (TimeoutError(), "This takes longer than it should"),
        (UnavailableError("gone"), "The shop cannot be reached just now"),
    ],
)
def test_a_hub_that_cannot_answer_is_tried_again_by_the_same_key(
    source: int, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    shopper = Shopper()
    shopper.add("milk")
    form = shopper.checkout().form("/checkout")

    class Away:
        def commit(self, *_: object, **__: object) -> Any:
            raise error

    with monkeypatch.context() as broken:
        broken.setattr(committing, "committer", Away)
        told = shopper.send(form, name="Ada", email="a@example.org")
    assert (told.status, "Retry-After" in told.headers) == (503, True)
    assert said in told.text
    again = told.form("/checkout")
    assert (again.fields["key"], again.fields["name"]) == (form.fields["key"], "Ada")
    assert "Thank you." in shopper.send(again).text
    assert counts_of(Order) == [1]


def test_an_answer_that_was_lost_is_found_by_the_same_form(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shopper = Shopper()
    shopper.add("milk")
    form = shopper.checkout().form("/checkout")
    real = asking.check_out

    def late(call: Any) -> Any:
        real(call)
        raise TimeoutError

    with monkeypatch.context() as slow:
        slow.setattr(asking, "check_out", late)
        told = shopper.send(form, name="Ada", email="a@example.org")
    assert "We do not know yet whether it was done." in told.text
    assert "Order p1-0001" in shopper.send(told.form("/checkout")).text
    assert counts_of(Order) == [1]


def test_emptying_begins_anew(source: int) -> None:
    shopper = Shopper()
    shopper.add("milk", 2)
    first = shopper.basket()
    page = shopper.send(shopper.get("basket").form("basket/empty"))
    assert "Your basket is empty again." in page.text
    assert shelf("milk") == (10, 0, 0)
    shopper.add("milk")
    assert shopper.basket() != first


def test_without_a_store_nothing_is_put_in(source: int) -> None:
    shopper, other = Shopper(store=""), Shopper()
    form = line_form(other.get("p/milk/milk"), "milk")
    form.fields["csrfmiddlewaretoken"] = shopper.get("stores").form("stores/choose").fields["csrfmiddlewaretoken"]
    page = shopper.send(form, button="Add")
    assert "Choose a store first" in page.text
    assert counts_of(Basket) == [0]


def test_an_unknown_card_or_store_is_said_so(source: int) -> None:
    shopper = Shopper()
    shopper.add("milk")
    page = shopper.send(shopper.get("basket").form("basket/card"), card="4711")
    assert "We do not know this card." in page.text
    form = shopper.get("stores").form("stores/choose", store="p2")
    assert "This store is not open to shoppers." in shopper.send(form, store="p9").text


def test_htmx_is_answered_with_the_card_and_the_baskets_figure(source: int) -> None:
    shopper = Shopper()
    form = line_form(shopper.get("d/other/other"), "milk")
    response = shopper.client.post(form.action, form.fields | {"quantity": "1"}, headers={"HX-Request": "true"})
    text = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in text
    assert 'hx-swap-oob="true"' in text
    assert '<span class="n">1</span>' in text
    assert "<output>1</output>" in text


def test_orders_are_the_web_shops_own(source: int) -> None:
    shopper = Shopper()
    shopper.add("milk")
    shopper.place()
    own = sources_by_code(["web-shop"])["web-shop"].id
    assert list(Order.objects.values_list("source_id", flat=True)) == [own]
    assert isinstance(Order.objects.get().pk, UUID)
