"""A partner's goods at the counter in a real browser: found by the order, taken back, kept apart."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from playwright.sync_api import Page, expect

from onebasket.channels.shop.own import shop_source
from onebasket.channels.store.guesses import GUESSES
from onebasket.commerce.access.models import User
from onebasket.commerce.hotpath.actions import asking
from onebasket.commerce.partners.models import Offer, PartnerPart, PartnerReturn
from tests.browser.test_store import Work, at_work, faults
from tests.builders import make_chain
from tests.channels.api import InlineCommitter
from tests.dropshipping import Platform, deliver_part, make_platform
from tests.mixing import mixed, place
from tests.paying import gift_card

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def work(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    committer = InlineCommitter()
    monkeypatch.setattr(asking, "committer", lambda: committer)
    GUESSES.clear()
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        make_chain("p1", stock={"milk": 10})
        there = Platform(prices={"lamp": 1000, "rug": 2500})
        make_platform(there, monkeypatch)
        ids = dict(Offer.objects.values_list("reference", "pk"))
        card = gift_card(shop_source(), 20_000)
        basket = mixed(shop_source(), {"milk": 1}, {ids["lamp"]: 2, ids["rug"]: 1})
        placed = place(shop_source(), basket, method="invoice", balances=(card.code,), accounts=(card.account,))
        deliver_part(there, PartnerPart.objects.get().pk)
        client = Client()
        client.force_login(User.objects.create(username="ann", role="store", places=["p1"]))
        yield Work(str(live_server.url), client.cookies[settings.SESSION_COOKIE_NAME].value, placed.number, "")


def look(page: Page, name: str) -> None:
    """Keep a picture where ONEBASKET_SHOTS says where."""
    if folder := os.environ.get("ONEBASKET_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("phone", "dark"), ("laptop", "light")])
def test_a_partners_goods_come_back(work: Work, size: str, scheme: str) -> None:
    with at_work(work, size, scheme) as (page, complaints):
        page.get_by_role("navigation").get_by_role("link", name="Returns").click()
        page.get_by_label("Order: its number, or the shopper's code").fill(work.number)
        page.get_by_label("Order: its number, or the shopper's code").press("Enter")
        expect(page.get_by_text("Sold and sent by the partner")).to_be_visible()
        assert faults(page) == []
        look(page, f"parts-{size}-{scheme}")
        page.get_by_role("link", name="Take something of it back").click()
        expect(page.get_by_role("heading", name="What comes back of Lantern?")).to_be_visible()
        assert faults(page) == []
        page.get_by_label("How much").first.fill("1")
        page.get_by_label("It is").first.select_option("damaged")
        page.get_by_role("button", name="Work out what is paid back").click()
        expect(page.get_by_role("button", name="Accept, pay back $10.00")).to_be_visible()
        assert faults(page) == []
        look(page, f"preview-{size}-{scheme}")
        page.get_by_role("button", name="Accept, pay back $10.00").click()
        expect(page.get_by_text("Keep it apart for Lantern with the number P-")).to_be_visible()
        assert faults(page) == []
        look(page, f"accepted-{size}-{scheme}")
        assert complaints == []
    assert PartnerReturn.objects.get().disposition == "damaged"


def test_by_keys_alone(work: Work) -> None:
    """The same with a keyboard: focus leads from the search to the last button."""
    part = PartnerPart.objects.get().pk
    with at_work(work, "phone") as (page, _):
        page.goto(f"{work.address}/store/returns/part/{part}")
        page.get_by_label("How much").first.focus()
        page.keyboard.type("2")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Accept, pay back $20.00")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="It is back")).to_be_visible()
    assert PartnerReturn.objects.get().quantity == 2
