"""`onebasket audit --as-of`: shelves rebuilt from the movements up to an instant."""

from datetime import timedelta

import pytest
import typer

from onebasket.base import bulk
from onebasket.commerce.stock.queries.as_of import ShelfThen, shelves_as_of
from onebasket.commerce.stock.rules.messages import FactKind
from onebasket.project.command.audit import run
from tests.scenario import START, line, open_chain, receipt

pytestmark = pytest.mark.django_db


def test_shelves_as_of_an_instant() -> None:
    chain = open_chain()
    chain.sell(receipt(60, line("milk", 3, paid=750)))
    chain.sell(receipt(30, line("milk", 5, paid=1250)))

    def milk(minutes: int) -> list[ShelfThen]:
        return shelves_as_of(START + timedelta(minutes=minutes), axis="occurred", place="s1", sku="milk")

    assert milk(-1) == []
    assert milk(0) == [ShelfThen("s1", "milk", "sellable", 20)]
    assert milk(30) == [ShelfThen("s1", "milk", "sellable", 15)]
    assert milk(59) == [ShelfThen("s1", "milk", "sellable", 15)]
    assert milk(60) == [ShelfThen("s1", "milk", "sellable", 12)]


def test_as_of_on_the_booked_axis_is_what_the_ledger_said() -> None:
    chain = open_chain()
    chain.sell(receipt(60, line("milk", 3, paid=750)))
    bulk.execute("UPDATE stock_movement SET booked_at = occurred_at")
    late = START + timedelta(days=2)
    chain.fact("late", FactKind.ADJUSTMENT, "milk", -4, occurred_at=START + timedelta(minutes=5))

    before = shelves_as_of(late, axis="booked", place="s1", sku="milk")
    known = shelves_as_of(late, axis="occurred", place="s1", sku="milk")
    assert before == [ShelfThen("s1", "milk", "sellable", 17)]
    assert known == [ShelfThen("s1", "milk", "sellable", 13)]


def test_narrowing_needs_an_instant() -> None:
    with pytest.raises(typer.BadParameter):
        run(place="s1")
    with pytest.raises(typer.BadParameter):
        run(as_of="yesterday")
    with pytest.raises(typer.BadParameter):
        run(as_of="2026-03-02", axis="sideways")
