"""What is told of partners, their offers, referrals, parts and commission."""

from datetime import date

import msgspec


class PartnerNews(msgspec.Struct, frozen=True):
    """A partner was made or changed."""

    code: str
    name: str
    gateway: str
    currency: str
    active: bool


class AgreementNews(msgspec.Struct, frozen=True):
    """What was agreed with a partner was stated: it holds from a day on."""

    partner: str
    starts_on: date
    ends_on: date | None
    merchant: str
    currency: str


class PartNews(msgspec.Struct, frozen=True):
    """A partner's part of an order moved on. `total` is what the shopper owes for it now, in minor units of `currency`.

    Lines are [number, the partner's reference, quantity, quantity taken in by the partner (null before it answered)].
    """

    part: str
    order: str
    partner: str
    place: str
    channel: str
    status: str
    merchant: str
    currency: str
    total: int
    lines: list[tuple[int, str, int, int | None]]
    reason: str = ""


PART_EVENTS = (
    "part.opened", "part.due", "part.placed", "part.shipped", "part.delivered", "part.refused", "part.cancelled",
    "part.stuck",
)  # fmt: skip

EVENTS: dict[str, type[msgspec.Struct]] = {
    "partner.changed": PartnerNews,
    "agreement.changed": AgreementNews,
    **dict.fromkeys(PART_EVENTS, PartNews),
}
"""The data of each event type that partners emit."""
