"""The demo's chain, receipts and stock against the figures of the data set.

The data is part of what the suite installs (`onebasket[demo]`); without it these tests fail rather than pass unseen.
"""

import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from itertools import combinations, islice
from pathlib import Path

import msgspec
import pyarrow.compute as pc
import pytest

from onebasket.channels.demo.chain import (
    EACH,
    GALLON,
    KILOGRAM,
    WEIGHED_LINES,
    WEIGHED_SHARE,
    Chain,
    ChainProduct,
    derive_chain,
    fixed_code,
)
from onebasket.channels.demo.journey import JourneyBasket, JourneyLine, read_baskets, read_lines
from onebasket.channels.demo.naming import compose_name, readable, readable_department
from onebasket.channels.demo.receipts import slice_receipts, to_receipt, write_jsonlines, year_receipts
from onebasket.channels.demo.slices import ChainSlice, moved
from onebasket.channels.demo.stock import FACING, FACING_GRAMS, ChainStock, delivery_times, derive_stock
from onebasket.channels.demo.stores import StoreSpot, opening_hours, slot_windows
from onebasket.channels.demo.taxes import CATEGORIES, DEPARTMENTS, TAXED, UNTAXED, is_taxed, taxed_goods, taxed_receipt
from onebasket.commerce.places.rules import WEEKDAYS, Spot, distance_metres
from onebasket.commerce.places.rules.hours import hours_problem
from onebasket.commerce.sales.rules.receipt import Funder, Receipt
from onebasket.commerce.sales.rules.ties import untied
from onebasket.commerce.slots.rules.messages import plan_problem, weekly_windows
from onebasket.kernel.barcodes import Scan, lookup_keys, parse

SLICE = ChainSlice()
WHOLE_YEAR = {
    "baskets": 155_848,
    "lines": 1_469_307,
    "sales": 4_596_040,
    "loyalty": 791_651,
    "coupon": 26_360,
    "coupon-match": 4_543,
}


@pytest.fixture(scope="module")
def chain() -> Chain:
    return derive_chain(SLICE)


@pytest.fixture(scope="module")
def stock(chain: Chain) -> ChainStock:
    return derive_stock(chain, SLICE)


@pytest.mark.parametrize(
    ("kind", "size", "name"),
    [
        ("FLUID MILK WHITE ONLY", "1 GA", "Fluid milk, white, 1 gal"),
        ("EGGS - X-LARGE", "1 DZ", "Eggs, extra large, 1 doz"),
        ("BREAD:ITALIAN/FRENCH", "", "Bread, Italian/French"),
        ("FRZN BREAKFAST ENTREES/SANDWIC", ".5 L", "Frozen breakfast entrées/sandwic, 0.5 l"),
        ("SFT DRNK 2 LITER BTL CARB INCL", "2 L", "Soft drink 2 liter bottle carbonated, 2 l"),
        ("BANANAS", "CTN", "Bananas"),
    ],
)
def test_names_are_composed_readably(kind: str, size: str, name: str) -> None:
    assert compose_name(kind, "", size) == name
    assert compose_name("PREMIUM", "ICE CREAM", "56 OZ") == "Ice cream, premium, 56 oz"
    assert readable_department("MEAT-PCKGD") == "Packaged meat"


def test_the_slice_has_the_busiest_stores(chain: Chain) -> None:
    assert len(chain.places) == 20
    assert {"367", "406", "343", "361", "381"} <= {place.code for place in chain.places}
    assert {(place.currency, place.time_zone) for place in chain.places} == {("USD", "America/New_York")}
    assert chain.units == (EACH, KILOGRAM, GALLON)


def test_every_store_of_the_year_has_a_spot_of_its_own(chain: Chain) -> None:
    year = derive_chain(ChainSlice(stores=0)).places
    spots = [Spot(one.spot.latitude, one.spot.longitude) for one in year]

    assert len({one.spot.postcode for one in year}) == len(year) == 457
    assert min(distance_metres(one, other) for one, other in combinations(spots, 2)) >= 3_000
    assert {one.code: one.spot for one in chain.places}.items() <= {one.code: one.spot for one in year}.items()
    (busiest,) = [one for one in chain.places if one.code == "367"]
    assert busiest.spot == StoreSpot("45202", "Cincinnati", 39_107_200, -84_502_000)
    middle = Spot(busiest.spot.latitude, busiest.spot.longitude)
    far = [distance_metres(middle, Spot(one.spot.latitude, one.spot.longitude)) for one in chain.places]
    assert max(far) < 15_000


def test_every_store_has_hours_and_hands_out_within_them(chain: Chain) -> None:
    for place in chain.places:
        hours = {one.weekday: one for one in opening_hours(place.store_id)}
        windows = slot_windows(place.store_id)
        assert [one.weekday for one in windows] == list(hours) == list(WEEKDAYS)
        assert all(hours[w.weekday].opens <= w.opens < w.closes <= hours[w.weekday].closes for w in windows)
        assert hours_problem(hours.values()) == plan_problem(weekly_windows(windows)) == ""
    assert {windows.capacity for place in chain.places for windows in slot_windows(place.store_id)} == {6, 8, 12}


def test_the_catalogue_is_that_of_the_data_without_the_unknown(chain: Chain) -> None:
    assert len(chain.products) == 92_331
    assert 5978656 not in chain.products
    fuel = chain.products[6534178]
    assert (fuel.unit, fuel.tracked, fuel.weighed) == (GALLON, False, False)
    milk = chain.products[1029743]
    assert (milk.name, milk.brand, milk.department) == ("Fluid milk, white, 1 gal", "Own brand", "Grocery")


def test_goods_of_random_weight_follow_the_rule_of_the_data(chain: Chain) -> None:
    lines = read_lines(("product_id", "quantity", "sales_value", "retail_disc", "coupon_match_disc"))
    lines = lines.filter(pc.equal(lines["quantity"], 1))
    listed = pc.add(pc.add(lines["sales_value"], lines["retail_disc"]), lines["coupon_match_disc"])
    seen: dict[int, list[int]] = defaultdict(list)
    for product_id, amount in zip(lines["product_id"].to_pylist(), listed.to_pylist(), strict=True):
        seen[product_id].append(amount)
    varying = {
        product_id
        for product_id, amounts in seen.items()
        if len(amounts) >= WEIGHED_LINES and len(set(amounts)) > WEIGHED_SHARE * len(amounts)
    }
    assert len(varying) == 321
    assert set(chain.per_kilogram) <= varying
    assert len(chain.per_kilogram) == 317  # the other four are money, not goods


def test_every_product_has_a_code_of_its_own_that_is_found_again(chain: Chain) -> None:
    keys = [lookup_keys(product.codes[0], chain.templates)[0] for product in chain.products.values()]
    assert len(set(keys)) == len(keys) == 92_331
    assert {kind for kind, _ in keys} == {"instore"}
    assert fixed_code(819063) == "0400008190633"


def test_shelf_prices_are_the_usual_ones(chain: Chain) -> None:
    prices = {(price.sku, price.place): (price.amount, price.per_quantity) for price in chain.prices}
    assert len(prices) == len(chain.prices)
    assert prices["819063", ""] == (167, 1)
    assert prices["6534178", ""] == (220, 1_000)
    assert all(price.amount > 0 for price in chain.prices)
    assert all((place == "") or place in {place.code for place in chain.places} for _, place in prices)


@pytest.fixture(scope="module")
def golden() -> dict[int, JourneyBasket]:
    wanted = {35730137393, 31672240446, 36027750817}
    return {basket.basket_id: basket for basket in read_baskets() if basket.basket_id in wanted}


@pytest.mark.parametrize(
    ("basket_id", "amounts", "discounts"),
    [
        (35730137393, (1, 167, 167), {}),
        (31672240446, (2, 370, 334), {"loyalty": 36}),
        (36027750817, (2, 334, 234), {"coupon-match": 45, "coupon": 55}),
    ],
)
def test_golden_lines_of_product_819063(
    chain: Chain,
    golden: dict[int, JourneyBasket],
    basket_id: int,
    amounts: tuple[int, int, int],
    discounts: dict[str, int],
) -> None:
    receipt = to_receipt(golden[basket_id], chain)
    line = next(line for line in receipt.lines if line.code == fixed_code(819063))
    assert (line.quantity, line.list_amount, line.paid_amount) == amounts
    assert {discount.kind: discount.amount for discount in line.discounts} == discounts
    funders = {discount.kind: discount.funder for discount in line.discounts}
    assert funders.get("coupon", Funder.MANUFACTURER) == Funder.MANUFACTURER
    assert {funders.get(kind, Funder.RETAILER) for kind in ("loyalty", "coupon-match")} == {Funder.RETAILER}
    assert (receipt.key, receipt.till) == (f"basket-{basket_id}", str(basket_id % 4 + 1))


def test_the_year_comes_to_its_known_totals_and_every_receipt_ties(chain: Chain) -> None:
    totals: Counter[str] = Counter()
    keys = set()
    last = datetime(2017, 1, 1, tzinfo=UTC)
    for receipt in year_receipts(chain):
        assert receipt.occurred_at >= last
        last = receipt.occurred_at
        keys.add(receipt.key)
        paid = 0
        for line in receipt.lines:
            discounts = sum(discount.amount for discount in line.discounts)
            assert line.list_amount - discounts == line.paid_amount
            totals["list"] += line.list_amount
            paid += line.paid_amount
            for discount in line.discounts:
                totals[discount.kind] += discount.amount
        assert [tender.amount for tender in receipt.tenders] == [paid]
        totals["lines"] += len(receipt.lines)
    sales = totals["list"] - totals["loyalty"] - totals["coupon-match"]
    found = {"baskets": len(keys), "lines": totals["lines"], "sales": round(sales / 100)}
    found |= {kind: round(totals[kind] / 100) for kind in ("loyalty", "coupon", "coupon-match")}
    assert found == WHOLE_YEAR


def test_unknown_products_and_weighed_goods_on_a_receipt(chain: Chain) -> None:
    receipts = list(slice_receipts(chain, SLICE))
    by_item = {product.item: product for product in chain.products.values() if product.item}
    lines = [line for receipt in receipts for line in receipt.lines]
    weighed = [line for line in lines if line.code.startswith("02")]
    assert weighed
    for line in weighed:
        scan = parse(line.code, chain.templates)
        assert isinstance(scan, Scan)
        product = by_item[int(scan.code[2:])]
        per_kilogram = chain.per_kilogram[product.product_id]
        assert line.list_amount == 0 or abs(line.quantity * per_kilogram - line.list_amount * 1000) <= per_kilogram
    unknown = {fixed_code(5978656), fixed_code(5978648)} & {line.code for line in lines}
    assert unknown
    assert {line.quantity for line in lines if line.code in unknown} == {0}


def test_the_written_year_is_read_as_the_api_reads(chain: Chain, tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    receipts = list(slice_receipts(chain, ChainSlice(history_days=0)))
    assert write_jsonlines(path, receipts) == len(receipts) > 100
    decoder = msgspec.json.Decoder(Receipt)
    assert [decoder.decode(line) for line in path.read_bytes().splitlines()] == receipts


def test_five_o_clock_stays_five_o_clock_when_days_are_moved() -> None:
    winter = datetime(2017, 12, 22, 10, tzinfo=UTC)
    assert moved(winter, 200) == datetime(2018, 7, 10, 9, tzinfo=UTC)
    assert moved(winter, 0) == winter


def test_deliveries_come_on_monday_wednesday_and_friday() -> None:
    days = [instant.date() for instant in delivery_times(SLICE)]
    assert days == [date(2017, 12, 18), date(2017, 12, 20), date(2017, 12, 22)]
    assert {instant.hour for instant in delivery_times(SLICE)} == {10}


def test_the_real_sales_never_take_the_derived_stock_below_its_bound(chain: Chain, stock: ChainStock) -> None:
    shelves = {(shelf.place, shelf.sku): shelf.quantity for shelf in stock.opening}
    bounds = {key: _bound(chain.products[int(key[1])], stock) for key in shelves}
    assert len(shelves) == len(stock.opening)
    assert all(quantity >= bounds[key] for key, quantity in shelves.items())
    deliveries = sorted(stock.deliveries, key=lambda delivery: delivery.at)
    assert len({delivery.key for delivery in deliveries}) == len(deliveries)
    sold_out: set[str] = set()
    for receipt in slice_receipts(chain, SLICE):
        while deliveries and deliveries[0].at <= receipt.occurred_at:
            delivery = deliveries.pop(0)
            for sku, quantity in delivery.lines:
                assert quantity > 0
                shelves[delivery.place, sku] += quantity
        for line in receipt.lines:
            product = _product(line.code, chain)
            if product and product.tracked:
                key = receipt.place, product.sku
                shelves[key] -= line.quantity
                assert shelves[key] >= bounds[key], key
                sold_out |= {product.sku} if shelves[key] == 0 else set()
    assert not deliveries
    assert sold_out <= set(stock.scarce)


def _bound(product: ChainProduct, stock: ChainStock) -> int:
    if product.sku in stock.scarce:
        return 0
    return FACING_GRAMS if product.weighed else FACING


def _product(code: str, chain: Chain) -> ChainProduct | None:
    if code.startswith("04"):
        return chain.products.get(int(code[2:12]))
    return next(product for product in chain.products.values() if product.item == int(code[2:7]))


def test_scarce_products_are_few_popular_and_of_different_kinds(chain: Chain, stock: ChainStock) -> None:
    scarce = [chain.products[int(sku)] for sku in stock.scarce]
    assert len(scarce) == 8
    assert len({product.category for product in scarce}) == 8
    levels = [shelf.quantity for shelf in stock.opening if shelf.sku in stock.scarce]
    assert min(levels) < FACING


def test_stock_is_the_same_each_time(chain: Chain, stock: ChainStock) -> None:
    assert derive_stock(chain, SLICE) == stock


def test_a_line_says_its_list_amount() -> None:
    assert JourneyLine(1, 2, 334, 36, 0, 0).list_amount == 370


@pytest.mark.parametrize(
    ("stated", "readable_text"),
    [
        ("PNT BTR/JELLY/JAMS", "Peanut butter/jelly/jams"),
        ("SALD DRSNG/SNDWCH SPRD", "Salad dressings/sandwich spreads"),
        ("SNKS/CKYS/CRKR/CNDY", "Snacks/cookies/crackers/candy"),
        ("PWDR/CRYSTL DRNK MX", "Powdered/crystal drink mixes"),
        ("REFRGRATD JUICES/DRNKS", "Refrigerated juices/drinks"),
    ],
)
def test_abbreviations_are_spelt_out(stated: str, readable_text: str) -> None:
    assert readable(stated) == readable_text


def test_no_category_keeps_an_abbreviation(chain: Chain) -> None:
    words = {word for product in chain.products.values() for word in re.findall(r"[a-z]{2,}", product.category.lower())}
    assert len(words) > 300
    assert sorted(word for word in words if not re.search(r"[aeiouy]", word)) == []


def test_taxed_receipts_tie_and_food_is_untaxed(chain: Chain) -> None:
    seen: Counter[tuple[str, bool]] = Counter()
    for basket in islice(read_baskets(chain.store_ids), 3_000):
        plain, taxed = to_receipt(basket, chain), taxed_receipt(basket, chain)
        assert untied(taxed) is None
        added = sum(tax.amount for line in taxed.lines for tax in line.taxes)
        assert taxed.tenders[0].amount == plain.tenders[0].amount + added
        assert [line.paid_amount for line in taxed.lines] == [line.paid_amount for line in plain.lines]
        for line, sold in zip(taxed.lines, basket.lines, strict=True):
            product = chain.products.get(sold.product_id)
            if product is not None and product.tracked and sold.sales > 0:
                seen[product.department, bool(line.taxes)] += 1
                assert not line.taxes or line.taxes[0].base == sold.sales
    assert seen["Produce", True] == seen["Meat", True] == 0
    assert seen["Cosmetics", False] == 0
    assert min(seen["Grocery", True], seen["Grocery", False], seen["Cosmetics", True]) > 50


def test_what_is_stated_as_taxed_is_what_tills_tax(chain: Chain) -> None:
    stated = taxed_goods(chain)
    by_sku = {one.sku: one.tax_class for one in stated if one.sku}
    by_category = {one.category: one.tax_class for one in stated if one.category}
    by_department = {one.department: one.tax_class for one in stated if one.department}
    for product in chain.assortment:
        found = by_sku.get(product.sku) or by_category.get(product.category) or by_department.get(product.department)
        assert (found == TAXED) is is_taxed(product), product
    departments = {product.department for product in chain.products.values()}
    categories = {product.category for product in chain.products.values()}
    assert departments >= DEPARTMENTS
    assert categories >= CATEGORIES | UNTAXED
