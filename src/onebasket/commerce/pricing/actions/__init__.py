"""State changes of pricing: prices, promotions, coupons and taxes."""

from onebasket.commerce.pricing.actions.coupons import (
    add_serials,
    clip_coupons,
    end_coupons,
    set_campaigns,
    set_coupons,
)
from onebasket.commerce.pricing.actions.prices import end_prices, set_prices
from onebasket.commerce.pricing.actions.promotions import end_promotions, launch_promotions, set_promotions
from onebasket.commerce.pricing.actions.taxes import end_taxes, set_tax_classes, set_tax_terms, set_taxes

__all__ = [
    "add_serials",
    "clip_coupons",
    "end_coupons",
    "end_prices",
    "end_promotions",
    "end_taxes",
    "launch_promotions",
    "set_campaigns",
    "set_coupons",
    "set_prices",
    "set_promotions",
    "set_tax_classes",
    "set_tax_terms",
    "set_taxes",
]
