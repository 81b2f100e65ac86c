"""Promotions forget who used them: uses stay with their orders, and whose they were goes."""

from collections.abc import Sequence

from onebasket.base.locking import require_transaction
from onebasket.commerce.pricing.models import CampaignHousehold, CouponClip, Overuse, Use, UseCount


def forget_numbers(numbers: Sequence[str]) -> int:
    """Take these loyalty numbers out of campaigns, coupons and uses; return how many uses that were.

    A use stays with its order, as one of a guest: how often somebody used something is counted for nobody any more.
    """
    require_transaction()
    known = [number for number in numbers if number]
    CampaignHousehold.objects.filter(loyalty_number__in=known).delete()
    CouponClip.objects.filter(loyalty_number__in=known).delete()
    UseCount.objects.filter(loyalty_number__in=known).delete()
    Overuse.objects.filter(loyalty_number__in=known).update(loyalty_number="")
    return Use.objects.filter(loyalty_number__in=known).update(loyalty_number="", most=None)
