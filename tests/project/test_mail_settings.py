"""How e-mail leaves, and who needs a second factor, as the environment says it."""

from pathlib import Path

import pytest

from onebasket.project.settings.accounts import account_settings
from onebasket.project.settings.environment import InvalidEnvironmentError, production_weaknesses, read_environment
from onebasket.project.settings.mail import mail_settings

HERE = Path("/here")


def settings(address: str) -> dict[str, object]:
    return mail_settings(address, home=HERE, sender="shop@shop.example")


@pytest.mark.parametrize(
    ("address", "host", "port", "user", "tls", "ssl"),
    [
        ("smtp://mail.example", "mail.example", 587, "", False, False),
        ("smtp://ann:p%40ss@mail.example:2525", "mail.example", 2525, "ann", True, False),
        ("smtps://ann:p%40ss@mail.example", "mail.example", 465, "ann", False, True),
    ],
)
def test_a_server_is_named_by_an_address(
    address: str, host: str, port: int, user: str, *, tls: bool, ssl: bool
) -> None:
    found = settings(address)
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"], found["EMAIL_HOST_USER"]) == (host, port, user)
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (tls, ssl)
    assert found["EMAIL_HOST_PASSWORD"] == ("p@ss" if user else "")
    assert (found["DEFAULT_FROM_EMAIL"], found["EMAIL_TIMEOUT"]) == ("shop@shop.example", 10)


@pytest.mark.parametrize(
    ("address", "backend"),
    [
        ("file:", "onebasket.base.letters.files"),
        ("console:", "django.core.mail.backends.console"),
        ("none:", "django.core.mail.backends.dummy"),
    ],
)
def test_mail_stays_here(address: str, backend: str) -> None:
    found = settings(address)
    assert found["EMAIL_BACKEND"] == f"{backend}.EmailBackend"
    assert found.get("EMAIL_FILE_PATH") == ("/here/mail" if address == "file:" else None)


@pytest.mark.parametrize(
    "address", ["", "mail.example", "http://mail.example", "smtp://", "smtp://u:secret@mail.example:x", "file:/x"]
)
def test_what_cannot_be_meant_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match="ONEBASKET_MAIL") as refused:
        settings(address)
    assert "secret" not in str(refused.value)


def test_what_holds_where_nothing_is_said() -> None:
    production, development = (
        read_environment({"ONEBASKET_ENV": mode}, directory=HERE) for mode in ("", "development")
    )
    assert (production.mail, development.mail) == ("none:", "file:")
    assert production.mail_from == "onebasket@localhost"
    assert production.staff_mfa == ()


def test_roles_that_need_a_second_factor_are_named() -> None:
    stated = read_environment({"ONEBASKET_STAFF_MFA": "admin, finance ,"}, directory=HERE)
    assert stated.staff_mfa == ("admin", "finance")
    for wrong in ("shopper", "everybody"):
        with pytest.raises(InvalidEnvironmentError, match="ONEBASKET_STAFF_MFA"):
            read_environment({"ONEBASKET_STAFF_MFA": f"admin,{wrong}"}, directory=HERE)


@pytest.mark.parametrize(("encrypted", "trusted"), [(True, True), (False, False)])
def test_links_and_addresses_go_by_the_transport(*, encrypted: bool, trusted: bool) -> None:
    found = account_settings(encrypted=encrypted, trust_proxy=trusted)
    assert found["ACCOUNT_DEFAULT_HTTP_PROTOCOL"] == ("https" if encrypted else "http")
    assert found["ALLAUTH_TRUSTED_PROXY_COUNT"] == int(trusted)


@pytest.mark.parametrize(
    ("stated", "address", "is_weak"),
    [
        ({"ONEBASKET_ENV": "development"}, "http://localhost:8000", False),
        ({"ONEBASKET_ALLOWED_HOSTS": "shop.example,www.shop.example"}, "https://shop.example", False),
        ({"ONEBASKET_ALLOWED_HOSTS": ".shop.example"}, "", True),
        ({"ONEBASKET_ALLOWED_HOSTS": ".shop.example", "ONEBASKET_MAIL": ""}, "", False),
        (
            {"ONEBASKET_ALLOWED_HOSTS": ".shop.example", "ONEBASKET_ADDRESS": "https://www.shop.example/"},
            "https://www.shop.example",
            False,
        ),
    ],
)
def test_links_in_mails_begin_with_an_address_of_ours(stated: dict[str, str], address: str, *, is_weak: bool) -> None:
    found = read_environment({"ONEBASKET_MAIL": "smtp://mail.example"} | stated, directory=HERE)
    assert found.address == address
    assert any("ONEBASKET_ADDRESS" in weakness for weakness in production_weaknesses(found)) is is_weak


@pytest.mark.parametrize("wrong", ["shop.example", "ftp://shop.example", "https://u:p@shop.example", "https://a/?b"])
def test_an_address_that_leads_nowhere_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match="ONEBASKET_ADDRESS"):
        read_environment({"ONEBASKET_ADDRESS": wrong}, directory=HERE)
