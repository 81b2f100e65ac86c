"""Promotions as they were recorded when an order was placed."""

from collections.abc import Iterable
from datetime import datetime

from onebasket.base import bulk
from onebasket.base.instants import instant_parameter
from onebasket.commerce.pricing.rules.compiling import PromotionSet, compile_promotions
from onebasket.commerce.pricing.rules.messages import STATE_NUMBERS
from onebasket.commerce.pricing.rules.promotions import decode_promotion


def promotions_as_of(recorded: datetime, *, at: datetime, coupons: Iterable[str]) -> PromotionSet:
    """Return the promotions that were live as recorded by an instant and valid at another; one statement.

    Of those that need a coupon only those that one of `coupons` is for: nobody else's can apply.
    """
    known, valid = instant_parameter(recorded), instant_parameter(at)
    sql = (
        "SELECT terms FROM pricing_promotion WHERE state = %s "  # noqa: S608 - constants
        "AND recorded_at <= %s AND (superseded_at IS NULL OR superseded_at > %s) "
        "AND valid_from <= %s AND (valid_to IS NULL OR valid_to > %s) "
        f"AND (coupon_code = '' OR {bulk.in_list('coupon_code')}) ORDER BY code, version"
    )
    presented = bulk.list_parameter(sorted(set(coupons)))
    rows = bulk.fetch(sql, [STATE_NUMBERS["live"], known, known, valid, valid, presented])
    found = (decode_promotion(terms) for (terms,) in rows)
    return compile_promotions({promotion.code: promotion for promotion in found}.values())
