"""Words at the kiosk and at the associate's scan, over the index: own products and partners' offers, by rule."""

import re
from typing import Any

import pytest
from django.test import override_settings

from onebasket.commerce.hotpath.actions import asking
from onebasket.commerce.search.actions import rebuild_offers
from onebasket.front import stores
from tests.channels.api import InlineCommitter
from tests.channels.kiosking import Kiosk
from tests.channels.shopping import Page
from tests.channels.test_store import Associate
from tests.partnering import add_offers, make_partner
from tests.searching import EAN, build, open_store, sell_lines

pytestmark = pytest.mark.django_db
OFFERS: dict[str, dict[str, Any]] = {
    "lamp": {"title": "Desk lamp, brass", "price": 4500, "shipping_amount": 499, "days_from": 3, "days_to": 7},
    "cup": {"title": "Milk frother cup", "price": 1999},
    "banana": {"title": "Bananas, dried", "price": 300, "gtin": f"0{EAN}"},
}


@pytest.fixture
def offers(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    committer = InlineCommitter()
    monkeypatch.setattr(asking, "committer", lambda: committer)
    stores.forget_stores()
    source = open_store()
    sell_lines(source, {"cola2": 9, "milk1": 4})
    build()
    ids = add_offers(make_partner(), OFFERS)
    rebuild_offers()
    return ids


def order(page: Page) -> list[str]:
    """Return what stands on a kiosk's page in its order: products by SKU, offers by id."""
    return re.findall(r'<h3><a href="/kiosk/([po]/[^"?]+)\?', page.html)


def test_what_the_chain_does_not_sell_is_found_at_partners(offers: dict[str, int]) -> None:
    page = Kiosk().get("find", q="desk lamp")
    assert order(page) == [f"o/{offers['lamp']}"]
    assert "$45.00 plus $4.99 shipping" in page.text
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        found = Associate().get("/store/scan?code=desk+lamp")
    assert found.status == 200
    assert "Not ours. Partners have it" in found.text
    assert "delivered in 3 to 7 days" in found.text


def test_own_goods_go_before_what_partners_have_by_the_same_word(offers: dict[str, int]) -> None:
    page = Kiosk().get("find", q="milk")
    listed = order(page)
    assert listed[-1] == f"o/{offers['cup']}"
    assert all(one.startswith("p/") for one in listed[:-1])
    assert len(listed) > 1


def test_an_offer_of_what_is_here_is_told_on_the_products_own_page(offers: dict[str, int]) -> None:
    """Never above what the store has and is the same thing."""
    kiosk = Kiosk()
    banana = f"o/{offers['banana']}"
    assert banana not in order(kiosk.get("find", q="bananas"))
    assert banana in order(kiosk.get("find", q=EAN))


def test_a_word_that_was_read_otherwise_is_told_where_it_was(offers: dict[str, int]) -> None:
    """Partners have what was asked for: it is among our own goods alone that another word was looked for."""
    ids = add_offers(make_partner("harbour"), {"dish": {"title": "Mylk dish"}})
    rebuild_offers()
    page = Kiosk().get("find", q="mylk")
    assert order(page)[0] == f"o/{ids['dish']}"
    assert page.text.index("Mylk dish") < page.text.index("From our stores") < page.text.index("read as “milk”")


def test_what_is_here_stands_above_the_offers_that_lead_to_it(offers: dict[str, int]) -> None:
    """Only partners' titles have the word: our own of the same GTIN goes before them all, in the store, too."""
    ids = add_offers(make_partner("harbour"), {"fig": {"title": "Figs, dried"}})
    rebuild_offers()
    page = Kiosk().get("find", q="dried")
    assert order(page) == ["p/banana", f"o/{ids['fig']}"]
    assert "P1 has the same thing" in page.text
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        found = Associate().get("/store/scan?code=dried")
    assert found.status == 200
    assert found.text.index("P1 has the same thing") < found.text.index("Bananas") < found.text.index("Figs, dried")
    assert "Which one?" not in found.text
    # Where the store has none of it the partner's is the answer.
    assert order(Kiosk("p2").get("find", q="dried")) == [f"o/{offers['banana']}", f"o/{ids['fig']}"]


def test_what_is_here_is_found_though_nothing_else_is(offers: dict[str, int]) -> None:
    page = Kiosk().get("find", q="dried")
    assert (order(page), "Nothing found" in page.text) == (["p/banana"], False)
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        found = Associate().get("/store/scan?code=dried")
    assert (found.status, "Nobody knows it" in found.text) == (200, False)


def test_a_department_lists_what_sells_best_of_it(offers: dict[str, int]) -> None:
    kiosk = Kiosk()
    link = next(link for link in kiosk.page.links if "/kiosk/find?" in link and "d=" in link)
    page = kiosk.open(link)
    assert order(page)
    assert page.status == 200
