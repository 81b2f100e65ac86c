"""A referral's life, from the link that was followed to the commission on it, and what is counted of offers shown."""

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum

import msgspec

from onebasket.commerce.partners.rules.commissions import Standing


class Status(StrEnum):
    """Where a referral stands.

    clicked: the link was followed. bought: the partner states a purchase, and nothing certain of a commission on it.
    expected: commission is stated, for the first time. restated: it was stated otherwise since, or some of it was taken
    back. settled: the partner has settled all that is left. clawed_back: nothing is left.
    """

    CLICKED = "clicked"
    BOUGHT = "bought"
    EXPECTED = "expected"
    RESTATED = "restated"
    SETTLED = "settled"
    CLAWED_BACK = "clawed_back"


_EARNING = frozenset({Status.EXPECTED, Status.RESTATED, Status.SETTLED, Status.CLAWED_BACK})
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.CLICKED: frozenset({Status.BOUGHT}) | _EARNING,
    Status.BOUGHT: _EARNING,
    Status.EXPECTED: _EARNING - {Status.EXPECTED},
    Status.RESTATED: frozenset({Status.SETTLED, Status.CLAWED_BACK}),
    Status.SETTLED: frozenset({Status.EXPECTED, Status.RESTATED, Status.CLAWED_BACK}),
    Status.CLAWED_BACK: frozenset({Status.RESTATED, Status.SETTLED}),
}
"""Which status may follow which: partners take back what they have settled, give again what they have taken back, and
state another line of a purchase when the first is settled."""

ENDED = frozenset({Status.SETTLED, Status.CLAWED_BACK})


class LineStands(msgspec.Struct, frozen=True):
    """A commission line of a referral: where it stands, and how many statements made it so."""

    standing: Standing
    entries: int


def status_of(lines: Collection[LineStands], *, bought: bool = False) -> Status:
    """Return where a referral stands by the commission lines on it; `bought` where a purchase is stated without one."""
    if not lines:
        return Status.BOUGHT if bought else Status.CLICKED
    left = [line for line in lines if line.standing is not Standing.CLAWED_BACK]
    if not left:
        return Status.CLAWED_BACK
    if all(line.standing is Standing.SETTLED for line in left):
        return Status.SETTLED
    if len(left) < len(lines) or any(line.entries > 1 for line in lines):
        return Status.RESTATED
    return Status.EXPECTED


class FollowLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that was followed: what its ticket said, how it and the click are named, and when.

    `led` is where the shopper was sent already, "" where nobody was yet.
    """

    offer_id: int
    channel: str
    place_id: int
    associate: str
    shown_at: datetime
    serial: str
    click: str
    clicked_at: datetime
    led: str = ""


class Followed(msgspec.Struct, frozen=True):
    """What became of it: the address that it leads to, or why it leads nowhere."""

    address: str = ""
    refused: str = ""


class ShownCount(msgspec.Struct, frozen=True):
    """How often an offer was shown, and links to it followed, on a day, by channel and place (0: none was chosen)."""

    day: date
    offer_id: int
    channel: str
    place_id: int
    shown: int = 0
    clicked: int = 0
