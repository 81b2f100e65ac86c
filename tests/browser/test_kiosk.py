"""The kiosk in a real browser: by touch alone, by keys alone, without scripts, and empty for whoever comes next."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest
from playwright.sync_api import expect

from onebasket.base.committer import QueueFullError
from onebasket.channels.kiosk import asking, frame
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.catalogue.actions import upsert_products
from onebasket.commerce.catalogue.rules import BarcodeItem, ProductItem
from onebasket.commerce.hotpath.actions import ACTIONS
from onebasket.commerce.hotpath.actions import asking as committing
from onebasket.commerce.orders.actions import CheckoutCall, requoting
from onebasket.commerce.orders.models import Basket, Order
from onebasket.commerce.places.models import Place
from onebasket.front import stores
from tests.browser.chromium import SIZES
from tests.browser.kiosking import Screen, chromium
from tests.builders import EAN, add_prices, deliver, faults_in_stock, make_chain, running, shelf
from tests.channels.kiosking import an_open_kiosk
from tests.mixing import standings
from tests.offers import add_customers
from tests.partnering import add_offers, make_partner
from tests.paying import provider
from tests.slotting import plan

FOCUSED = "(() => { const one = document.activeElement; return [one.tagName, one.textContent]; })()"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Store(NamedTuple):
    """A hub with a store and a partner, and the secret of a kiosk at the store."""

    address: str
    secret: str


@pytest.fixture
def store(live_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Store]:
    stores.forget_stores()
    monkeypatch.setattr(requoting, "refresh_offers", lambda _ids, **_: None)
    source = make_chain("p1", "p2", stock={"milk": 10, "bread": 3, "apples": 5_000})
    soups = [
        ProductItem(f"s-{n}", f"soup{n}", f"Tomato soup {n}, 16 oz", department="Grocery", category="Soup", brand="Own")
        for n in range(8)
    ]
    upsert_products(source, [*soups, ProductItem("tea", "tea", "Tea", barcodes=(BarcodeItem("4012345678901"),))])
    add_prices(source, {f"soup{n}": (100 + n, 1) for n in range(8)} | {"tea": (320, 1)})
    deliver(source, {f"soup{n}": 9 for n in range(8)}, key="soups")
    deliver(source, {"tea": 4}, place="p2", key="tea-there")
    stated = {"price": 1000, "shipping_amount": 300, "days_from": 3, "days_to": 5, "seller": "Lantern & Loom"}
    add_offers(make_partner(), {"milk in glass": stated | {"gtin": f"0{EAN}"}, "tea": {"gtin": "04012345678901"}})
    plan(capacity=5)
    for code, latitude in (("p1", 39_000_000), ("p2", 39_100_000)):
        Place.objects.filter(code=code).update(
            latitude=latitude, longitude=-84_000_000, city="Cincinnati", country="US"
        )
    with running(ACTIONS) as client, provider(tmp_path):
        monkeypatch.setattr(committing, "committer", lambda: client)
        yield Store(str(live_server.url), an_open_kiosk())


@pytest.mark.parametrize(("screen", "scheme"), [("portrait", "light"), ("landscape", "dark")])
def test_touch_alone_finds_compares_buys_and_prints(store: Store, screen: str, scheme: str) -> None:
    with chromium() as browser:
        kiosk = Screen(browser, *store, screen=screen, scheme=scheme)
        find(kiosk)
        compare(kiosk)
        order(kiosk)
        print_it(kiosk)
        assert kiosk.complaints == []
    placed = Order.objects.get()
    assert (placed.status, placed.channel, placed.total) == ("placed", "kiosk", 206)
    assert standings() == [("lantern", "due", 1300)]
    assert faults_in_stock() == []


def find(kiosk: Screen) -> None:
    """Look through a department, then type, and take two."""
    page = kiosk.start()
    kiosk.look()
    kiosk.tap(".aisles a")
    page.wait_for_url("**/find?**")
    kiosk.look()
    kiosk.type("soup 3", into="#q")  # found while it is typed
    expect(page.locator("#found .good")).to_have_count(1)
    expect(page.locator("#heard")).to_have_text(re.compile("1 product of ours"))
    kiosk.look()
    kiosk.tap(".keys [data-key=find]")
    page.wait_for_url("**q=soup**")
    expect(page.locator(".keys")).to_be_hidden()
    kiosk.settle()
    kiosk.tap(".good .cart button")
    expect(page.locator("#dock-basket .n")).to_have_text("1")
    kiosk.tap(".stepper button[id^=more]")
    expect(page.locator(".stepper output")).to_have_text("2")
    kiosk.look()


def compare(kiosk: Screen) -> None:
    """Scan a product, put it beside a partner's offer, and take the offer."""
    page = kiosk.page
    kiosk.scan(EAN)  # into nothing: the page takes it to the search
    expect(page.get_by_role("heading", name="Milk", exact=True, level=1)).to_be_visible()
    kiosk.look()
    kiosk.tap("button[name=instead]")
    page.wait_for_url("**/compare?**")
    expect(page.locator(".compare thead th")).to_have_count(2)
    kiosk.look()
    kiosk.tap(".compare thead a", first=False)
    expect(page.locator(".codebox svg.qr")).to_be_visible()
    kiosk.look()
    kiosk.tap(".buy form[action*=offers] button")
    expect(page.get_by_text("It is in your basket.")).to_be_visible()
    kiosk.tap("#dock-basket")
    expect(page.get_by_text("Sent to your home by Lantern")).to_be_visible()
    kiosk.look()


def order(kiosk: Screen) -> None:
    """Choose a time, type who and where, and pay."""
    page = kiosk.page
    kiosk.tap("text=Order here")
    page.wait_for_url("**/slot?**")
    kiosk.look()
    kiosk.tap(".times button:not([disabled])")
    page.wait_for_url("**/checkout?**")
    kiosk.tap("button.big[type=submit]")
    expect(page.get_by_text("Whose order is it?")).to_be_visible()
    kiosk.look()
    kiosk.complaints = [said for said in kiosk.complaints if "422" not in said]  # what was missing
    kiosk.type("ada", into="#name")
    expect(page.locator("#name")).to_have_value("Ada")
    kiosk.look()
    kiosk.type("ada@example.org", into="#reach")
    kiosk.tap(".keys [data-key=next]")
    for text, field in (("1 acacia avenue", "#street"), ("45202", "#postcode"), ("cincinnati", "#city")):
        kiosk.type(text, into=field)
    kiosk.tap("h1")  # beside the fields: the keyboard goes
    expect(page.locator(".keys")).to_be_hidden()
    kiosk.tap("button.big[type=submit]")
    page.wait_for_url("**/pay?**")
    kiosk.look()
    kiosk.tap("button[value=card]")
    expect(page.get_by_role("heading", name="Thank you. Your order is placed.")).to_be_visible()
    kiosk.look()


def print_it(kiosk: Screen) -> None:
    """See what goes to the roll, and be done."""
    page = kiosk.page
    expect(page.get_by_role("button", name="Print the receipt")).to_be_visible()
    page.emulate_media(media="print")
    paper = page.locator(".paper").bounding_box()
    assert paper is not None
    assert paper["width"] <= 80 / 25.4 * 96  # the roll
    expect(page.locator(".dock")).to_be_hidden()
    page.emulate_media(media="screen")
    kiosk.tap("aside form button")
    expect(page.get_by_role("heading", name="What are you looking for?")).to_be_visible()


def test_keys_alone_are_enough(store: Store) -> None:
    with chromium() as browser:
        kiosk = Screen(browser, *store, screen="landscape", has_touch=False)
        page = kiosk.start()
        press = page.keyboard.press

        def to(name: str, role: str) -> None:
            """Go on with Tab until somebody who hears the page is told this."""
            for _ in range(90):
                press("Tab")
                found = page.evaluate(
                    "(() => { const one = document.activeElement; return [one.tagName, one.textContent]; })()"
                )
                if name in found[1] and found[0] == role:
                    return
            raise AssertionError(f"{name} cannot be reached")

        press("Tab")
        expect(page.get_by_role("link", name="To the content")).to_be_focused()
        press("Tab")
        press("Tab")
        expect(page.locator("#q")).to_be_focused()
        page.keyboard.type("milk")
        press("Enter")
        expect(page.get_by_role("heading", name="Milk", exact=True, level=1)).to_be_visible()
        expect(page.locator(".keys")).to_have_count(0)  # somebody has a keyboard already
        to("Add Milk", "BUTTON")
        press("Enter")
        expect(page.locator("#dock-basket .n")).to_have_text("1")
        to("Basket", "A")
        press("Enter")
        page.wait_for_url("**/basket?**")
        to("Order here", "A")
        press("Enter")
        page.wait_for_url("**/slot?**")
        to("PM", "BUTTON")
        press("Enter")
        page.wait_for_url("**/checkout?**")
        page.focus("#name")
        page.keyboard.type("Ada")
        press("Tab")
        page.keyboard.type("+1 555 010 1234")
        press("Enter")
        expect(page.get_by_role("heading", name="Thank you. Your order is placed.")).to_be_visible()
        assert kiosk.complaints == []
    assert Order.objects.get().total == 199


def test_without_scripts_it_sells_the_same_and_still_clears_itself(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with chromium() as browser:
        kiosk = Screen(browser, *store, java_script_enabled=False)
        page = kiosk.start()
        page.fill("#q", EAN)
        page.press("#q", "Enter")
        kiosk.tap(".buy .cart button")
        expect(page.locator("#dock-basket .n")).to_have_text("1")
        kiosk.tap("#dock-basket")
        kiosk.tap("text=Order here")
        kiosk.tap(".times button:not([disabled])")
        page.fill("#name", "Ada")
        page.fill("#reach", "+1 555 010 1234")
        kiosk.tap("button.big[type=submit]")
        expect(page.get_by_role("heading", name="Thank you. Your order is placed.")).to_be_visible()
        monkeypatch.setattr(frame, "IDLE_SECONDS", 1)
        monkeypatch.setattr(frame, "COUNT_SECONDS", 1)
        page.reload()
        expect(page.get_by_role("heading", name="What are you looking for?")).to_be_visible(timeout=10_000)
        assert kiosk.complaints == []
    assert Order.objects.count() == 1


def test_whoever_comes_next_finds_nothing(store: Store) -> None:
    with chromium() as browser:
        kiosk = Screen(browser, *store)
        page = kiosk.start()
        kiosk.leave_alone(frame.IDLE_SECONDS + frame.COUNT_SECONDS)
        expect(page.locator("#idle")).to_be_hidden()  # nobody was there: nothing to clear
        kiosk.scan(EAN)
        kiosk.tap(".buy .cart button")
        expect(page.locator("#dock-basket .n")).to_have_text("1")
        kiosk.tap("#dock-basket")
        page.wait_for_url("**/basket?**")

        kiosk.leave_alone(frame.IDLE_SECONDS)
        expect(page.get_by_role("dialog", name="Are you still there?")).to_be_visible()
        left = int(page.locator("#idle .seconds b").text_content() or 0)
        assert frame.COUNT_SECONDS - 10 < left <= frame.COUNT_SECONDS
        kiosk.look()
        kiosk.tap("[data-stay]")
        expect(page.locator("#idle")).to_be_hidden()
        assert "/basket?" in page.url

        expect_cleared(kiosk)
        for _ in range(6):  # as far back as it goes
            page.go_back(wait_until="load")
            if not page.url.startswith(store.address):
                break
            assert page.url == f"{store.address}/kiosk/"
            assert "Milk" not in (page.locator("main h1").text_content() or "")
            expect(page.get_by_role("heading", name="What are you looking for?")).to_be_visible()
        assert kiosk.complaints == []
    assert (shelf("milk"), Basket.objects.get().state) == ((10, 0, 0), "dropped")


def test_pages_of_errors_are_cleared_as_all_others(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An offer that has ended, then a checkout that nobody can take now, with who and where in the page."""
    with chromium() as browser:
        kiosk = Screen(browser, *store)
        fill_a_basket(kiosk)
        page = kiosk.page
        page.goto(page.url.replace("/basket?", "/o/999999?"))
        expect(page.get_by_role("heading", name="This offer is not there any more.")).to_be_visible()
        kiosk.look()
        expect_cleared(kiosk)

        fill_a_basket(kiosk)
        kiosk.tap("text=Order here")
        kiosk.tap(".times button:not([disabled])")
        page.wait_for_url("**/checkout?**")
        page.fill("#name", "Ada")
        page.fill("#reach", "ada@example.org")
        monkeypatch.setattr(asking, "check_out", busy)
        kiosk.tap("button.big[type=submit]")
        expect(page.get_by_role("heading", name="Many are shopping just now")).to_be_visible()
        kiosk.look()
        kiosk.tap("main form button")
        expect(page.locator("input[name=reach]")).to_have_value("ada@example.org")  # to be sent again
        expect_cleared(kiosk)
        expect(page.locator("input[name=reach]")).to_have_count(0)
        assert [said for said in kiosk.complaints if "404" not in said and "503" not in said] == []
    assert shelf("milk") == (10, 0, 0)
    assert (Order.objects.count(), {one.state for one in Basket.objects.all()}) == (0, {"dropped"})


def test_a_card_a_language_and_an_emptied_basket_are_cleared_too(store: Store) -> None:
    add_customers(enrol_source("loyalty", actor="tests"), "7001")
    with chromium() as browser:
        kiosk = Screen(browser, *store)
        fill_a_basket(kiosk)
        page = kiosk.page
        page.fill("#card", "7001")
        kiosk.tap("form[action*=card] button")
        expect(page.get_by_text("Card 7001")).to_be_visible()
        kiosk.tap(".line .quiet")  # take it out
        expect(page.get_by_role("heading", name="Your basket is empty")).to_be_visible()
        kiosk.start()  # and nobody touches anything any more
        expect_cleared(kiosk)

        kiosk.tap(".tongues [value=de]")
        expect(page.get_by_role("heading", name="Was suchen Sie?")).to_be_visible()
        expect_cleared(kiosk)
        assert kiosk.complaints == []
    found = Basket.objects.get()
    assert (found.loyalty_number, found.state) == ("7001", "dropped")


def test_a_visit_ends_though_its_form_has_lost_its_token(store: Store) -> None:
    with chromium() as browser:
        kiosk = Screen(browser, *store)
        fill_a_basket(kiosk)
        kiosk.context.clear_cookies(name="csrftoken")
        expect_cleared(kiosk)
    assert (shelf("milk"), Basket.objects.get().state) == ((10, 0, 0), "dropped")


def fill_a_basket(kiosk: Screen) -> None:
    """Put milk into the basket and look at it."""
    page = kiosk.start()
    kiosk.scan(EAN)
    kiosk.tap(".buy .cart button")
    expect(page.locator("#dock-basket .n")).to_have_text("1")
    kiosk.tap("#dock-basket")
    page.wait_for_url("**/basket?**")


def expect_cleared(kiosk: Screen) -> None:
    """See the kiosk ask whether anybody is there, then begin anew."""
    page = kiosk.page
    kiosk.leave_alone(frame.IDLE_SECONDS)
    expect(page.locator("#idle")).to_be_visible()
    kiosk.leave_alone(frame.COUNT_SECONDS)
    expect(page.get_by_role("heading", name="What are you looking for?")).to_be_visible(timeout=12_000)
    expect(page.locator("#dock-basket .n")).to_have_count(0)
    expect(page.locator("body[data-used]")).to_have_count(0)


def busy(_call: CheckoutCall) -> NoReturn:
    raise QueueFullError


def test_a_hub_that_is_away_leaves_nothing_in_sight(store: Store) -> None:
    with chromium() as browser:
        kiosk = Screen(browser, *store)
        page = kiosk.start()
        kiosk.scan(EAN)
        expect(page.get_by_role("heading", name="Milk", exact=True, level=1)).to_be_visible()
        kiosk.context.set_offline(True)
        kiosk.leave_alone(frame.IDLE_SECONDS + frame.COUNT_SECONDS)
        expect(page.get_by_role("heading", name="Milk", exact=True, level=1)).to_be_hidden(timeout=8_000)
        expect(page.locator(".dock")).to_be_hidden()
        kiosk.context.set_offline(False)
        expect(page.get_by_role("heading", name="What are you looking for?")).to_be_visible(timeout=10_000)


def test_the_basket_goes_to_a_phone_and_the_kiosk_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    links: list[str] = []
    drawn = "onebasket.channels.kiosk.views.basket.qr_code"
    monkeypatch.setattr(drawn, lambda link: links.append(link) or "")  # type: ignore[func-returns-value]
    with chromium() as browser:
        kiosk = Screen(browser, *store)
        page = kiosk.start()
        kiosk.scan(EAN)
        kiosk.tap(".buy .cart button")
        expect(page.locator("#dock-basket .n")).to_have_text("1")
        kiosk.tap("#dock-basket")
        kiosk.tap("text=Take it to my phone")
        expect(page.get_by_role("heading", name="Take it to your phone")).to_be_visible()
        kiosk.look()

        width, height = SIZES["phone"]
        phone = browser.new_context(
            viewport={"width": width, "height": height}, has_touch=True, locale="en-US"
        ).new_page()
        phone.goto(links[0])
        phone.get_by_role("button", name="Take it along").tap()
        expect(phone.get_by_text("Your basket has come along.")).to_be_visible()
        expect(phone.locator(".line h3")).to_have_text("Milk")

        expect(page.get_by_role("heading", name="Your basket is on your phone")).to_be_visible(timeout=8_000)
        kiosk.look()
        expect(page.get_by_role("heading", name="What are you looking for?")).to_be_visible(timeout=12_000)
        phone.goto(links[0])
        expect(phone.get_by_text("This basket was taken along before")).to_be_visible()
        assert kiosk.complaints == []
    assert shelf("milk") == (10, 0, 1)


def test_a_scan_takes_the_place_of_what_was_typed(store: Store) -> None:
    with chromium() as browser:
        kiosk = Screen(browser, *store)
        page = kiosk.start()
        kiosk.type("soup", into="#q")
        expect(page.locator("#found .good")).to_have_count(8)
        page.wait_for_timeout(300)
        kiosk.scan(EAN)
        expect(page.get_by_role("heading", name="Milk", exact=True, level=1)).to_be_visible()
        kiosk.type("bread", into="#q")  # a finger's words take its place, too
        expect(page.locator("#q")).to_have_value("bread")
        kiosk.scan("4012345678901")
        expect(page.get_by_role("heading", name="Tea", exact=True, level=1)).to_be_visible()
        expect(page.get_by_text("Not here, at p2")).to_be_visible()
