"""A mixed basket in a real browser: offers beside the store's goods, without scripts, on a phone and a laptop."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from onebasket.channels.shop import guesses, offers
from onebasket.commerce.hotpath.actions import ACTIONS
from onebasket.commerce.hotpath.actions import asking as committing
from onebasket.commerce.partners.models import Offer
from onebasket.commerce.partners.rules.partners import Merchant
from onebasket.front import stores
from tests.browser.test_shop import Shop, chromium
from tests.builders import make_chain, running
from tests.partnering import add_offers, make_partner
from tests.paying import provider
from tests.slotting import plan

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHOTS = os.environ.get("ONEBASKET_SHOTS", "")
"""A folder for pictures of each page, for people to look at."""


@pytest.fixture
def found() -> dict[str, int]:
    return {}


@pytest.fixture
def address(live_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, found: dict[str, int]) -> Iterator[str]:
    """The address of a shop with one store, two partners, and a provider of cards."""
    for forget in (stores.forget_stores, offers.forget_offers, guesses.MISSES.clear):
        forget()
    make_chain("p1", stock={"milk": 10, "bread": 3})
    plan(capacity=5)
    lantern = make_partner("lantern", merchant=Merchant.AGENT)
    found |= add_offers(
        lantern,
        {
            "lamp": {
                "title": "Vintage paper lantern with a long name that wraps on a phone",
                "days_from": 3,
                "days_to": 5,
            },
            "vase": {"title": "Glass vase", "price": 2500, "shipping_amount": 495},
        },
    )
    found |= add_offers(make_partner("harbour", merchant=Merchant.PRINCIPAL, markup=100_000), {"net": {"price": 400}})
    with running(ACTIONS) as client, provider(tmp_path):
        monkeypatch.setattr(committing, "committer", lambda: client)
        yield str(live_server.url)


def put_in(page: Page, shop: Shop, offer: int) -> None:
    shop.open(f"o/x/{offer}")
    page.get_by_role("button", name="Put in basket").first.click()


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("laptop", "dark")])
def test_a_mixed_basket_is_bought_without_scripts(address: str, found: dict[str, int], size: str, scheme: str) -> None:
    with chromium() as browser:
        shop = Shop(browser, address, size=size, scheme=scheme)
        plain = browser.new_context(
            java_script_enabled=False,
            viewport=shop.page.viewport_size,
            color_scheme=scheme,  # type: ignore[arg-type]
        )

        def look(name: str, html: str) -> None:
            """Let axe look at a page as it came: in a browser that knows scripts, which axe needs."""
            shop.context.add_cookies(plain.cookies())  # type: ignore[arg-type] # as they were
            if SHOTS:
                page.screenshot(path=f"{SHOTS}/{name}-{size}-{scheme}.png", full_page=True)
            if html:
                shop.page.goto(html)
                shop.look()

        page = plain.new_page()
        page.goto(f"{address}/shop/stores")
        page.locator("form:has(input[name=store][value=p1]) button").click()
        for offer in ("lamp", "vase", "net"):
            page.goto(f"{address}/shop/o/x/{found[offer]}")
            page.get_by_role("button", name="Put in basket").first.click()
        page.goto(f"{address}/shop/p/milk/milk")
        page.get_by_role("button", name="Add Milk").click()
        page.goto(f"{address}/shop/basket")
        expect(page.get_by_role("heading", name="Sent to your home by Lantern")).to_be_visible()
        expect(page.get_by_text("sold by us, shipped by Harbour")).to_be_visible()
        look("basket", page.url)

        page.get_by_role("link", name="To the checkout").click()
        page.locator(".times button:not([disabled])").first.click()
        expect(page.get_by_role("heading", name="Where partners send it")).to_be_visible()
        look("checkout", page.url)
        for field, text in {
            "name": "Ada", "email": "ada@example.org", "street": "1 Acacia Avenue", "postcode": "45202",
            "city": "Cincinnati",
        }.items():  # fmt: skip
            page.fill(f"#{field}", text)
        page.select_option("#country", "US")
        page.get_by_role("button", name="Place the order for").last.click()
        expect(page.get_by_role("heading", name="by card")).to_be_visible()
        look("pay", page.url)
        page.select_option("#card", "tok_declined")
        page.locator("button[name=do][value=card]").click()
        expect(page.get_by_text("Lantern: The card was declined.")).to_be_visible()
        look("declined", "")
        page.select_option("#card", "tok_approved")
        page.locator("button[name=do][value=card]").click()
        expect(page.get_by_role("heading", name="Thank you. Your order is placed.")).to_be_visible()
        look("order", page.url)
        page.get_by_role("link", name="Receipt of Lantern's part").click()
        expect(page.get_by_text("Sold by Lantern")).to_be_visible()
        look("receipt", page.url)
        assert shop.complaints == []


def test_a_price_that_went_up_is_said_and_agreed_to_with_one_click(address: str, found: dict[str, int]) -> None:
    with chromium() as browser:
        shop = Shop(browser, address)
        shop.choose("p1")
        page = shop.page
        put_in(page, shop, found["lamp"])
        shop.open("basket")
        dearer(found["lamp"])
        shop.open("checkout")
        expect(page.get_by_text("It costs $12.00 now, and $10.00 when you put it in.")).to_be_visible()
        shop.look()
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/dearer-phone-light.png", full_page=True)
        page.get_by_role("button", name="Take it for $12.00").click()
        expect(page.get_by_role("link", name="To the checkout")).to_be_visible()
        assert shop.complaints == []


def dearer(offer: int) -> None:
    """Let an offer cost more, in a thread of its own: a browser is open in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: Offer.objects.filter(pk=offer).update(price=1200)).result()
