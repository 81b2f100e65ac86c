"""The index follows the news: what changed is found, nothing else is touched, and it is built anew where it must be."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Max

from onebasket.base.clock import database_now
from onebasket.base.models import Event
from onebasket.commerce.catalogue.actions import retire_products
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.catalogue.rules import ProductRetirement
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.rules import PlaceItem
from onebasket.commerce.pricing.actions import end_prices, set_prices
from onebasket.commerce.pricing.rules.book import PriceEnd, PriceItem
from onebasket.commerce.search.actions import (
    IndexBusyError,
    IndexKeeper,
    building,
    count_sales,
    count_sales_if_due,
    counting,
    documents,
    rebuild_index,
    upkeep,
)
from onebasket.commerce.search.models import SearchState, SoldLines
from onebasket.commerce.search.queries.index import CURRENT, SYNONYMS, index_folder, newest_snapshot
from onebasket.commerce.search.rules.documents import NameWords, name_words
from onebasket.commerce.stock.rules.messages import FactKind
from tests.builders import basket, book, fact, item, receipt, sell, take_holds
from tests.searching import (
    PRODUCTS,
    build,
    found,
    number_all,
    open_store,
    put_products,
    search,
    sell_lines,
    set_chain_prices,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def source() -> int:
    source = open_store()
    build()
    return source


@pytest.fixture
def keeper() -> IndexKeeper:
    return IndexKeeper()


def take_in(keeper: IndexKeeper) -> int:
    """Number the news and let the keeper take a turn; return how many products it wrote."""
    number_all()
    return keeper.turn()


def generation() -> str:
    return (index_folder() / CURRENT).read_text(encoding="ascii")


def commits() -> tuple[str, int]:
    """Return which index holds, and at which commit it is."""
    return generation(), (index_folder() / generation() / "meta.json").stat().st_mtime_ns


class TestNews:
    def test_a_new_a_changed_and_a_retired_product(self, source: int, keeper: IndexKeeper) -> None:
        put_products(source, {"oat": ("Oat drink, 1 l", "Grocery", "Non-dairy", "Oaty", 0)})
        put_products(source, {"milk1": ("Goat cheese", "Deli", "Cheese", "Goaty", 0)}, stem="again-")
        retire_products(source, [ProductRetirement("x1", "chips")])
        before = generation()
        assert take_in(keeper) == 3
        assert found("oat") == ["oat"]
        assert found("goat") == ["milk1"]
        assert found("fluid milk") == ["milk2", "milk3"]
        assert found("potato chips") == []
        assert search().total == len(PRODUCTS)
        assert generation() == before

    def test_a_product_that_comes_back_is_found_again(self, source: int, keeper: IndexKeeper) -> None:
        retire_products(source, [ProductRetirement("x1", "chips")])
        take_in(keeper)
        put_products(source, {"chips": PRODUCTS["chips"]}, stem="back-")
        assert take_in(keeper) == 1
        assert found("potato chips") == ["chips"]
        assert found("potato chips", "p1", available_only=True) == ["chips"]

    def test_prices_that_are_set_and_ended(self, source: int, keeper: IndexKeeper) -> None:
        set_chain_prices(source, {"milk1": 1})
        assert take_in(keeper) == 1
        assert found("milk", sort="price")[0] == "milk1"
        end_prices(source, [PriceEnd("e1", "milk1", "USD", datetime.now(UTC) - timedelta(hours=1))])
        assert take_in(keeper) == 1
        assert found("milk", sort="price")[-1] == "milk1"

    def test_a_price_that_begins_by_itself(
        self, source: int, keeper: IndexKeeper, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_chain_prices(source, {"milk1": 1}, since=datetime.now(UTC) + timedelta(hours=1))
        take_in(keeper)
        assert found("milk", sort="price")[0] == "candy"
        later = database_now() + timedelta(hours=2)
        monkeypatch.setattr(upkeep, "database_now", lambda: later)
        assert keeper.turn() == 1
        assert found("milk", sort="price")[0] == "milk1"
        assert keeper.turn() == 0

    def test_shelves_that_are_emptied_and_filled(self, source: int, keeper: IndexKeeper) -> None:
        book(source, fact("f1", FactKind.DELIVERY, {"candy": 1}, when=datetime.now(UTC)))
        sell(source, receipt("r1", item("milk1", 10, 2690), when=datetime.now(UTC)))
        assert take_in(keeper) == 2
        assert found("milk", "p1", available_only=True) == ["milk2", "milk3", "candy"]
        assert search("milk", "p1").facets.available == 3
        take_holds(source, basket("h1", {"candy": 1}))
        assert take_in(keeper) == 1
        assert found("milk", "p1", available_only=True) == ["milk2", "milk3"]

    def test_shelves_that_only_change_their_figures_touch_nothing(self, source: int, keeper: IndexKeeper) -> None:
        take_in(keeper)
        before = commits()
        sell(source, receipt("r1", item("milk1", 9, 2421), when=datetime.now(UTC)))
        take_holds(source, basket("h1", {"milk2": 9}))
        assert take_in(keeper) == 0
        assert commits() == before

    def test_news_done_twice_change_nothing(self, source: int) -> None:
        put_products(source, {"oat": ("Oat drink, 1 l", "Grocery", "Non-dairy", "Oaty", 0)})
        number_all()
        IndexKeeper().turn()
        total = search().total
        snapshot = newest_snapshot()
        # As after a kill between the commit and whatever came after it: another keeper goes on from what is noted.
        assert IndexKeeper().turn() == 0
        assert (search().total, newest_snapshot().about) == (total, snapshot.about)

    def test_what_is_not_numbered_yet_comes_later(self, source: int, keeper: IndexKeeper) -> None:
        put_products(source, {"oat": ("Oat drink, 1 l", "Grocery", "Non-dairy", "Oaty", 0)})
        assert keeper.turn() == 0
        assert found("oat") == []
        assert take_in(keeper) == 1
        assert found("oat") == ["oat"]

    def test_many_news_come_in_over_several_turns(
        self, source: int, keeper: IndexKeeper, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(upkeep, "EVENTS_AT_ONCE", 4)
        put_products(source, {f"n{number}": (f"Nut number {number}", "", "", "", 0) for number in range(10)})
        number_all()
        assert [keeper.turn() for _ in range(4)] == [4, 4, 2, 0]
        assert search("nut", limit=20).total == 10


class TestAnew:
    def test_where_a_price_has_no_column_yet(self, source: int, keeper: IndexKeeper) -> None:
        before = generation()
        set_chain_prices(source, {"milk1": 1}, place="p2")
        assert take_in(keeper) == len(PRODUCTS)
        assert generation() != before
        assert found("milk", "p2", sort="price")[0] == "milk1"
        upsert_places(source, [PlaceItem("c1", "c1", "C1", "CAD", "America/Toronto")])
        set_prices(source, [PriceItem("cad", "candy", "CAD", 5, datetime(2026, 1, 1, tzinfo=UTC))])
        assert take_in(keeper) == len(PRODUCTS)
        assert search("candy", "c1").facets.prices[0].count == 1

    def test_where_events_are_gone_that_nobody_took_in(self, source: int, keeper: IndexKeeper) -> None:
        put_products(source, {"oat": ("Oat drink, 1 l", "", "", "", 0), "rye": ("Rye bread", "", "", "", 0)})
        number_all()
        newest = Event.objects.aggregate(newest=Max("position"))["newest"]
        Event.objects.exclude(position=newest).delete()
        before = generation()
        assert keeper.turn() == len(PRODUCTS) + 2
        assert generation() != before
        assert found("oat") == ["oat"]

    def test_where_the_database_is_another_or_an_older_one(self, keeper: IndexKeeper) -> None:
        before = generation()
        SearchState.objects.update(token=77)
        assert take_in(keeper) == len(PRODUCTS)
        assert newest_snapshot().about.token == 77
        Event.objects.all().delete()
        assert keeper.turn() == len(PRODUCTS)
        assert newest_snapshot().about.position == 0
        assert before != generation()

    @pytest.mark.parametrize("name", ["current", "meta.json"])
    def test_where_files_are_gone_or_broken(self, keeper: IndexKeeper, name: str) -> None:
        for content in (None, b"", b"\xff{"):
            path = index_folder() / name if name == "current" else index_folder() / generation() / name
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content)
            assert keeper.turn() == len(PRODUCTS)
            assert found("bananas") == ["banana", "bread"]

    def test_where_it_is_of_another_version(self, keeper: IndexKeeper, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(building, "VERSION", 0)
        rebuild_index()
        monkeypatch.undo()
        assert keeper.turn() == len(PRODUCTS)

    def test_the_one_before_is_cleared_away_by_and_by(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def folders() -> set[str]:
            return {entry.name for entry in index_folder().iterdir() if entry.is_dir()}

        first = generation()
        rebuild_index()
        second = generation()
        assert {first, second} <= folders()
        monkeypatch.setattr(building, "KEPT_SECONDS", -1.0)
        rebuild_index()
        assert folders() == {second, generation()}

    def test_one_process_at_a_time_writes(self, keeper: IndexKeeper, source: int) -> None:
        put_products(source, {"oat": ("Oat drink, 1 l", "", "", "", 0)})
        with building.writing(index_folder()):
            assert take_in(keeper) == 0
            with pytest.raises(IndexBusyError):
                rebuild_index()
            with pytest.raises(IndexBusyError):
                rebuild_index(patience=0.1)
        assert take_in(keeper) == 1


class TestCounts:
    def test_lines_of_the_last_four_weeks_by_place(self, source: int) -> None:
        now = datetime.now(UTC)
        sell_lines(source, {"milk1": 3, "candy": 1})
        sell_lines(source, {"milk1": 2}, place="p2", when=now - timedelta(days=10))
        sell_lines(source, {"chips": 2}, when=now - timedelta(days=29))
        assert count_sales() == 3
        rows = SoldLines.objects.order_by("place__code", "product__sku").values_list(
            "place__code", "product__sku", "lines"
        )
        assert list(rows) == [("p1", "candy", 1), ("p1", "milk1", 3), ("p2", "milk1", 2)]
        assert count_sales() == 0

    def test_a_count_follows_and_forgets(self, source: int) -> None:
        sell_lines(source, {"milk1": 3, "candy": 1}, when=datetime.now(UTC) - timedelta(days=40))
        count_sales()
        sell_lines(source, {"milk1": 1})
        before = SearchState.objects.get().counted
        assert count_sales() == 2
        assert list(SoldLines.objects.values_list("product__sku", "lines")) == [("milk1", 1)]
        assert SearchState.objects.get().counted != before

    def test_new_counts_come_into_the_index(self, source: int, keeper: IndexKeeper) -> None:
        take_in(keeper)
        sell_lines(source, {"milk3": 5})
        assert count_sales() == 1
        assert take_in(keeper) == len(PRODUCTS)
        assert found("milk", "p1", limit=1) == ["milk3"]
        assert take_in(keeper) == 0

    def test_they_are_due_every_six_hours_and_one_counts_at_a_time(
        self, source: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = database_now()

        def at(hours: float) -> int:
            monkeypatch.setattr(counting, "database_now", lambda: now + timedelta(hours=hours))
            return count_sales_if_due()

        sell_lines(source, {"milk1": 1})
        assert at(0.1) == 0
        assert at(0.2) == 1
        sell_lines(source, {"milk1": 1}, when=datetime.now(UTC) - timedelta(hours=3))
        assert at(6.1) == 0
        SearchState.objects.update(claimed_until=now + timedelta(hours=6.4))
        assert at(6.3) == 0
        assert at(6.5) == 1


def test_an_installation_has_synonyms_of_its_own(keeper: IndexKeeper) -> None:
    path: Path = index_folder().parent / SYNONYMS
    assert found("guineo") == []
    path.write_text("guineo, banana\n", encoding="utf-8")
    try:
        assert found("guineo") == ["banana", "bread"]
        assert found("soda") == ["cola2", "cola1"]
    finally:
        path.unlink()
    assert found("guineo") == []
    assert keeper.turn() == 0


def test_another_database_in_the_same_home_has_another_index(monkeypatch: pytest.MonkeyPatch) -> None:
    here = index_folder()
    monkeypatch.setitem(connection.settings_dict, "NAME", "another")
    assert index_folder() != here
    assert index_folder().parent == here.parent


def test_rebuilding_reads_products_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "AT_ONCE", 5)
    assert rebuild_index() == len(PRODUCTS)
    assert search().total == len(PRODUCTS)


def test_what_a_killed_writer_left_in_the_way_does_not_stop_the_news(
    source: int, keeper: IndexKeeper, caplog: pytest.LogCaptureFixture
) -> None:
    """A kill between the file of deletions and the commit leaves that file: the next writer would write the same."""
    put_products(source, {"oat": ("Oat drink, 1 l", "Dairy", "Milk", "Acme", 100)})
    assert take_in(keeper) == 1
    holding = index_folder() / generation()
    for segment in {path.stem for path in holding.glob("*.store")}:
        for stamp in range(10_000):
            (holding / f"{segment}.{stamp}.del").touch()
    before = generation()
    put_products(source, {"oat": ("Almond drink, 1 l", "Dairy", "Milk", "Acme", 100)}, stem="again-")
    assert take_in(keeper) == len(PRODUCTS) + 1
    assert generation() != before
    assert [record.getMessage() for record in caplog.records] == ["the index cannot be written to, and is built anew"]
    assert found("almond") == ["oat"]


def test_a_product_that_cannot_be_read_is_left_out_and_told_once(
    source: int, keeper: IndexKeeper, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def words_of(name: str) -> NameWords:
        return name_words(name if name != "Odd potion" else name[99])

    before = generation()
    monkeypatch.setattr(documents, "name_words", words_of)
    monkeypatch.setattr(documents, "_told", set())
    potions = {sku: (f"{sku.title()} potion", "Dairy", "Milk", "Acme", 100) for sku in ("almond", "odd", "rice")}
    put_products(source, potions)
    assert take_in(keeper) == 3
    assert generation() == before
    assert sorted(found("potion")) == ["almond", "rice"]
    assert rebuild_index() == len(PRODUCTS) + 2
    odd = products_by_sku(["odd"])["odd"].id
    assert [record.getMessage() for record in caplog.records] == [
        f"product {odd} cannot be read, and is left out of the index"
    ]
