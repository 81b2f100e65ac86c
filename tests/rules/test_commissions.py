"""Commission as stated: what each statement changes, exactly, in whatever order statements come."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.partners.rules.commissions import (
    Entry,
    Held,
    Kind,
    LineFacts,
    OddLine,
    Restated,
    Standing,
    agreement_on,
    expected_commission,
    left_of,
    readable,
    restate,
    ties,
)
from onebasket.commerce.partners.rules.partners import AgreementFacts, Merchant
from onebasket.commerce.partners.rules.port import CommissionStated
from onebasket.commerce.partners.rules.referrals import TRANSITIONS, LineStands, Status, status_of

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EVERY = ["expected", "clawed_back", "reinstated"]
PAID, CONFIRMED, SETTLED, INVALID = (
    "Payment Completed", "Buyer Confirmed Receipt", "Completed Settlement", "Invalid",
)  # fmt: skip


def stated(status: str = PAID, commission: int = 70, minutes: int | None = 0, **more: Any) -> CommissionStated:
    at = None if minutes is None else AT + timedelta(minutes=minutes)
    told: dict[str, Any] = {"key": "1", "order": "o", "currency": "GBP", "amount": 1000, "bought_at": AT} | more
    return CommissionStated(status=status, commission=commission, changed_at=at, **told)


def book(statements: Sequence[CommissionStated]) -> tuple[LineFacts | None, list[Entry]]:
    line: LineFacts | None = None
    entries = []
    for one in statements:
        found = restate(line, one)
        if isinstance(found, Restated):
            line = found.line
            entries += [found.entry] if found.entry else []
    return line, entries


@pytest.mark.parametrize(
    ("statements", "kinds", "changes"),
    [
        ([stated()], ["expected"], [70]),
        ([stated(), stated(minutes=5)], ["expected"], [70]),
        ([stated(), stated(commission=63, minutes=5)], ["expected", "restated"], [70, -7]),
        ([stated(), stated(CONFIRMED, minutes=5)], ["expected", "restated"], [70, 0]),
        ([stated(), stated(SETTLED, 71, 5)], ["expected", "settled"], [70, 1]),
        ([stated(SETTLED)], ["settled"], [70]),
        ([stated(SETTLED), stated(INVALID, 0, 5)], ["settled", "clawed_back"], [70, -70]),
        ([stated(), stated(INVALID, 70, 5)], ["expected", "clawed_back"], [70, -70]),
        ([stated(INVALID, 0)], ["clawed_back"], [0]),
        ([stated(INVALID, 0), stated(minutes=5)], ["clawed_back", "reinstated"], [0, 70]),
        (
            [stated(), stated(INVALID, 0, 5), stated(SETTLED, 9, 6)],
            ["expected", "clawed_back", "reinstated"],
            [70, -70, 9],
        ),
        ([stated(minutes=5), stated(commission=1, minutes=4)], ["expected"], [70]),
        ([stated(minutes=None), stated(commission=1, minutes=None)], ["expected", "restated"], [70, -69]),
        ([stated(SETTLED), stated(PAID)], ["settled"], [70]),
        ([stated(PAID), stated(SETTLED)], ["expected", "settled"], [70, 0]),
    ],
)
def test_what_statements_change(statements: list[CommissionStated], kinds: list[str], changes: list[int]) -> None:
    line, entries = book(statements)
    assert [entry.kind.value for entry in entries] == kinds
    assert [entry.change for entry in entries] == changes
    assert [entry.number for entry in entries] == list(range(1, len(kinds) + 1))
    assert line is not None
    assert (line.commission, line.entries) == (sum(changes), len(kinds))


def test_a_line_keeps_its_currency() -> None:
    line, _ = book([stated()])
    assert restate(line, stated(minutes=5, currency="USD")) is OddLine.CURRENCY_CHANGED


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (stated("QUANTUM_HOLD"), OddLine.STATUS_UNKNOWN),
        (stated(""), OddLine.STATUS_UNKNOWN),
        (stated(currency="XQQ"), OddLine.CURRENCY_UNKNOWN),
        (stated(commission=-1), OddLine.AMOUNT_ODD),
        (stated(amount=10**16), OddLine.AMOUNT_ODD),
        (stated(key=""), OddLine.KEY_ODD),
        (stated(key="k" * 65), OddLine.KEY_ODD),
        (stated(key="a\x00b"), OddLine.KEY_ODD),
        (stated(rate=1 << 31), OddLine.RATE_ODD),
        (stated(rate=(1 << 31) - 1), None),
        (stated(order="a\x00b"), OddLine.TEXT_ODD),
        (stated(click="a\x00b", key=""), OddLine.TEXT_ODD),
        (stated(ours="a\x00b"), OddLine.TEXT_ODD),
        (stated(reference="a\x00b"), OddLine.TEXT_ODD),
        (stated(reason="a\x00b"), OddLine.TEXT_ODD),
        (stated("  payment COMPLETED "), None),
    ],
)
def test_what_cannot_be_booked_says_why(odd: CommissionStated, why: OddLine | None) -> None:
    assert readable(odd) is why


histories = st.lists(
    st.tuples(st.sampled_from([PAID, CONFIRMED, SETTLED, INVALID]), st.integers(0, 10**9)), min_size=1, max_size=7
)


@given(histories, st.data())
def test_in_any_order_and_however_often_the_newest_stands_and_entries_add_up(
    history: list[tuple[str, int]], data: st.DataObject
) -> None:
    statements = [stated(status, commission, minutes) for minutes, (status, commission) in enumerate(history)]
    again = data.draw(st.lists(st.sampled_from(statements), max_size=5))
    line, entries = book(data.draw(st.permutations([*statements, *again])))
    newest = statements[-1]
    assert line is not None
    assert (line.status, line.stated_at) == (newest.status, newest.changed_at)
    assert line.commission == (0 if newest.status == INVALID else newest.commission)
    assert sum(entry.change for entry in entries) == line.commission
    assert [entry.number for entry in entries] == list(range(1, line.entries + 1))


def test_negative_control_booking_in_order_of_arrival_ends_in_the_oldest() -> None:
    """The property can fail: without the partner's times, what comes last stands."""
    late, early = stated(SETTLED, 9, 5), stated(PAID, 70, 0)
    timeless = [stated(one.status, one.commission, None) for one in (late, early)]
    found, _ = book([late, early])
    careless, _ = book(timeless)
    assert found is not None
    assert careless is not None
    assert (found.commission, careless.commission) == (9, 70)


TERMS = AgreementFacts(
    id=1, partner_id=1, currency="GBP", merchant=Merchant.AGENT, refers=True, ships=True, markup=0, return_days=30,
    settlement_days=30, fresh_minutes=60, referral_days=3, commission={"": 70_000, "Home": 100_000},
)  # fmt: skip


@pytest.mark.parametrize(
    ("standing", "amount", "category", "kept", "expected"),
    [
        (Standing.EXPECTED, 1000, "", (1, 1), 70),
        (Standing.EXPECTED, 510, "Toys", (1, 1), 36),  # 35.7
        (Standing.SETTLED, 1000, "Home > Lighting", (1, 1), 100),
        (Standing.EXPECTED, 1000, "Home", (1, 3), 33),
        (Standing.EXPECTED, 1000, "Home", (0, 3), 0),
        (Standing.CLAWED_BACK, 1000, "Home", (1, 1), 0),
    ],
)
def test_what_our_agreement_comes_to(
    standing: Standing, amount: int, category: str, kept: tuple[int, int], expected: int
) -> None:
    assert expected_commission(standing, amount, TERMS.rate_of(category), kept=kept) == expected


@pytest.mark.parametrize(
    ("amount", "taken", "returned", "left"),
    [
        (3000, 3, 0, (1, 1)),
        (3300, 3, 0, (1, 1)),  # the partner charged more than it had stated
        (3000, 3, 1, (2, 3)),
        (2000, 3, 1, (1, 1)),  # the amount is without what came back already
        (3000, 3, 3, (0, 3)),
        (0, 3, 3, (1, 1)),
        (3000, 0, 0, (1, 1)),
    ],
)
def test_what_came_back_earns_nothing_once(amount: int, taken: int, returned: int, left: tuple[int, int]) -> None:
    assert left_of(amount, unit_cost=1000, taken=taken, returned=returned) == left


def test_a_minor_unit_of_rounding_ties() -> None:
    assert [ties(stated, 36, standing=Standing.EXPECTED) for stated in (34, 35, 36, 37, 38)] == [
        False, True, True, True, False,
    ]  # fmt: skip


def test_the_agreement_of_the_day_counts() -> None:
    held = [Held(date(2026, 1, 1), date(2026, 3, 1), TERMS), Held(date(2026, 2, 1), None, TERMS)]
    assert agreement_on(date(2025, 12, 31), held) is None
    assert agreement_on(date(2026, 1, 31), held) is TERMS
    assert agreement_on(date(2026, 2, 28), held) is TERMS
    assert agreement_on(date(2026, 2, 28), held[:1]) is TERMS
    assert agreement_on(date(2026, 3, 1), held[:1]) is None


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([], Status.CLICKED),
        ([("expected", 1)], Status.EXPECTED),
        ([("expected", 1), ("settled", 1)], Status.EXPECTED),
        ([("confirmed", 2)], Status.RESTATED),
        ([("settled", 2)], Status.SETTLED),
        ([("settled", 2), ("clawed_back", 2)], Status.SETTLED),
        ([("expected", 1), ("clawed_back", 1)], Status.RESTATED),
        ([("clawed_back", 3)], Status.CLAWED_BACK),
    ],
)
def test_a_referral_stands_as_its_lines_do(lines: list[tuple[str, int]], status: Status) -> None:
    assert status_of([LineStands(Standing(standing), entries) for standing, entries in lines]) is status


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(list(Standing))), max_size=12))
def test_every_move_of_a_referral_is_in_the_table(moves: list[tuple[int, Standing]]) -> None:
    lines: dict[int, LineStands] = {}
    status = Status.CLICKED
    for line, standing in moves:
        lines[line] = LineStands(standing, lines[line].entries + 1 if line in lines else 1)
        after = status_of(lines.values())
        assert after is status or after in TRANSITIONS[status]
        status = after
    assert status_of([], bought=True) is Status.BOUGHT


def test_kinds_fit_their_column() -> None:
    assert max(len(one.value) for one in (*Kind, *Standing, *Status)) <= 12
