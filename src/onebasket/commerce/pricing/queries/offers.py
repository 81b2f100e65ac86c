"""What is offered to a customer: the digital coupons that may be put on the card, and how each stands."""

from datetime import datetime

import msgspec

from onebasket.commerce.customers.queries import shopper_facts
from onebasket.commerce.pricing.queries.holders import Holder, persons
from onebasket.commerce.pricing.queries.remembered import Memory, recall
from onebasket.commerce.pricing.rules.coupons import is_meant
from onebasket.commerce.pricing.rules.promotions import Promotion


class Offer(msgspec.Struct, frozen=True):
    """A digital coupon for a customer: what it is worth, when, whether it is on the card, how often it is left.

    `left` is None where there is no limit, 0 where it is used up.
    """

    coupon: str
    promotion: str
    name: str
    valid_from: datetime
    valid_to: datetime | None
    clipped: bool
    left: int | None


def offers_for(loyalty_number: str, *, at: datetime) -> list[Offer]:
    """Return the digital coupons that a customer may use now or later, the one that ends first before the others.

    Nobody's number is offered nothing. Three statements, once promotions are remembered.
    """
    memory = recall()
    facts = shopper_facts(loyalty_number, at=at)
    if facts is None or not facts.member:
        return []
    holder = persons({loyalty_number: facts.numbers})[loyalty_number]
    segments = memory.coupons.segments(holder.campaigns, at) | facts.segments
    found = [
        _offer(code, one, holder)
        for code, promotions in memory.coupons.promotions.items()
        if memory.coupons.media.get(code) == "digital"
        for one in promotions
        if is_meant(one, segments) and (one.valid_to is None or at < one.valid_to)
    ]
    return sorted(found, key=lambda offer: (offer.valid_to is None, offer.valid_to or at, offer.coupon))


def live_promotions(*, at: datetime) -> tuple[Promotion, ...]:
    """Return the live promotions that are not over at an instant; one statement, once they are remembered."""
    memory: Memory = recall()
    return tuple(one for one in memory.promotions if one.valid_to is None or at < one.valid_to)


def _offer(code: str, promotion: Promotion, holder: Holder) -> Offer:
    most = promotion.limits.per_customer
    return Offer(
        coupon=code,
        promotion=promotion.code,
        name=promotion.name,
        valid_from=promotion.valid_from,
        valid_to=promotion.valid_to,
        clipped=code in holder.clips,
        left=max(0, most - holder.used.get(promotion.code, 0)) if most else None,
    )
