"""The associate's scan: one answer for a label, a barcode, a PLU, a SKU or words, and a referral with credit."""

from collections.abc import Iterator

import pytest
from django.test import Client, override_settings

from onebasket.base.clock import database_now
from onebasket.commerce.access.models import User
from onebasket.commerce.catalogue.actions import upsert_products
from onebasket.commerce.catalogue.rules import BarcodeItem, ProductItem
from onebasket.commerce.hotpath.actions import asking
from onebasket.commerce.partners.actions.referring import open_ticket
from onebasket.commerce.partners.actions.showing import take_shown
from onebasket.commerce.partners.models import Offer, Referral
from onebasket.commerce.places.models import Place
from onebasket.commerce.search.actions import rebuild_offers
from onebasket.commerce.stock.models import Shelf
from onebasket.commerce.stock.queries import stand_at
from onebasket.front import stores
from tests.builders import EAN, deliver, make_chain
from tests.channels.api import InlineCommitter
from tests.channels.test_store import Associate, ordered
from tests.partnering import add_offers, make_partner
from tests.searching import build

pytestmark = pytest.mark.django_db
GTIN = "04006381333931"


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    committer = InlineCommitter()
    monkeypatch.setattr(asking, "committer", lambda: committer)
    stores.forget_stores()
    take_shown()
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        found = make_chain("p1", "p2", stock={"milk": 10, "bread": 5})
        for code, latitude in (("p1", 39_000_000), ("p2", 39_100_000)):
            Place.objects.filter(code=code).update(latitude=latitude, longitude=-84_000_000, city="Cincinnati")
        upsert_products(found, [ProductItem("plu", "banana", "Bananas", barcodes=(BarcodeItem("4011"),))])
        yield found


@pytest.mark.parametrize("code", [EAN, GTIN, f" {EAN}\t", "(01)" + GTIN, "milk"])
def test_whatever_names_it_is_answered_with_what_is_here(source: int, code: str) -> None:
    page = Associate().client.get("/store/scan", {"code": code}).content.decode()
    assert 'class="verdict v-here"' in page
    assert "Here: 10" in page
    assert "$1.99" in page


def test_what_is_promised_staged_and_held_is_told_apart(source: int) -> None:
    order = ordered(source, milk=3)
    del order
    found = Associate().get(f"/store/scan?code={EAN}")
    assert "Here: 7" in found.text
    assert "3 promised to orders, still on the shelf" in found.text
    assert "Shelf and back room are counted as one" in found.text
    place, product = Shelf.objects.filter(product__sku="milk", state=1).values_list("place_id", "product_id")[0]
    stand = stand_at(place, product, unit="each", channel="till", now=database_now())
    assert tuple(stand) == (10, 3, 0, 0, 0, 0, 0)
    assert stand.available == 7


def test_a_near_store_is_named_with_distance_price_and_number(source: int) -> None:
    deliver(source, {"banana": 4}, place="p2", key="p2")
    found = Associate().get("/store/scan?code=4011")
    assert 'class="verdict v-nearby"' in found.html
    assert "Not here. p2 has 4" in found.text
    assert "6.9 mi" in found.text
    home = Associate(places=("p2",)).get("/store/scan?code=4011")  # the control: there it is here
    assert "Here: 4" in home.text


def test_a_partners_offer_of_the_same_code_is_the_answer_when_no_store_has_it(source: int) -> None:
    upsert_products(source, [ProductItem("lamp", "lamp", "Lamp", barcodes=(BarcodeItem("4012345678901"),))])
    partner = make_partner()
    ids = add_offers(
        partner,
        {
            "same": {"gtin": "04012345678901", "price": 2500, "shipping_amount": 300, "days_from": 3, "days_to": 5},
            "dear": {"gtin": "04012345678901", "price": 9900, "shipping_amount": 0},
            "other": {"gtin": "04012345678918"},
            "gone": {"gtin": "04012345678901", "price": 1, "gone": True},
        },
    )
    found = Associate().get("/store/scan?code=lamp")
    assert 'class="verdict v-partner"' in found.html
    assert "Not in our stores near. Lantern sells it" in found.text
    assert "delivered in 3 to 5 days" in found.text
    assert [link for link in found.links if "/offers/" in link] == [
        f"/store/scan/offers/{ids[name]}?sku=lamp" for name in ("same", "dear")
    ]
    assert sorted((one.offer_id, one.channel, one.shown) for one in take_shown()) == sorted(
        (ids[name], "store", 1) for name in ("same", "dear")
    )


@pytest.mark.parametrize("sold_out", [{"stock": 0}, {"available": False}])
def test_what_partners_are_out_of_is_no_answer_but_listed(source: int, sold_out: dict[str, int]) -> None:
    upsert_products(source, [ProductItem("lamp", "lamp", "Lamp", barcodes=(BarcodeItem("4012345678901"),))])
    same = {"gtin": "04012345678901"}
    partner = make_partner()
    (none,) = add_offers(partner, {"none": same | sold_out | {"title": "Lamp", "price": 900}}).values()
    (like,) = add_offers(make_partner("harbour"), {"like": {"title": "Lamp, brass"}}).values()
    build()
    rebuild_offers()
    found = Associate().get("/store/scan?sku=lamp")
    assert 'class="verdict v-nowhere"' in found.html
    assert "Nowhere near, and no partner has it" in found.text
    assert "sold out at Lantern" in found.text
    assert [link for link in found.links if "/offers/" in link] == [
        f"/store/scan/offers/{offer}?sku=lamp" for offer in (none, like)
    ]
    assert found.text.index("sold out at Lantern") < found.text.index("Like it, from partners Harbour")
    # One that has any is the answer, though it costs more, and stands first.
    (has,) = add_offers(make_partner("quay"), {"has": same | {"price": 5000}}).values()
    found = Associate().get("/store/scan?sku=lamp")
    assert "Not in our stores near. Quay sells it" in found.text
    assert [link for link in found.links if "/offers/" in link] == [
        f"/store/scan/offers/{offer}?sku=lamp" for offer in (has, none)
    ]


def test_words_that_only_sold_out_offers_have_are_answered_so(source: int) -> None:
    add_offers(make_partner(), {"lamp": {"title": "Desk lamp", "stock": 0}, "vase": {"title": "Vase"}})
    build()
    rebuild_offers()
    found = Associate().get("/store/scan?code=desk+lamp")
    assert (found.status, 'class="verdict v-nowhere"' in found.html) == (200, True)
    assert "Not ours, and sold out at partners" in found.text
    assert "Not ours. Partners have it" in Associate().get("/store/scan?code=vase").text  # the control


def test_a_referral_is_credited_to_whoever_shows_it_and_writes_nothing(source: int) -> None:
    partner = make_partner()
    (offer,) = add_offers(partner, {"same": {"gtin": GTIN}}).values()
    page = Associate().get(f"/store/scan/offers/{offer}?sku=milk")
    link = next(one for one in page.links if one.startswith("sms:"))
    ticket = link.partition("%2Fgo%2F")[2]
    opened = open_ticket(ticket)
    assert opened is not None
    said = opened.ticket
    assert (said.offer_id, said.channel, said.associate) == (offer, "store", "store-p1")
    assert said.place_id == Place.objects.get(code="p1").pk
    assert 'class="qr"' in page.html
    assert page.headers["Cache-Control"] == "private, no-store"
    assert Referral.objects.count() == 0
    assert Associate().get(f"/store/scan/offers/{offer + 1}").status == 404


def test_what_has_ended_at_a_partner_that_only_refers_is_referred_to_no_more(source: int) -> None:
    (offer,) = add_offers(make_partner(ships=False), {"same": {"gtin": GTIN}}).values()
    assert Associate().get(f"/store/scan/offers/{offer}?sku=milk").status == 200
    Offer.objects.update(gone=True)
    assert Associate().get(f"/store/scan/offers/{offer}?sku=milk").status == 404


def test_several_that_words_may_mean_are_listed_with_price_and_place(source: int) -> None:
    found = Associate().get("/store/scan?code=b")
    assert found.status == 200
    assert "Which one?" in found.text
    assert [link for link in found.links if "sku=" in link] == ["/store/scan?sku=banana", "/store/scan?sku=bread"]
    assert "5 here" in found.text
    assert "at no store" in found.text


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("4006381333932", "The last digit does not fit the others"),
        ("nothing-of-ours", "Nobody knows it"),
        ("<script>", "Nobody knows it"),
        ("%00", "Nobody knows it"),
        ("9" * 500, "Nobody knows it"),
        ("\ud83e\udd5b".encode("utf-16", "surrogatepass").decode("utf-16"), "Nobody knows it"),
    ],
)
def test_what_nobody_knows_is_said_so(source: int, code: str, said: str) -> None:
    page = Associate().client.get("/store/scan", {"code": code})
    assert page.status_code == 404
    assert said in page.content.decode()
    assert "<script>" not in page.content.decode().replace('<script src="', "")


def test_what_keeps_no_stock_is_sold_at_the_till(source: int) -> None:
    assert "Fuel keeps no stock" in Associate().get("/store/scan?code=fuel").text


def test_strangers_see_no_answer(source: int) -> None:
    stranger, reader = Client(), Client()
    reader.force_login(User.objects.create(username="r", role="reader"))
    for path in ("/store/scan?code=milk", "/store/scan/offers/1"):
        assert stranger.get(path).headers["Location"].startswith("/login/")
        assert reader.get(path).status_code == 403
