"""When a receipt ties: to the minor unit, with tax included or on top, change, rounding, returns and voids."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.sales.rules.receipt import Discount, Funder, Kind, Line, Receipt, Tax, Tender
from onebasket.commerce.sales.rules.ties import effect, untied
from tests.builders import item, receipt


def cash(amount: int) -> tuple[Tender, ...]:
    return (Tender("cash", amount),)


def off(amount: int, funder: Funder = Funder.RETAILER) -> Discount:
    return Discount("promotion", funder, amount)


def taxed(base: int, amount: int, rate: int = 88_750) -> tuple[Tax, ...]:
    return (Tax(rate, base, amount),)


MILK, DEPOSIT_BACK = item("milk", 1, 199), item("deposit", -1, -25)

TIES = [
    pytest.param(receipt("r", MILK), id="one line"),
    pytest.param(receipt("r", MILK, item("bread", 2, 500)), id="two lines"),
    pytest.param(receipt("r", MILK, DEPOSIT_BACK), id="a negative line"),
    pytest.param(receipt("r", DEPOSIT_BACK), id="money back alone"),
    pytest.param(receipt("r", item("milk", 0, 0)), id="a zero quantity"),
    pytest.param(receipt("r", item("milk", 0, 199)), id="a zero quantity with an amount"),
    pytest.param(receipt("r", item("gift", 1, 0)), id="free goods"),
    pytest.param(receipt("r", item("gift", 1, 0, list_amount=500, discounts=(off(500),))), id="free by a discount"),
    pytest.param(
        receipt("r", item("milk", 1, 120, list_amount=199, discounts=(off(50), off(29, Funder.MANUFACTURER)))),
        id="two discounts with two funders",
    ),
    pytest.param(receipt("r", item("milk", 1, 209, list_amount=199, discounts=(off(-10),))), id="a surcharge"),
    pytest.param(receipt("r", MILK, tenders=cash(500), change=301), id="change"),
    pytest.param(receipt("r", MILK, tenders=(Tender("card", 100), Tender("cash", 99))), id="two tenders"),
    pytest.param(receipt("r", MILK, tenders=cash(200), rounding=1), id="rounding up"),
    pytest.param(receipt("r", item("milk", 1, 197), tenders=cash(195), rounding=-2), id="rounding down"),
    pytest.param(receipt("r", item("milk", 1, 1000, taxes=taxed(1000, 82))), id="tax within, base with tax"),
    pytest.param(receipt("r", item("milk", 1, 1000, taxes=taxed(918, 82))), id="tax within, base without tax"),
    pytest.param(
        receipt("r", item("milk", 1, 1000, taxes=taxed(1000, 89)), tenders=cash(1089), tax_included=False),
        id="tax on top",
    ),
    pytest.param(
        receipt("r", item("milk", 1, 1000, taxes=taxed(1000, 88)), tenders=cash(1088), tax_included=False),
        id="tax rounded the other way, within one unit",
    ),
    pytest.param(
        receipt("r", item("milk", 1, -1000, taxes=taxed(-1000, -89)), tenders=cash(-1089), tax_included=False),
        id="negative tax",
    ),
    pytest.param(receipt("r", item("milk", 1, 1000, taxes=taxed(1000, 0, rate=0))), id="tax free"),
    pytest.param(receipt("r", item("bread", 1, 500, taxes=taxed(699, 57)), MILK), id="tax of all lines stated on one"),
    pytest.param(
        receipt("r", item("milk", 1, 120, list_amount=199, discounts=(off(79),), taxes=taxed(199, 16))),
        id="tax on the list amount",
    ),
    pytest.param(receipt("r", MILK, kind=Kind.RETURN), id="a return, stated in positive amounts"),
    pytest.param(receipt("r", kind=Kind.NO_SALE), id="the drawer opened"),
    pytest.param(receipt("r", kind=Kind.VOID, original="1"), id="a void that only names its original"),
    pytest.param(receipt("r", MILK, kind=Kind.VOID, original="1"), id="a void that lists what goes back"),
    pytest.param(receipt("r", MILK, kind=Kind.VOID), id="a sale broken off before it was paid"),
    pytest.param(receipt("r"), id="nothing at all"),
]


@pytest.mark.parametrize("stated", TIES)
def test_ties(stated: Receipt) -> None:
    assert untied(stated) is None


@pytest.mark.parametrize(
    ("stated", "fault"),
    [
        pytest.param(
            receipt("r", MILK, tenders=cash(200)),
            "Lines come to 199, tax on top to 0 and rounding to 0: 199 is due. "
            "Tenders less change come to 200: +1 apart.",
            id="a cent too much",
        ),
        pytest.param(
            receipt("r", MILK, tenders=cash(500), change=302),
            "Lines come to 199, tax on top to 0 and rounding to 0: 199 is due. "
            "Tenders less change come to 198: -1 apart.",
            id="change too much",
        ),
        pytest.param(
            receipt("r", MILK, tenders=()),
            "Lines come to 199, tax on top to 0 and rounding to 0: 199 is due. "
            "Tenders less change come to 0: -199 apart.",
            id="not paid",
        ),
        pytest.param(
            receipt("r", item("milk", 1, 149, list_amount=199, discounts=(off(49),))),
            "Line 1 (milk): list 199 less discounts 49 is 150, but paid is 149.",
            id="a discount that is no such",
        ),
        pytest.param(
            receipt("r", MILK, item("bread", 1, 1000, taxes=taxed(1000, 91))),
            "Line 2 (bread): 8.875 % of 1000 is not 91.",
            id="tax that is none",
        ),
        pytest.param(
            receipt("r", item("milk", 1, 100, taxes=taxed(10**9, 81_515_499))),
            "Tax of 8.875 % is stated on 1000000000, but only 100 was sold.",
            id="tax of what was not sold",
        ),
        pytest.param(
            receipt("r", item("milk", 1, 1000, taxes=taxed(1000, 89)), tax_included=False),
            "Lines come to 1000, tax on top to 89 and rounding to 0: 1089 is due. "
            "Tenders less change come to 1000: -89 apart.",
            id="tax on top that was not paid",
        ),
        pytest.param(receipt("r", MILK, currency="XX1"), "'XX1' is no ISO 4217 currency code.", id="no such currency"),
        pytest.param(
            receipt("r", MILK, kind=Kind.NO_SALE), "A no-sale has neither lines nor tenders.", id="a no-sale that sells"
        ),
        pytest.param(
            receipt("r", MILK, kind=Kind.VOID, tenders=cash(100)),
            "Lines come to 199, tax on top to 0 and rounding to 0: 199 is due. "
            "Tenders less change come to 100: -99 apart.",
            id="broken off, yet partly paid",
        ),
        pytest.param(
            receipt("r", kind=Kind.NO_SALE, change=5),
            "Lines come to 0, tax on top to 0 and rounding to 0: 0 is due. Tenders less change come to -5: -5 apart.",
            id="change out of nothing",
        ),
    ],
)
def test_does_not_tie(stated: Receipt, fault: str) -> None:
    assert untied(stated) == fault


@pytest.mark.parametrize(
    ("kind", "original", "counts"),
    [
        (Kind.SALE, "", 1),
        (Kind.RETURN, "", -1),
        (Kind.RETURN, "1", -1),
        (Kind.VOID, "1", -1),
        (Kind.VOID, "", 0),
        (Kind.NO_SALE, "", 0),
    ],
)
def test_what_a_receipt_counts_for(kind: Kind, original: str, counts: int) -> None:
    assert effect(receipt("r", kind=kind, original=original)) == counts


CENTS = st.integers(-10_000, 10_000)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    discounts = tuple(off(amount) for amount in draw(st.lists(CENTS, max_size=3)))
    listed = draw(CENTS)
    paid = listed - sum(one.amount for one in discounts)
    return item("x", draw(st.integers(-5, 5)), paid, list_amount=listed, discounts=discounts)


@given(st.lists(lines(), max_size=6), CENTS, CENTS, CENTS)
def test_one_unit_apart_never_ties(sold: list[Line], change: int, rounding: int, apart: int) -> None:
    due = sum(line.paid_amount for line in sold) + rounding
    more: dict[str, Any] = {"change": change, "rounding": rounding}

    fault = untied(receipt("r", *sold, tenders=cash(due + change + apart), **more))

    assert (fault is None) == (apart == 0)
