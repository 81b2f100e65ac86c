"""The associate's scan in a real browser: on a phone, light and dark, by keys alone; axe finds nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.test import Client, override_settings
from playwright.sync_api import Page, expect

from onebasket.commerce.access.models import User
from onebasket.commerce.catalogue.actions import upsert_products
from onebasket.commerce.catalogue.rules import BarcodeItem, ProductItem
from onebasket.commerce.places.models import Place
from onebasket.front import stores
from tests.browser.chromium import SIZES
from tests.browser.kiosking import chromium
from tests.browser.test_store import faults
from tests.builders import EAN, add_prices, deliver, make_chain
from tests.partnering import add_offers, make_partner

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LAMP = "4012345678901"


class Work(NamedTuple):
    """Where the hub is, and the session of who works there."""

    address: str
    session: str


@pytest.fixture
def work(live_server: Any) -> Iterator[Work]:
    stores.forget_stores()
    source = make_chain("p1", "p2", stock={"milk": 10, "bread": 5})
    lamp = ProductItem("lamp", "lamp", "Lamp", barcodes=(BarcodeItem(LAMP),))
    upsert_products(source, [lamp, ProductItem("plu", "banana", "Bananas", barcodes=(BarcodeItem("4011"),))])
    add_prices(source, {"banana": (59, 1)})
    deliver(source, {"banana": 4}, place="p2", key="p2")
    for code, latitude in (("p1", 39_000_000), ("p2", 39_100_000)):
        Place.objects.filter(code=code).update(latitude=latitude, longitude=-84_000_000, city="Cincinnati")
    add_offers(make_partner(), {"lamp": {"gtin": f"0{LAMP}", "price": 2500, "days_to": 5}})
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        client = Client()
        client.force_login(User.objects.create(username="ann", role="store", places=["p1"]))
        yield Work(str(live_server.url), client.cookies[settings.SESSION_COOKIE_NAME].value)


@contextmanager
def at_work(work: Work, size: str, scheme: str = "light") -> Iterator[tuple[Page, list[str]]]:
    with chromium() as browser:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-US")  # type: ignore[arg-type]
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": work.session, "url": work.address}])
        page, complaints = context.new_page(), list[str]()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{work.address}/store/scan")
        yield page, complaints


def scan(page: Page, code: str, verdict: str) -> None:
    """Let a scanner type a code and Enter into the field that has the focus."""
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_have_text(verdict)
    assert faults(page) == []


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("phone", "dark"), ("laptop", "light")])
def test_each_scan_has_one_answer(work: Work, size: str, scheme: str) -> None:
    with at_work(work, size, scheme) as (page, complaints):
        assert faults(page) == []
        scan(page, EAN, "Here: 10")
        scan(page, "4011", "Not here. p2 has 4")
        expect(page.get_by_text("6.9 mi").first).to_be_visible()
        scan(page, LAMP, "Not in our stores near. Lantern sells it")
        assert complaints == []
        page.get_by_role("link", name="Refer Lamp").click()
        expect(page.locator("svg.qr")).to_be_visible()
        expect(page.get_by_text("Credited to ann, p1.")).to_be_visible()
        assert faults(page) == []
        page.locator(".crumbs a").click()
        expect(page.locator("#verdict")).to_have_text("Not in our stores near. Lantern sells it")
        page.keyboard.type("b")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Which one?")).to_be_visible()
        assert faults(page) == []
        page.get_by_role("link", name="Bread").click()
        expect(page.locator("#verdict")).to_have_text("Here: 5")
        page.keyboard.type("4006381333932")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Misread")).to_be_visible()
        assert faults(page) == []
        assert all("404" in said for said in complaints)


def test_keys_alone_refer_a_shopper(work: Work) -> None:
    with at_work(work, "laptop") as (page, _):
        scan(page, LAMP, "Not in our stores near. Lantern sells it")
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent").startswith("Refer"):
                break
        page.keyboard.press("Enter")
        expect(page.locator("svg.qr")).to_be_visible()
