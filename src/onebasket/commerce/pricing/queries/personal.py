"""What pricing keeps about a person, by the numbers of their cards."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from onebasket.commerce.pricing.models import CampaignHousehold, CouponClip, Use


class TargetedRead(msgspec.Struct, frozen=True):
    """A campaign that is, or was, for this customer."""

    campaign: str
    since: datetime
    until: datetime | None


class ClipRead(msgspec.Struct, frozen=True):
    """A digital coupon on the card."""

    coupon: str
    clipped_at: datetime


class UseRead(msgspec.Struct, frozen=True):
    """A use of a promotion by an order, or by a till's receipt: then `order` is what stands for it."""

    order: UUID
    code: str
    times: int
    claimed_at: datetime
    released_at: datetime | None
    receipt: int | None = None


class PersonalOffers(msgspec.Struct, frozen=True):
    """What somebody was offered and used."""

    campaigns: tuple[TargetedRead, ...]
    coupons: tuple[ClipRead, ...]
    uses: tuple[UseRead, ...]


def offers_of(numbers: Sequence[str]) -> PersonalOffers:
    """Return what the owner of these loyalty numbers was offered and used: three statements."""
    known = [number for number in numbers if number]
    campaigns = CampaignHousehold.objects.filter(loyalty_number__in=known).order_by("id")
    clips = CouponClip.objects.filter(loyalty_number__in=known).order_by("id")
    uses = Use.objects.filter(loyalty_number__in=known).order_by("id")
    return PersonalOffers(
        tuple(TargetedRead(*row) for row in campaigns.values_list("campaign_code", "since", "until")),
        tuple(ClipRead(*row) for row in clips.values_list("coupon_code", "clipped_at")),
        tuple(
            UseRead(*row) for row in uses.values_list("order", "code", "times", "claimed_at", "released_at", "receipt")
        ),
    )
