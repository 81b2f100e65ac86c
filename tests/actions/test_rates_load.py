"""Exchange rates out of files: exact, once, and what is no rate is named."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from hypothesis import example, given
from hypothesis import strategies as st

from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.partners.models import ExchangeRate
from onebasket.project.command import load as command
from onebasket.project.loading.items import ItemTally
from onebasket.project.loading.rates import load_rates, read_rate
from onebasket.project.loading.receipts import UnloadableError

HEAD = "base,quote,rate,valid_from\n"


def load(path: Path, content: str) -> ItemTally:
    path.write_text(content)
    tally = ItemTally()
    load_rates(path, source_id=enrol_source(f"bank-{path.stem}", actor="tests"), tally=tally)
    return tally


@pytest.mark.django_db
def test_rates_are_taken_in_exactly_and_stay_as_they_are(tmp_path: Path) -> None:
    content = HEAD + "GBP,USD,1.2699,2026-11-01\nUSD,JPY,154.123456789,2026-11-01T08:00:00+01:00\n"
    assert load(tmp_path / "a.csv", content).outcomes == {"created": 2}
    assert set(ExchangeRate.objects.values_list("base", "quote", "billionths", "valid_from")) == {
        ("GBP", "USD", 1_269_900_000, datetime(2026, 11, 1, tzinfo=UTC)),
        ("USD", "JPY", 154_123_456_789, datetime(2026, 11, 1, 7, tzinfo=UTC)),
    }
    again = load(tmp_path / "b.csv", content.replace("1.2699", "1.27"))
    assert (again.outcomes, again.refused) == ({"unchanged": 1, "invalid": 1}, 1)
    assert again.problems == [(2, "Another rate was stated for this instant, and prices were made of it.")]
    assert ExchangeRate.objects.get(base="GBP").billionths == 1_269_900_000


@pytest.mark.django_db
def test_rows_that_are_no_rates_are_named_and_passed_over(tmp_path: Path) -> None:
    rows = [
        "GBP,USD,one,2026-11-01", "GBP,USD,0,2026-11-01", "GBP,USD,-1,2026-11-01", "GBP,USD,1.2345678901,2026-11-01",
        "GBP,USD,1.2,soon", "GBP,XXY,1.2,2026-11-01", "GBP,USD,1.2", "GBP,USD,1.2,2026-11-02",
    ]  # fmt: skip
    tally = load(tmp_path / "a.csv", HEAD + "\n".join(rows) + "\n")
    assert tally.outcomes == {"unreadable": 6, "invalid": 1, "created": 1}
    assert sorted(line for line, _ in tally.problems) == [2, 3, 4, 5, 6, 7, 8]
    assert ExchangeRate.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("from,to,rate\n", "no column for the base"), ("", "is empty"),
        (HEAD + "GBP,USD,1.2,2026-11-01\nGBP,US", "was cut"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_says_so(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(UnloadableError, match=said):
        load(tmp_path / "a.csv", content)


@given(billionths=st.integers(1, 10**15))
@example(billionths=1)
@example(billionths=10**15)
def test_every_rate_that_can_be_written_is_read_exactly(billionths: int) -> None:
    text = f"{billionths // 10**9}.{billionths % 10**9:09d}"
    assert read_rate("GBP", "USD", text, "2026-11-01").billionths == billionths
    assert read_rate("GBP", "USD", text.rstrip("0").rstrip("."), "2026-11-01").billionths == billionths


@pytest.mark.django_db
def test_the_command_says_what_became_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    enrol_source("bank", actor="tests")
    path = tmp_path / "rates.csv"
    path.write_text(HEAD + "GBP,USD,1.2699,2026-11-01\n")
    command.rates([path], source="bank")
    assert "rates: 1 created" in capsys.readouterr().out
    path.write_text(HEAD + "GBP,USD,none,2026-11-01\n")
    with pytest.raises(typer.Exit):
        command.rates([path], source="bank")
    assert "line 2: 'none' is no decimal number." in capsys.readouterr().out
