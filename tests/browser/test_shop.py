"""The shop in a real browser: on a phone and a laptop, light and dark, with the keyboard alone, without scripts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from onebasket.channels.shop import guesses, offers
from onebasket.commerce.catalogue.actions import upsert_products
from onebasket.commerce.catalogue.rules import ProductItem
from onebasket.commerce.hotpath.actions import ACTIONS
from onebasket.commerce.hotpath.actions import asking as committing
from onebasket.commerce.orders.models import Order
from onebasket.commerce.places.models import Place
from onebasket.front import stores
from tests.browser.chromium import ARGUMENTS, SIZES
from tests.builders import add_prices, deliver, faults_in_stock, make_chain, running
from tests.offers import add_customers, card_prices, promotion, put
from tests.slotting import plan

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SOUPS = 30
MINUS = "\N{MINUS SIGN}"
CARD = "4400187"


@pytest.fixture
def address(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a shop with two stores, a shelf of soups, a promotion, card prices and slots."""
    for forget in (stores.forget_stores, offers.forget_offers, guesses.MISSES.clear):
        forget()
    source = make_chain("p1", "p2", stock={"milk": 10, "bread": 3, "apples": 5_000})
    skus = {f"soup{number:02}": number for number in range(SOUPS)}
    soups = [
        ProductItem(f"s-{sku}", sku, f"Tomato soup {number}, 16 oz", department="Grocery", category="Soup", brand="Own")
        for sku, number in skus.items()
    ]
    upsert_products(source, soups)
    add_prices(source, {sku: (100 + number, 1) for sku, number in skus.items()})
    deliver(source, dict.fromkeys(skus, 9), key="soups")
    deliver(source, {"milk": 50, "bread": 50}, place="p2", key="p2")
    put(source, promotion("week", name="Milk week: 50 cents off"))
    card_prices(source, bread=199)
    add_customers(source, CARD)
    plan(capacity=5)
    for code, latitude in (("p1", 39_000_000), ("p2", 39_100_000)):
        Place.objects.filter(code=code).update(latitude=latitude, longitude=-84_000_000, city="Cincinnati", region="OH")
    with running(ACTIONS) as client:
        monkeypatch.setattr(committing, "committer", lambda: client)
        yield str(live_server.url)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Not a fixture: while it runs, Django refuses to read the database in this thread."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        yield started
        started.close()


class Shop:
    """A browser at the shop: what it complains of, and what axe finds, is gathered on the way."""

    def __init__(
        self, browser: Browser, address: str, *, size: str = "phone", scheme: str = "light", **more: Any
    ) -> None:
        width, height = SIZES[size]
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type] # light or dark
            locale="en-US",
            **more,
        )
        self.page: Page = self.context.new_page()
        self.address, self.complaints = f"{address}/shop/", list[str]()
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if not request.url.startswith((self.address.removesuffix("/shop/"), "data:")):
            self.complaints.append(f"asks another host: {request.url}")

    def open(self, path: str = "") -> Page:
        self.page.goto(self.address + path)
        return self.page

    def look(self) -> None:
        """Let axe look at the page; it must not scroll sideways either."""
        for item in Axe().run(self.page).response["violations"]:
            self.complaints.append(f"{self.page.url}: {item['id']}: {item['nodes'][0]['html'][:120]}")
        if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.complaints.append(f"{self.page.url} scrolls sideways")

    def choose(self, store: str) -> None:
        self.open("stores")
        self.page.locator(f"form:has(input[name=store][value={store}]) button").click()
        expect(self.page.get_by_text(f"What {store} has, right now")).to_be_visible()


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("laptop", "dark")])
def test_a_shopper_buys_and_takes_it_back(address: str, size: str, scheme: str) -> None:
    with chromium() as browser:
        shop = Shop(browser, address, size=size, scheme=scheme)
        page = shop.open()
        shop.look()
        shop.choose("p1")
        shop.look()
        for path in ("departments", "d/grocery", "d/grocery/soup", "search?q=soup", "offers", "orders", "nowhere"):
            shop.open(path)
            shop.look()
        shop.complaints = [said for said in shop.complaints if "404" not in said]  # the one that is nowhere

        shop.open("d/grocery/soup")
        page.locator(".good .cart button").first.click()
        expect(page.locator("#carry .n")).to_have_text("1")
        page.locator(".stepper button[id^=more]").first.click()
        expect(page.locator(".stepper output").first).to_have_text("2")
        expect(page.locator(".stepper button[id^=more]").first).to_be_focused()
        shop.open("p/milk/milk")
        expect(page.locator(".buy .deal")).to_contain_text("Milk week")
        page.get_by_role("button", name="Add Milk").click()
        expect(page.locator("#carry .n")).to_have_text("2")
        shop.look()

        page.locator("#carry").click()
        expect(page.get_by_text(f"Milk week: 50 cents off: {MINUS}$0.50")).to_be_visible()
        shop.look()
        page.get_by_role("button", name="More of Milk").click()
        expect(page.get_by_text(f"Milk week: 50 cents off: {MINUS}$1.00")).to_be_visible()
        page.get_by_role("link", name="To the checkout").click()
        page.wait_for_url("**/checkout/slot")
        shop.look()
        page.locator(".times button:not([disabled])").first.click()
        page.get_by_role("button", name="Place the order for").click()
        expect(page.get_by_text("Whose order is it?")).to_be_visible()
        shop.look()
        shop.complaints = [said for said in shop.complaints if "422" not in said]  # what was missing
        page.fill("#name", "Ada")
        page.fill("#email", "ada@example.org")
        page.get_by_role("button", name="Place the order for").click()
        expect(page.get_by_role("heading", name="Thank you. Your order is placed.")).to_be_visible()
        expect(page.locator("svg.qr")).to_be_visible()
        shop.look()
        page.get_by_role("link", name="Receipt to print").click()
        expect(page.get_by_role("button", name="Print")).to_be_visible()
        shop.look()
        page.go_back()
        cancel(shop)
        assert shop.complaints == []
    assert list(Order.objects.values_list("status", "total")) == [("cancelled", 498)]
    assert faults_in_stock() == []


def cancel(shop: Shop) -> None:
    """Cancel the order that is shown."""
    shop.page.get_by_role("link", name="Cancel the order").click()
    expect(shop.page.get_by_role("button", name="Cancel the order")).to_be_visible()
    shop.look()
    shop.page.get_by_role("button", name="Cancel the order").click()
    expect(shop.page.get_by_text("The order is cancelled. Nothing is to be paid.").first).to_be_visible()
    shop.look()


def test_the_keyboard_is_enough(address: str) -> None:
    with chromium() as browser:
        shop = Shop(browser, address, size="laptop")
        page = shop.open()
        press = page.keyboard.press

        def to(name: str, role: str = "link") -> None:
            """Go on with Tab until somebody who hears the page is told this."""
            for _ in range(120):
                press("Tab")
                found = page.evaluate(
                    "(() => { const one = document.activeElement; return [one.tagName, one.textContent.trim()]; })()"
                )
                if name in found[1] and found[0] == ("BUTTON" if role == "button" else "A"):
                    return
            raise AssertionError(f"{name} cannot be reached")

        press("Tab")
        expect(page.get_by_role("link", name="To the content")).to_be_focused()
        to("Choose your store")
        press("Enter")
        expect(page.get_by_role("heading", name="Choose your store")).to_be_visible()
        to("Choose p1", "button")
        press("Enter")
        expect(page.get_by_text("What p1 has, right now")).to_be_visible()
        page.keyboard.press("Tab")
        to("onebasket")
        press("Tab")
        page.keyboard.type("milk")
        press("Enter")
        expect(page.get_by_role("heading", name="“milk”")).to_be_visible()
        to("Add Milk", "button")
        press("Enter")
        expect(page.locator("#carry .n")).to_have_text("1")
        press("Enter")  # the focus stays: one more
        expect(page.locator(".stepper output").first).to_have_text("2")
        shop.open("basket")
        to("To the checkout")
        press("Enter")
        page.wait_for_url("**/checkout/slot")
        to("PM", "button") if page.locator(".times button:not([disabled])").first.text_content() else None
        press("Enter")
        page.wait_for_url("**/checkout")
        page.focus("#name")
        page.keyboard.type("Ada")
        press("Tab")
        page.keyboard.type("ada@example.org")
        press("Enter")
        expect(page.get_by_role("heading", name="Thank you. Your order is placed.")).to_be_visible()
        assert shop.complaints == []
    assert Order.objects.get().total == 298


def test_without_scripts_the_shop_sells_the_same(address: str) -> None:
    with chromium() as browser:
        shop = Shop(browser, address, java_script_enabled=False)
        shop.choose("p1")
        page = shop.open("d/grocery/soup")
        page.locator(".good .cart button").first.click()
        page.wait_for_url("**#p-*")
        expect(page.locator("#carry .n")).to_have_text("1")
        shop.open("basket")
        page.locator(".line button[id^=more]").first.click()
        expect(page.locator(".line output").first).to_have_text("2")
        page.get_by_role("link", name="To the checkout").click()
        page.locator(".times button:not([disabled])").first.click()
        page.fill("#name", "Ada")
        page.fill("#phone", "+1 555 010 1234")
        page.get_by_role("button", name="Place the order for").click()
        expect(page.get_by_role("heading", name="Thank you. Your order is placed.")).to_be_visible()
        assert shop.complaints == []
    assert Order.objects.count() == 1


def test_a_hub_that_goes_away_is_told_by_the_plain_form(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def commit(self, *_: object, **__: object) -> Any:
            raise TimeoutError

    with chromium() as browser:
        shop = Shop(browser, address)
        shop.choose("p1")
        page = shop.open("d/grocery/soup")
        with monkeypatch.context() as broken:
            broken.setattr(committing, "committer", Away)
            page.locator(".good .cart button").first.click()
            expect(page.get_by_text("This takes longer than it should")).to_be_visible()
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("#carry .n")).to_have_text("1")


def test_suggestions_that_do_not_come_leave_the_shopper_where_they_are(address: str) -> None:
    with chromium() as browser:
        shop = Shop(browser, address)
        page = shop.open("d/grocery/soup")
        page.context.set_offline(True)
        with page.expect_event("requestfailed"):
            page.locator("#q").press_sequentially("sou")
        page.wait_for_timeout(300)
        assert page.url.endswith("/d/grocery/soup")
        expect(page.locator("#q")).to_have_value("sou")
