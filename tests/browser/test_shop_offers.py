"""Partners' offers in a real browser: found beside own goods, looked at, put into the basket; without scripts, too."""

import pytest
from playwright.sync_api import expect

from onebasket.commerce.partners.models import Offer
from onebasket.commerce.search.actions import rebuild_index, rebuild_offers
from tests.browser.test_shop import Shop, address, chromium
from tests.partnering import add_offers, make_partner
from tests.searching import number_all

__all__ = ["address"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ids(address: str) -> dict[str, int]:
    found = add_offers(
        make_partner("lantern"),
        {
            "ladle": {"title": "Tomato soup ladle, copper", "price": 1450, "shipping_amount": 300, "days_to": 4},
            "lamp": {"title": "Desk lamp, brass", "price": 4500, "brand": "Glow"},
            "gone": {"title": "Desk lamp, steel", "gone": True},
        },
    )
    number_all()
    rebuild_index()
    rebuild_offers()
    return found


@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("laptop", "light")])
def test_an_offer_is_found_beside_own_goods_and_bought(
    address: str, ids: dict[str, int], size: str, scheme: str
) -> None:
    with chromium() as browser:
        shop = Shop(browser, address, size=size, scheme=scheme)
        shop.choose("p1")
        page = shop.open("search?q=tomato+soup")
        shop.look()
        headings = page.get_by_role("heading", level=2).all_inner_texts()
        assert headings.index("On our own shelves") < headings.index("From our partners")
        page.get_by_role("link", name="1 partner offer").click()
        page.get_by_role("link", name="Tomato soup ladle, copper", exact=True).click()
        expect(page.get_by_role("heading", level=1, name="Tomato soup ladle, copper")).to_be_visible()
        expect(page.get_by_text("plus $3.00 shipping").first).to_be_visible()
        expect(page.get_by_role("link", name="Buy at Lantern")).to_have_attribute("rel", "sponsored nofollow")
        shop.look()
        page.get_by_role("button", name="Put in basket").click()
        page = shop.open("basket")
        expect(page.get_by_text("Tomato soup ladle, copper").first).to_be_visible()
        page = shop.open("search?q=brass+lamp")
        expect(page.get_by_text("We do not sell this ourselves.")).to_be_visible()
        shop.look()
        assert shop.complaints == []


def test_without_scripts_and_once_it_has_ended(address: str, ids: dict[str, int]) -> None:
    with chromium() as browser:
        shop = Shop(browser, address, java_script_enabled=False)
        page = shop.open(f"o/desk-lamp-brass/{ids['lamp']}")
        page.get_by_role("link", name="Choose your store to buy it").click()
        page.locator("form:has(input[name=store][value=p1]) button").click()
        page = shop.open(f"o/desk-lamp-brass/{ids['lamp']}")
        page.get_by_role("button", name="Put in basket").click()
        expect(shop.open("basket").get_by_text("Desk lamp, brass").first).to_be_visible()
        page = shop.open(f"o/desk-lamp-steel/{ids['gone']}")
        expect(page.get_by_text("Lantern does not offer this here any more.")).to_be_visible()
        expect(page.get_by_role("link", name="Desk lamp, brass", exact=True)).to_be_visible()
    assert Offer.objects.get(pk=ids["gone"]).gone
