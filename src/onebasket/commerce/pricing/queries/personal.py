"""What pricing keeps about a person: uses of promotions, coupons on the card, campaigns that were for them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from onebasket.commerce.pricing.models import CampaignHousehold, CouponClip, Use


class PersonalUse(msgspec.Struct, frozen=True):
    """An order's use of a promotion; given back where `released_at` says when."""

    order: str
    promotion: str
    times: int
    claimed_at: datetime
    released_at: datetime | None


class PersonalClip(msgspec.Struct, frozen=True):
    """A digital coupon on the card."""

    coupon: str
    clipped_at: datetime


class PersonalCampaign(msgspec.Struct, frozen=True):
    """A campaign that was for the household, from when to when."""

    campaign: str
    since: datetime
    until: datetime | None


class PersonalOffers(msgspec.Struct, frozen=True):
    """Everything that pricing keeps about a person, oldest first."""

    uses: tuple[PersonalUse, ...] = ()
    coupons: tuple[PersonalClip, ...] = ()
    campaigns: tuple[PersonalCampaign, ...] = ()


def personal_offers(numbers: Sequence[str]) -> PersonalOffers:
    """Return what is kept under any of a person's numbers; three statements."""
    mine = {"loyalty_number__in": [number for number in numbers if number]}
    uses = Use.objects.filter(**mine).order_by("id").values_list("order", "code", "times", "claimed_at", "released_at")
    clips = CouponClip.objects.filter(**mine).order_by("id").values_list("coupon_code", "clipped_at")
    campaigns = CampaignHousehold.objects.filter(**mine).order_by("id").values_list("campaign_code", "since", "until")
    return PersonalOffers(
        tuple(
            PersonalUse(str(order), code, times, claimed_at, released_at)
            for order, code, times, claimed_at, released_at in uses
        ),
        tuple(PersonalClip(*clip) for clip in clips),
        tuple(PersonalCampaign(*campaign) for campaign in campaigns),
    )
