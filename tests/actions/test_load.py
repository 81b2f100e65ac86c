"""Loading files: each receipt once however often, what cannot be booked kept whole, folders that survive a kill."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest
import typer
from django.db import DataError

from onebasket.base import quarantine
from onebasket.base.models import InboxEntry, QuarantineItem
from onebasket.commerce.access.actions import enrol_source, set_source_active
from onebasket.commerce.pricing.actions.tills import book_receipts
from onebasket.commerce.pricing.models import Promotion
from onebasket.commerce.sales.models import Receipt as ReceiptRow
from onebasket.commerce.sales.rules.receipt import Receipt
from onebasket.commerce.stock.models import Shelf
from onebasket.project.command import load
from onebasket.project.loading.folders import DONE, REPORT, WatchedFolder
from onebasket.project.loading.items import KINDS, ItemTally, load_items
from onebasket.project.loading.pace import FIRST_GUESS, Pace
from onebasket.project.loading.receipts import ReceiptFiles, Tally, UnloadableError, source_id_of
from tests.scenario import Chain, line, open_chain, receipt

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain() -> Chain:
    return open_chain()


def sale(number: int) -> Receipt:
    return receipt(number, line("milk"), line("bread", 2, paid=500))


def write(path: Path, *messages: object) -> Path:
    lines = [item if isinstance(item, bytes) else msgspec.json.encode(item) for item in messages]
    path.write_bytes(b"".join(text + b"\n" for text in lines))
    return path


def milk() -> int:
    return Shelf.objects.get(place__code="s1", product__sku="milk", state=1).on_hand


def test_receipts_are_booked_once_however_often_they_are_loaded(chain: Chain, tmp_path: Path) -> None:
    path = write(tmp_path / "day.jsonl", *[sale(n) for n in range(1, 8)], sale(3))
    files = ReceiptFiles(chain.source, batch=3)
    first, second, told = Tally(), Tally(), list[int]()
    assert files.load(path, first, told=told.append)
    assert files.load(path, second)

    assert (first.booked, first.repeated, first.quarantined, first.lines) == (7, 1, 0, 14)
    assert (second.booked, second.repeated, second.lines) == (0, 8, 0)
    assert (milk(), ReceiptRow.objects.count()) == (13, 7)
    assert told[-1] == path.stat().st_size
    assert told == sorted(told)
    assert len(told) == 3


def test_another_loader_counts_what_was_there_as_repeated(chain: Chain, tmp_path: Path) -> None:
    path = write(tmp_path / "day.jsonl", sale(1))
    ReceiptFiles(chain.source).load(path, Tally())
    tally = Tally()
    ReceiptFiles(chain.source).load(path, tally)
    assert (tally.booked, tally.repeated) == (0, 1)


def test_what_cannot_be_booked_is_kept_whole_and_its_neighbours_go_on(chain: Chain, tmp_path: Path) -> None:
    broken = b'{"key": "r2", "place": "s1"'
    path = write(
        tmp_path / "day.jsonl", sale(1), broken, receipt(3, line("milk"), change=0), sale(4), receipt(5, place="s9")
    )
    tally = Tally()
    ReceiptFiles(chain.source).load(path, tally)
    assert (tally.booked, tally.quarantined) == (2, 3)
    assert dict(tally.reasons) == {"not-json": 1, "does_not_tie": 1, "unknown_place": 1}
    kept = QuarantineItem.objects.get(reason="not-json")
    assert (kept.content, kept.key, kept.state) == (broken.decode() + "\n", "r2", "open")


def test_a_receipt_that_the_database_refuses_stands_alone(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = book_receipts

    def refuse(source: int, items: list[Receipt | quarantine.Unreadable]) -> object:
        if any(isinstance(item, Receipt) and item.number == "3" for item in items):
            raise DataError("value out of range")
        return book(source, items)

    monkeypatch.setattr("onebasket.project.loading.receipts.book_receipts", refuse)
    tally = Tally()
    ReceiptFiles(chain.source).load(write(tmp_path / "day.jsonl", *[sale(n) for n in range(1, 7)]), tally)
    assert (tally.booked, tally.quarantined, dict(tally.reasons)) == (5, 1, {"failed": 1})
    kept = QuarantineItem.objects.get()
    assert (kept.key, kept.place_code) == ("r3", "s1")
    assert msgspec.json.decode(kept.content, type=Receipt) == sale(3)


def test_sources_and_formats_are_checked_first(chain: Chain, tmp_path: Path) -> None:
    enrol_source("shut", actor="tests")
    set_source_active("shut", active=False, actor="tests")
    for code, remedy in (("nobody", "onebasket source enrol nobody"), ("shut", "onebasket source open shut")):
        with pytest.raises(UnloadableError, match=remedy):
            source_id_of(code)
    with pytest.raises(UnloadableError):
        ReceiptFiles(chain.source, form="pdf")
    with pytest.raises(UnloadableError):
        ReceiptFiles(chain.source).load(write(tmp_path / "day.csv", b"a,b"), Tally())
    with pytest.raises(UnloadableError):
        ReceiptFiles(chain.source, mapping=write(tmp_path / "map.toml", b"nothing = 1"))
    assert InboxEntry.objects.filter(kind="receipt").count() == 0


def test_csv_is_read_by_its_mapping(chain: Chain, tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text(
        'group = ["nr"]\nderived_tender = "cash"\n'
        '[constants]\nplace = "s1"\ntill = "t9"\nkind = "sale"\ncurrency = "USD"\n'
        '[receipt]\nnumber = "nr"\noccurred_at = "at"\n[line]\ncode = "code"\nquantity = "qty"\npaid_amount = "paid"\n',
        encoding="utf-8",
    )
    day = tmp_path / "day.csv"
    day.write_text("nr,at,code,qty,paid\n1,2026-03-02T10:00:00,milk,2,5.00\n1,2026-03-02T10:00:00,eggs,1,2.50\n")
    tally = Tally()
    ReceiptFiles(chain.source, mapping=mapping).load(day, tally)
    assert (tally.booked, tally.lines, dict(tally.reasons)) == (1, 2, {})
    assert milk() == 18


def test_the_command_prints_what_became_of_it(chain: Chain, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "day.jsonl", sale(1), sale(2), b"nonsense")
    load.sales(paths=[path], source="till-1")
    said = " ".join(capsys.readouterr().out.split())
    assert "2 receipts booked, 0 repeated, 1 in quarantine; 4 lines in" in said
    assert "1 in quarantine: not-json" in said

    with pytest.raises(typer.Exit):
        load.sales(paths=[path], source="nobody")
    with pytest.raises(typer.BadParameter):
        load.sales(source="till-1")


class Clock:
    """Time as the folder sees it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("onebasket.project.loading.folders.time.monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_file_is_loaded_when_it_is_whole_and_then_moved(chain: Chain, tmp_path: Path, clock: Clock) -> None:
    folder = WatchedFolder(tmp_path, ReceiptFiles(chain.source))
    write(tmp_path / ".hidden.jsonl", sale(8))
    write(tmp_path / "half.jsonl.part", sale(9))
    path = write(tmp_path / "day.jsonl", sale(1))
    assert folder.look() == 0
    write(path, sale(1), sale(2))  # it still grows
    clock.now += 3
    assert folder.look() == 0
    clock.now += 3
    assert folder.look() == 1

    assert (ReceiptRow.objects.count(), path.exists()) == (2, False)
    assert [entry.name for entry in (tmp_path / DONE).iterdir()] == ["day.jsonl"]
    clock.now += 10
    assert folder.look() == 0


def test_what_went_to_quarantine_is_reported_beside_the_file(chain: Chain, tmp_path: Path, clock: Clock) -> None:
    folder = WatchedFolder(tmp_path, ReceiptFiles(chain.source), settle=0)
    for _ in range(2):
        write(tmp_path / "day.jsonl", sale(1), b"nonsense")
        folder.look()
    names = sorted(entry.name for entry in (tmp_path / DONE).iterdir())
    assert names == ["day.2.jsonl", f"day.2.jsonl{REPORT}", "day.jsonl", f"day.jsonl{REPORT}"]
    stated = json.loads((tmp_path / DONE / f"day.jsonl{REPORT}").read_text())
    assert (stated["booked"], stated["quarantined"], stated["reasons"]) == (1, 1, {"not-json": 1})


def test_a_file_that_cannot_be_read_is_left_until_it_changes(chain: Chain, tmp_path: Path, clock: Clock) -> None:
    folder = WatchedFolder(tmp_path, ReceiptFiles(chain.source), settle=0)
    path = write(tmp_path / "day.csv", b"a,b")
    assert (folder.look(), folder.look()) == (1, 0)
    assert "--mapping" in json.loads((tmp_path / f"day.csv{REPORT}").read_text())["problem"]
    assert path.exists()
    path.unlink()
    write(tmp_path / "day.csv.jsonl", sale(1))
    assert folder.look() == 1


def test_stopping_leaves_the_file_for_the_next_time(chain: Chain, tmp_path: Path, clock: Clock) -> None:
    stopping = threading.Event()
    files = ReceiptFiles(chain.source, batch=1)
    path = write(tmp_path / "day.jsonl", *[sale(n) for n in range(1, 6)])
    tally = Tally()
    assert not files.load(path, tally, stopped=lambda: tally.booked >= 2)
    assert (tally.booked, path.exists()) == (2, True)
    folder = WatchedFolder(tmp_path, files, stopping=stopping, settle=0)
    stopping.set()
    assert folder.look() == 0
    stopping.clear()
    assert folder.look() == 1
    assert (ReceiptRow.objects.count(), milk()) == (5, 15)


def test_a_folder_that_is_not_there_is_told(chain: Chain, tmp_path: Path) -> None:
    with pytest.raises(UnloadableError):
        WatchedFolder(tmp_path / "nowhere", ReceiptFiles(chain.source))


SETUP = """
import django
django.setup()
from tests.scenario import open_chain
open_chain()
"""


def test_a_loader_that_is_killed_again_and_again_books_everything_once(
    command: tuple[str, ...], spare_database_url: str, tmp_path: Path
) -> None:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "onebasket.project.settings", "DATABASE_URL": spare_database_url,
        "ONEBASKET_ENV": "test", "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }  # fmt: skip
    subprocess.run([sys.executable, "-c", SETUP], env=environment, check=True)
    count = 600
    write(tmp_path / "day.jsonl", *[receipt(n, line("milk", paid=1), place=f"s{1 + n % 2}") for n in range(count)])
    arguments = [*command, "load", "sales", "--source", "till-1", "--batch", "5", "--watch", str(tmp_path)]
    for patience in (3.2, 3.5, 30.0):
        process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        until = time.monotonic() + patience
        while time.monotonic() < until and not (tmp_path / DONE / "day.jsonl").exists():
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()

    assert (tmp_path / DONE / "day.jsonl").exists()
    audit = subprocess.run([*command, "audit", "--json"], env=environment, capture_output=True, text=True, check=False)
    findings = {item["check"]: item for item in json.loads(audit.stdout)["findings"]}
    assert audit.returncode == 0, audit.stdout
    assert findings["sales.entries"]["figure"] == count


def test_a_pace_beside_a_hub_finds_a_batch_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("onebasket.project.loading.pace.time.sleep", slept.append)
    pace = Pace(1000, beside_hub=lambda: True)
    assert pace.size == FIRST_GUESS
    pace.learn(20, 0.005)
    assert pace.size == 40  # no more than double at a time
    for _ in range(8):
        pace.learn(pace.size, pace.size * 0.0004)
    assert pace.size == 100  # 40 ms at 0.4 ms a receipt
    pace.learn(100, 10.0)
    assert pace.size == 50
    assert slept[0] == 0.005
    assert max(slept) == 0.04


def test_a_pace_alone_takes_all_that_was_asked_for() -> None:
    pace = Pace(1000, beside_hub=lambda: False)
    pace.learn(1000, 5.0)
    assert pace.size == 1000


def test_items_are_loaded_as_the_api_takes_them(chain: Chain, tmp_path: Path) -> None:
    path = write(
        tmp_path / "products.jsonl",
        {"key": "n1", "sku": "tea", "name": "Tea"},
        {"key": "n2", "sku": "oats", "name": "Oats", "unit": "stone"},
        b"{nonsense",
        {"key": "n1", "sku": "tea", "name": "Tea"},
        {"key": "n1", "sku": "tea", "name": "Other"},
        {"key": "i-milk", "sku": "milk", "name": "Milk"},
    )
    tally = ItemTally()
    load_items(KINDS["products"], path, source_id=chain.source, tally=tally)
    assert dict(tally.outcomes) == {"created": 3, "invalid": 1, "unreadable": 1, "conflict": 1}
    assert tally.refused == 3
    assert [number for number, _ in tally.problems] == [3, 2, 5]


def test_promotions_come_from_a_file(chain: Chain, tmp_path: Path) -> None:
    deal = {
        "code": "deal", "name": "Deal", "saving": {"kind": "percent_off", "share": 100_000},
        "goods": {"skus": ["milk"]}, "valid_from": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    strange = deal | {"goods": {"skus": ["soap"]}}
    lines = [{"key": "p1", "promotion": deal, "state": "live"}, {"key": "p2", "promotion": strange}, {"key": "p3"}]
    path = write(tmp_path / "promotions.jsonl", *(json.dumps(line).encode() for line in lines))
    tally = ItemTally()

    load_items(KINDS["promotions"], path, source_id=chain.source, tally=tally)

    assert dict(tally.outcomes) == {"created": 1, "invalid": 1, "unreadable": 1}
    assert Promotion.objects.get().recorded_by == "onebasket load"


def test_facts_about_stock_that_cannot_be_booked_are_kept(chain: Chain, tmp_path: Path) -> None:
    fact = {
        "key": "d1", "place": "s1", "kind": "delivery", "occurred_at": "2026-03-02T12:00:00Z",
        "lines": [{"sku": "milk", "quantity": 6}],
    }  # fmt: skip
    path = write(tmp_path / "stock.jsonl", fact, {**fact, "key": "d2", "place": "s9"}, b'{"key": "d3"}', fact)
    tally = ItemTally()
    load_items(KINDS["stock"], path, source_id=chain.source, tally=tally)
    assert dict(tally.outcomes) == {"booked": 2, "quarantined": 2}
    assert (milk(), QuarantineItem.objects.count()) == (26, 2)
    assert tally.refused == 0, "they are kept: the same again does not help"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_item_has_its_command(kind: str, chain: Chain, tmp_path: Path) -> None:
    empty = write(tmp_path / "none.jsonl")
    getattr(load, kind)([empty], source="till-1")
    bad = write(tmp_path / "bad.jsonl", b"nonsense")
    with nullcontext() if kind == "stock" else pytest.raises(typer.Exit):
        getattr(load, kind)([bad], source="till-1")
    assert QuarantineItem.objects.count() == (kind == "stock")
