"""Whose a purchase is that a partner states: which click of ours led to it, and why it counts or does not.

A shopper is not known to us, and two clicks of one shopper are not known to be so: the click that counts is the last
one before the purchase among those that the partner gives back with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

CLOCKS = timedelta(minutes=5)
"""By so much a partner's clock may differ from ours."""


class Reason(StrEnum):
    """Why a purchase is credited, or to nobody."""

    LAST_CLICK = "last_click"
    LAST_OF_SEVERAL = "last_of_several"
    BOUGHT_AGAIN = "bought_again"
    OWN_PART = "own_part"
    NO_CLICK = "no_click"
    UNKNOWN_CLICK = "unknown_click"
    OTHER_PARTNER = "other_partner"
    BEFORE_CLICK = "bought_before_click"
    TOO_LATE = "too_late"
    UNKNOWN_PART = "unknown_part"
    TIMELESS = "no_time_of_purchase"


CREDITED = frozenset({Reason.LAST_CLICK, Reason.LAST_OF_SEVERAL, Reason.BOUGHT_AGAIN, Reason.OWN_PART})


class ClickFacts(msgspec.Struct, frozen=True):
    """A click of ours. `days`: for so long a purchase after it counts. `order`: what it led to before, if anything."""

    click: str
    partner_id: int
    clicked_at: datetime
    days: int
    order: str = ""


class Attribution(msgspec.Struct, frozen=True):
    """The click that a purchase is credited to ("" for none), why, and what was looked at: click and verdict."""

    reason: Reason
    click: str = ""
    looked_at: tuple[tuple[str, str], ...] = ()


def clicks_in(text: str) -> list[str]:
    """Return the click ids that a partner gives back, in its order, each once: mostly one, else apart by commas."""
    return list(dict.fromkeys(text.replace(",", " ").replace(";", " ").split()))


def attribute(
    stated: str, known: Mapping[str, ClickFacts], *, partner_id: int, order: str, bought_at: datetime | None
) -> Attribution:
    """Decide which of our clicks a partner's purchase is credited to.

    `stated` is what the partner gives back, `known` our clicks by id, of whichever partner.
    """
    names = clicks_in(stated)
    if not names:
        return Attribution(Reason.NO_CLICK)
    verdicts = [(name, _verdict(known.get(name), partner_id, bought_at)) for name in names]
    looked_at = tuple((name, verdict.value) for name, verdict in verdicts)
    fit = [known[name] for name, verdict in verdicts if verdict is Reason.LAST_CLICK]
    if not fit:
        return Attribution(_closest(verdict for _, verdict in verdicts), looked_at=looked_at)
    last = max(fit, key=lambda one: (one.clicked_at, one.click))
    reason = Reason.LAST_OF_SEVERAL if len(fit) > 1 else Reason.LAST_CLICK
    if last.order and last.order != order:
        reason = Reason.BOUGHT_AGAIN
    return Attribution(reason, last.click, looked_at)


def _verdict(click: ClickFacts | None, partner_id: int, bought_at: datetime | None) -> Reason:
    if click is None:
        return Reason.UNKNOWN_CLICK
    if click.partner_id != partner_id:
        return Reason.OTHER_PARTNER
    if bought_at is None:
        return Reason.TIMELESS
    if bought_at < click.clicked_at - CLOCKS:
        return Reason.BEFORE_CLICK
    if bought_at >= click.clicked_at + timedelta(days=click.days) + CLOCKS:
        return Reason.TOO_LATE
    return Reason.LAST_CLICK


_TELLING: Sequence[Reason] = (
    Reason.TOO_LATE, Reason.BEFORE_CLICK, Reason.TIMELESS, Reason.OTHER_PARTNER, Reason.UNKNOWN_CLICK,
)  # fmt: skip
"""Of several clicks that do not count, the one that came closest says why."""


def _closest(verdicts: Iterable[Reason]) -> Reason:
    found = set(verdicts)
    return next(reason for reason in _TELLING if reason in found)
