"""Search over partners' offers: what is found in which order, told once a thing, hidden when an agreement ends."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onebasket.base.clock import database_now
from onebasket.commerce.catalogue.actions import retire_products, upsert_products
from onebasket.commerce.catalogue.rules import BarcodeItem, ProductItem, ProductRetirement
from onebasket.commerce.matching.queries import offered_beside
from onebasket.commerce.matching.rules import Why
from onebasket.commerce.partners.actions.importing import state_offers
from onebasket.commerce.partners.actions.registering import upsert_rates
from onebasket.commerce.partners.models import Agreement, Offer, Partner
from onebasket.commerce.partners.queries.offers import offers_by_gtin
from onebasket.commerce.partners.rules.partners import ExchangeRateItem, Merchant
from onebasket.commerce.partners.rules.port import OfferStated
from onebasket.commerce.search.actions import IndexBusyError, OfferKeeper, building, documents, offers, rebuild_offers
from onebasket.commerce.search.models import SearchState
from onebasket.commerce.search.queries.finding_offers import OfferPage, find_offers
from onebasket.commerce.search.queries.holding import CURRENT, IndexMissingError
from onebasket.commerce.search.queries.offer_index import newest_offers, offers_folder
from onebasket.commerce.search.rules.offer_messages import Narrowing
from onebasket.commerce.search.rules.offer_words import OfferWords, offer_words
from tests.builders import EAN, make_chain
from tests.partnering import add_offers, make_partner

pytestmark = pytest.mark.django_db
GTIN, OTHER = f"0{EAN}", "00012345678905"
LAMPS: dict[str, dict[str, Any]] = {
    "lamp": {"title": "Desk lamp, brass", "price": 4500, "brand": "Glow", "category": "Home > Lighting", "gtin": OTHER},
    "shade": {"title": "Shade for a desk lamp", "price": 1200, "brand": "Glow", "category": "Home > Lighting"},
    "heart": {"title": "Hanging heart T-light holder", "price": 255, "category": "Home > Candles"},
    "milk": {"title": "Whole milk powder 1 kg", "price": 899, "gtin": GTIN},
    "sold": {"title": "Desk lamp, brass", "price": 4000, "stock": 0},
    "ended": {"title": "Desk lamp, gone", "gone": True},
    "free": {"title": "Desk lamp without a price", "price": 0},
}


@pytest.fixture
def chain() -> int:
    return make_chain()


@pytest.fixture
def lantern(chain: int) -> dict[str, int]:
    ids = add_offers(make_partner("lantern"), LAMPS)
    rebuild_offers()
    return ids


def find(text: str, currency: str = "USD", **narrowing: Any) -> OfferPage:
    return find_offers(text, currency=currency, narrowing=Narrowing(**narrowing))


def references(page: OfferPage) -> list[str]:
    return [group.first.offer.reference for group in page.groups]


def found(text: str, currency: str = "USD", **narrowing: Any) -> list[str]:
    return references(find(text, currency, **narrowing))


def test_the_thing_itself_comes_before_what_is_for_it_and_what_is_sold_out_last(lantern: dict[str, int]) -> None:
    assert found("desk lamp") == ["lamp", "shade", "sold"]
    assert found("lighting") == ["shade", "lamp"]  # as fitting: the lower price
    assert found("glow") == ["shade", "lamp"]
    assert found("heart holders") == ["heart"]
    assert found("powder 1000 g") == ["milk"]


@pytest.mark.parametrize(
    ("text", "expected", "mended"),
    [
        ("desk lmap", ["lamp", "shade", "sold"], "desk lamp"),
        ("hangging hart", ["heart"], "hanging heart"),
        ("hnagign", ["heart"], "hanging"),
        ("tlight", ["heart", "shade", "lamp"], "light"),
        ("hang", ["heart"], ""),
        ("hanging heart z", ["heart"], ""),
        ("desk lamp chrome", ["lamp", "shade", "sold"], ""),
        ("zzzzqqqq", [], ""),
    ],
)
def test_words_are_mended_begun_and_let_go(
    lantern: dict[str, int], text: str, expected: list[str], mended: str
) -> None:
    page = find(text)
    assert (references(page), page.suggestion) == (expected, mended)
    assert page.relaxed is (text == "desk lamp chrome")


@pytest.mark.parametrize(
    ("text", "total"),
    [("", 5), (" ", 5), ("\x00", 5), ("\ud800", 5), ("'; DROP", 0), ("name:lamp AND (", 3), ("kind:offer OR *", 0),
     ("x" * 5000, 0), ("0", 0), ("-1", 1), ("\N{ARABIC-INDIC DIGIT THREE}" * 8, 0), ("lamp " * 400, 3),
     ("❶ pack", 0), ("❶ kg lamp", 4), ("1/" * 21 + "1 pack", 0)],
)  # fmt: skip
def test_whatever_is_typed_is_answered(lantern: dict[str, int], text: str, total: int) -> None:
    assert find(text).total == total


def test_a_gtin_finds_its_offers_first(lantern: dict[str, int]) -> None:
    assert found(OTHER) == ["lamp"]
    assert found(EAN) == ["milk"]


def test_what_is_found_is_priced_in_the_shopper_s_money(chain: int, lantern: dict[str, int]) -> None:
    harbour = make_partner("harbour", partner_currency="GBP", merchant=Merchant.PRINCIPAL, markup=100_000)
    add_offers(harbour, {"kettle": {"title": "Brass kettle lamp", "price": 3000, "currency": "GBP"}})
    rebuild_offers()
    # No rate: it cannot be told what it costs, so that it is not there.
    assert "kettle" not in found("lamp")
    since = datetime(2026, 1, 1, tzinfo=UTC)
    upsert_rates(
        chain, [ExchangeRateItem(key="r", base="GBP", quote="USD", billionths=1_250_000_000, valid_from=since)]
    )
    page = find("kettle")
    assert page.groups[0].first.price is not None
    assert page.groups[0].first.price.amount == 4125  # 30.00 at 1.25, and a tenth on it
    assert found("lamp", sort="price") == ["shade", "sold", "kettle", "lamp"]
    assert found("lamp", sort="price_desc") == ["lamp", "kettle", "sold", "shade"]
    assert found("lamp", sort="price", offset=1, limit=2) == ["sold", "kettle"]
    assert found("lamp", price_from=4000, price_to=4125, sort="price") == ["sold", "kettle"]
    assert found("lamp", price_from=4126) == ["lamp"]
    assert found("lamp", price_to=4124, sort="price") == ["shade", "sold"]
    assert found("lamp", price_from=9, price_to=8) == []


def test_offers_are_narrowed_to_a_partner_and_a_brand(lantern: dict[str, int]) -> None:
    add_offers(make_partner("harbour"), {"lamp": {"title": "Desk lamp, steel", "brand": "Other"}})
    rebuild_offers()
    page = find("desk lamp")
    assert [(one.code, one.count, one.chosen) for one in page.partners] == [
        ("lantern", 3, False),
        ("harbour", 1, False),
    ]
    assert page.total == 4
    narrowed = find("desk lamp", partner="harbour")
    assert [group.first.partner.code for group in narrowed.groups] == ["harbour"]
    assert [(one.code, one.count, one.chosen) for one in narrowed.partners] == [
        ("lantern", 3, False),
        ("harbour", 1, True),
    ]
    assert found("desk lamp", brand="Glow") == ["lamp", "shade"]
    assert (find("desk lamp", partner="nobody").total, find("desk lamp", brand="\x00").total) == (0, 0)


class TestOneThing:
    @pytest.fixture
    def two(self, lantern: dict[str, int]) -> dict[str, int]:
        ids = add_offers(
            make_partner("harbour"),
            {"h1": {"title": "Reading light", "price": 4400, "gtin": OTHER, "shipping_amount": 0},
             "h2": {"title": "Brass desk lamp", "price": 4300, "gtin": OTHER, "shipping_amount": 500}},
        )  # fmt: skip
        rebuild_offers()
        return lantern | ids

    def test_offers_of_one_gtin_are_one_thing_cheapest_first(self, two: dict[str, int]) -> None:
        page = find("desk lamp brass")
        assert references(page)[0] == "h1"
        group = page.groups[0]
        # 44.00 free, 45.00 (shipping not stated), 43.00 and 5.00: by what it comes to.
        assert [one.offer.id for one in group.offers] == [two["h1"], two["lamp"], two["h2"]]
        assert (group.count, group.gtin, group.product_id, group.why) == (3, OTHER, None, Why.SAME_GTIN)
        assert [one.offer.reference for one in page.groups[1].offers] == ["sold"]

    def test_a_thing_is_told_once_over_all_pages(self, two: dict[str, int]) -> None:
        whole = [found("desk lamp", limit=1, offset=offset) for offset in range(5)]
        told = [reference for page in whole for reference in page]
        assert sorted(told) == ["h1", "shade", "sold"]

    def test_what_fits_alike_is_on_one_page_each(self, chain: int) -> None:
        add_offers(
            make_partner("lantern"), {f"w{n:02}": {"title": "Widget", "price": 9_000 - 100 * n} for n in range(40)}
        )
        rebuild_offers()
        told = [reference for offset in range(0, 40, 7) for reference in found("widget", limit=7, offset=offset)]
        assert sorted(told) == [f"w{n:02}" for n in range(40)]

    def test_without_narrowing_out_of_a_group_what_is_not_asked_for(self, two: dict[str, int]) -> None:
        (group,) = find("desk lamp brass", partner="lantern", price_from=4400).groups
        assert [one.offer.id for one in group.offers] == [two["lamp"]]

    def test_it_is_known_as_our_own_product(self, two: dict[str, int]) -> None:
        (group,) = find("milk powder").groups
        assert group.product_id is not None
        assert group.why is Why.SAME_GTIN
        beside = offered_beside(group.product_id, currency="USD", now=database_now())
        assert [one.offer.reference for one in beside] == ["milk"]

    def test_a_product_that_is_sold_no_more_is_none(self, chain: int, two: dict[str, int]) -> None:
        upsert_products(chain, [ProductItem("p9", "lampe", "Our lamp", barcodes=(BarcodeItem(OTHER),))])
        (group, *_) = find("desk lamp brass").groups
        assert group.product_id is not None
        retire_products(chain, [ProductRetirement("p10", "lampe")])
        (group, *_) = find("desk lamp brass").groups
        assert group.product_id is None


class TestHiddenAtOnce:
    @pytest.mark.parametrize("ending", ["agreement", "partner"])
    def test_what_ends_hides_its_offers_before_anything_is_indexed(self, lantern: dict[str, int], ending: str) -> None:
        add_offers(make_partner("harbour"), {"lamp": {"title": "Desk lamp, steel"}})
        rebuild_offers()
        before = newest_offers().about
        if ending == "agreement":
            Agreement.objects.filter(partner__code="lantern").update(ends_on=date(2026, 1, 2))
        else:
            Partner.objects.filter(code="lantern").update(active=False)
        page = find("desk lamp")
        assert [group.first.partner.code for group in page.groups] == ["harbour"]
        assert page.total == 1
        assert [one.code for one in page.partners] == ["harbour"]
        assert newest_offers().about == before

    def test_the_control_without_the_engine_s_filter_they_are_counted(
        self, lantern: dict[str, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add_offers(make_partner("harbour"), {"lamp": {"title": "Desk lamp, steel"}})
        rebuild_offers()
        Partner.objects.filter(code="lantern").update(active=False)
        monkeypatch.setattr("onebasket.commerce.search.queries.market.Market.hidden", [])
        assert find("desk lamp").total == 4
        assert [group.first.partner.code for group in find("desk lamp").groups] == ["harbour"]  # the second witness

    def test_with_no_partner_nothing_is_looked_for(self, chain: int) -> None:
        rebuild_offers()
        with CaptureQueriesContext(connection) as captured:
            assert find("desk lamp") == OfferPage()
        assert len(captured) == 3


def test_a_search_costs_a_fixed_number_of_statements(lantern: dict[str, int]) -> None:
    find("milk")
    with CaptureQueriesContext(connection) as few:
        find("heart")
    with CaptureQueriesContext(connection) as many:
        find("")
    assert (len(few), len(many)) == (7, 9)


class TestFollowing:
    @pytest.fixture
    def state(self, chain: int) -> Callable[[Mapping[str, Mapping[str, Any]]], None]:
        partner = make_partner("lantern")

        def stated(offers: Mapping[str, Mapping[str, Any]]) -> None:
            now = database_now()
            told: dict[str, Any] = {"price": 1000, "currency": "USD", "stated_at": now}
            items = [
                OfferStated(**(told | {"reference": name, "title": name} | dict(more))) for name, more in offers.items()
            ]
            state_offers(partner.id, items, now=now)

        return stated

    def test_new_changed_and_ended_offers(self, state: Callable[..., None]) -> None:
        keeper = OfferKeeper()
        state({"amber lamp": {}, "beige lamp": {}})
        assert keeper.turn() == 2  # built from nothing
        assert keeper.turn() == 0
        state({"coral lamp": {}, "amber lamp": {"price": 1100, "title": "Ebony lamp"}})
        assert found("lamp", sort="price") == ["amber lamp", "beige lamp"]
        assert keeper.turn() == 2
        assert found("lamp", sort="price") == ["beige lamp", "coral lamp", "amber lamp"]
        assert found("amber") == []
        assert found("ebony") == ["amber lamp"]
        state({"beige lamp": {"gone": True}})
        assert found("beige") == []  # at once: what is told is read anew
        assert keeper.turn() == 1
        assert find("lamp").total == 2
        assert keeper.turn() == 0

    def test_a_digit_in_a_circle_is_a_word_like_others(self, state: Callable[..., None]) -> None:
        keeper = OfferKeeper()
        state({"amber lamp": {}, "❶ Pack lamp": {}, "beige lamp": {}})
        assert keeper.turn() == 3
        state({"➊Set 2 kg lamp": {}, "coral lamp": {}})
        assert [keeper.turn(), keeper.turn()] == [2, 0]
        assert find("lamp").total == 5
        assert found("❶ pack") == ["❶ Pack lamp"]

    def test_an_offer_that_cannot_be_read_is_left_out_and_told_once(
        self, state: Callable[..., None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def words_of(title: str, **more: str) -> OfferWords:
            return offer_words(title if title != "odd lamp" else title[99], **more)

        keeper = OfferKeeper()
        state({"amber lamp": {}, "odd lamp": {}})
        keeper.turn()
        monkeypatch.setattr(offers, "offer_words", words_of)
        monkeypatch.setattr(documents, "_told", set())
        again = {"price": 1100}
        state({"amber lamp": again, "odd lamp": again, "beige lamp": {}})
        assert [keeper.turn(), keeper.turn()] == [3, 0]
        assert found("lamp", sort="price") == ["beige lamp", "amber lamp"]
        assert rebuild_offers() == 2
        odd = Offer.objects.get(reference="odd lamp").pk
        assert [record.getMessage() for record in caplog.records] == [
            f"offer {odd} cannot be read, and is left out of the index"
        ]

    def test_more_changes_of_one_number_than_a_turn_takes(
        self, state: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keeper = OfferKeeper()
        state({"first": {}})
        keeper.turn()
        monkeypatch.setattr(offers, "CHANGES_AT_ONCE", 3)
        state({f"lamp {number}": {} for number in range(8)})
        Offer.objects.filter(title__startswith="lamp").update(changed=500)
        assert [keeper.turn() for _ in range(4)] == [3, 3, 2, 0]
        assert find("lamp").total == 8

    def test_in_many_pages(self, state: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(offers, "AT_ONCE", 3)
        state({f"lamp {number}": {} for number in range(8)})
        assert rebuild_offers() == 8
        assert find("lamp", limit=96).total == 8

    def test_an_older_another_or_no_database(self, state: Callable[..., None]) -> None:
        keeper = OfferKeeper()
        with pytest.raises(IndexMissingError):
            find("lamp")
        assert keeper.turn() == 0
        state({"amber lamp": {}, "beige lamp": {}})
        assert keeper.turn() == 2
        Offer.objects.filter(title="beige lamp").delete()
        assert keeper.turn() == 1  # numbers fell: it was put back to an older state
        assert found("lamp") == ["amber lamp"]
        SearchState.objects.update(token=77)
        with pytest.raises(IndexMissingError):
            find("lamp")
        assert keeper.turn() == 1
        assert found("lamp") == ["amber lamp"]

    @pytest.mark.parametrize("name", [CURRENT, "meta.json"])
    def test_files_gone_or_broken(self, state: Callable[..., None], name: str) -> None:
        keeper = OfferKeeper()
        state({"amber lamp": {}})
        keeper.turn()
        folder = offers_folder()
        path = folder / CURRENT if name == CURRENT else folder / (folder / CURRENT).read_text() / name
        path.write_text("broken")
        with pytest.raises(IndexMissingError):
            find("lamp")
        assert keeper.turn() == 1
        assert found("lamp") == ["amber lamp"]

    def test_of_another_version(self, state: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
        keeper = OfferKeeper()
        state({"amber lamp": {}})
        with monkeypatch.context() as patch:
            patch.setattr(offers, "VERSION", 0)
            keeper.turn()
        with pytest.raises(IndexMissingError):
            find("lamp")
        assert keeper.turn() == 1
        assert found("lamp") == ["amber lamp"]

    def test_one_process_at_a_time_writes(self, state: Callable[..., None]) -> None:
        state({"amber lamp": {}})
        with building.writing(offers_folder()):
            assert OfferKeeper().turn() == 0
            with pytest.raises(IndexBusyError):
                rebuild_offers()
        assert OfferKeeper().turn() == 1

    def test_what_changes_while_it_is_built_comes_with_the_next_turn(
        self, state: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keeper = OfferKeeper()
        state({"amber lamp": {}})
        build = offers._build

        def meanwhile(*arguments: Any) -> int:
            count = build(*arguments)
            state({"amber lamp": {"title": "Ebony lamp"}, "coral lamp": {}})
            return count

        with monkeypatch.context() as patch:
            patch.setattr(offers, "_build", meanwhile)
            assert keeper.turn() == 1
        assert keeper.turn() == 2
        assert found("lamp", sort="price") == ["amber lamp", "coral lamp"]
        assert found("ebony") == ["amber lamp"]


def test_old_indexes_are_cleared_away(lantern: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "KEPT_SECONDS", -1.0)
    for _ in range(3):
        rebuild_offers()
    assert len([entry for entry in offers_folder().iterdir() if entry.is_dir()]) == 2


def test_an_agreement_with_a_day_to_come_shows_nothing_yet(lantern: dict[str, int]) -> None:
    tomorrow = (database_now() + timedelta(days=2)).date()
    Agreement.objects.update(starts_on=tomorrow)
    assert find("desk lamp").total == 0


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads a small table whole")
def test_offers_of_a_gtin_are_looked_up_in_their_index(lantern: dict[str, int]) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert [one.reference for one in offers_by_gtin([OTHER])[OTHER]] == ["lamp"]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + captured[0]["sql"].replace("= )", "= '')"))
        assert "USING INDEX offer_gtin" in str(cursor.fetchall())
