"""Sweeps of commission over a platform that turns pages away: read on where they stood, or begun anew and told."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from onebasket.commerce.partners.actions import polling
from onebasket.commerce.partners.actions.polling import poll_commissions
from onebasket.commerce.partners.models import CommissionLine, Oddity, PartnerCursor
from onebasket.commerce.partners.rules.commissions import MOST_REPEATS
from onebasket.commerce.partners.rules.port import Capability, CommissionPage, CommissionStated, Lost, NotDone, Trouble
from tests.partnering import make_partner

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GONE = NotDone("ODD: no such page", "turned_away")
NEXT = {"": "a", "a": "b", "b": ""}
"""Three pages of a line each; the last holds what was taken back."""


class Platform:
    """Lists a line a page, and answers `troubles` where there is one for a cursor."""

    capabilities = frozenset({Capability.COMMISSION})

    def __init__(self) -> None:
        self.troubles: Mapping[str, Trouble] = {}
        self.asked: list[str] = []

    def list_commissions(self, cursor: str, **_when: object) -> CommissionPage | Trouble:
        self.asked.append(cursor)
        if cursor in self.troubles:
            return self.troubles[cursor]
        line = CommissionStated(
            key=f"k{cursor}", order="o", status="Invalid" if cursor == "b" else "Payment Completed", currency="USD",
            amount=1000, commission=70, bought_at=AT, changed_at=AT,
        )  # fmt: skip
        return CommissionPage((line,), NEXT[cursor], has_more=bool(NEXT[cursor]))

    def renewed_tokens(self) -> None:
        return None


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    make_partner()
    found = Platform()
    monkeypatch.setattr(polling, "_opened", lambda _partner: found)
    monkeypatch.setattr(polling, "AT_ONCE", 1)  # every page is booked by itself
    return found


def turn() -> tuple[str, int]:
    """Read as if the time had come; return where the sweep stands after it."""
    PartnerCursor.objects.filter(kind="commission").update(next_at=None)
    poll_commissions(seconds=30, kinds=["commission"])
    row = PartnerCursor.objects.get(kind="commission")
    assert row.claimed_until is None
    return row.cursor, row.failures


def reasons() -> list[str]:
    return list(Oddity.objects.exclude(reason="no_click").values_list("reason", flat=True))


@pytest.mark.parametrize("trouble", [GONE, Lost("no answer"), NotDone("refused")])
def test_a_page_that_fails_once_is_asked_for_again_where_the_sweep_stood(platform: Platform, trouble: Trouble) -> None:
    platform.troubles = {"b": trouble}
    assert turn() == ("b", 1)
    platform.troubles = {}
    platform.asked.clear()
    assert turn() == ("", 0)
    assert platform.asked == ["b"]
    assert CommissionLine.objects.get(key="kb").standing == "clawed_back"
    assert reasons() == []


def test_a_page_that_is_turned_away_again_and_again_is_told_and_the_sweep_begins_anew(platform: Platform) -> None:
    platform.troubles = {"b": GONE}
    stood = [turn() for _ in range(MOST_REPEATS)]
    assert stood == [("b", 1), ("b", 2), ("b", 3), ("b", 4), ("", 5)]
    assert platform.asked == ["", "a", "b", "b", "b", "b", "b"]
    assert reasons() == ["turned_away"]
    assert [turn() for _ in range(MOST_REPEATS)] == stood
    assert Oddity.objects.get(reason="turned_away").times == 2


def test_a_sweep_that_moves_on_between_its_failures_is_no_failure_in_a_row(platform: Platform) -> None:
    platform.troubles = {"a": GONE}
    assert [turn() for _ in range(4)] == [("a", 1), ("a", 2), ("a", 3), ("a", 4)]
    platform.troubles = {"b": GONE}
    assert turn() == ("b", 1)
    assert reasons() == []


def test_pages_of_one_gathering_are_a_move_too(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read before the trouble was booked: the cursor stands behind it, and nothing failed there before."""
    platform.troubles = {"": GONE}
    assert [turn() for _ in range(2)] == [("", 1), ("", 2)]
    monkeypatch.setattr(polling, "AT_ONCE", 100)
    platform.troubles = {"b": GONE}
    assert turn() == ("b", 1)
    assert set(CommissionLine.objects.values_list("key", flat=True)) == {"k", "ka"}


def test_a_platform_that_is_away_is_never_asked_from_the_beginning(platform: Platform) -> None:
    platform.troubles = {"b": NotDone("refused")}
    assert [turn() for _ in range(MOST_REPEATS + 1)][-1] == ("b", MOST_REPEATS + 1)
    assert reasons() == ["unreachable"]
