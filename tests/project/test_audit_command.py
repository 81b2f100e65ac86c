"""`onebasket audit --as-of`: what narrows it down has to exist."""

import pytest
import typer

from onebasket.project.command.audit import run
from tests.scenario import open_chain

pytestmark = pytest.mark.django_db
NOON = "2026-05-01T12:00:00Z"


def test_a_place_or_product_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    open_chain()
    for place, sku, said in (("nowhere", "", "place 'nowhere'"), ("s1", "nosuch", "product 'nosuch'")):
        with pytest.raises(typer.Exit) as ended:
            run(as_of=NOON, place=place, sku=sku)
        told = capsys.readouterr()
        assert (ended.value.exit_code, told.out, told.err) == (1, "", f"There is no {said}.\n")
    run(as_of=NOON, place="s1", sku="milk")
    assert "s1" in capsys.readouterr().out


def test_an_axis_is_of_the_shelves_as_of_an_instant(capsys: pytest.CaptureFixture[str]) -> None:
    open_chain()
    with pytest.raises(typer.BadParameter, match="--axis"):
        run(axis="booked")
    for axis, chosen in (("", "occurred"), ("booked", "booked")):
        run(as_of=NOON, axis=axis, as_json=True)
        assert f'"axis": "{chosen}"' in capsys.readouterr().out
