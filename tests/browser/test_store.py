"""The associate's pages in a real browser: pick by scanning, stage, hand over, take back; once by keys alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client, override_settings
from playwright.sync_api import Browser, Page, expect, sync_playwright

from onebasket.channels.store.guesses import GUESSES
from onebasket.commerce.access.models import User
from onebasket.commerce.fulfilment.models import Return, Staging
from onebasket.commerce.hotpath.actions import asking
from onebasket.commerce.orders.actions.secrets import collection_code
from onebasket.commerce.orders.models import Order, OrderLine
from tests.actions.test_picking import ordered
from tests.browser.chromium import ARGUMENTS, SIZES
from tests.builders import EAN, faults_in_stock, make_chain, on_hand
from tests.channels.api import InlineCommitter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MOST_TABS = 40


class Work(NamedTuple):
    """An order of two milks and a bread, its code, and who is to work on it where."""

    address: str
    session: str
    number: str
    code: str


@pytest.fixture
def work(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    committer = InlineCommitter()
    monkeypatch.setattr(asking, "committer", lambda: committer)
    GUESSES.clear()
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        order = ordered(make_chain("p1", stock={"milk": 10, "bread": 5}), milk=2, bread=1)
        client = Client()
        client.force_login(User.objects.create(username="ann", role="store", places=["p1"]))
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        yield Work(str(live_server.url), session, order.number, collection_code(order.id, 1))


@contextmanager
def at_work(work: Work, size: str, scheme: str = "light") -> Iterator[tuple[Page, list[str]]]:
    """Open the browser of somebody who is logged in; yield the page, and what the browser complains about."""
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": work.session, "url": work.address}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page, complaints = context.new_page(), list[str]()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{work.address}/store/")
        yield page, complaints
        browser.close()


def faults(page: Page) -> list[str]:
    """Return what axe finds, a page that scrolls sideways, and targets that a thumb misses."""
    found = [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in Axe().run(page).response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append("scrolls sideways")
    small = page.evaluate(
        "[...document.querySelectorAll('button, a.btn, nav a, a.wait, select, summary, input:not([type=checkbox])')]"
        ".filter(one => one.offsetParent && one.getBoundingClientRect().height < 44).map(one => one.outerHTML)"
    )
    return found + [f"small: {one[:120]}" for one in small]


def scan(page: Page, field: str, code: str) -> None:
    """Scan as a scanner does: it types, and presses Enter."""
    page.get_by_label(field).fill(code)
    page.get_by_label(field).press("Enter")


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("phone", "dark"), ("laptop", "light")])
def test_an_order_is_picked_staged_handed_over_and_comes_back(work: Work, size: str, scheme: str) -> None:
    with at_work(work, size, scheme) as (page, complaints):
        assert faults(page) == []
        page.get_by_role("link", name=work.number).click()
        scan(page, "Scan a product", EAN)
        expect(page.get_by_text("Milk: 1 found.")).to_be_visible()
        assert faults(page) == []
        scan(page, "Scan a product", EAN)
        expect(page.get_by_text("Milk: all 2 found.")).to_be_visible()
        page.get_by_role("button", name="Not there").click()
        expect(page.get_by_text("Everything is picked.")).to_be_visible()
        assert faults(page) == []
        scan(page, "Where does it stand?", "Fridge 2")
        expect(page.get_by_role("link", name=work.number)).to_contain_text("Fridge 2")
        page.get_by_role("navigation").get_by_role("link", name="Hand over").click()
        scan(page, "The shopper's code", "NOSUCHCODE")
        expect(page.get_by_text("Nothing here has this code.")).to_be_visible()
        complaints.clear()  # the browser notes that it was answered 404
        assert faults(page) == []
        scan(page, "The shopper's code", work.code)
        expect(page.get_by_text("Tell the shopper: this was not there, and is not charged")).to_be_visible()
        assert faults(page) == []
        page.get_by_role("button", name="$3.98 is paid: hand over").click()
        expect(page.get_by_text(f"Order {work.number} is handed over.")).to_be_visible()
        page.get_by_role("link", name="Returns").click()
        expect(page.get_by_role("heading", name="Take goods back")).to_be_visible()
        assert faults(page) == []
        scan(page, "Order: its number, or the shopper's code", work.number)
        page.get_by_label("How much").fill("1")
        page.get_by_label("It can be").select_option("sellable")
        page.get_by_role("button", name="Work out what is paid back").click()
        expect(page.get_by_role("button", name="Accept, pay back $1.99")).to_be_visible()
        assert faults(page) == []
        page.get_by_role("button", name="Accept, pay back $1.99").click()
        expect(page.get_by_role("heading", name="It is back")).to_be_visible()
        assert faults(page) == []
        assert complaints == []
    assert list(OrderLine.objects.order_by("number").values_list("picked", flat=True)) == [2, 0]
    assert (Order.objects.get().status, Staging.objects.get().spot) == ("handed_over", "Fridge 2")
    assert (Return.objects.get().total, on_hand("milk")) == (199, 9)
    assert faults_in_stock() == []


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what is in focus says so."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if name in page.evaluate("document.activeElement.innerText || ''"):
            return
    raise AssertionError(f"no way to {name!r} by Tab at {page.url}")


def typed(page: Page, text: str) -> None:
    """Type where the focus stands, and press Enter."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_by_keys_alone(work: Work) -> None:
    with at_work(work, "laptop") as (page, complaints):
        tab_to(page, work.number)
        page.keyboard.press("Enter")
        expect(page.get_by_label("Scan a product")).to_be_focused()
        typed(page, EAN)
        expect(page.get_by_text("Milk: 1 found.")).to_be_visible()
        expect(page.get_by_label("Scan a product")).to_be_focused()
        typed(page, EAN)
        expect(page.get_by_text("Milk: all 2 found.")).to_be_visible()
        tab_to(page, "Not there")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Where does it stand?")).to_be_focused()
        typed(page, "Box 7")
        expect(page.get_by_text("It stands at Box 7.")).to_be_visible()
        tab_to(page, "Hand over")
        page.keyboard.press("Enter")
        expect(page.get_by_label("The shopper's code")).to_be_focused()
        typed(page, work.code)
        expect(page.get_by_role("button", name="is paid: hand over")).to_be_visible()
        tab_to(page, "is paid: hand over")
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"Order {work.number} is handed over.")).to_be_visible()
        assert complaints == []
    assert Order.objects.get().status == "handed_over"
