"""Shoppers sign up, verify their address, log in and set a new password; and nobody learns who else has an account."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from onebasket.commerce.access.models import User
from onebasket.commerce.customers.models import Customer
from onebasket.commerce.customers.queries import customer_of_user
from onebasket.commerce.customers.rules.cards import is_card_number
from tests.channels.accounting import PASSWORD, forget_tries, letter, link_in, log_in, shopper, signed_in, staff

pytestmark = pytest.mark.django_db

SIGN_UP = {"email": "ann@shop.example", "password1": PASSWORD, "name": "Ann Lee"}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_tries()


def test_from_signing_up_to_a_card(client: Client) -> None:
    sent = client.post("/account/signup/", SIGN_UP)
    assert (sent.status_code, sent.headers["Location"]) == (302, "/account/confirm-email/")
    user = User.objects.get(email="ann@shop.example")
    assert (user.role, user.is_staff, user.is_superuser, user.places) == ("shopper", False, False, [])
    assert user.username.startswith("shopper-")
    assert "ann" not in user.username
    assert Customer.objects.count() == 0
    assert client.get("/account/").status_code == 302
    assert log_in(client, "ann@shop.example").headers["Location"] == "/account/confirm-email/"

    address = link_in(letter(0))
    assert letter(0).to == ["ann@shop.example"]
    assert "Is ann@shop.example your address?" in client.get(address).content.decode()
    assert not EmailAddress.objects.get().verified  # a look alone verifies nothing
    client.post(address)
    assert EmailAddress.objects.get().verified

    entered = log_in(client, "Ann@Shop.example")
    assert entered.headers["Location"] == "/account/"
    page = client.get("/account/").content.decode()
    row = Customer.objects.get()
    assert (row.user_id, row.name, row.email) == (user.pk, "Ann Lee", "ann@shop.example")
    assert is_card_number(row.loyalty_number)
    assert "Hello Ann Lee" in page
    assert row.loyalty_number in page
    assert customer_of_user(user.pk) == row.pk


def _answer(client: Client, address: str, sent: dict[str, str]) -> Any:
    answer = client.post(address, sent)
    return answer.status_code, answer.headers.get("Location"), answer.content


def test_signing_up_says_the_same_for_an_address_that_has_an_account() -> None:
    shopper("bob@shop.example")
    staff("boss", email="boss@shop.example")
    before = User.objects.count()

    fresh = _answer(Client(), "/account/signup/", SIGN_UP)
    forget_tries()
    known = _answer(Client(), "/account/signup/", {**SIGN_UP, "email": "Bob@shop.example"})
    works_here = _answer(Client(), "/account/signup/", {**SIGN_UP, "email": "boss@shop.example"})

    assert fresh == known == works_here
    assert User.objects.count() == before + 1
    assert [message.subject for message in mail.outbox] == [
        "Verify your e-mail address", "You have an account already", "You have an account already",
    ]  # fmt: skip
    assert User.objects.get(email="bob@shop.example").check_password(PASSWORD)


def test_the_answers_differ_where_nothing_prevents_it(settings: Any) -> None:
    """The control: without the protection an address that has an account is told."""
    settings.ACCOUNT_PREVENT_ENUMERATION = False
    shopper("bob@shop.example")
    known = Client().post("/account/signup/", {**SIGN_UP, "email": "bob@shop.example"})
    assert (known.status_code, "already registered" in known.content.decode()) == (200, True)


def test_a_reset_says_the_same_for_an_address_that_has_no_account() -> None:
    shopper("bob@shop.example")
    staff("boss", email="boss@shop.example")

    known, unknown, works_here = (
        _answer(Client(), "/account/password/reset/", {"email": email})
        for email in ("bob@shop.example", "nobody@shop.example", "boss@shop.example")
    )

    assert known == unknown == works_here
    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["bob@shop.example"], "A new password"), (["nobody@shop.example"], "No account with this address"),
        (["boss@shop.example"], "No account with this address"),
    ]  # fmt: skip


def test_a_new_password_is_set_by_a_link_once(client: Client) -> None:
    user = shopper()
    client.post("/account/password/reset/", {"email": "ann@shop.example"})
    address = link_in(letter())

    form = client.get(address, follow=True)
    assert address.rpartition("-")[2] not in form.redirect_chain[-1][0]  # the key leaves the address bar
    done = client.post(
        form.redirect_chain[-1][0], {"password1": "another-good-password", "password2": "another-good-password"}
    )

    assert done.headers["Location"] == "/account/password/reset/key/done/"
    user.refresh_from_db()
    assert user.check_password("another-good-password")
    assert "used up or too old" in Client().get(address, follow=True).content.decode()
    assert log_in(Client(), "ann@shop.example").status_code == 200
    assert log_in(Client(), "ann@shop.example", "another-good-password").status_code == 302


def test_logging_in_says_the_same_whatever_is_wrong() -> None:
    shopper("ann@shop.example")
    staff("boss", email="boss@shop.example")

    def answer(email: str, password: str) -> tuple[int, str]:
        page = log_in(Client(), email, password)
        return page.status_code, page.context["form"].non_field_errors()[0]

    wrong = answer("ann@shop.example", "wrong")
    assert wrong[0] == 200
    assert answer("nobody@shop.example", PASSWORD) == wrong
    assert answer("boss@shop.example", PASSWORD) == wrong  # whoever works here signs in by name, elsewhere
    assert log_in(Client(), "ann@shop.example").status_code == 302


def test_guessing_a_password_is_slowed_down() -> None:
    shopper()
    client = Client()
    for _ in range(5):
        assert log_in(client, "ann@shop.example", "wrong").status_code == 200

    locked = log_in(client, "ann@shop.example")

    assert "Too many failed login attempts" in str(locked.context["form"].non_field_errors())
    assert log_in(Client(REMOTE_ADDR="10.0.0.9"), "ann@shop.example").status_code == 200  # by address, from anywhere
    forget_tries()
    assert log_in(client, "ann@shop.example").status_code == 302


def test_signing_up_and_mail_are_slowed_down() -> None:
    client = Client()
    for at in range(20):
        client.post("/account/signup/", {**SIGN_UP, "email": f"a{at}@shop.example"})
    assert client.post("/account/signup/", {**SIGN_UP, "email": "last@shop.example"}).status_code == 429
    assert User.objects.filter(email="last@shop.example").count() == 0

    forget_tries()
    for _ in range(5):
        assert client.post("/account/password/reset/", {"email": "bob@shop.example"}).status_code == 302
    tired = client.post("/account/password/reset/", {"email": "bob@shop.example"})
    assert (tired.status_code, "Too many tries" in tired.content.decode()) == (429, True)


def test_a_session_gets_a_new_name_at_the_log_in() -> None:
    shopper()
    client = Client()
    client.get("/account/login/")
    session = client.session
    session["planted"] = "by a stranger"
    session.save()
    planted = str(session.session_key)
    client.cookies["sessionid"] = planted

    log_in(client, "ann@shop.example")

    assert client.cookies["sessionid"].value not in {planted, ""}
    stranger = Client()
    stranger.cookies["sessionid"] = planted
    assert stranger.get("/account/").status_code == 302


def test_forms_without_their_token_do_nothing() -> None:
    user = shopper()
    client = signed_in(user, enforce_csrf_checks=True)
    client.get("/account/")
    for address, sent in (
        ("/account/details/", {"name": "Mallory"}), ("/account/addresses/new/", {"line1": "1 Main St"}),
        ("/account/consents/", {"offers_email": "on"}), ("/account/card/", {"number": "900", "code": "x"}),
        ("/account/delete/", {"sure": "on"}), ("/account/email/", {"email": "m@shop.example", "action_add": "1"}),
        ("/account/password/change/", {}), ("/account/logout/", {}), ("/account/2fa/totp/activate/", {"code": "1"}),
    ):  # fmt: skip
        assert client.post(address, sent).status_code == 403, address
    assert Client(enforce_csrf_checks=True).post("/account/signup/", SIGN_UP).status_code == 403
    assert Customer.objects.get().name == ""
    assert User.objects.count() == 1


def test_a_link_leads_to_no_other_host(client: Client) -> None:
    shopper()
    assert log_in(client, "ann@shop.example", next="https://evil.example/").headers["Location"] == "/account/"
    assert log_in(Client(), "ann@shop.example", next="/account/card/").headers["Location"] == "/account/card/"


def test_a_new_address_holds_once_it_is_verified(client: Client) -> None:
    user = shopper()
    log_in(client, "ann@shop.example")
    assert client.post("/account/email/", {"email": "new@shop.example", "action_add": "1"}).status_code == 302
    user.refresh_from_db()
    assert (user.email, Customer.objects.get().email) == ("ann@shop.example", "ann@shop.example")

    client.post(link_in(letter()))

    user.refresh_from_db()
    assert (user.email, Customer.objects.get().email) == ("new@shop.example", "new@shop.example")
    assert list(EmailAddress.objects.values_list("email", "verified")) == [("new@shop.example", True)]


def test_somebody_elses_address_is_not_taken_over(client: Client) -> None:
    shopper("bob@shop.example")
    shopper()
    log_in(client, "ann@shop.example")

    client.post("/account/email/", {"email": "bob@shop.example", "action_add": "1"})

    assert letter().to == ["bob@shop.example"]
    bob = Client()
    assert "used up or too old" in bob.get(link_in(letter())).content.decode()
    bob.post(link_in(letter()))
    assert EmailAddress.objects.filter(email="bob@shop.example", user__email="bob@shop.example", verified=True).exists()
    assert (
        EmailAddress.objects.filter(email="bob@shop.example", user__email="ann@shop.example", verified=True).count()
        == 0
    )


def test_without_mail_nobody_signs_up(client: Client, settings: Any) -> None:
    settings.MAIL_IS_SENT = False
    assert "Signing up is closed" in client.get("/account/signup/").content.decode()
    client.post("/account/signup/", SIGN_UP)
    assert User.objects.count() == 0


def test_a_post_office_that_is_closed_is_told_to_everybody_alike(settings: Any) -> None:
    shopper("bob@shop.example")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    answers = [
        Client().post("/account/password/reset/", {"email": email})
        for email in ("bob@shop.example", "nobody@shop.example")
    ]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert answers[0].content == answers[1].content
    assert "could not be sent" in answers[0].content.decode()


def test_an_account_that_was_closed_opens_nothing(client: Client) -> None:
    user = shopper()
    log_in(client, "ann@shop.example")
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert client.get("/account/").status_code == 302
    assert log_in(Client(), "ann@shop.example").headers["Location"] == "/account/inactive/"
    assert "closed" in client.get("/account/inactive/").content.decode()


def test_pages_say_what_browsers_refuse(client: Client) -> None:
    for address in ("/account/login/", "/account/signup/", "/account/password/reset/"):
        page = client.get(address)
        assert page.status_code == 200
        policy = set(page.headers["Content-Security-Policy"].split("; "))
        assert {"default-src 'self'", "frame-ancestors 'none'", "form-action 'self'"} <= policy
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert "style=" not in page.content.decode()
        assert "<script" not in page.content.decode()
