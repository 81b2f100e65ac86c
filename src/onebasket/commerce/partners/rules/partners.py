"""Partners, agreements and exchange rates: what is stated, and what is read of them."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from onebasket.commerce.access.rules import SourceItem
from onebasket.kernel.money import PPM, divide_half_up, exponent
from onebasket.kernel.patterns import exactly

RATE_SCALE = 10**9
"""An exchange rate is so many billionths of a major unit of the other currency."""

Code = Annotated[str, Meta(pattern=exactly("[a-z0-9][a-z0-9-]{0,31}"))]
Currency = Annotated[str, Meta(min_length=3, max_length=3)]


class Merchant(StrEnum):
    """Who is merchant of record of what a partner ships.

    principal: the chain sells it, at its own price and tax, and buys it from the partner. agent: the partner sells it,
    tax is the partner's, and the chain earns commission.
    """

    PRINCIPAL = "principal"
    AGENT = "agent"


class PartnerItem(SourceItem, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A partner as stated: `gateway` names its protocol, `endpoint` its address; secrets come apart from it."""

    code: Code
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    gateway: Annotated[str, Meta(min_length=1, max_length=32)]
    currency: Currency
    endpoint: Annotated[str, Meta(max_length=300)] = ""
    options: dict[str, str] = {}
    active: bool = True


class CommissionTermItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Commission on a category of the partner's (none means every other one): `rate` in parts per million."""

    rate: Annotated[int, Meta(ge=0, le=PPM)]
    category: Annotated[str, Meta(max_length=160)] = ""


class AgreementItem(SourceItem, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was agreed with a partner from a day on, until the next agreement or `ends_on` (exclusive).

    `markup` is what a principal adds to the partner's price, in parts per million; an agent adds nothing.
    `return_days` after delivery, `settlement_days` from one settlement to the next. `fresh_minutes`: for so long an
    offer as stated may be sold. `referral_days`: for so long after a click a purchase counts as referred.
    `counter_returns`: what the partner sold through us as its agent may be brought back to our counters,
    on its account.
    """

    partner: Code
    starts_on: date
    currency: Currency
    merchant: Merchant
    commission: tuple[CommissionTermItem, ...] = ()
    ends_on: date | None = None
    refers: bool = True
    ships: bool = True
    counter_returns: bool = True
    markup: Annotated[int, Meta(ge=0, le=10 * PPM)] = 0
    return_days: Annotated[int, Meta(ge=0, le=3650)] = 30
    settlement_days: Annotated[int, Meta(ge=1, le=366)] = 30
    fresh_minutes: Annotated[int, Meta(ge=1, le=525_600)] = 60
    referral_days: Annotated[int, Meta(ge=0, le=3650)] = 3


class ExchangeRateItem(SourceItem, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From an instant on one major unit of `base` is `billionths` / 10^9 major units of `quote`."""

    base: Currency
    quote: Currency
    billionths: Annotated[int, Meta(ge=1, le=10**15)]
    valid_from: Annotated[datetime, Meta(tz=True)]


class AgreementFacts(msgspec.Struct, frozen=True):
    """An agreement that holds; `commission` by category, "" for every other."""

    id: int
    partner_id: int
    currency: str
    merchant: Merchant
    refers: bool
    ships: bool
    markup: int
    return_days: int
    settlement_days: int
    fresh_minutes: int
    referral_days: int
    commission: dict[str, int] = {}
    counter_returns: bool = True

    def rate_of(self, category: str) -> int:
        """Return the commission on a category, in parts per million: the longest path that it lies under decides.

        Categories are paths such as "Home > Lighting".
        """
        parts = category.split(" > ")
        paths = (" > ".join(parts[:count]) for count in range(len(parts), 0, -1))
        return next((self.commission[path] for path in paths if path in self.commission), self.commission.get("", 0))


class PartnerFacts(msgspec.Struct, frozen=True):
    """A partner with the agreement that holds now, None where none does: then nothing of it is shown or sold."""

    id: int
    code: str
    name: str
    gateway: str
    currency: str
    place_id: int
    active: bool
    agreement: AgreementFacts | None = None


class RateFacts(msgspec.Struct, frozen=True):
    """An exchange rate and since when it holds."""

    base: str
    quote: str
    billionths: int
    valid_from: datetime


def place_code_of(partner: str) -> str:
    """Return the code of the place under which a partner's parts of orders are served."""
    return f"partner-{partner}"


def exchange(amount: int, rate: RateFacts) -> int:
    """Return minor units of `base` in minor units of `quote`, rounded half away from zero."""
    digits = exponent(rate.quote) - exponent(rate.base)
    up, down = (10**digits, 1) if digits >= 0 else (1, 10**-digits)
    return divide_half_up(amount * rate.billionths * up, RATE_SCALE * down)


def rate_at(rates: Sequence[RateFacts], base: str, quote: str, at: datetime) -> RateFacts | None:
    """Return the rate that holds at an instant, the newest that had begun; one is one of the same currency."""
    if base == quote:
        return RateFacts(base, quote, RATE_SCALE, at)
    fit = [one for one in rates if (one.base, one.quote) == (base, quote) and one.valid_from <= at]
    return max(fit, key=lambda one: one.valid_from, default=None)
