"""The shop's shelves: what each page shows and costs, in which language, and what it says where there is nothing."""

import gzip
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from onebasket.base.clock import database_now
from onebasket.channels.shop.paging import Pages
from onebasket.channels.shop.views.files import PART
from onebasket.commerce.catalogue.actions import upsert_products
from onebasket.commerce.catalogue.models import Product
from onebasket.commerce.catalogue.rules import ProductItem
from onebasket.commerce.pricing.models import Price
from onebasket.front import departments, goods
from onebasket.front.drawing.choosing import picture_for, words
from onebasket.front.drawing.pictures import HUES, pictures, sprite
from onebasket.front.sizes import take_apart
from tests.builders import add_prices, at, deliver
from tests.channels.shopping import Shopper, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    return make_shop(monkeypatch)


def stock_soups(source: int, number: int) -> None:
    """Sell so many soups, in the department Grocery, at $1.00 and more; every other one is in stock at p1."""
    skus = [f"soup{index:02}" for index in range(number)]
    upsert_products(
        source,
        [
            ProductItem(f"made-{sku}", sku, f"Soup {index:02}, 16 oz", department="Grocery", category="Soup", brand="B")
            for index, sku in enumerate(skus)
        ],
    )
    add_prices(source, {sku: (100 + index, 1) for index, sku in enumerate(skus)})
    deliver(source, dict.fromkeys(skus[::2], 9), key="soups")


def test_the_front_page_asks_for_a_store_then_names_it(source: int) -> None:
    stranger = Shopper(store="")
    page = stranger.get("")
    assert "Choose your store" in page.text
    assert "Everything else" in page.text
    named = stranger.choose("p2")
    assert "What p2 has, right now" in named.text


def test_a_category_shows_its_products_with_price_and_place(source: int) -> None:
    stock_soups(source, 30)
    page = Shopper().get("d/grocery/soup")
    assert "30 products" in page.text
    assert "Soup 00 16 oz · B $1.00 $0.062/oz In stock Add Soup 00" in page.text
    assert "Soup 01 16 oz · B $1.01 $0.063/oz Sold out everywhere" in page.text
    assert "Soup 24" not in page.text
    assert "?page=2" in page.links
    second = Shopper().get("d/grocery/soup?page=2")
    assert "Soup 24" in second.text
    assert Shopper().get("d/grocery/soup?page=3").status == 404
    assert "Soup 00" in Shopper().get("d/grocery/soup?page=nonsense").text


def test_a_product_says_where_it_is(source: int) -> None:
    deliver(source, {"bread": 3}, place="p2", key="p2-bread")
    assert "Only 5 left" in Shopper().get("p/bread/bread").text
    elsewhere = Shopper(store="p2").get("p/milk/milk")
    assert "Not here, at p1" in elsewhere.text
    assert "Not at p2 now, but here p1 10 in stock" in elsewhere.text
    nobody = Shopper(store="").get("p/milk/milk")
    assert "Stores that have it p1 10 in stock" in nobody.text
    assert "Add" not in nobody.text
    deliver(source, {"milk": 30}, place="p2", key="p2-milk")
    assert "In stock" in Shopper().get("p/milk/milk").text


def test_a_weighed_product_is_sold_by_its_unit(source: int) -> None:
    page = Shopper().get("p/apples/apples")
    assert "$3.00 / kg" in page.text
    assert "Only 5 kg left" in page.text
    assert "You pay what is weighed when it is picked." in page.text


def test_a_store_has_its_own_price(source: int) -> None:
    add_prices(source, {"milk": (179, 1)}, place="p2")
    assert "$1.79" in Shopper(store="p2").get("p/milk/milk").text
    assert "$1.99" in Shopper().get("p/milk/milk").text
    assert "$1.99" in Shopper(store="").get("p/milk/milk").text


def test_an_old_name_leads_to_the_present_address(source: int) -> None:
    response = Client().get("/shop/p/old-name/milk")
    assert (response.status_code, response.headers["Location"]) == (301, "/shop/p/milk/milk")


def test_odd_skus_have_addresses_too(source: int) -> None:
    upsert_products(source, [ProductItem("odd", "a/b c%?", "Øl, 0.5 l")])
    add_prices(source, {"a/b c%?": (250, 1)})
    page = Shopper().get("d/other/other")
    address = next(link for link in page.links if "/p/l-05-l/" in link or "/p/ol-05-l/" in link)
    assert "Øl" in Shopper().get(address).text


@pytest.mark.parametrize(
    "path",
    [
        "p/fuel/fuel",
        "p/none/none",
        "d/none",
        "d/other/none",
        "nowhere",
        "orders/aaaaaaaaaaaaaaaaaaaaaaaaaa",
        "p/x/a%00",
    ],
)
def test_what_is_not_there_says_so_in_the_shop(source: int, path: str) -> None:
    page = Shopper().get(path)
    assert page.status == 404
    assert "To the front page" in page.text
    assert "Departments" in page.text


def test_search_finds_names_and_numbers(source: int) -> None:
    shopper = Shopper()
    assert "Milk" in shopper.get("search?q=mil").text
    assert "1 product found" in shopper.get("search?q=bread").text
    assert "Nothing found for “caviar”" in shopper.get("search?q=caviar").text
    assert "What are you looking for?" in shopper.get("search?q=%00%20").text
    assert "Nothing found" in shopper.get("search?q=%3Cscript%3E").text
    assert "<script>" not in shopper.get("search?q=%3Cscript%3E").html


def test_pages_cost_the_same_however_much_they_show(
    source: int, django_assert_num_queries: Callable[..., Any], django_assert_max_num_queries: Callable[..., Any]
) -> None:
    stock_soups(source, 6)
    shopper = Shopper()
    shopper.add("milk")
    costs = {}
    most = {
        "": 12,
        "departments": 12,
        "d/grocery": 12,
        "d/grocery/soup": 16,
        "p/soup-00-16-oz/soup00": 18,
        "search?q=soup": 18,
    }
    for path, limit in most.items():
        shopper.get(path)
        with django_assert_max_num_queries(limit) as counted:
            assert shopper.get(path).status == 200
        costs[path] = len(counted)
    stock_soups(source, 24)
    for path in costs:
        shopper.get(path)
    for path, cost in costs.items():
        with django_assert_num_queries(cost):
            shopper.get(path)


def test_a_page_is_shown_in_the_language_asked_for(source: int) -> None:
    german = Shopper(language="de-AT,de;q=0.9,en;q=0.5").get("p/milk/milk")
    assert '<html lang="de">' in german.html
    assert "1,99\xa0$" in german.html
    english = Shopper(language="fr,en;q=0.5")
    assert '<html lang="en">' in english.get("").html
    page = english.send(english.get("departments").form("/language"), button="Deutsch")
    assert '<html lang="de">' in page.html
    assert page.address.endswith("/departments")


def test_machines_read_a_product(source: int) -> None:
    upsert_products(source, [ProductItem("evil", "evil", "</script><b>&", brand="Ev<il")])
    add_prices(source, {"evil": (1_250, 1)})
    page = Shopper().get("p/scriptb/evil")
    data = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', page.html)[0])
    assert (data["@type"], data["name"], data["sku"], data["brand"]["name"]) == (
        "Product",
        "</script><b>&",
        "evil",
        "Ev<il",
    )
    assert data["offers"] == {
        "@type": "Offer",
        "price": "12.50",
        "priceCurrency": "USD",
        "availability": "https://schema.org/OutOfStock",
        "itemCondition": "https://schema.org/NewCondition",
        "url": "http://testserver/shop/p/scriptb/evil",
    }
    assert '<link rel="canonical" href="http://testserver/shop/p/scriptb/evil">' in page.html
    milk = Shopper().get("p/milk/milk").html
    assert '"availability":"https://schema.org/InStock"' in milk


def test_the_sitemap_lists_what_can_be_bought(source: int) -> None:
    client = Client()
    index = client.get("/shop/sitemap.xml").content.decode()
    sections_at, products_at = re.findall(r"<loc>http://testserver(/shop/sitemap-[0-9]+\.xml)</loc>", index)
    assert sections_at == "/shop/sitemap-0.xml"
    sections = client.get(sections_at).content.decode()
    assert "<loc>http://testserver/shop/d/other/other</loc>" in sections
    products = client.get(products_at).content.decode()
    assert sorted(re.findall(r"/shop/p/[^<]+", products)) == [
        "/shop/p/apples/apples",
        "/shop/p/bread/bread",
        "/shop/p/milk/milk",
    ]
    # When its price changed last; a price that is to come says nothing yet.
    assert products.count("<lastmod>") == 3
    add_prices(source, {"milk": (205, 1)})
    Price.objects.filter(amount=205).update(recorded_at=at(90), valid_from=at(90))
    Price.objects.filter(product__sku="bread").update(recorded_at=at(60), valid_from=at(60))
    Price.objects.filter(product__sku="apples").update(valid_from=database_now() + timedelta(days=2))
    again = client.get(products_at).content.decode()
    stated = dict(re.findall(r"/p/[^<]+/([a-z]+)</loc>(?:<lastmod>([^<]+))?", again))
    assert (stated["bread"], stated["apples"]) == (f"{at(60):%Y-%m-%dT%H:%M:%SZ}", "")
    assert client.get("/shop/sitemap-999999.xml").status_code == 404
    robots = client.get("/robots.txt").content.decode()
    assert "Disallow: /shop/basket" in robots
    assert "Sitemap: http://testserver/shop/sitemap.xml" in robots


def test_the_sitemap_leaves_out_parts_that_are_empty(source: int) -> None:
    bread = Product.objects.get(sku="bread")
    Product.objects.create(id=bread.id + 5 * PART, sku="far", name="Far", unit_id=bread.unit_id)
    index = Client().get("/shop/sitemap.xml").content.decode()
    parts = [int(part) for part in re.findall(r"sitemap-([0-9]+)\.xml", index)]
    assert parts == [0, parts[1], parts[1] + 5]
    assert Client().get(f"/shop/sitemap-{parts[1] + 1}.xml").status_code == 404
    assert "/p/far/far<" in Client().get(f"/shop/sitemap-{parts[2]}.xml").content.decode()


def test_pictures_come_from_here_and_stay(source: int) -> None:
    page = Shopper().get("d/other/other")
    (address,) = set(re.findall(r'href="(/shop/goods-[0-9a-f]+\.svg)#', page.html))
    response = Client().get(address, headers={"accept-encoding": "gzip"})
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert gzip.decompress(response.content) == sprite().body
    assert len(response.content) < 8_000
    assert Client().get("/shop/goods-000000000000.svg").status_code == 404
    tile = Client().get("/shop/tiles/apple.rose.svg")
    assert (tile.status_code, tile.headers["Content-Type"]) == (200, "image/svg+xml")
    assert Client().get("/shop/tiles/apple.mauve.svg").status_code == 404


def test_the_first_page_is_light(source: int) -> None:
    stock_soups(source, 30)
    client = Shopper().client
    sizes = {}
    for path in (
        "/shop/d/grocery/soup",
        "/static/onebasket/shop.css",
        "/static/onebasket/shop.js",
        "/static/django_htmx/htmx-2.min.js",
        f"/shop/goods-{sprite().version}.svg",
    ):
        response = client.get(path, headers={"accept-encoding": "gzip"})
        assert response.headers["Content-Encoding"] == "gzip"
        body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
        sizes[path] = len(body)
        assert len(gzip.decompress(body)) > len(body)
    assert 20_000 < sum(sizes.values()) < 45_000, sizes


def test_every_word_has_a_picture_and_every_hue_its_colours() -> None:
    assert {name for name, _ in words().values()} - pictures().keys() == set()
    assert {hue for _, hue in words().values()} - HUES.keys() == set()
    assert picture_for("1", "Fluid milk, white, 1 gal", "Fluid milk products", "Grocery")[:2] == ("milk", "sky")
    assert picture_for("1", "Peanut butter, 16 oz", "", "")[:2] == ("jar", "cocoa")
    assert picture_for("1", "Thing", "Deli", "Grocery") == picture_for("1", "Thing", "Deli", "Grocery")


def test_the_style_sheet_has_the_colours_of_the_pictures() -> None:
    sheet = Client().get("/static/onebasket/shop.css")
    text = b"".join(sheet.streaming_content).decode() if sheet.streaming else sheet.content.decode()  # type: ignore[attr-defined]
    found = re.findall(r"\.t-(\w+) \{ --g1: (#\w+); --g2: (#\w+); --g3: (#\w+); \}", text)
    assert {name: tuple(colours) for name, *colours in found} == HUES


@pytest.mark.parametrize(
    ("name", "title", "size", "holds", "per"),
    [
        ("Fluid milk, white, 1 gal", "Fluid milk, white", "1 gal", "0", "gal"),
        ("Soup, 16 oz", "Soup", "16 oz", "16", "oz"),
        ("Milk, 1/2 gal", "Milk", "1/2 gal", "0.5", "gal"),
        ("Wine, 750 ml", "Wine", "750 ml", "7.5", "100 ml"),
        ("Cans, 6/12 oz", "Cans", "6/12 oz", "0", ""),
        ("Foil, 75 sq ft", "Foil", "75 sq ft", "0", ""),
        ("Bread, Italian", "Bread, Italian", "", "0", ""),
    ],
)
def test_a_name_is_taken_apart(name: str, title: str, size: str, holds: str, per: str) -> None:
    found = take_apart(name)
    assert (found.title, found.size, str(found.holds), found.per) == (title, size, holds, per)


def test_pages_are_numbered_with_gaps() -> None:
    assert Pages(1, 24, 24).numbers == [1]
    assert Pages(1, 25, 24).numbers == [1, 2]
    assert Pages(5, 240, 24).numbers == [1, 0, 4, 5, 6, 0, 10]
    assert Pages(3, 120, 24).numbers == [1, 2, 3, 4, 5]


def test_departments_of_one_slug_stand_apart(source: int) -> None:
    upsert_products(
        source, [ProductItem("a", "a", "A", department="Café"), ProductItem("b", "b", "B", department="Cafe")]
    )
    assert {"cafe", "cafe-2", "other"} <= departments.departments().by_slug.keys()


def test_a_database_that_fails_is_said_so(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError

    shopper = Shopper()
    monkeypatch.setattr(goods, "price_tags", fail)
    page = shopper.get("p/milk/milk")
    assert (page.status, page.headers["Retry-After"]) == (503, "5")
    assert "Nothing is lost: your basket is kept." in page.text


def test_a_fault_of_ours_is_said_so(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    shopper = Shopper()
    monkeypatch.setattr(goods, "price_tags", fail)
    page = shopper.get("p/milk/milk")
    assert page.status == 500
    assert "Something of ours broke" in page.text


def test_the_cookie_is_ours_or_none(source: int) -> None:
    shopper = Shopper(store="p2")
    assert "p2" in shopper.get("").text
    cookie = shopper.client.cookies["onebasket_shop"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/shop/")
    shopper.client.cookies["onebasket_shop"] = cookie.value[:-2] + "xx"
    assert "Choose your store" in shopper.get("").text


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/desk/", "\\\\evil", "javascript:alert(1)"]
)
def test_a_form_leads_back_into_the_shop_alone(source: int, address: str) -> None:
    shopper = Shopper(store="")
    form = shopper.get("stores").form("stores/choose", store="p1")
    response = shopper.answer(form, next=address)
    assert (response.status_code, response.headers["Location"]) == (302, "/shop/")
