"""What a newcomer does with a partner, from search to commission and return, against a real sandbox partner."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from time import sleep
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from playwright.sync_api import Page, expect

from onebasket.channels.referral import recording
from onebasket.channels.shop import guesses, offers
from onebasket.commerce.access.models import User
from onebasket.commerce.hotpath.actions import ACTIONS
from onebasket.commerce.hotpath.actions import asking as committing
from onebasket.commerce.orders.models import Order
from onebasket.commerce.partners.actions.driving import place_parts
from onebasket.commerce.partners.actions.following import follow_parts
from onebasket.commerce.partners.actions.polling import poll_commissions
from onebasket.commerce.partners.actions.pushing import look_into_pushes
from onebasket.commerce.partners.actions.reading import read_catalogues
from onebasket.commerce.partners.actions.registering import set_credentials, upsert_partners, upsert_rates
from onebasket.commerce.partners.models import (
    CommissionLine,
    Offer,
    PartnerCursor,
    PartnerPart,
    ReceivedPush,
    Referral,
)
from onebasket.commerce.partners.queries.partners import Credentials
from onebasket.commerce.partners.rules.partners import ExchangeRateItem, PartnerItem
from onebasket.commerce.partners.rules.port import Tokens
from onebasket.commerce.search.actions.offers import rebuild_offers
from onebasket.front import stores
from onebasket.project.auditing import audit, differences
from tests.browser.test_shop import Shop, chromium
from tests.builders import make_chain, running
from tests.dropshipping import hear
from tests.partnering import make_partner
from tests.paying import provider
from tests.sandboxing import SandboxProcess, sandbox_process, write_goods
from tests.slotting import plan

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LAMP, MUG = 1005000000001, 1005000000002
PATIENCE_SECONDS = 20
PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
"""A browser without a head says so, and its clicks do not count."""


class House(NamedTuple):
    """A hub, a partner's sandbox, and the sessions of an associate and a clerk."""

    address: str
    partner: SandboxProcess
    associate: str
    clerk: str


@pytest.fixture
def house(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: tuple[str, ...]
) -> Iterator[House]:
    for forget in (stores.forget_stores, offers.forget_offers, guesses.MISSES.clear):
        forget()
    make_chain("p1", stock={"milk": 10, "bread": 3})
    plan(capacity=5)
    address = str(live_server.url)
    goods = write_goods(
        tmp_path / "goods.jsonl",
        {"id": LAMP, "title": "Brass desk lamp", "price": 1000, "stock": 5, "shop": "Lantern Daily",
         "category": "Home > Lighting", "shipping": 250, "days": [3, 6]},
        {"id": MUG, "title": "Enamel mug", "price": 400, "stock": 9, "shop": "Lantern Daily", "category": "Kitchen"},
    )  # fmt: skip
    options = ("--no-own-goods", "--goods", str(goods), "--push-to", f"{address}/partner/lantern/push")
    with (
        sandbox_process(command, tmp_path / "lantern", *options) as partner,
        running(ACTIONS) as client,
        provider(tmp_path),
        override_settings(STAFF_MFA_ROLES=frozenset()),
    ):
        monkeypatch.setattr(committing, "committer", lambda: client)
        monkeypatch.setattr(recording, "committer", lambda: client)
        meet(partner)
        yield House(address, partner, session("store", "p1"), session("finance"))


def meet(partner: SandboxProcess) -> None:
    """Agree with the partner, let it know us, and read what it sells."""
    make_partner("lantern", partner_currency="GBP", gateway="iop")
    at = PartnerItem(
        key="address", code="lantern", name="Lantern & Loom", gateway="iop", currency="GBP", endpoint=partner.url,
        options={"hosts": partner.url, "tracking_id": "onebasket", "settle_seconds": "1"},
    )  # fmt: skip
    assert upsert_partners(1, [at])[0].outcome == "updated"
    since = datetime(2020, 1, 1, tzinfo=UTC)
    upsert_rates(1, [ExchangeRateItem(key="r", base="GBP", quote="USD", billionths=1_250_000_000, valid_from=since)])
    set_credentials("lantern", Credentials(partner.app_key, partner.secret, Tokens(partner.access())), actor="tests")
    while not Offer.objects.filter(reference=str(MUG)).exists():
        assert read_catalogues() > 0
    rebuild_offers()


def session(role: str, *places: str) -> str:
    """Return the session of a person who has signed in."""
    client = Client()
    client.force_login(User.objects.create(username=role, role=role, places=list(places)))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def beside(work: Callable[[], Any]) -> Any:
    """Work with the database while the browser runs, in a thread of its own."""

    def once() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(once).result(PATIENCE_SECONDS)


def be_a_worker() -> None:
    """Do what the workers do, until nothing is left to do."""
    hear()
    while place_parts() + look_into_pushes() + follow_parts():
        hear()
    hear()


def sign_in(shop: Shop, secret: str) -> None:
    shop.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": secret, "url": shop.address.removesuffix("shop/")}]
    )


def test_a_newcomers_walk_with_a_partner(house: House) -> None:
    with chromium() as browser:
        shop = Shop(browser, house.address)
        shop.choose("p1")
        number = buy(shop, house)
        refer(browser, shop, house)
        earn(Shop(browser, house.address, size="laptop"), house)
        take_back(Shop(browser, house.address), house, number)
        assert shop.complaints == []
    part = PartnerPart.objects.get()
    assert (part.status, part.total, part.cost) == ("delivered", 1563, 1250)
    (order,) = house.partner.done("GET", f"orders?out_order_id={part.ours}")["orders"]
    assert order["order_status"] == "FINISH"
    assert [finding for finding in audit() if finding.differences] == []
    assert differences(audit()) == 0


def buy(shop: Shop, house: House) -> str:
    """Find an offer beside the store's own goods, buy both in one basket, and follow it home."""
    page = shop.open("search?q=desk+lamp")
    expect(page.get_by_role("heading", name="From our partners")).to_be_visible()
    shop.look()
    page.get_by_role("button", name=re.compile("Put in basket")).first.click()
    shop.open("p/milk/milk")
    page.get_by_role("button", name="Add Milk").click()
    shop.open("basket")
    expect(page.get_by_role("heading", name="Sent to your home by Lantern & Loom")).to_be_visible()
    shop.look()
    page.get_by_role("link", name="To the checkout").click()
    page.locator(".times button:not([disabled])").first.click()
    where = {"street": "1 Acacia Avenue", "postcode": "45202", "city": "Cincinnati"}
    for field, text in ({"name": "Ada", "email": "ada@example.org"} | where).items():
        page.fill(f"#{field}", text)
    page.select_option("#country", "US")
    page.get_by_role("button", name="Place the order for").last.click()
    page.select_option("#card", "tok_approved")
    page.locator("button[name=do][value=card]").click()
    expect(page.get_by_role("heading", name="Thank you. Your order is placed.")).to_be_visible()
    beside(be_a_worker)
    part = beside(PartnerPart.objects.get)
    assert part.status == "placed", (part.status, part.reason)
    (theirs,) = house.partner.done("GET", f"orders?out_order_id={part.ours}")["orders"]
    for status in ("WAIT_BUYER_ACCEPT_GOODS", "FINISH"):
        house.partner.done("POST", f"orders/{theirs['order_id']}", {"status": status})
        await_push(status)
        beside(be_a_worker)
    page.reload()
    expect(page.get_by_text(re.compile("delivered", re.IGNORECASE)).first).to_be_visible()
    shop.look()
    return str(beside(lambda: order_number(part.order_id)))


def order_number(order: UUID) -> str:
    return f"p1-{Order.objects.get(pk=order).number:04}"


def await_push(status: str) -> None:
    """Wait until the partner's own news has come."""

    def came() -> bool:
        return ReceivedPush.objects.filter(status=status).exists()

    for _ in range(PATIENCE_SECONDS * 10):
        if beside(came):
            return
        sleep(0.1)
    raise AssertionError(f"no push told of {status}")


def refer(browser: Any, shop: Shop, house: House) -> None:
    """Follow the link to the partner's own shop, and buy there."""
    page = shop.open("search?q=enamel+mug")
    link = page.get_by_role("link", name=re.compile("Buy at Lantern")).first.get_attribute("href")
    theirs: Page = browser.new_context(user_agent=PERSON).new_page()
    theirs.goto(f"{house.address}{link}")
    assert theirs.url.startswith(f"{house.partner.url}/item/{MUG}.html")
    theirs.get_by_label("Your name").fill("Ada")
    theirs.get_by_role("button", name="Buy it").click()
    expect(theirs.locator("#order-number")).to_be_visible()
    beside(recording.book_spooled)  # where the committer was later than a shopper waits
    assert beside(Referral.objects.count) == 1


def earn(desk: Shop, house: House) -> None:
    """See the commission of the referral appear in the back office, and change when it is restated."""

    def poll() -> None:
        PartnerCursor.objects.filter(kind__startswith="commission").update(next_at=None)
        while poll_commissions():
            pass
        hear()

    sign_in(desk, house.clerk)
    beside(poll)
    line = beside(lambda: CommissionLine.objects.get(referral_id__isnull=False))
    page = desk.page
    page.goto(f"{house.address}/desk/partners/commissionline/{line.pk}/change/")
    expect(page.get_by_text("£0.28").first).to_be_visible()
    house.partner.done("POST", f"commissions/{line.key}", {"do": "confirm"})
    house.partner.done("POST", f"commissions/{line.key}", {"do": "restate", "commission": 20})
    beside(poll)
    page.reload()
    expect(page.get_by_text("£0.20").first).to_be_visible()
    expect(page.get_by_text("\N{MINUS SIGN}£0.08").or_(page.get_by_text("-£0.08")).first).to_be_visible()
    assert beside(lambda: Referral.objects.get().status) == "restated"


def take_back(counter: Shop, house: House, number: str) -> None:
    """Bring the partner's lamp back to the store's counter."""
    sign_in(counter, house.associate)
    page = counter.page
    page.goto(f"{house.address}/store/returns")
    page.get_by_label("Order: its number, or the shopper's code").fill(number)
    page.get_by_label("Order: its number, or the shopper's code").press("Enter")
    page.get_by_role("link", name="Take something of it back").click()
    page.get_by_label("How much").first.fill("1")
    page.get_by_role("button", name="Work out what is paid back").click()
    page.get_by_role("button", name="Accept, pay back $12.50").click()
    expect(page.get_by_text("Keep it apart for Lantern & Loom with the number P-")).to_be_visible()
    beside(be_a_worker)
    assert counter.complaints == []
