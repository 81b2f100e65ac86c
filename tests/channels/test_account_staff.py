"""Shoppers never enter the pages of the chain's people, and whose role asks for it needs a second factor."""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.test import Client

from onebasket.base.models import TrailEntry
from onebasket.channels.account import secondfactor
from onebasket.commerce.access.actions import AccessError, change_user, create_user, set_password
from onebasket.commerce.access.actions.second_factors import reset_second_factor
from onebasket.commerce.access.actions.users import UserRequest
from onebasket.commerce.access.models import User
from tests.channels.accounting import (
    PASSWORD,
    code_of,
    equip,
    forget_tries,
    log_in,
    reauthenticated,
    shopper,
    signed_in,
    staff,
)

pytestmark = pytest.mark.django_db

STAFF_PAGES = (
    "/", "/pulse/", "/pulse/figures", "/pulse/receipts", "/pulse/orders", "/pulse/shelves", "/pulse/places",
    "/pulse/quarantine", "/pulse/receipts/1", "/desk/", "/desk/customers/customer/", "/desk/do/add-user/",
    "/desk/access/user/", "/desk/find/products/",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_tries()


def enter(client: Client, name: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/login/", {"username": name, "password": password, **more})


@pytest.mark.parametrize("address", STAFF_PAGES)
def test_a_shopper_is_led_away_from_every_page_of_the_chains_people(address: str) -> None:
    ann = signed_in(shopper())

    answer = ann.get(address, follow=True)

    assert answer.redirect_chain[-1][0].startswith("/login/"), answer.redirect_chain
    assert answer.status_code == 200
    assert ann.post(address, {"username": "x", "role": "admin"}).status_code in {302, 403, 405}
    assert User.objects.count() == 1


def test_the_chains_people_go_where_they_went() -> None:
    boss = signed_in(staff())
    assert [boss.get(address).status_code for address in ("/", "/pulse/", "/desk/")] == [200, 200, 200]


def test_a_shoppers_name_and_password_are_as_wrong_as_any_at_the_staff_log_in() -> None:
    user = shopper()
    staff()

    def said(name: str, password: str) -> str:
        page = enter(Client(), name, password)
        assert page.status_code == 200
        return str(page.context["form"].non_field_errors()[0])

    wrong = said("nobody", PASSWORD)
    assert said(user.username, PASSWORD) == said("ann@shop.example", PASSWORD) == said("boss", "wrong") == wrong
    assert enter(Client(), "boss").headers["Location"] == "/"


def test_a_shopper_who_also_works_here_signs_in_over_the_other() -> None:
    staff()
    client = Client()
    shopper()
    log_in(client, "ann@shop.example")
    before = client.cookies["sessionid"].value

    assert client.get("/login/?next=/desk/").status_code == 200
    assert enter(client, "boss", next="/desk/").headers["Location"] == "/desk/"

    assert client.cookies["sessionid"].value != before
    assert client.get("/desk/").status_code == 200
    assert client.get("/account/card/").headers["Location"] == "/account/2fa/"


def test_a_staff_account_is_no_shoppers_and_the_other_way_round() -> None:
    user = shopper()
    with pytest.raises(AccessError, match="Unknown role 'shopper'"):
        create_user(UserRequest("eve", "shopper"), actor="boss")
    with pytest.raises(AccessError, match="never turn into each other"):
        change_user(user.username, role="admin", actor="boss")
    staff("clerk", role="reader")
    with pytest.raises(AccessError, match="never turn into each other"):
        change_user("clerk", role="shopper", actor="boss")
    with pytest.raises(AccessError, match="set their own password"):
        set_password(user.username, actor="boss")
    change_user(user.username, role="shopper", active=False, actor="boss")
    user.refresh_from_db()
    assert (user.role, user.is_active) == ("shopper", False)


def test_whoever_has_an_app_is_asked_for_its_code() -> None:
    boss = staff()
    equip(boss)
    client = Client()

    asked = enter(client, "boss", next="/desk/")

    assert asked.headers["Location"] == "/account/2fa/authenticate/"
    assert client.get("/desk/").status_code == 302  # not in yet
    assert client.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert client.get("/desk/").status_code == 302
    entered = client.post("/account/2fa/authenticate/", {"code": code_of(boss)})
    assert entered.headers["Location"] == "/desk/"
    assert client.get("/desk/").status_code == 200


def test_a_code_is_taken_once_in_whatever_process() -> None:
    boss = staff()
    equip(boss)
    code = code_of(boss)
    first, second = Client(), Client()
    enter(first, "boss")
    enter(second, "boss")
    assert first.post("/account/2fa/authenticate/", {"code": code}).headers["Location"] == "/"
    forget_tries()  # as another process, which has not seen it

    assert second.post("/account/2fa/authenticate/", {"code": code}).status_code == 200
    assert second.get("/desk/").status_code == 302

    assert second.post("/account/2fa/authenticate/", {"code": code_of(boss, away=1)}).headers["Location"] == "/"


def test_without_the_row_another_process_would_take_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: allauth alone remembers used codes in each process."""
    boss = staff()
    equip(boss)
    code = code_of(boss)
    monkeypatch.setattr(secondfactor, "use_up", lambda *_: True)
    for _ in range(2):
        client = Client()
        enter(client, "boss")
        assert client.post("/account/2fa/authenticate/", {"code": code}).headers["Location"] == "/"
        forget_tries()


def test_codes_that_are_older_than_one_that_was_used_are_refused() -> None:
    boss = staff()
    equip(boss)
    row = Authenticator.objects.get()
    now = 1_800_000_015.0
    codes = {
        away: format_hotp_value(hotp_value(decrypt(row.data["secret"]), int(now) // 30 + away))
        for away in (-2, -1, 0, 1, 2)
    }
    assert not secondfactor.use_up(row.pk, codes[-2], now=now)
    assert not secondfactor.use_up(row.pk, codes[2], now=now)
    assert secondfactor.use_up(row.pk, codes[0], now=now)
    assert not secondfactor.use_up(row.pk, codes[-1], now=now)
    assert not secondfactor.use_up(row.pk, codes[0], now=now)
    assert secondfactor.use_up(row.pk, f"{codes[1][:3]} {codes[1][3:]}", now=now)


def test_guessing_codes_is_slowed_down() -> None:
    boss = staff()
    equip(boss)
    client = Client()
    enter(client, "boss")
    for _ in range(5):
        client.post("/account/2fa/authenticate/", {"code": "000000"})

    locked = client.post("/account/2fa/authenticate/", {"code": code_of(boss)})

    assert locked.status_code == 200
    assert client.get("/desk/").status_code == 302


def test_a_recovery_code_lets_in_once() -> None:
    boss = staff()
    client = signed_in(boss)
    assert reauthenticated(client, "/account/2fa/totp/activate/").status_code == 302
    page = client.get("/account/2fa/totp/activate/")
    assert "<svg" in page.content.decode()
    assert "data:" not in page.headers["Content-Security-Policy"]
    secret = page.context["form"].secret
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    assert client.post("/account/2fa/totp/activate/", {"code": code}).headers["Location"] == (
        "/account/2fa/recovery-codes/"
    )
    assert secret not in str(Authenticator.objects.get(type="totp").data)
    codes = client.get("/account/2fa/recovery-codes/").context["unused_codes"]
    assert len(set(codes)) == 10

    for expected in (302, 200):
        lost = Client()
        enter(lost, "boss")
        assert lost.post("/account/2fa/authenticate/", {"code": codes[0]}).status_code == expected


@pytest.fixture
def _asked_for(settings: Any) -> None:
    settings.STAFF_MFA_ROLES = frozenset({"admin"})


@pytest.mark.usefixtures("_asked_for")
def test_a_role_that_asks_for_it_goes_nowhere_without() -> None:
    boss, clerk = staff(), staff("clerk", role="reader")
    client = Client()
    assert enter(client, "boss").headers["Location"] == "/"

    for address in STAFF_PAGES:
        assert client.get(address).headers["Location"].startswith("/account/2fa/totp/activate/?next="), address
    assert client.post("/desk/do/add-user/", {"username": "eve", "role": "admin"}).status_code == 302
    assert User.objects.filter(username="eve").count() == 0
    assert client.get("/account/2fa/").status_code == 200
    assert client.post("/logout/").status_code == 302
    assert signed_in(clerk).get("/desk/").status_code == 200
    assert signed_in(shopper()).get("/account/").status_code == 200
    assert boss.role == "admin"


@pytest.mark.usefixtures("_asked_for")
def test_setting_it_up_opens_the_pages_and_sessions_from_before_stay_closed() -> None:
    boss = staff()
    client, before = signed_in(boss), signed_in(boss)
    assert reauthenticated(client, "/account/2fa/totp/activate/").status_code == 302
    secret = client.get("/account/2fa/totp/activate/").context["form"].secret
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    client.post("/account/2fa/totp/activate/", {"code": code})

    assert client.get("/desk/").status_code == 200
    led = before.get("/desk/").headers["Location"]
    assert led == "/account/2fa/reauthenticate/?next=%2Fdesk%2F"
    assert before.post(led, {"code": code_of(boss)}).headers["Location"] == "/desk/"
    assert before.get("/desk/").status_code == 200
    page = client.get("/account/2fa/totp/deactivate/").content.decode()
    assert "You cannot deactivate two-factor authentication." in page
    client.post("/account/2fa/totp/deactivate/")
    assert Authenticator.objects.filter(user=boss, type="totp").exists()


@pytest.mark.usefixtures("_asked_for")
def test_a_second_factor_that_was_lost_is_reset_with_a_trail_entry() -> None:
    boss = staff()
    equip(boss)

    reset_second_factor("boss", actor="other")

    assert not Authenticator.objects.exists()
    assert TrailEntry.objects.get().action == "user.second_factor_reset"
    with pytest.raises(AccessError, match="has no second factor"):
        reset_second_factor("boss", actor="other")
    with pytest.raises(AccessError, match="no user 'nobody'"):
        reset_second_factor("nobody", actor="other")


def test_under_another_key_no_code_is_right(settings: Any) -> None:
    boss = staff()
    equip(boss)
    code = code_of(boss)
    settings.SECRET_KEY = "another-key-" * 6
    row = Authenticator.objects.get()

    assert not row.wrap().validate_code(code)
    assert not secondfactor.use_up(row.pk, code)
