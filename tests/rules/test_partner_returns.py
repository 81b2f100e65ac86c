"""A partner's goods at a counter: how much goes back, who owes it, until when, and never more than was paid."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.partners.rules.partners import Merchant
from onebasket.commerce.partners.rules.parts import Status
from onebasket.commerce.partners.rules.returns import (
    PartBackLine,
    PartReturnRefused,
    PartSold,
    Returned,
    SoldNow,
    decide_return,
    goods_of,
)
from onebasket.commerce.partners.rules.selling import SoldLine

TODAY = date(2026, 3, 31)
LAMP = SoldLine(
    number=1, offer_id=1, reference="lamp", title="Lamp", category="", quantity=3, unit_amount=1050,
    shipping_amount=399, amount=3549, tax_code="", tax_rate=0, tax_amount=0, tax_included=True, unit_cost=800,
    shipping_cost=300, commission_rate=70_000, exchange=10**9, stated_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip


def sold(line: SoldLine = LAMP, *, sent: int = 3, returned: int = 0, **more: object) -> PartSold:
    stated = {
        "status": Status.DELIVERED, "merchant": Merchant.AGENT, "currency": "USD", "cost_currency": "GBP",
        "return_days": 30, "counter_returns": True, "delivered_on": date(2026, 3, 1),
        "lines": {1: SoldNow(line, sent, returned)},
    } | more  # fmt: skip
    return PartSold(**stated)  # type: ignore[arg-type]


def back(part: PartSold, *lines: tuple[int, int], today: date = TODAY) -> Returned | str:
    found = decide_return(part, [PartBackLine(*line) for line in lines or [(1, 1)]], today=today)
    return found.code if isinstance(found, PartReturnRefused) else found


def test_an_agent_pays_on_the_partners_account_and_its_commission_goes_with_it() -> None:
    found = back(sold(), (1, 2))
    assert isinstance(found, Returned)
    (line,) = found.lines
    assert (line.amount, line.tax, line.claim, line.commission) == (2100, 0, 2100, 147)
    assert (found.owner, found.claim_currency, found.total) == ("partner", "USD", 2100)
    assert found.reason == {
        "merchant": "agent", "rule": "the partner sold it, on its account", "return_days": 30,
        "delivered_on": "2026-03-01", "on": "2026-03-31",
    }  # fmt: skip


def test_a_principal_refunds_and_claims_what_it_paid() -> None:
    found = back(sold(merchant=Merchant.PRINCIPAL), (1, 2))
    assert isinstance(found, Returned)
    (line,) = found.lines
    assert (line.amount, line.claim, line.commission) == (2100, 1600, 0)
    assert (found.owner, found.claim_currency) == ("chain", "GBP")
    assert found.reason["rule"] == "the chain sold it, and claims what it cost"


@pytest.mark.parametrize(
    ("part", "lines", "refused"),
    [
        (sold(status=Status.PLACED), [(1, 1)], "not_sent"),
        (sold(status=Status.REFUSED), [(1, 1)], "not_sent"),
        (sold(status=Status.STUCK), [(1, 1)], "not_sent"),
        (sold(counter_returns=False), [(1, 1)], "at_partner"),
        (sold(delivered_on=date(2026, 2, 28)), [(1, 1)], "too_late"),
        (sold(), [(2, 1)], "unknown_line"),
        (sold(sent=0), [(1, 1)], "unknown_line"),
        (sold(), [(1, 1), (1, 1)], "doubled_line"),
        (sold(), [(1, 4)], "too_much"),
        (sold(returned=2), [(1, 2)], "too_much"),
        (sold(sent=2, returned=2), [(1, 1)], "too_much"),
    ],
)
def test_what_is_refused(part: PartSold, lines: list[tuple[int, int]], refused: str) -> None:
    assert back(part, *lines) == refused


def test_what_is_taken_back_though_it_may_look_otherwise() -> None:
    # Goods in the hand have arrived; the window is counted by days and closes after its last; a principal always does.
    for part in (
        sold(status=Status.SHIPPED, delivered_on=None),
        sold(delivered_on=date(2026, 3, 1)),
        sold(merchant=Merchant.PRINCIPAL, counter_returns=False),
    ):
        assert isinstance(back(part), Returned)


@pytest.mark.parametrize(
    ("included", "pieces", "comes_to"),
    [(True, 3, (3150, 240)), (True, 0, (0, 0)), (False, 3, (3410, 260)), (False, 1, (1137, 87))],
)
def test_goods_without_their_shipping(included: bool, pieces: int, comes_to: tuple[int, int]) -> None:  # noqa: FBT001
    line = msgspec.structs.replace(LAMP, tax_code="VAT", tax_rate=82_500, tax_included=included)
    assert goods_of(line, pieces) == comes_to


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=6),
    st.integers(1, 99_999),
    st.integers(0, 300_000),
    st.integers(0, 200_000),
    st.booleans(),
)
def test_all_shares_come_to_what_the_goods_cost(
    shares: list[int],
    unit: int,
    rate: int,
    commission: int,
    included: bool,  # noqa: FBT001 - drawn
) -> None:
    """Conservation: however goods come back piece by piece, all of it is exactly what was paid for them."""
    line = msgspec.structs.replace(
        LAMP, quantity=sum(shares), unit_amount=unit, tax_rate=rate, tax_included=included, commission_rate=commission
    )
    came = []
    for count, share in enumerate(shares):
        found = back(sold(line, sent=sum(shares), returned=sum(shares[:count])), (1, share))
        assert isinstance(found, Returned)
        came.append(found.lines[0])
    whole = back(sold(line, sent=sum(shares)), (1, sum(shares)))
    assert isinstance(whole, Returned)
    assert sum(one.amount for one in came) == whole.total == goods_of(line, sum(shares))[0]
    assert sum(one.tax for one in came) == whole.lines[0].tax
    assert sum(one.commission for one in came) == whole.lines[0].commission
    assert all(one.amount >= 0 for one in came)
