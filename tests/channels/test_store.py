"""The associate's pages: who gets in, picking by scan, handing over by code, and taking back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client, override_settings

from onebasket.channels.store.guesses import GUESSES
from onebasket.commerce.access.models import User
from onebasket.commerce.fulfilment.models import PickScan, Return
from onebasket.commerce.hotpath.actions import asking
from onebasket.commerce.orders.actions import CheckoutCall, check_out
from onebasket.commerce.orders.actions.secrets import collection_code
from onebasket.commerce.orders.models import Order, OrderLine
from onebasket.commerce.orders.queries.quoting import quote_basket
from onebasket.commerce.orders.rules.baskets import Checkout, Contact
from onebasket.commerce.orders.rules.messages import OrderPlaced
from tests.actions.test_baskets import opening, stands
from tests.builders import EAN, MORNING, faults_in_stock, make_chain, on_hand, shelf
from tests.channels.api import InlineCommitter
from tests.channels.shopping import Form, Page, read_page

pytestmark = pytest.mark.django_db


def form_of(page: Page, action: str, *, button: str = "") -> Form:
    """Return the page's form to an address; an empty one is the page's own."""
    fits = [one for one in page.forms if (one.action.endswith(action) if action else not one.action)]
    return next(one for one in fits if any(button in text for *_, text in one.buttons or [["", "", ""]]))


class Associate:
    """Somebody at work with a browser that knows no scripts."""

    def __init__(self, role: str = "store", places: tuple[str, ...] = ("p1",)) -> None:
        self.client = Client(enforce_csrf_checks=True)
        name = f"{role}-{'-'.join(places)}"
        user, _ = User.objects.get_or_create(
            username=name, defaults={"role": role, "places": list(places), "password": make_password("x")}
        )
        self.client.force_login(user)

    def get(self, path: str) -> Page:
        return self._follow(self.client.get(path), path)

    def send(self, page: Page, action: str, *, button: str = "", **typed: str) -> Page:
        form = form_of(page, action, button=button)
        sent = form.fields | typed
        pressed = next((one for one in form.buttons if button and button in one[2]), None)
        if pressed and pressed[0]:
            sent = {pressed[0]: pressed[1]} | sent
        address = form.action or page.address
        return self._follow(self.client.post(address, sent), address)

    def _follow(self, response: Any, path: str) -> Page:
        while response.status_code in {301, 302}:
            path = response.headers["Location"]
            response = self.client.get(path)
        return read_page(response, path)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    committer = InlineCommitter()
    monkeypatch.setattr(asking, "committer", lambda: committer)
    GUESSES.clear()
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        yield make_chain("p1", "p2", stock={"milk": 10, "bread": 5})


def ordered(source: int, key: str = "b1", **lines: int) -> OrderPlaced:
    basket = stands(source, opening(key, lines))
    quoted = quote_basket(basket, now=MORNING)
    request = Checkout(f"c{key}", basket.id, basket.version, quoted.basket.total, Contact("Ada Lovelace", phone="1"))  # type: ignore[union-attr]
    (placed,) = check_out([CheckoutCall(source, request, basket.version, quoted)])
    assert isinstance(placed, OrderPlaced), placed
    return placed


def test_strangers_shoppers_and_foreign_places_do_not_get_in(source: int) -> None:
    order = ordered(source, milk=1)
    stranger = Client().get("/store/")
    assert stranger.headers["Location"].startswith("/login/")
    shopper = Client()
    shopper.force_login(User.objects.create(username="s", role="shopper"))
    assert shopper.get("/store/").status_code in {302, 403}
    reader = Client()
    reader.force_login(User.objects.create(username="r", role="reader"))
    assert reader.get("/store/").status_code == 403
    elsewhere = Associate(places=("p2",))
    for page in (f"/store/orders/{order.id}", f"/store/hand-over/{order.id}"):
        assert elsewhere.get(page).status == 404
    found = elsewhere.send(elsewhere.get("/store/hand-over"), "", code=collection_code(order.id, 1))
    assert found.status == 404
    assert Order.objects.get().status == "placed"


def test_an_order_is_picked_by_scanning_staged_and_handed_over(source: int) -> None:
    order = ordered(source, milk=2, bread=1)
    at = Associate()
    queue = at.get("/store/")
    assert "p1-0001" in queue.text
    assert "Ada Lovelace" in queue.text
    page = at.get(f"/store/orders/{order.id}")
    page = at.send(page, "/scan", code=EAN)
    assert "Milk: 1 found." in page.text
    assert list(PickScan.objects.order_by("line").values_list("line", "found")) == [(1, 1), (2, 0)]
    page = at.send(page, "/scan", code=EAN)
    assert "Milk: all 2 found." in page.text
    assert OrderLine.objects.get(number=1).picked == 2
    page = at.send(page, "/scan", code=EAN)
    assert "Milk is picked already." in page.text
    page = at.send(page, "/scan", code="loaf")
    assert "Nobody knows the code loaf." in page.text
    page = at.send(page, "/line", button="Not there")
    assert "Everything is picked" in page.text
    page = at.send(page, "/stage", spot="Fridge 2")
    assert "Fridge 2" in page.text
    assert (shelf("milk"), shelf("bread")) == ((8, 0, 0), (5, 0, 0))
    found = at.send(at.get("/store/hand-over"), "", code=collection_code(order.id, 1).lower())
    assert "$3.98 is paid: hand over" in found.text
    assert "Bread" in found.text
    done = at.send(found, "", button="hand over")
    assert "is handed over" in done.text
    assert Order.objects.get().status == "handed_over"
    assert faults_in_stock() == []


def test_the_same_form_sent_twice_counts_once(source: int) -> None:
    order = ordered(source, milk=3)
    at = Associate()
    page = at.get(f"/store/orders/{order.id}")
    at.send(page, "/scan", code=EAN)
    at.send(page, "/scan", code=EAN)
    assert PickScan.objects.get().found == 1


def test_a_line_is_picked_whole_only_after_a_scan(source: int) -> None:
    order = ordered(source, milk=3)
    at = Associate()
    page = at.get(f"/store/orders/{order.id}")
    form = form_of(page, "/line")
    refused = at._follow(at.client.post(form.action, form.fields | {"quantity": "3"}), form.action)
    assert "Scan one of it first" in refused.text
    page = at.send(at.get(f"/store/orders/{order.id}"), "/scan", code=EAN)
    page = at.send(page, "/line", button="All found")
    assert OrderLine.objects.get().picked == 3


def test_another_product_is_not_of_this_order(source: int) -> None:
    order = ordered(source, bread=1)
    at = Associate()
    page = at.send(at.get(f"/store/orders/{order.id}"), "/scan", code=EAN)
    assert "Milk is not in this order." in page.text
    assert PickScan.objects.values_list("found", flat=True).get() == 0


def test_what_was_not_found_at_all_is_put_back(source: int) -> None:
    order = ordered(source, milk=1)
    at = Associate()
    page = at.get(f"/store/orders/{order.id}")
    refused = at.send(page, "/line", button="Not there")
    assert "Nothing of this order was found" in refused.text
    done = at.send(at.get(f"/store/orders/{order.id}"), "/put-back")
    assert "is cancelled" in done.text
    assert (Order.objects.get().status, shelf("milk")) == ("cancelled", (10, 0, 0))


def test_goods_are_taken_back_at_the_counter(source: int) -> None:
    order = ordered(source, milk=2)
    at = Associate()
    page = at.get(f"/store/orders/{order.id}")
    page = at.send(page, "/scan", code=EAN)
    at.send(page, "/scan", code=EAN)
    at.send(at.get(f"/store/hand-over/{order.id}"), "", button="hand over")
    other = Associate(places=("p2",))
    page = other.send(other.get("/store/returns"), "", order="p1-0001")
    assert "2 can come back" in page.text
    shown = other.send(page, "", **{"quantity-1": "1", "state-1": "sellable"})
    assert "Accept, pay back $1.99" in shown.text
    assert not Return.objects.exists()
    form = form_of(shown, "", button="Accept")
    sent = form.fields | {"quantity-1": "1", "state-1": "sellable", "accept": "199"}
    first = other.client.post(shown.address, sent)
    again = other.client.post(shown.address, sent)
    assert "Paid back" in first.content.decode()
    assert again.status_code == 200
    assert Return.objects.get().total == 199
    assert on_hand("milk", place_code="p2") == 1
    assert faults_in_stock() == []


def test_more_than_was_shown_is_not_paid_back(source: int) -> None:
    order = ordered(source, milk=2)
    at = Associate()
    at.send(at.get(f"/store/orders/{order.id}"), "/scan", code=EAN)
    at.send(at.get(f"/store/orders/{order.id}"), "/scan", code=EAN)
    at.send(at.get(f"/store/hand-over/{order.id}"), "", button="hand over")
    shown = at.send(at.get(f"/store/returns/order/{order.id}"), "", **{"quantity-1": "1"})
    assert "Accept, pay back $1.99" in shown.text
    changed = at.send(shown, "", button="Accept", **{"quantity-1": "2"})
    assert (changed.status, "another amount than was shown" in changed.text) == (422, True)
    assert not Return.objects.exists()
    anew = at.send(changed, "", button="Work out", **{"quantity-1": "2"})
    at.send(anew, "", button="Accept")
    assert Return.objects.get().total == 398


def test_without_a_receipt_it_is_store_credit(source: int) -> None:
    at = Associate()
    page = at.get("/store/returns/none/-")
    page = at.send(page, "", button="Add", code=EAN, scan="1")
    assert "Milk" in page.text
    shown = at.send(page, "", button="Work out")
    assert "Accept, pay back $1.99" in shown.text
    done = at.send(shown, "", button="Accept")
    assert "as store credit" in done.text
    assert "it is shown once" in done.text


def test_an_amount_is_overridden_by_those_who_may(source: int) -> None:
    page = Associate().get("/store/returns/none/-")
    assert "Another amount" not in page.text
    at = Associate()
    page = at.send(at.get("/store/returns/none/-"), "", button="Add", code=EAN, scan="1")
    form = form_of(page, "", button="Work out")
    tampered = form.fields | {"amount-milk": "900", "override": "please"}
    refused = read_page(at.client.post(page.address, tampered), page.address)
    assert (refused.status, "You may not pay another amount." in refused.text) == (422, True)


def test_a_stores_manager_pays_another_amount_with_a_reason_at_their_own_place(source: int) -> None:
    at = Associate("manager")
    page = at.send(at.get("/store/returns/none/-"), "", button="Add", code=EAN, scan="1")
    form = form_of(page, "", button="Work out")
    stated = form.fields | {"amount-milk": "9.00"}
    unsaid = read_page(at.client.post(page.address, stated), page.address)
    assert (unsaid.status, "Say why another amount is paid back." in unsaid.text) == (422, True)
    shown = read_page(at.client.post(page.address, stated | {"override": "kept cold, opened once"}), page.address)
    done = at.send(shown, "", button="Accept, pay back $9.00")
    assert "as store credit" in done.text
    assert Return.objects.values_list("total", "override", "accepted_by").get() == (
        900, "kept cold, opened once", "manager-p1",
    )  # fmt: skip
    # Bound to places, as everybody in a store.
    order = ordered(source, milk=1)
    assert Associate("manager", places=("p2",)).get(f"/store/orders/{order.id}").status == 404


@pytest.mark.parametrize("path", ["/store/returns/order/nonsense", "/store/returns/receipt/a/b", "/store/returns/x/y"])
def test_odd_addresses_are_not_found(source: int, path: str) -> None:
    assert Associate().get(path).status == 404


def test_guessing_codes_is_slowed(source: int) -> None:
    at = Associate()
    statuses = [at.send(at.get("/store/hand-over"), "", code=f"GUESS{n}").status for n in range(7)]
    assert statuses == [404] * 5 + [429] * 2


def test_a_place_is_chosen_out_of_ones_own(source: int) -> None:
    at = Associate(places=("p1", "p2"))
    page = at.get("/store/")
    assert "Where do you work?" in page.text
    assert at.send(page, "", place="p3").status == 422
    assert "To pick" in at.send(at.get("/store/places"), "", place="p2").text


def test_the_queue_says_what_is_late_and_what_stands_where(source: int) -> None:
    late, ready = ordered(source, "b1", milk=1), ordered(source, "b2", milk=1)
    Order.objects.filter(pk=late.id).update(placed_at=MORNING - timedelta(hours=5))
    at = Associate()
    page = at.get(f"/store/orders/{ready.id}")
    at.send(page, "/scan", code=EAN)
    at.send(at.get(f"/store/orders/{ready.id}"), "/stage", spot="Box 7")
    queue = at.get("/store/")
    assert "To pick 1 1 late" in queue.text
    assert "To be collected 1" in queue.text
    assert "Box 7" in queue.text
    assert "Nobody came" not in queue.text
    Order.objects.filter(pk=ready.id).update(changed_at=MORNING - timedelta(days=1))
    queue = at.get("/store/")
    assert "Nobody came 1" in queue.text
    assert "Nothing waits to be collected." in queue.text
    done = at.send(at.get(f"/store/orders/{ready.id}"), "/put-back")
    assert "is cancelled" in done.text
    assert shelf("milk") == (10, 1, 0)


def test_an_empty_queue_says_so(source: int) -> None:
    queue = Associate().get("/store/")
    assert "Nothing to pick." in queue.text
    assert "Nothing waits to be collected." in queue.text
