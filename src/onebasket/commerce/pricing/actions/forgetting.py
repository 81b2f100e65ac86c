"""Pricing forgets whose uses they were: that a promotion was used stays, and by whom goes."""

from collections.abc import Sequence

from onebasket.base.locking import require_transaction
from onebasket.commerce.pricing.models import CampaignHousehold, CouponClip, Use, UseCount


def forget_uses(numbers: Sequence[str]) -> int:
    """Take these loyalty numbers out of uses, counts, cards and campaigns; return how many uses there were.

    A use without a number is counted for nobody, so no limit and no audit speaks of it any more.
    """
    require_transaction()
    mine = {"loyalty_number__in": [number for number in numbers if number]}
    UseCount.objects.filter(**mine).delete()
    CouponClip.objects.filter(**mine).delete()
    CampaignHousehold.objects.filter(**mine).delete()
    return Use.objects.filter(**mine).update(loyalty_number="")
