"""Statements of commission out of files, into the ledger: once, restated by newer files, odd lines in the queue."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer

from onebasket.commerce.partners.models import CommissionEntry, CommissionLine, Oddity
from onebasket.commerce.partners.rules.partners import PartnerFacts
from onebasket.project.command import load as command
from onebasket.project.loading.commissions import CommissionTally, load_commissions
from onebasket.project.loading.receipts import UnloadableError
from tests.partnering import make_partner

pytestmark = pytest.mark.django_db

HEAD = "line_id,order_id,status,amount,commission,bought_at\n"


@pytest.fixture
def partner() -> PartnerFacts:
    return make_partner()


def load(path: Path, content: str, *, day: int) -> CommissionTally:
    path.write_text(content)
    at = datetime(2026, 11, day, tzinfo=UTC).timestamp()
    os.utime(path, (at, at))
    tally = CommissionTally()
    load_commissions("lantern", path, tally)
    return tally


def test_a_statement_is_booked_once_and_restated_by_a_newer_one(partner: PartnerFacts, tmp_path: Path) -> None:
    lines = HEAD + "9-1,9,pending,20.00,1.40,2026-10-30T10:00:00Z\n9-2,9,pending,10.00,0.70,2026-10-30T10:00:00Z\n"
    first = load(tmp_path / "a.csv", lines, day=1)
    assert (first.read, first.booked.created, first.unreadable) == (2, 2, 0)
    again = load(tmp_path / "b.csv", lines, day=2)
    assert (again.booked.created, again.booked.changed, again.booked.unchanged) == (0, 0, 2)
    newer = load(tmp_path / "c.csv", lines.replace("9-2,9,pending,10.00,0.70", "9-2,9,reversed,10.00,0.70"), day=3)
    assert (newer.booked.changed, newer.booked.unchanged) == (1, 1)
    older = load(tmp_path / "d.csv", lines, day=1)
    assert older.booked.changed == 0
    assert dict(CommissionLine.objects.values_list("key", "commission")) == {"9-1": 140, "9-2": 0}
    assert sorted(CommissionEntry.objects.values_list("key", "change")) == [("9-1", 140), ("9-2", -70), ("9-2", 70)]


def test_lines_that_cannot_be_read_stand_in_the_queue(partner: PartnerFacts, tmp_path: Path) -> None:
    tally = load(tmp_path / "a.csv", HEAD + "1,7,paid,1.00,one,\n2,8,paid,1.00,0.10,\n", day=1)
    assert (tally.read, tally.booked.created, tally.unreadable) == (2, 1, 1)
    assert ("7", "bad_price") in set(Oddity.objects.values_list("reference", "reason"))
    assert Oddity.objects.get(reason="bad_price").content == "1,7,paid,1.00,one,\n"


def test_what_is_no_statement_says_so(
    partner: PartnerFacts, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnloadableError, match="no column for the order"):
        load(tmp_path / "a.csv", "status,commission\n", day=1)
    with pytest.raises(UnloadableError, match="was cut"):
        load(tmp_path / "a.csv", HEAD + "1,7,paid,1.00,1.00,\n1,7,pa", day=1)
    (tmp_path / "a.csv").write_text(HEAD + "3,7,paid,1.00,1.00,\n")
    command.commissions(tmp_path / "a.csv", partner="lantern")
    assert "1 lines read: 1 new, 0 changed" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(typer.Exit):
        command.commissions(tmp_path / "a.csv", partner="nobody")
