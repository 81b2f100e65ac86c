"""Which promotions a basket may use: live here and now, for this shopper, and how often."""

from collections.abc import Mapping, Sequence

import msgspec

from onebasket.commerce.pricing.rules.basket import Cause, Shopper, Terms
from onebasket.commerce.pricing.rules.compiling import Reach, Rule
from onebasket.commerce.pricing.rules.promotions import Promotion

UNLIMITED = 10**12
"""More than any basket holds."""


class Standing(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A rule that is live for this basket: how many `times` it may be used, or the `refusal` that people are told."""

    rule: Rule
    times: int
    refusal: Cause | None = None

    @property
    def rank(self) -> int:
        """The rule's place in the order of codes."""
        return self.rule.rank


Live = tuple[Standing, int]
"""A promotion that is live for goods, and the part of it that they may take."""


class Standings:
    """How promotions stand for one basket; each is worked out once."""

    def __init__(self, shopper: Shopper, terms: Terms, presented: Mapping[str, int]) -> None:
        self.shopper = shopper
        self.terms = terms
        self.presented = presented
        self._known: dict[int, Standing | None] = {}

    def of(self, rule: Rule) -> Standing | None:
        """Return how a rule stands, None where nobody needs to hear of it."""
        known = self._known
        if rule.rank in known:
            return known[rule.rank]
        found = known[rule.rank] = stand(rule, self.shopper, self.terms, self.presented)
        return found

    def live(self, reaches: Sequence[Reach]) -> list[Live]:
        """Return the promotions that people need to hear of, in the order of codes."""
        return [(standing, reach.part) for reach in reaches if (standing := self.of(reach.rule)) is not None]


def stand(rule: Rule, shopper: Shopper, terms: Terms, presented: Mapping[str, int]) -> Standing | None:
    """Return how a rule stands, `presented` being how often each coupon was; None where nobody needs to hear of it."""
    promotion = rule.promotion
    if not (_is_live(promotion, terms) and _is_meant(promotion, shopper)):
        return None
    if promotion.audience.who == "members" and not shopper.member:
        return Standing(rule, 0, "card")
    times = _times_left(promotion, shopper)
    if promotion.coupon is not None:
        shown = presented.get(promotion.coupon.code, 0)
        if not shown:
            return Standing(rule, 0, "coupon")
        if promotion.coupon.uses:
            times = min(times, shown * promotion.coupon.uses)
    return Standing(rule, times) if times > 0 else Standing(rule, 0, "limit")


def _is_live(promotion: Promotion, terms: Terms) -> bool:
    if terms.at < promotion.valid_from or (promotion.valid_to is not None and terms.at >= promotion.valid_to):
        return False
    return (
        (not promotion.places or terms.place in promotion.places)
        and (not promotion.channels or terms.channel in promotion.channels)
        and (not promotion.currency or terms.currency == promotion.currency)
    )


def _is_meant(promotion: Promotion, shopper: Shopper) -> bool:
    audience = promotion.audience
    if audience.who == "staff" and not shopper.staff:
        return False
    return not audience.segments or not audience.segments.isdisjoint(shopper.segments)


def _times_left(promotion: Promotion, shopper: Shopper) -> int:
    limits = promotion.limits
    times = limits.per_basket or UNLIMITED
    if limits.per_customer:
        times = min(times, limits.per_customer - shopper.used.get(promotion.code, 0))
    return times
