"""What has been used: by which receipts, and by which single-use codes."""

from collections.abc import Collection

from onebasket.base import bulk
from onebasket.commerce.pricing.models import Overuse
from onebasket.commerce.pricing.rules.messages import serial_digest


def receipts_counted(receipts: Collection[int]) -> set[int]:
    """Return those of the receipts whose uses were counted, given back or not; one statement."""
    if not receipts:
        return set()
    sql = f"SELECT DISTINCT receipt FROM pricing_use WHERE receipt IS NOT NULL AND {bulk.in_list('receipt')}"  # noqa: S608
    return {receipt for (receipt,) in bulk.fetch(sql, [bulk.list_parameter(sorted(receipts))])}


def coupons_of_serials(texts: Collection[str]) -> dict[str, str]:
    """Return the coupon of each text that is a single-use code; one statement, none without texts."""
    if not texts:
        return {}
    digests = {serial_digest(text): text for text in sorted(texts)}
    sql = f"SELECT digest, coupon_code FROM pricing_couponserial WHERE {bulk.in_list('digest')}"  # noqa: S608
    return {digests[digest]: coupon for digest, coupon in bulk.fetch(sql, [bulk.list_parameter(sorted(digests))])}


def overuses_open() -> int:
    """Return how many uses wait for somebody to look at them."""
    return Overuse.objects.filter(closed_at=None).count()
