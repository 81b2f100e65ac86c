"""A shopper's own pages; and that another shopper's rows are not there."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from onebasket.channels.account import drawing, posting
from onebasket.commerce.access.models import User
from onebasket.commerce.customers.actions.proving import make_code
from onebasket.commerce.customers.models import Customer, CustomerAddress, CustomerConsent
from onebasket.commerce.customers.queries import numbers_of
from onebasket.commerce.orders.models import Order
from onebasket.commerce.partners.models import PartnerPart
from onebasket.commerce.sales.models import Receipt
from tests.channels.accounting import PASSWORD, forget_tries, log_in, reauthenticated, shopper, signed_in
from tests.channels.test_desk_world import make_world

pytestmark = pytest.mark.django_db

LIST_STATEMENTS = 13


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_tries()


@pytest.fixture
def ann() -> Client:
    """A shopper who has no card but her own."""
    return signed_in(shopper("ann@shop.example", first_name="Ann"))


@pytest.fixture
def holder() -> Client:
    """The shopper whose card 4400187 bought everything in the world."""
    make_world()
    for number in ("4400202", "4400201"):  # what is merged first
        Customer.objects.filter(loyalty_number=number).delete()
    user = shopper("bob@shop.example")
    Customer.objects.filter(loyalty_number="4400187").update(user=user, email="bob@shop.example")
    return signed_in(user)


PAGES = (
    "/account/", "/account/details/", "/account/addresses/", "/account/addresses/new/", "/account/consents/",
    "/account/card/", "/account/purchases/", "/account/email/", "/account/password/change/", "/account/2fa/",
)  # fmt: skip


@pytest.mark.parametrize("address", PAGES)
def test_pages_are_for_whoever_is_signed_in(ann: Client, address: str) -> None:
    page = ann.get(address)
    assert page.status_code == 200
    assert page.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "data:" not in page.headers["Content-Security-Policy"]
    assert " style=" not in page.content.decode()

    stranger = Client().get(address)
    assert stranger.status_code == 302
    assert stranger.headers["Location"].startswith("/account/login/?next=%2Faccount%2F")


def test_details_are_changed_and_the_address_is_not(ann: Client) -> None:
    ann.get("/account/")
    sent = ann.post("/account/details/", {"name": "Ann Lee", "phone": "5135550100", "language": "", "email": "x@y.z"})
    assert sent.status_code == 302
    row = Customer.objects.get()
    assert (row.name, row.phone, row.email) == ("Ann Lee", "5135550100", "ann@shop.example")

    wrong = ann.post("/account/details/", {"name": "<b>Ann</b>", "phone": "12"})
    assert (wrong.status_code, "at least 7 digits" in wrong.content.decode()) == (200, True)
    assert "<b>Ann</b>" not in wrong.content.decode()
    assert Customer.objects.get().name == "Ann Lee"


def test_addresses_of_another_shopper_are_not_there(ann: Client, holder: Client) -> None:
    home = {"line1": "1 Main St", "country": "us", "postcode": "45202", "name": "Ann"}
    assert ann.post("/account/addresses/new/", home).status_code == 302
    held = CustomerAddress.objects.get()
    assert (held.country, held.home_key) == ("US", "45202 ann")
    address = f"/account/addresses/{held.pk}/"

    for answer in (holder.get(address), holder.post(address, home), holder.post(address, {"remove": "1"})):
        assert answer.status_code == 404
    assert CustomerAddress.objects.get().line1 == "1 Main St"
    assert "1 Main St" not in holder.get("/account/addresses/").content.decode()

    assert "1 Main St" in ann.get(address).content.decode()
    assert ann.post(address, {**home, "country": "usa"}).status_code == 200
    assert ann.post(address, {**home, "country": "u1"}).status_code == 200
    assert ann.post(address, {**home, "line1": "2 Side St"}).status_code == 302
    assert CustomerAddress.objects.get().line1 == "2 Side St"
    assert ann.post(address, {"remove": "1"}).status_code == 302
    assert CustomerAddress.objects.count() == 0
    assert ann.get(address).status_code == 404


def test_consents_are_given_and_withdrawn(ann: Client) -> None:
    ann.post("/account/consents/", {"offers_email": "on"})
    ann.post("/account/consents/", {"offers_email": "on"})
    ann.post("/account/consents/", {})

    assert list(CustomerConsent.objects.order_by("pk").values_list("purpose", "given", "stated_by")) == [
        ("offers_email", True, "customer"), ("offers_email", False, "customer"),
    ]  # fmt: skip
    assert "Offers by e-mail, withdrawn" in ann.get("/account/consents/").content.decode()


def test_purchases_over_till_and_web_are_listed_and_shown(holder: Client) -> None:
    receipt = Receipt.objects.filter(loyalty_number="4400187").order_by("-occurred_at", "-pk").first()
    order = Order.objects.filter(place__code="330").get()
    assert receipt is not None

    assert "Store 330" in holder.get("/account/").content.decode()
    with CaptureQueriesContext(connection) as asked:
        page = holder.get("/account/purchases/").content.decode()

    assert len(asked) <= LIST_STATEMENTS
    assert page.count("<tr>") == 1 + Receipt.objects.count() + 2
    assert f"/account/purchases/receipts/{receipt.pk}/" in page
    assert f"/account/purchases/orders/{order.pk}/" in page
    shown = holder.get(f"/account/purchases/receipts/{receipt.pk}/").content.decode()
    assert "Fluid milk, white, 1 gal" in shown
    assert holder.get(f"/account/purchases/orders/{order.pk}/").status_code == 200


def test_purchases_of_another_shopper_are_not_there(ann: Client, holder: Client) -> None:
    receipt, order = Receipt.objects.order_by("pk").first(), Order.objects.first()
    assert receipt is not None
    assert order is not None
    Receipt.objects.filter(pk=receipt.pk).update(loyalty_number="")

    assert "Receipt" not in ann.get("/account/purchases/").content.decode().partition("<main")[2]
    for client in (ann, holder):  # without a number it is nobody's
        assert client.get(f"/account/purchases/receipts/{receipt.pk}/").status_code == 404
    assert ann.get(f"/account/purchases/orders/{order.pk}/").status_code == 404
    for gone in (0, 2**63 - 1, 2**70):
        assert holder.get(f"/account/purchases/receipts/{gone}/").status_code == 404
    assert holder.get(f"/account/purchases/orders/{'0' * 8}-0000-7000-8000-{'0' * 12}/").status_code == 404


def test_pages_of_purchases_follow_one_another(holder: Client) -> None:
    newest = Receipt.objects.order_by("-pk").first()
    assert newest is not None
    fields = {f.attname: getattr(newest, f.attname) for f in Receipt._meta.fields if f.attname != "id"}
    Receipt.objects.bulk_create(
        Receipt(**{**fields, "entry_id": 10_000 + at, "occurred_at": newest.occurred_at - timedelta(hours=at // 2)})
        for at in range(60)
    )
    total = Receipt.objects.count() + Order.objects.count()
    seen: list[str] = []
    address = "/account/purchases/"
    while address:
        page = holder.get(address)
        seen += [entry.id for entry in page.context["entries"]]
        address = f"/account/purchases/?after={page.context['following']}" if page.context["following"] else ""

    assert len(seen) == len(set(seen)) == total
    for nonsense in ("x", "W10", "%00", "bnVsbA"):
        assert holder.get(f"/account/purchases/?after={nonsense}").status_code == 200


def test_the_card_is_drawn_as_scanners_read_it(ann: Client) -> None:
    page = ann.get("/account/card/").content.decode()
    assert Customer.objects.get().loyalty_number in page
    assert page.count("<svg") == 2


def test_bars_are_those_of_the_standard() -> None:
    assert drawing.modules("036000291452") == (
        "10100011010111101010111100011010001101000110101010"
        "110110011101001100110101110010011101101100101"
    )  # fmt: skip
    assert drawing.modules("5901234123457").startswith("101000101101001110110011001001101111010011101")
    for unfit in ("", "900", "036000291453", "03600029145x", "1" * 14):
        assert drawing.modules(unfit) == drawing.bars(unfit) == ""


def test_a_card_is_joined_by_its_printed_code(ann: Client, holder: Client) -> None:
    Customer.objects.update(user=None)  # the card's owner has no account
    code = make_code("4400187", actor="boss")

    joined = ann.post("/account/card/", {"number": "440 0187", "code": code.lower()}, follow=True)

    assert "The card is yours." in joined.content.decode()
    own = Customer.objects.get(user__email="ann@shop.example")
    assert numbers_of(own.pk) == (own.loyalty_number, "4400187")
    assert len(ann.get("/account/purchases/").context["entries"]) == Receipt.objects.count() + 2


def _said(client: Client, **sent: str) -> tuple[int, list[str]]:
    answer = client.post("/account/card/", {"number": "", "code": "", **sent}, follow=True)
    form = answer.context["form"]
    said = form.non_field_errors() if form.is_bound else [str(message) for message in answer.context["messages"]]
    return answer.status_code, list(said)


def test_nobody_learns_which_cards_there_are(ann: Client, holder: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that exists, one that has an account, one that nobody has: all the same, codes and mail alike."""
    postmen = ThreadPoolExecutor()
    monkeypatch.setattr(posting, "_beside", postmen)
    Customer.objects.create(
        loyalty_number="901", created_at=Receipt.objects.latest("pk").booked_at, email="c@shop.example"
    )
    make_code("901", actor="boss")

    answers = [_said(ann, number=number, code="AAAAA-AAAAA") for number in ("901", "4400187", "999", "900 1")]
    assert answers == [answers[0]] * 4
    assert answers[0][0] == 200

    forget_tries()
    sent = [_said(ann, number=number, send="1") for number in ("901", "4400187", "999")]
    assert sent == [sent[0]] * 3
    postmen.shutdown(wait=True)
    assert [message.to for message in mail.outbox] == [["c@shop.example"]]


def test_trying_cards_is_slowed_down(ann: Client, holder: Client) -> None:
    Customer.objects.update(user=None)
    ann.get("/account/")
    for _ in range(5):
        assert _said(ann, number="4400187", code="AAAAA-AAAAA")[0] == 200
    assert _said(ann, number="4400187", code=make_code("4400187", actor="boss"))[0] == 429
    for _ in range(3):
        assert _said(ann, number="999", send="1")[0] == 200
    assert _said(ann, number="999", send="1")[0] == 429
    assert numbers_of(Customer.objects.get(user__email="ann@shop.example").pk)[1:] == ()


def test_everything_is_handed_out_after_the_password(holder: Client) -> None:
    answer = reauthenticated(holder, "/account/export/")
    assert answer.headers["Location"] == "/account/export/"

    file = holder.get("/account/export/")

    assert file.headers["Content-Disposition"] == 'attachment; filename="onebasket.json"'
    found = json.loads(file.content)
    assert found["form"] == "onebasket.person/1"
    assert found["customer"]["numbers"] == ["4400187"]
    assert found["accounts"][0]["verified"] == ["bob@shop.example"]
    assert len(found["receipts"]) == Receipt.objects.filter(loyalty_number="4400187").count()
    assert len(found["orders"]) == 2
    assert "password" not in file.content.decode()
    wrong = Client()
    log_in(wrong, "bob@shop.example")
    assert wrong.get("/account/export/").status_code == 302


def test_the_account_is_deleted_after_the_password_and_a_tick(holder: Client) -> None:
    Order.objects.update(status="handed_over")
    PartnerPart.objects.update(status="delivered")
    assert reauthenticated(holder, "/account/delete/").headers["Location"] == "/account/delete/"
    assert holder.post("/account/delete/", {}).status_code == 200
    assert User.objects.filter(email="bob@shop.example").exists()

    gone = holder.post("/account/delete/", {"sure": "on"}, follow=True)

    assert "Everything personal is gone" in gone.content.decode()
    assert not User.objects.filter(email="bob@shop.example").exists()
    assert Customer.objects.count() == 0
    assert set(Receipt.objects.values_list("loyalty_number", flat=True)) == {"erased"}
    assert holder.get("/account/").status_code == 302
    assert log_in(Client(), "bob@shop.example", PASSWORD).status_code == 200


def test_an_account_with_open_orders_stays(holder: Client) -> None:
    reauthenticated(holder, "/account/delete/")

    stays = holder.post("/account/delete/", {"sure": "on"})

    assert "You have orders that are not done yet: 330-0001, 406-0001." in stays.content.decode()
    assert User.objects.filter(email="bob@shop.example").exists()
    assert set(Receipt.objects.values_list("loyalty_number", flat=True)) == {"4400187"}


def test_a_password_that_was_said_long_ago_is_asked_again(holder: Client) -> None:
    reauthenticated(holder, "/account/export/")
    session: Any = holder.session
    for record in session["account_authentication_methods"]:
        record["at"] = time.time() - 301
    session.save()
    assert holder.get("/account/export/").status_code == 302
