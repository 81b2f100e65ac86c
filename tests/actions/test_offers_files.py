"""Catalogue files of partners: loaded once, gone on with after a kill, and what a whole file does not list ends."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer

from onebasket.commerce.partners.actions import importing_files
from onebasket.commerce.partners.actions.importing import end_offers
from onebasket.commerce.partners.actions.importing_files import TakenError, take_in
from onebasket.commerce.partners.models import Oddity, Offer, OfferImport, OfferRevision
from onebasket.commerce.partners.rules.partners import PartnerFacts
from onebasket.project.command import load as command
from onebasket.project.loading import offers as loading
from onebasket.project.loading.offers import OfferOptions, OfferTally, load_offers
from onebasket.project.loading.receipts import UnloadableError
from tests.partnering import make_partner

pytestmark = pytest.mark.django_db

HEAD = "id,title,price\n"
EARLIER = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def partner() -> PartnerFacts:
    return make_partner()


def write(path: Path, rows: Sequence[str]) -> Path:
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return path


def rows(start: int, end: int, price: str = "10.00") -> list[str]:
    return [f"o{number},Lamp {number},{price}" for number in range(start, end)]


def load(path: Path, **options: Any) -> OfferTally:
    tally = OfferTally()
    load_offers("lantern", path, OfferOptions(**options), tally)
    return tally


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(UnloadableError) as error:
        load(path, **options)
    return str(error.value)


def counts(tally: OfferTally) -> tuple[int, int, int, int, int]:
    return (tally.read, tally.created, tally.changed, tally.ended, tally.odd)


def test_a_file_is_loaded_and_its_time_is_that_of_its_offers(partner: PartnerFacts, tmp_path: Path) -> None:
    path = write(tmp_path / "day.csv", rows(0, 25))
    os.utime(path, (EARLIER.timestamp(), EARLIER.timestamp()))
    told: list[int] = []
    tally = OfferTally()
    load_offers("lantern", path, OfferOptions(batch=10), tally, told=told.append)
    assert counts(tally) == (25, 25, 0, 0, 0)
    assert len(told) == 3
    assert told[-1] == path.stat().st_size
    assert set(Offer.objects.values_list("stated_at", "currency", "partner_id")) == {(EARLIER, "USD", partner.id)}
    done = OfferImport.objects.get()
    assert (done.name, done.state, done.read, done.created, done.cursor) == ("day.csv", "done", 25, 25, "25")


def test_the_same_file_again_is_nothing_to_do_unless_told_so(partner: PartnerFacts, tmp_path: Path) -> None:
    path, other = write(tmp_path / "a.csv", rows(0, 5)), write(tmp_path / "b.csv", rows(0, 5, "11.00"))
    load(path)
    copied = tmp_path / "copy.csv"
    copied.write_bytes(path.read_bytes())
    assert "nothing to do" in load(copied).loaded_before
    load(other)
    assert "another file has been loaded since" in load(path).loaded_before
    assert counts(load(path, again=True, stated_at=datetime.now(UTC))) == (5, 0, 5, 0, 0)
    assert OfferImport.objects.count() == 3


def test_an_older_file_does_not_take_the_place_of_a_newer_one(partner: PartnerFacts, tmp_path: Path) -> None:
    load(write(tmp_path / "new.csv", rows(0, 5, "12.00")))
    assert counts(load(write(tmp_path / "old.csv", rows(0, 6)), stated_at=EARLIER)) == (6, 1, 0, 0, 0)
    assert sorted(Offer.objects.values_list("price", flat=True)) == [1000, *[1200] * 5]


def test_what_a_whole_file_does_not_list_ends(partner: PartnerFacts, tmp_path: Path) -> None:
    other = make_partner("harbour")
    load_offers("harbour", write(tmp_path / "h.csv", rows(0, 3)), OfferOptions(), OfferTally())
    load(write(tmp_path / "one.csv", rows(0, 10)))
    assert counts(load(write(tmp_path / "two.csv", rows(2, 11)), whole=True, batch=3)) == (9, 1, 0, 2, 0)
    assert set(Offer.objects.filter(gone=True).values_list("partner_id", "reference")) == {
        (partner.id, "o0"), (partner.id, "o1"),
    }  # fmt: skip
    assert Offer.objects.filter(partner_id=other.id, gone=False).count() == 3
    numbers = Offer.objects.values_list("changed", flat=True)
    assert OfferRevision.objects.get().changed == max(numbers)
    assert len(set(numbers)) == len(numbers)
    assert counts(load(write(tmp_path / "three.csv", rows(1, 11)), whole=True)) == (10, 0, 1, 0, 0)


MONDAY, TUESDAY = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC)


def test_what_is_missing_in_one_file_and_listed_in_the_next_is_there(partner: PartnerFacts, tmp_path: Path) -> None:
    """Both are loaded on Wednesday: what ends, ends as of the file that does not list it."""
    load(write(tmp_path / "sunday.csv", rows(0, 10)), stated_at=EARLIER)
    assert load(write(tmp_path / "monday.csv", rows(1, 10)), whole=True, stated_at=MONDAY).ended == 1
    assert Offer.objects.get(gone=True).stated_at == MONDAY
    assert load(write(tmp_path / "tuesday.csv", rows(0, 10, "11.00")), whole=True, stated_at=TUESDAY).changed == 10
    assert not Offer.objects.filter(gone=True).exists()


def test_an_older_whole_file_ends_nothing_that_a_newer_one_lists(partner: PartnerFacts, tmp_path: Path) -> None:
    load(write(tmp_path / "sunday.csv", rows(0, 9)), stated_at=EARLIER)
    load(write(tmp_path / "tuesday.csv", rows(1, 10)), stated_at=TUESDAY)
    assert load(write(tmp_path / "monday.csv", rows(2, 9)), whole=True, stated_at=MONDAY).ended == 1
    assert list(Offer.objects.filter(gone=True).values_list("reference", flat=True)) == ["o0"]


def test_a_file_from_the_future_ends_as_of_now(partner: PartnerFacts, tmp_path: Path) -> None:
    load(write(tmp_path / "one.csv", rows(0, 10)))
    load(write(tmp_path / "two.csv", rows(1, 10)), whole=True, stated_at=datetime(2090, 1, 1, tzinfo=UTC))
    ended = Offer.objects.get(gone=True)
    assert ended.reference == "o0"
    assert ended.stated_at < datetime.now(UTC)


def test_what_is_stated_anew_between_look_and_end_stays(
    partner: PartnerFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(write(tmp_path / "one.csv", rows(0, 10)), stated_at=EARLIER)

    def meanwhile(*given: Any, **named: Any) -> int:
        Offer.objects.filter(reference="o0").update(stated_at=TUESDAY)
        return end_offers(*given, **named)

    monkeypatch.setattr(importing_files, "end_offers", meanwhile)
    assert load(write(tmp_path / "two.csv", rows(2, 10)), whole=True, stated_at=MONDAY).ended == 1
    assert list(Offer.objects.filter(gone=True).values_list("reference", flat=True)) == ["o1"]


def test_a_file_without_whole_ends_nothing(partner: PartnerFacts, tmp_path: Path) -> None:
    load(write(tmp_path / "one.csv", rows(0, 10)))
    assert load(write(tmp_path / "two.csv", rows(0, 1))).ended == 0
    assert not Offer.objects.filter(gone=True).exists()


def test_a_whole_file_that_lists_too_few_is_refused_until_told_so(partner: PartnerFacts, tmp_path: Path) -> None:
    load(write(tmp_path / "one.csv", rows(0, 10)))
    path = write(tmp_path / "two.csv", rows(0, 7, "11.00"))
    said = refused(path, whole=True)
    assert "does not list 3 of 10 offers (30.0%), more than 20%" in said
    assert "--most-ended 30" in said
    assert Offer.objects.filter(gone=True).count() == 0
    assert Offer.objects.filter(price=1100).count() == 7
    failed = OfferImport.objects.get(name="two.csv")
    assert (failed.state, failed.reason) == ("failed", said.removeprefix("two.csv: "))
    assert counts(load(path, whole=True, most_ended=0.3)) == (7, 0, 7, 3, 0)
    assert Offer.objects.filter(gone=True).count() == 3


def test_what_is_odd_in_a_whole_file_is_listed_nonetheless(partner: PartnerFacts, tmp_path: Path) -> None:
    load(write(tmp_path / "one.csv", rows(0, 10)))
    listed = [*rows(0, 7), "o7,,10.00", "o8,Lamp,ten"]
    tally = load(write(tmp_path / "two.csv", listed), whole=True)
    assert counts(tally) == (9, 0, 0, 1, 2)
    assert tally.reasons == {"no_title": 1, "bad_price": 1}
    assert list(Offer.objects.filter(gone=True).values_list("reference", flat=True)) == ["o9"]
    assert set(Oddity.objects.values_list("kind", "reference", "reason")) == {
        ("offer", "o7", "no_title"), ("offer", "o8", "bad_price"),
    }  # fmt: skip


NAMELESS = '"o9,Lamp,10.00'
"""A row of which nobody can tell which offer it is: the first quotation mark is not closed."""


@pytest.mark.parametrize("nameless", [NAMELESS, ",Lamp,10.00"])
def test_a_whole_file_with_rows_that_name_nothing_ends_nothing_and_says_so(
    partner: PartnerFacts, tmp_path: Path, capsys: pytest.CaptureFixture[str], nameless: str
) -> None:
    load(write(tmp_path / "one.csv", rows(0, 10)))
    path = write(tmp_path / "two.csv", [*rows(1, 9), nameless])
    command.offers(path, partner="lantern", whole=True)
    assert (
        "2 offers are not listed, and none was ended: of 1 odd entry it cannot be told which offer it is."
        in " ".join(capsys.readouterr().out.split())
    )
    assert not Offer.objects.filter(gone=True).exists()
    assert OfferImport.objects.get(name="two.csv").nameless == 1
    command.offers(write(tmp_path / "three.csv", [*rows(0, 10), nameless]), partner="lantern", whole=True)
    assert "none was ended" not in capsys.readouterr().out
    assert load(write(tmp_path / "four.csv", rows(1, 9)), whole=True).ended == 2


def test_what_named_nothing_is_remembered_when_a_load_goes_on(
    partner: PartnerFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(write(tmp_path / "one.csv", rows(0, 10)))
    path = write(tmp_path / "two.csv", [NAMELESS, *rows(1, 9)])

    def killed(*_: Any, **named: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loading, "count_unlisted", killed)
        with pytest.raises(KeyboardInterrupt):
            load(path, whole=True)
    tally = load(path, whole=True)
    assert (tally.resumed, tally.taken, tally.ended, tally.spared, tally.nameless) == (True, 0, 0, 2, 1)


def test_a_row_with_other_columns_than_the_heading_is_listed_by_its_first(
    partner: PartnerFacts, tmp_path: Path
) -> None:
    load(write(tmp_path / "one.csv", rows(0, 10)))
    tally = load(write(tmp_path / "two.csv", [*rows(0, 7), "o7,Lamp", "o8,Lamp, green,10.00"]), whole=True)
    assert counts(tally) == (9, 0, 0, 1, 2)
    assert tally.nameless == 0
    assert list(Offer.objects.filter(gone=True).values_list("reference", flat=True)) == ["o9"]


def test_a_whole_file_that_was_cut_ends_nothing(partner: PartnerFacts, tmp_path: Path) -> None:
    load(write(tmp_path / "one.csv", rows(0, 10)))
    path = write(tmp_path / "two.csv", rows(0, 9, "11.00"))
    path.write_bytes(path.read_bytes()[:-8])
    said = refused(path, whole=True, most_ended=1.0)
    assert "was cut" in said
    assert "get the whole file" in said
    assert Offer.objects.filter(gone=True).count() == 0
    assert Offer.objects.filter(price=1100).count() == 8


def test_a_file_that_is_read_wrongly_is_refused_before_it_fills_the_queue(
    partner: PartnerFacts, tmp_path: Path
) -> None:
    said = refused(write(tmp_path / "one.csv", rows(0, 30, "cheap")))
    assert "None of the first 30 entries can be taken in" in said
    assert "--mapping" in said
    assert (Oddity.objects.count(), Offer.objects.count()) == (0, 0)
    assert counts(load(write(tmp_path / "one.csv", rows(0, 30)))) == (30, 30, 0, 0, 0)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"form": "poslog"}, "no format 'poslog'"), ({"encoding": "klingon"}, "no encoding 'klingon'"), ({}, "")],
)
def test_what_the_loader_cannot_do_it_says(
    partner: PartnerFacts, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    if options:
        assert said in refused(write(tmp_path / "one.csv", rows(0, 3)), **options)
    with pytest.raises(UnloadableError, match="no partner 'nobody'"):
        load_offers("nobody", write(tmp_path / "one.csv", rows(0, 3)), OfferOptions(), OfferTally())


def test_two_loaders_of_one_file_do_not_both_go_on(
    partner: PartnerFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "one.csv", rows(0, 30))
    took, inner = take_in, [True]

    def while_another(*given: Any, **named: Any) -> Any:
        if inner.pop():
            inner.append(False)
            with pytest.raises(UnloadableError):
                load(path, batch=7, form="csv", encoding="klingon")
            OfferImport.objects.update(read=7, state="running")
        else:
            inner.append(False)
        return took(*given, **named)

    monkeypatch.setattr(loading, "take_in", while_another)
    assert "by somebody else" in refused(path, batch=10)
    assert issubclass(TakenError, Exception)
    assert Offer.objects.count() == 0
    monkeypatch.undo()
    OfferImport.objects.update(read=0)
    assert load(path).created == 30


SETUP = """
import django; django.setup()
from tests.partnering import make_partner
make_partner()
"""


def test_a_load_that_is_killed_goes_on_and_comes_to_the_same(
    command: tuple[str, ...], spare_databases: Any, tmp_path: Path
) -> None:
    count = 4_000
    first = write(tmp_path / "first.csv", rows(0, count))
    second = write(
        tmp_path / "second.csv", [*rows(300, 3_000), *rows(3_000, count, "12.50"), *rows(count, count + 500)]
    )
    every = {}
    for name, patience in (("killed", (0.0, 0.4)), ("whole", ())):
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "onebasket.project.settings", "DATABASE_URL": spare_databases.copy(),
            "ONEBASKET_ENV": "test", "PYTHONPATH": os.pathsep.join(sys.path),
        }  # fmt: skip
        subprocess.run([sys.executable, "-c", SETUP], env=environment, check=True)
        for path, whole in ((first, False), (second, True)):
            arguments = [*command, "load", "offers", str(path), "--partner", "lantern", "--batch", "20"]
            _run(arguments + ["--whole"] * whole, environment, patience)
        every[name] = subprocess.run(
            [sys.executable, "-c", DUMP], env=environment, check=True, capture_output=True, text=True
        ).stdout
    killed, straight = (_without_numbers(text) for text in (every["killed"], every["whole"]))
    assert killed == straight
    assert straight[1:] == (count + 500, 300, count + 500 + (count - 3_000) + 300)


DUMP = """
import django; django.setup()
from onebasket.base import bulk
columns = "reference, title, price, currency, stock, available, gone, changed"
for row in bulk.fetch(f"SELECT {columns} FROM partners_offer ORDER BY reference"):
    print(repr(tuple(int(v) if isinstance(v, bool) else v for v in row)))
for row in bulk.fetch("SELECT state, read, created, changed, ended, odd FROM partners_offerimport ORDER BY id"):
    print("import", row)
print("revision", bulk.fetch("SELECT changed FROM partners_offerrevision")[0][0])
"""


def _without_numbers(text: str) -> tuple[Any, int, int, int]:
    """Return what is kept, how many offers there are, how many of them are gone, and the last number of change."""
    lines = text.splitlines()
    found = [eval(line) for line in lines if line.startswith("(")]  # noqa: S307 - written by the line above
    numbers = [row[-1] for row in found]
    assert len(set(numbers)) == len(numbers)
    revision = int(lines[-1].split()[1])
    assert revision == max(numbers)
    kept = [row[:-1] for row in found] + [line for line in lines if line.startswith("import")]
    return kept, len(found), sum(row[6] for row in found), revision


def _run(arguments: Sequence[str], environment: dict[str, str], patience: Sequence[float]) -> None:
    """Load a file, the process killed some time after it began to write, again and again; then to its end."""
    left: list[int] = []
    for seconds in patience:
        process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _wait(lambda: _under_way(environment) > 0, process)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        left.append(_under_way(environment))
    assert not patience or left[0] > 0, "no kill came in the middle"
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not patience or "gone on with" in done.stdout or "nothing to do" in done.stdout, done.stdout


def _wait(comes: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None and not comes():
        time.sleep(0.02)


def _under_way(environment: dict[str, str]) -> int:
    """Return how many entries have been read of the import that is under way, out of the process's own database."""
    url, sql = environment["DATABASE_URL"], "SELECT SUM(read) FROM partners_offerimport WHERE state = 'running'"
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            return int(file.execute(sql).fetchone()[0] or 0)
    with psycopg.connect(url) as session:
        found = session.execute(sql).fetchone()
        return int(found[0] or 0) if found else 0


def test_the_command_says_what_became_of_a_file(
    partner: PartnerFacts, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "one.csv", [*rows(0, 5), "o6,,10.00"])
    command.offers(path, partner="lantern")
    said = " ".join(capsys.readouterr().out.split())
    assert "6 offers read: 5 new, 0 changed, 0 ended, the others as they were; 1 odd." in said
    assert "1 odd: no_title" in said
    command.offers(path, partner="lantern")
    assert "nothing to do. --again takes it in once more." in " ".join(capsys.readouterr().out.split())
    with pytest.raises(typer.Exit):
        command.offers(write(tmp_path / "two.csv", rows(0, 1)), partner="lantern", whole=True)
    assert "none was ended" in " ".join(capsys.readouterr().out.split())
