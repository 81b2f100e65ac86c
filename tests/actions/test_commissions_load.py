"""Statements of commission out of files, by the command: dated, loaded again without effect, odd lines told."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onebasket.commerce.partners.actions.referring import follow_links
from onebasket.commerce.partners.models import CommissionLine, Oddity, Partner
from onebasket.commerce.partners.rules.referrals import FollowLink
from onebasket.project.command.load import group
from onebasket.project.loading.commissions import CommissionTally, load_commissions
from onebasket.project.loading.receipts import UnloadableError
from tests.partnering import add_offers, make_partner

pytestmark = pytest.mark.django_db
HEAD = "key,order,status,currency,amount,commission,rate,click,reference,bought_at"
PAID, TAKEN_BACK = "approved", "declined"


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join((HEAD, *rows)) + "\n", encoding="utf-8")
    return path


def row(key: str, status: str = PAID, commission: str = "0.70") -> str:
    return f"{key},o{key},{status},USD,10.00,{commission},7%,,loom,2026-03-02T12:00:00Z"


def at(hour: int) -> datetime:
    return datetime(2026, 3, 3, hour, tzinfo=UTC)


def test_a_statement_is_booked_and_the_same_again_changes_nothing(tmp_path: Path) -> None:
    make_partner("harbour", gateway="feed")
    file = write(tmp_path / "march.csv", row("1"), row("2", TAKEN_BACK), row("3", "sleeping"), row("4", PAID, "much"))
    runner = CliRunner()
    first = runner.invoke(group, ["commissions", str(file), "--partner", "harbour"])
    assert (first.exit_code, first.output) == (0, "4 lines read: 2 new, 0 changed, 0 as they were; 4 odd.\n")
    again = runner.invoke(group, ["commissions", str(file), "--partner", "harbour"])
    assert again.output == "4 lines read: 0 new, 0 changed, 2 as they were; 2 odd.\n"
    rows = list(CommissionLine.objects.order_by("key").values_list("key", "standing", "commission", "rate"))
    assert rows == [("1", "confirmed", 70, 70_000), ("2", "clawed_back", 0, 70_000)]
    assert sorted(Oddity.objects.values_list("reason", flat=True)) == sorted(
        ["no_click", "no_click", "status_unknown", Oddity.objects.get(reference="o4").reason]
    )


def test_an_older_file_that_is_loaded_later_changes_nothing(tmp_path: Path) -> None:
    make_partner("harbour", gateway="feed")
    older, newer = write(tmp_path / "a.csv", row("1")), write(tmp_path / "b.csv", row("1", TAKEN_BACK))
    load_commissions("harbour", newer, stated_at=at(9))
    assert load_commissions("harbour", older, stated_at=at(8)) == CommissionTally(1, 0, 0, 1, 0)
    assert CommissionLine.objects.get().standing == "clawed_back"
    assert load_commissions("harbour", older, stated_at=at(10)) == CommissionTally(1, 0, 1, 0, 0)
    assert CommissionLine.objects.get().standing == "confirmed"


def test_rows_without_a_key_are_never_booked_over_each_other(tmp_path: Path) -> None:
    make_partner("harbour", gateway="feed")
    file = tmp_path / "march.csv"
    file.write_text("order,status,commission\nO1,approved,3.00\nO1,approved,5.00\nO1,approved,7.00\n")
    assert load_commissions("harbour", file, stated_at=at(9)) == CommissionTally(3, 1, 0, 0, 4)
    assert load_commissions("harbour", file, stated_at=at(9)) == CommissionTally(3, 0, 0, 1, 2)
    assert list(CommissionLine.objects.values_list("key", "commission", "entries")) == [("O1", 300, 1)]
    kept = Oddity.objects.filter(reason="key_doubled").order_by("content").values_list("content", "times")
    assert list(kept) == [("O1,approved,5.00\n", 2), ("O1,approved,7.00\n", 2)]


def test_what_was_bought_on_the_day_of_the_click_is_credited(tmp_path: Path) -> None:
    partner = make_partner("harbour", gateway="feed")
    Partner.objects.filter(pk=partner.id).update(options={"hosts": "harbour.example"})
    offer = add_offers(partner, {"loom": {}})["loom"]
    clicked = datetime(2026, 3, 2, 18, tzinfo=UTC)
    call = FollowLink(
        offer_id=offer, channel="shop", place_id=0, associate="", shown_at=clicked, serial="s", click="c1",
        clicked_at=clicked,
    )  # fmt: skip
    assert follow_links([call])[0].address
    file = tmp_path / "march.csv"
    file.write_text("key,order,status,commission,click,bought_at\n1,O1,approved,3.00,c1,2026-03-02\n")
    load_commissions("harbour", file)
    assert CommissionLine.objects.get().attribution == "last_click"


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("reason", "a\x00b", "text_odd"),
        ("rate", "99999999", "rate_odd"),
        ("rate", "-99999999", "rate_odd"),
        ("quantity", "9" * 18, ""),
        ("bought_at", "0001-01-01T00:00:00+14:00", "bad_time"),
        ("changed_at", "9999-12-31T23:59:59-12:00", "bad_time"),
        ("bought_at", "0001-01-01", ""),
        ("changed_at", "9999-12-31", "stated_ahead"),
    ],
)
def test_a_row_that_no_column_holds_stops_no_other(tmp_path: Path, field: str, text: str, reason: str) -> None:
    make_partner("harbour", gateway="feed")
    rows = (f"key,order,status,commission,{field}", f"1,o1,approved,3.00,{text}", "2,o2,approved,5.00,")
    (tmp_path / "march.csv").write_text("\n".join(rows) + "\n")
    tally = load_commissions("harbour", tmp_path / "march.csv")
    kept = {"2"} if reason and reason != "stated_ahead" else {"1", "2"}
    assert set(CommissionLine.objects.values_list("key", flat=True)) == kept
    assert tally.created == len(kept)
    odd = set(Oddity.objects.exclude(reason__in=["no_click", "no_agreement"]).values_list("reason", flat=True))
    assert odd - {"commission_differs"} == ({reason} if reason else set())


def test_what_is_no_statement_is_said(tmp_path: Path) -> None:
    make_partner("harbour", gateway="feed")
    with pytest.raises(UnloadableError, match="no partner 'nobody'"):
        load_commissions("nobody", write(tmp_path / "a.csv", row("1")))
    (tmp_path / "b.csv").write_text("one,two\n1,2\n")
    runner = CliRunner()
    said = runner.invoke(group, ["commissions", str(tmp_path / "b.csv"), "--partner", "harbour"])
    assert said.exit_code == 1
    assert CommissionLine.objects.count() == 0
