"""Whose a purchase is: the last click before it that counts, or a reason why none does."""

from datetime import UTC, datetime, timedelta

import pytest

from onebasket.commerce.partners.rules.attribution import (
    CLOCKS,
    CREDITED,
    Attribution,
    ClickFacts,
    Reason,
    attribute,
    clicks_in,
)

CLICKED = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def click(name: str, *, hours: int = 0, partner: int = 1, order: str = "") -> ClickFacts:
    return ClickFacts(name, partner, CLICKED + hours * HOUR, 3, order)


KNOWN = {
    one.click: one
    for one in (click("a"), click("b", hours=2), click("z", partner=2), click("u", order="earlier"))
}  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "bought_at", "reason", "credited"),
    [
        ("a", CLICKED + HOUR, Reason.LAST_CLICK, "a"),
        ("a", CLICKED, Reason.LAST_CLICK, "a"),
        ("a", CLICKED - CLOCKS, Reason.LAST_CLICK, "a"),
        ("a", CLICKED - CLOCKS - timedelta(seconds=1), Reason.BEFORE_CLICK, ""),
        ("a", CLICKED + timedelta(days=3), Reason.LAST_CLICK, "a"),
        ("a", CLICKED + timedelta(days=3) + CLOCKS, Reason.TOO_LATE, ""),
        ("a", None, Reason.TIMELESS, ""),
        ("a,b", CLICKED + 3 * HOUR, Reason.LAST_OF_SEVERAL, "b"),
        ("b, a", CLICKED + 3 * HOUR, Reason.LAST_OF_SEVERAL, "b"),
        ("a b", CLICKED + HOUR, Reason.LAST_CLICK, "a"),
        ("a a", CLICKED + HOUR, Reason.LAST_CLICK, "a"),
        ("u", CLICKED + HOUR, Reason.BOUGHT_AGAIN, "u"),
        ("", CLICKED + HOUR, Reason.NO_CLICK, ""),
        ("nobody's", CLICKED + HOUR, Reason.UNKNOWN_CLICK, ""),
        ("z", CLICKED + HOUR, Reason.OTHER_PARTNER, ""),
        ("z nobody's", CLICKED + HOUR, Reason.OTHER_PARTNER, ""),
        ("z a", CLICKED + HOUR, Reason.LAST_CLICK, "a"),
    ],
)
def test_who_is_credited_and_why(stated: str, bought_at: datetime | None, reason: Reason, credited: str) -> None:
    found = attribute(stated, KNOWN, partner_id=1, order="now", bought_at=bought_at)
    assert (found.reason, found.click) == (reason, credited)
    assert bool(found.click) is (found.reason in CREDITED)
    assert [name for name, _ in found.looked_at] == clicks_in(stated)


def test_the_same_order_again_is_the_same_purchase() -> None:
    found = attribute("u", KNOWN, partner_id=1, order="earlier", bought_at=CLICKED + HOUR)
    assert found == Attribution(Reason.LAST_CLICK, "u", (("u", "last_click"),))


def test_reasons_fit_their_column() -> None:
    assert max(len(one.value) for one in Reason) <= 24
