"""Accounts in a real browser: from signing up to a card, on a laptop and a phone, without any script, for everybody."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from django.db import transaction
from playwright.sync_api import Browser, Page, expect, sync_playwright

from onebasket.commerce.customers.models import Customer
from onebasket.commerce.sales.models import Receipt
from tests.browser.chromium import ARGUMENTS, SIZES
from tests.channels.accounting import PASSWORD, code_of, equip, forget_tries, shopper, staff
from tests.channels.test_desk_world import make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

_LINK = re.compile(r"https?://\S+/account/\S+")


@pytest.fixture
def address(live_server: Any) -> str:
    forget_tries()
    return str(live_server.url)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Not a fixture: while it runs, Django refuses to read the database in this thread."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        yield started
        started.close()


def open_page(browser: Browser, *, size: str = "laptop", scheme: str = "light", script: bool = True) -> Page:
    width, height = SIZES[size]
    options: dict[str, Any] = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    return browser.new_context(**options, java_script_enabled=script).new_page()


def log_in(page: Page, address: str, email: str) -> None:
    page.goto(f"{address}/account/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def grave(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{item['id']}: {item['nodes'][0]['html'][:120]}" for item in found]


def test_from_signing_up_to_a_card_without_any_script(address: str) -> None:
    with chromium() as browser:
        page = open_page(browser, size="phone", script=False)
        page.goto(f"{address}/account/")
        page.get_by_role("link", name="Sign up").click()
        page.get_by_label("Name").fill("Ann Lee")
        page.get_by_label("Email").fill("ann@shop.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign up").click()
        expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
        found = _LINK.search(str(mail.outbox[-1].body))
        assert found
        page.goto(found.group())
        page.get_by_role("button", name="Yes, it is mine").click()
        log_in(page, address, "ann@shop.example")
        expect(page.get_by_role("heading", name="Hello Ann Lee")).to_be_visible()
        page.get_by_role("link", name="Card", exact=True).click()
        expect(page.locator("svg.code")).to_have_count(2)
        page.get_by_role("link", name="Consents").click()
        page.get_by_label("Offers by e-mail").check()
        page.get_by_role("button", name="Save my choice").click()
        expect(page.get_by_text("Your choice holds from now on.")).to_be_visible()
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()

    assert Customer.objects.get().name == "Ann Lee"


def test_a_second_factor_is_asked_for_by_keyboard_alone(address: str) -> None:
    boss = staff()
    equip(boss)
    code = code_of(boss)
    with chromium() as browser:
        page = open_page(browser)
        page.goto(f"{address}/login/")
        page.locator("#id_username").focus()
        page.keyboard.type("boss")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
        page.get_by_label("Code").focus()
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="One stock, one basket")).to_be_visible()


@pytest.mark.parametrize(("size", "scheme"), [("laptop", "light"), ("phone", "dark")])
def test_its_pages_are_fit_for_everybody(address: str, size: str, scheme: str, tmp_path: Path) -> None:
    with transaction.atomic():
        make_world()
    user = shopper("bob@shop.example", first_name="Bob")
    Customer.objects.filter(loyalty_number="4400187").update(user=user, name="Bob", email="bob@shop.example")
    receipt = Receipt.objects.earliest("pk").pk
    pages = (
        "", "details/", "addresses/", "addresses/new/", "consents/", "card/", "purchases/",
        f"purchases/receipts/{receipt}/", "email/", "password/change/", "2fa/", "delete/",
    )  # fmt: skip
    found: dict[str, list[str]] = {}
    complaints: list[str] = []
    with chromium() as browser:
        page = open_page(browser, size=size, scheme=scheme)
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        for name in ("login/", "signup/", "password/reset/"):
            page.goto(f"{address}/account/{name}")
            found[name] = grave(page)
        log_in(page, address, "bob@shop.example")
        expect(page.get_by_role("heading", name="Hello Bob")).to_be_visible()
        for name in pages:
            page.goto(f"{address}/account/{name}")
            found[name] = grave(page)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, name
            page.screenshot(path=tmp_path / f"{size}-{name.replace('/', '-') or 'home'}.png", full_page=True)

    assert {name: said for name, said in found.items() if said} == {}
    assert complaints == []
