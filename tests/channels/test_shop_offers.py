"""Partners' offers in the shop: beside own goods by rule, labelled, with their age; pages of their own."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onebasket.base.clock import database_now
from onebasket.channels.shop import offers
from onebasket.commerce.hotpath.actions import asking
from onebasket.commerce.partners.actions import showing
from onebasket.commerce.partners.models import Agreement, Offer
from onebasket.commerce.partners.rules.partners import Merchant
from onebasket.commerce.search.actions import rebuild_offers
from onebasket.front import stores
from tests.builders import deliver
from tests.channels.api import InlineCommitter
from tests.channels.shopping import Page, Shopper
from tests.partnering import add_offers, make_partner
from tests.searching import EAN, build, open_store, put_products, sell_lines

pytestmark = pytest.mark.django_db
BANANA, MILK = f"0{EAN}", "00012345678905"
OFFERS: dict[str, dict[str, Any]] = {
    "lamp": {"title": "Desk lamp, brass", "price": 4500, "brand": "Glow", "shipping_amount": 499, "days_from": 3,
             "days_to": 7, "description": "Bright.\n<b>Warm</b> light"},
    "shade": {"title": "Shade for a desk lamp", "price": 1200},
    "cup": {"title": "Milk frother cup", "price": 1999},
    "banana": {"title": "Bananas, dried", "price": 300, "gtin": BANANA},
    "tea": {"title": "Candy tin", "price": 700},
}  # fmt: skip


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    committer = InlineCommitter()
    monkeypatch.setattr(asking, "committer", lambda: committer)
    stores.forget_stores()
    offers.forget_offers()
    made = open_store()
    sell_lines(made, {"cola2": 9, "milk1": 4})
    build()
    return made


def offer_more(stated: Mapping[str, Mapping[str, Any]], code: str = "lantern", **terms: Any) -> dict[str, int]:
    ids = add_offers(make_partner(code, **terms), stated)
    rebuild_offers()
    return ids


@pytest.fixture
def lantern(source: int) -> dict[str, int]:
    return offer_more(OFFERS)


def order(page: Page) -> list[str]:
    """Return what stands on a page, in its order: own products by slug, offers as the partner's."""
    found = re.findall(r'<h3><a href="/shop/(p|o)/([^/"]+)/', page.html)
    return [name if kind == "p" else f"partner:{name}" for kind, name in found]


def test_what_the_chain_does_not_sell_is_found_at_partners(lantern: dict[str, int]) -> None:
    page = Shopper().get("search?q=desk+lamp")
    assert order(page) == ["partner:desk-lamp-brass", "partner:shade-for-a-desk-lamp"]
    assert "We do not sell this ourselves. Our partners do, and ship it to your home. 2 partner offers" in page.text
    assert (
        "Partner: Lantern Desk lamp, brass Sold and shipped by Lantern $45.00 plus $4.99 shipping 5 in stock at "
        "Lantern Delivered in 3 to 7 days · price as of" in page.text
    )
    form = page.form("/shop/basket/offers", offer=str(lantern["lamp"]))
    assert (form.buttons[0][:2], form.fields["seen"]) == (["quantity", "1"], "4500")
    links = re.findall(r'<a class="btn wide" href="(/go/[^"]+)" rel="sponsored nofollow">', page.html)
    assert len(links) == 2
    assert "lantern.example" not in page.html


def test_own_goods_come_first_where_they_fit_and_offers_are_a_section_of_their_own(lantern: dict[str, int]) -> None:
    page = Shopper().get("search?q=milk")
    assert order(page) == [
        "fluid-milk-white-1-gal", "fluid-milk-white-12-gal", "chocolate-milk-1-pt", "partner:milk-frother-cup",
    ]  # fmt: skip
    assert "3 products found · 1 partner offer" in page.text
    assert page.html.index("On our own shelves") < page.html.index("From our partners")
    assert "Not on our shelves: sold by partners" in page.text


def test_offers_come_forward_where_the_store_has_nothing(lantern: dict[str, int]) -> None:
    page = Shopper().get("search?q=candy+")
    assert order(page) == ["partner:candy-tin", "milk-chocolate-candy-bars-6-ct"]
    assert "Your store has none of it now. Partners ship these to your home." in page.text
    there = Shopper(store="p2").get("search?q=candy+")
    assert order(there) == ["milk-chocolate-candy-bars-6-ct", "partner:candy-tin"]


def test_offers_come_forward_where_ours_fit_less_well(lantern: dict[str, int]) -> None:
    page = Shopper().get("search?q=milk+frother")
    assert order(page)[0] == "partner:milk-frother-cup"
    assert "These fit what you asked for better than what we have ourselves." in page.text


def test_what_the_store_has_is_never_below_the_same_thing_of_a_partner(lantern: dict[str, int]) -> None:
    # Both are found by their words: the partner's is told at our own.
    page = Shopper().get("search?q=bananas")
    assert order(page) == ["bananas", "banana-bread"]
    assert "Also from Lantern, $3.00" in page.text
    # Only the partner's is found by these words: our own is put above.
    page = Shopper().get("search?q=dried")
    assert order(page) == ["bananas"]
    assert "P1 has the same thing" in page.text
    # Where the store has none the partner's is the answer.
    page = Shopper(store="p2").get("search?q=dried")
    assert order(page) == ["partner:bananas-dried"]
    assert "The same as our Bananas, which is not here now" in page.text


def test_narrowed_to_the_chain_s_own_sections_there_are_no_offers(lantern: dict[str, int]) -> None:
    assert "partner:" not in str(order(Shopper().get("search?q=milk&department=Grocery")))
    assert "partner:milk-frother-cup" not in order(Shopper().get("search?q=milk&price=0-1000"))
    assert "From our partners" not in Shopper().get("d/grocery/candy").text


def test_the_list_of_offers_is_narrowed_ordered_and_paged(source: int) -> None:
    offer_more({f"l{number:02}": {"title": f"Lamp number {number:02}", "price": 1000 + number} for number in range(30)})
    offer_more({"h": {"title": "Lamp of Harbour", "price": 500}}, "harbour")
    page = Shopper().get("search?q=lamp&from=partners&sort=price")
    assert len(order(page)) == 24
    assert order(page)[0] == "partner:lamp-of-harbour"
    assert "31 partner offers" in page.text
    second = Shopper().get("search" + next(link for link in page.links if "page=2" in link))
    assert len(order(second)) == 7
    assert set(order(page)).isdisjoint(order(second))
    narrowed = Shopper().get("search" + next(link for link in page.links if "partner=harbour" in link))
    assert order(narrowed) == ["partner:lamp-of-harbour"]
    dear = Shopper().get("search?q=lamp&from=partners&price=1000-1999&sort=price_desc")
    assert order(dear)[0] == "partner:lamp-number-29"
    assert Shopper().get("search?q=lamp&from=partners&page=9").status == 404


@pytest.mark.parametrize(
    "odd", ["price=x", "sort=up", "partner=%00", "page=x", "partner=nobody", "brand=%27", "from=x"]
)
def test_odd_wishes_are_answered(lantern: dict[str, int], odd: str) -> None:
    assert Shopper().get(f"search?q=lamp&from=partners&{odd}").status == 200


def test_offers_are_suggested_below_our_own_while_one_types(lantern: dict[str, int]) -> None:
    def suggested(text: str) -> list[str]:
        return re.findall(r"<span>(.*?)</span>", Shopper().get(f"search/suggestions?q={text}").html)

    part = Shopper().get("search/suggestions?q=lam")
    assert part.text == "Shade for a desk lamp Partner: Lantern Desk lamp, brass Partner: Lantern"
    assert f'href="/shop/o/desk-lamp-brass/{lantern["lamp"]}"' in part.html
    assert suggested("milk")[-1] == "Milk frother cup"
    assert "Milk frother cup" not in suggested("milk")[:-1]
    assert suggested("banan") == ["Bananas", "Banana bread"]  # a partner's of the same GTIN is left to our own page
    assert not any("lamp" in one for one in suggested("la"))
    assert suggested("lamp+zzzz") == []


def test_offers_are_suggested_first_where_ours_are_found_by_other_words(source: int) -> None:
    offer_more({"scarf": {"title": "Bandana, red", "price": 900}})
    assert Shopper().get("search/suggestions?q=bandana").text == "Bandana, red Partner: Lantern Bananas Banana bread"


@pytest.mark.parametrize("text", ["❶ pack lamp", "➊Set 2 kg lamp", "1/" * 21 + "1 pack lamp"])
def test_digits_of_any_kind_are_looked_for(lantern: dict[str, int], text: str) -> None:
    assert order(Shopper().get(f"search?{urlencode({'q': text})}")) == [
        "partner:desk-lamp-brass", "partner:shade-for-a-desk-lamp",
    ]  # fmt: skip


def test_nothing_found_anywhere(lantern: dict[str, int]) -> None:
    assert "Nothing found for “zzzzqqqq”" in Shopper().get("search?q=zzzzqqqq").text
    assert "No partner offers this" in Shopper().get("search?q=zzzzqqqq&from=partners").text


def test_no_partner_no_index_no_store_shows_what_is_ours(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert order(Shopper().get("search?q=candy&all=1")) == ["milk-chocolate-candy-bars-6-ct"]
    assert "Nothing found" in Shopper().get("search?q=lamp").text
    offer_more(OFFERS)
    anywhere = Shopper(store="").get("search?q=desk+lamp")
    assert order(anywhere)[0] == "partner:desk-lamp-brass"
    assert "Choose your store to buy it" in anywhere.text
    assert order(Shopper(store="").get("search?q=dried")) == ["bananas"]


class TestOfferPage:
    def test_it_tells_who_sells_it_what_it_costs_and_how_old_that_is(self, lantern: dict[str, int]) -> None:
        page = Shopper().get(f"o/desk-lamp-brass/{lantern['lamp']}")
        assert page.status == 200
        for said in (
            "Partner: Lantern Desk lamp, brass", "$45.00 plus $4.99 shipping", "5 in stock at Lantern", "Price as of",
            "Delivery Delivered in 3 to 7 days", "Returns Can be returned for 30 days after delivery",
            "Sold by Sold and shipped by Lantern", "we may earn a commission",
            "What Lantern says of it Bright. <b>Warm</b> light",
        ):  # fmt: skip
            assert said in page.text, said
        assert "<b>Warm" not in page.html
        assert page.form("/shop/basket/offers", offer=str(lantern["lamp"])).buttons[0][:2] == ["quantity", "1"]
        assert re.search(r'href="/go/[\w-]+" rel="sponsored nofollow"', page.html)

    def test_machines_read_who_sells_it(self, lantern: dict[str, int]) -> None:
        page = Shopper().get(f"o/desk-lamp-brass/{lantern['lamp']}")
        (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page.html)
        told = json.loads(data)
        stated_at = Offer.objects.get(pk=lantern["lamp"]).stated_at.isoformat(timespec="seconds")
        assert told["name"] == "Desk lamp, brass"
        assert told["brand"] == {"@type": "Brand", "name": "Glow"}
        assert told["offers"] == {
            "@type": "Offer", "price": "45.00", "priceCurrency": "USD",
            "priceSpecification": {"@type": "PriceSpecification", "price": "45.00", "priceCurrency": "USD",
                                   "validFrom": stated_at},
            "availability": "https://schema.org/InStock", "itemCondition": "https://schema.org/NewCondition",
            "url": f"http://testserver/shop/o/desk-lamp-brass/{lantern['lamp']}",
            "seller": {"@type": "Organization", "name": "Lantern"},
            "shippingDetails": {
                "@type": "OfferShippingDetails",
                "shippingRate": {"@type": "MonetaryAmount", "value": "4.99", "currency": "USD"},
                "deliveryTime": {"@type": "ShippingDeliveryTime", "transitTime": {
                    "@type": "QuantitativeValue", "minValue": 3, "maxValue": 7, "unitCode": "DAY"}},
            },
            "hasMerchantReturnPolicy": {
                "@type": "MerchantReturnPolicy", "merchantReturnDays": 30,
                "returnPolicyCategory": "https://schema.org/MerchantReturnFiniteReturnWindow"},
        }  # fmt: skip

    def test_what_we_sell_ourselves_and_what_cannot_be_returned(self, source: int) -> None:
        ids = offer_more({"x": {"title": "</script>X"}}, merchant=Merchant.PRINCIPAL, return_days=0)
        page = Shopper().get(f"o/x/{ids['x']}")
        (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page.html)
        told = json.loads(data)
        assert told["name"] == "</script>X"
        assert told["offers"]["seller"]["name"] == "onebasket"
        assert told["offers"]["hasMerchantReturnPolicy"]["returnPolicyCategory"].endswith("NotPermitted")
        assert "Sold by us, shipped by Lantern" in page.text

    def test_another_slug_leads_to_its_page_and_none_is_missing(self, lantern: dict[str, int]) -> None:
        shopper = Shopper()
        moved = shopper.client.get(f"/shop/o/anything/{lantern['lamp']}")
        assert (moved.status_code, moved.headers["Location"]) == (301, f"/shop/o/desk-lamp-brass/{lantern['lamp']}")
        assert shopper.get("o/x/999999").status == 404
        assert shopper.get("o/x/99999999999999999999999").status == 404

    def test_one_that_has_ended_says_so_and_what_there_is_instead(self, lantern: dict[str, int]) -> None:
        Offer.objects.filter(pk=lantern["lamp"]).update(gone=True)
        page = Shopper().get(f"o/desk-lamp-brass/{lantern['lamp']}")
        assert page.status == 410
        assert "Lantern does not offer this here any more. This is what there is instead." in page.text
        assert order(page) == ["partner:shade-for-a-desk-lamp"]
        assert "/shop/basket/offers" in page.html  # the other's
        assert {form.fields["offer"] for form in page.forms if "offer" in form.fields} == {str(lantern["shade"])}

    def test_one_that_has_ended_at_a_partner_that_only_refers_says_so_too(self, lantern: dict[str, int]) -> None:
        Agreement.objects.update(ships=False)
        assert Shopper().get(f"o/desk-lamp-brass/{lantern['lamp']}").status == 200
        Offer.objects.filter(pk=lantern["lamp"]).update(gone=True)
        page = Shopper().get(f"o/desk-lamp-brass/{lantern['lamp']}")
        assert (page.status, order(page)) == (410, ["partner:shade-for-a-desk-lamp"])
        assert "$45.00" not in page.text

    def test_one_whose_agreement_ended_too_with_our_own_instead(self, lantern: dict[str, int]) -> None:
        Agreement.objects.update(ends_on="2026-01-02")
        page = Shopper().get(f"o/bananas-dried/{lantern['banana']}")
        assert page.status == 410
        assert order(page) == ["bananas"]
        assert "$3.00" not in page.text

    def test_an_old_price_says_so(self, lantern: dict[str, int]) -> None:
        Offer.objects.update(stated_at=database_now() - timedelta(days=3))
        page = Shopper().get(f"o/desk-lamp-brass/{lantern['lamp']}")
        assert "That is a while ago: Lantern is asked again before you pay" in page.text

    def test_one_that_is_sold_out_or_only_there_says_why(self, source: int) -> None:
        ids = offer_more({"lamp": {"title": "Lamp", "stock": 0}})
        ids |= offer_more({"kettle": {"title": "Kettle"}}, "harbour", ships=False)
        sold = Shopper().get(f"o/lamp/{ids['lamp']}")
        assert "The partner says that it is sold out." in sold.text
        assert not any(form.action == "/shop/basket/offers" for form in sold.forms)
        only = Shopper().get(f"o/kettle/{ids['kettle']}")
        assert "The partner sells it on its own pages alone. Buy at Harbour" in only.text
        none = offer_more({"pot": {"title": "Pot"}}, "quiet", refers=False)
        assert "/go/" not in Shopper().get(f"o/pot/{none['pot']}").html

    def test_others_of_the_same_thing_stand_beside_it_cheapest_first(self, lantern: dict[str, int]) -> None:
        more = offer_more(
            {"b1": {"title": "Banana chips", "price": 280, "gtin": BANANA}, "b2": {"title": "Chips", "gtin": BANANA}},
            "harbour",
        )
        page = Shopper(store="p2").get(f"o/banana-chips/{more['b1']}")
        assert order(page) == ["bananas", "partner:bananas-dried", "partner:chips"]
        assert "The same thing is one of our own products" in page.text
        here = Shopper().get(f"o/banana-chips/{more['b1']}")
        assert here.html.index("P1 has the same thing") < here.html.index("<h1>")


def test_an_offer_is_put_into_the_basket(lantern: dict[str, int]) -> None:
    shopper = Shopper()
    page = shopper.get(f"o/desk-lamp-brass/{lantern['lamp']}")
    after = shopper.send(page.form("basket/offers"), button="Put in basket")
    assert after.status == 200
    assert "Desk lamp, brass" in shopper.get("basket").text


class TestProductPage:
    def test_partners_offers_of_the_same_thing_stand_below_our_own(self, lantern: dict[str, int]) -> None:
        page = Shopper().get("p/bananas/banana")
        assert "Also from our partners" in page.text
        assert page.html.index("basket/lines") < page.html.index("basket/offers")
        assert "has none of it now" not in page.text

    def test_where_the_store_has_none_it_says_so(self, lantern: dict[str, int]) -> None:
        page = Shopper(store="p2").get("p/bananas/banana")
        assert "P2 has none of it now. Partners offer the same thing, by its barcode; see below." in page.text

    def test_what_has_no_offer_has_no_section(self, lantern: dict[str, int]) -> None:
        assert "partners" not in Shopper().get("p/x/milk1").text


def test_what_is_shown_is_counted(lantern: dict[str, int]) -> None:
    showing.take_shown(10_000)
    Shopper().get("search?q=desk+lamp")
    Shopper().get(f"o/desk-lamp-brass/{lantern['lamp']}")
    counted = {one.offer_id: one.shown for one in showing.take_shown(10_000)}
    assert counted == {lantern["lamp"]: 2, lantern["shade"]: 1}


def test_pages_cost_few_statements_more(lantern: dict[str, int]) -> None:
    shopper = Shopper()

    def statements(path: str) -> int:
        shopper.get(path)
        with CaptureQueriesContext(connection) as captured:
            shopper.get(path)
        return len(captured)

    with_offers = {
        path: statements(path)
        for path in ("search?q=milk", "search?q=desk+lamp", "p/bananas/banana", "p/x/milk1", f"o/x/{lantern['lamp']}")
    }
    Offer.objects.all().delete()
    rebuild_offers()
    without = {path: statements(path) for path in ("search?q=milk", "p/bananas/banana", "p/x/milk1")}
    assert with_offers["search?q=milk"] - without["search?q=milk"] <= 4
    assert without["search?q=milk"] <= 26
    assert with_offers["p/bananas/banana"] - without["p/bananas/banana"] <= 5


def test_pages_in_german(lantern: dict[str, int]) -> None:
    shopper = Shopper(language="de")
    page = shopper.get("search?q=desk+lamp")
    assert "Das verkaufen wir nicht selbst. Unsere Partner tun es" in page.text
    assert "Verkauft und versandt von Lantern" in page.text
    assert "In den Korb legen" in shopper.get(f"o/desk-lamp-brass/{lantern['lamp']}").text


def test_the_sitemap_leaves_offers_out(lantern: dict[str, int]) -> None:
    client = Shopper().client
    parts = re.findall(r"/shop/sitemap-[0-9]+\.xml", client.get("/shop/sitemap.xml").content.decode())
    listed = "".join(client.get(part).content.decode() for part in parts)
    assert "/shop/p/" in listed
    assert "/shop/o/" not in listed


def test_first_load_is_small(source: int) -> None:
    put_products(source, {f"s{number}": (f"Lamp oil {number}", "Home", "Oil", "", 100) for number in range(24)}, "s")
    deliver(source, {f"s{number}": 3 for number in range(24)}, key="oil")
    build()
    offer_more({f"l{number:02}": {"title": f"Lamp number {number:02}"} for number in range(30)})
    assert len(Shopper().get("search?q=lamp").html) < 90_000
