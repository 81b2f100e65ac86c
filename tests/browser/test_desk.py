"""The back office in a real browser: log in, mend a quarantined receipt, on a laptop and a phone, light and dark."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import transaction
from playwright.sync_api import Browser, Page, expect, sync_playwright

from onebasket.base.models import QuarantineItem
from onebasket.channels.desk.theme import UNFOLD
from onebasket.commerce.pricing.models import Preview, Promotion
from onebasket.commerce.sales.models import LineException, Receipt
from onebasket.commerce.stock.models import Breach
from tests.browser.chromium import ARGUMENTS, SIZES
from tests.channels.test_desk_world import PASSWORD, make_people, make_world, untied_item

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address(live_server: Any, settings: Any) -> str:
    settings.UNFOLD = UNFOLD
    with transaction.atomic():
        make_world()
    make_people()
    return str(live_server.url)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Not a fixture: while it runs, Django refuses to read the database in this thread."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        yield started
        started.close()


def visit(
    browser: Browser, address: str, *, role: str, size: str = "laptop", scheme: str = "light"
) -> tuple[Page, list[str]]:
    """Log in as somebody; return the page, and what the browser complains about from here on."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    page, complaints = context.new_page(), list[str]()
    page.goto(f"{address}/desk/")
    page.fill("#id_username", role)
    page.fill("#id_password", PASSWORD)
    page.click("form.login button[type=submit]")
    expect(page.get_by_role("heading", name="Today").first).to_be_visible()
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


def grave(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{item['id']}: {item['nodes'][0]['html'][:120]}" for item in found if item["impact"] in {"serious", "critical"}
    ]


def test_a_clerk_mends_a_quarantined_receipt(address: str) -> None:
    with chromium() as browser:
        page, complaints = visit(browser, address, role="store")
        page.get_by_role("link", name="Quarantine").first.click()
        page.get_by_role("row").filter(has_text="does not tie").get_by_role("link").first.click()
        page.get_by_role("link", name="Mend", exact=True).click()
        text = page.get_by_label("Mended text")
        text.fill(text.input_value().replace('"change": 400', '"change": 411'))
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Booked. The message is settled.")).to_be_visible()
        page.get_by_role("link", name="What is booked under this key").click()
        expect(page.get_by_role("heading", name="Sale s-330-3 at Store 330")).to_be_visible()

    assert complaints == []
    assert Receipt.objects.get(number="s-330-3").change == 411
    assert untied_item().state == "replayed"
    assert untied_item().settled_by == "store"


def test_a_product_is_found_while_one_types(address: str) -> None:
    line = LineException.objects.get(place__code="330").pk
    with chromium() as browser:
        page, complaints = visit(browser, address, role="admin")
        page.goto(f"{address}/desk/do/mend-line/{line}/")
        page.get_by_label("Product").press_sequentially("milk")
        expect(page.locator("datalist option[value='908531']")).to_have_text("Fluid milk, white, 1 gal, each")
        page.get_by_label("Product").fill("908531")
        page.get_by_role("button", name="Move the stock").click()
        expect(page.get_by_text("Its stock has moved.")).to_be_visible()

    assert complaints == []


def test_a_merchandiser_previews_a_promotion_and_launches_it(address: str) -> None:
    with chromium() as browser:
        page, complaints = visit(browser, address, role="merchandiser")
        page.get_by_role("link", name="Promotions").first.click()
        page.get_by_role("link", name="Make a promotion").click()
        page.get_by_label("Code", exact=True).fill("two-milks")
        page.get_by_label("Name", exact=True).fill("Two milks for $5")
        page.get_by_label("It gives").select_option("multi_buy")
        page.get_by_label("Amount").fill("5.00")
        page.get_by_label("Units", exact=False).first.fill("2")
        page.get_by_label("Currency").fill("USD")
        page.get_by_label("SKUs").fill("908531")
        page.get_by_role("button", name="Keep as a draft").click()
        expect(page.get_by_text("The draft is kept. Preview it, then launch it.")).to_be_visible()
        page.get_by_role("link", name="Preview", exact=True).click()
        page.get_by_role("button", name="Work it out").click()
        expect(page.get_by_text("Finished:")).to_be_visible()
        expect(page.get_by_role("heading", name="Biggest winners")).to_be_visible()
        page.get_by_role("link", name="Two milks for $5").first.click()
        page.get_by_role("link", name="Launch", exact=True).click()
        page.get_by_role("button", name="Let it go live").click()
        expect(page.get_by_text("The promotion is live.")).to_be_visible()

    assert complaints == []
    assert Promotion.objects.get(code="two-milks", superseded_at=None).get_state_display() == "live"


def test_a_preview_goes_on_by_itself(address: str) -> None:
    preview = Preview.objects.earliest("pk").pk
    with chromium() as browser:
        page, complaints = visit(browser, address, role="merchandiser")
        page.goto(f"{address}/desk/pricing/preview/{preview}/change/")
        expect(page.get_by_text("Finished:")).to_be_visible()

    assert complaints == []
    assert Preview.objects.get(pk=preview).finished_at is not None


@pytest.mark.parametrize(("size", "scheme"), [("laptop", "light"), ("phone", "dark")])
def test_its_pages_are_fit_for_everybody(address: str, size: str, scheme: str) -> None:
    breach, item = Breach.objects.earliest("pk").pk, QuarantineItem.objects.get(key="s-330-3").pk
    receipt, preview = Receipt.objects.earliest("pk").pk, Preview.objects.earliest("pk").pk
    draft = Promotion.objects.get(code="soup").pk
    pages = (
        "/desk/", "/desk/stock/breach/", f"/desk/stock/breach/{breach}/change/", f"/desk/do/settle-breach/{breach}/",
        f"/desk/do/mend-quarantined/{item}/", f"/desk/sales/receipt/{receipt}/change/", "/desk/do/issue-token/",
        "/desk/do/set-price/", "/desk/pricing/promotion/?versions=standing", "/desk/do/new-promotion/",
        f"/desk/pricing/preview/{preview}/change/", f"/desk/pricing/promotion/{draft}/change/",
        "/desk/slots/slot/", "/desk/do/plan-slot-days/",
        "/desk/base/trailentry/", "/desk/sales/receipt/?q=nothing",
    )  # fmt: skip
    found: dict[str, list[str]] = {}
    with chromium() as browser:
        page, complaints = visit(browser, address, role="admin", size=size, scheme=scheme)
        for where in pages:
            page.goto(address + where)
            expect(page.locator("#page")).to_be_visible()
            page.wait_for_timeout(200)
            wide = ["scrolls sideways"] if page.evaluate("document.documentElement.scrollWidth > innerWidth") else []
            if problems := grave(page) + wide:
                found[where] = problems

    assert found == {}
    assert complaints == []
