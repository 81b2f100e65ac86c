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


class ReferralNews(msgspec.Struct, frozen=True):
    """A shopper followed a link to a partner's page, or the partner states a purchase that came of it.

    Nothing in it is about the shopper. `offer` is the partner's reference, `order` its order; `place` is the code of
    the place that was chosen, empty for none.
    """

    referral: str
    partner: str
    offer: str
    channel: str
    place: str
    status: str
    order: str = ""
    reason: str = ""


class CommissionNews(msgspec.Struct, frozen=True):
    """A partner states commission on a line, or states it otherwise: `change` is what it moves by.

    `commission` is what it stands at, `expected` what our agreement comes to (null where none held); minor units of
    `currency`. `referral` and `part` say whose line it is, empty where it is neither's.
    """

    partner: str
    key: str
    kind: str
    standing: str
    currency: str
    amount: int
    commission: int
    change: int
    expected: int | None = None
    referral: str = ""
    part: str = ""


class PartReturnNews(msgspec.Struct, frozen=True):
    """A partner's goods were brought back at a place of ours; they are kept for the partner.

    The shopper gets `total` back in `currency`, tax included; `owner` owes it, the chain or the partner. The partner
    owes us `claim` in `claim_currency`, less `commission` of ours that goes with it. Lines are [number, the partner's
    reference, quantity, paid back].
    """

    number: str
    part: str
    order: str
    partner: str
    place: str
    merchant: str
    owner: str
    currency: str
    total: int
    tax_total: int
    claim: int
    claim_currency: str
    commission: int
    lines: list[tuple[int, str, int, int]]


PART_EVENTS = (
    "part.opened", "part.due", "part.placed", "part.shipped", "part.delivered", "part.refused", "part.cancelled",
    "part.stuck",
)  # fmt: skip

EVENTS: dict[str, type[msgspec.Struct]] = {
    "partner.changed": PartnerNews,
    "agreement.changed": AgreementNews,
    "referral.clicked": ReferralNews,
    "referral.bought": ReferralNews,
    "commission.changed": CommissionNews,
    **dict.fromkeys(PART_EVENTS, PartNews),
    "part.returned": PartReturnNews,
}
"""The data of each event type that partners emit."""
