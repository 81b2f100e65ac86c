"""Tables of pricing."""

from onebasket.commerce.pricing.models.coupons import Campaign, CampaignHousehold, Coupon, CouponClip, CouponSerial
from onebasket.commerce.pricing.models.prices import Price
from onebasket.commerce.pricing.models.promotions import Preview, Promotion, Revision, SkuList, SkuListEntry
from onebasket.commerce.pricing.models.taxes import Tax, TaxClass, TaxTerms
from onebasket.commerce.pricing.models.uses import Overuse, Use, UseCount

__all__ = [
    "Campaign",
    "CampaignHousehold",
    "Coupon",
    "CouponClip",
    "CouponSerial",
    "Overuse",
    "Preview",
    "Price",
    "Promotion",
    "Revision",
    "SkuList",
    "SkuListEntry",
    "Tax",
    "TaxClass",
    "TaxTerms",
    "Use",
    "UseCount",
]
