"""Which coupon a presented code is, who may have one on the card, and which statements about coupons are refused."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from onebasket.commerce.access.rules import code_problem
from onebasket.commerce.pricing.rules.book import EARLIEST, LATEST
from onebasket.commerce.pricing.rules.checks import CAMPAIGN_PREFIX
from onebasket.commerce.pricing.rules.messages import CampaignItem, CouponItem, Medium
from onebasket.commerce.pricing.rules.promotions import Promotion

_BARCODE = re.compile(r"[0-9]{6,48}")


class CampaignFacts(msgspec.Struct, frozen=True, gc=False):
    """A campaign as quotes read it."""

    code: str
    valid_from: datetime
    valid_to: datetime | None

    def is_on(self, at: datetime) -> bool:
        """Whether the campaign is on at an instant."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


class CouponBook(msgspec.Struct, frozen=True):
    """The coupons that stand, how each is presented, and what each is worth: the live promotions that ask for it."""

    media: Mapping[str, Medium] = {}
    barcodes: Mapping[str, tuple[str, ...]] = {}
    promotions: Mapping[str, tuple[Promotion, ...]] = {}
    campaigns: Mapping[str, CampaignFacts] = {}

    def segments(self, campaigns: Iterable[str], at: datetime) -> frozenset[str]:
        """Return the segments that a household is in by its campaigns, of those that are on."""
        return frozenset(
            f"{CAMPAIGN_PREFIX}{code}"
            for code in campaigns
            if code in self.campaigns and self.campaigns[code].is_on(at)
        )

    def presented(self, text: str, segments: frozenset[str], at: datetime) -> str | None:
        """Return the coupon that a paper coupon's code or barcode stands for, or None where it stands for none.

        A barcode that several campaigns print stands for the one that the shopper can use now, of these the one that
        ends first.
        """
        if self.media.get(text) == "paper":
            return text
        codes = self.barcodes.get("".join(text.split()), ())
        return min(codes, key=lambda code: self._rank(code, segments, at)) if codes else None

    def _rank(self, code: str, segments: frozenset[str], at: datetime) -> tuple[bool, datetime, str]:
        usable = [one for one in self.promotions.get(code, ()) if is_on(one, at) and is_meant(one, segments)]
        return not usable, min((one.valid_to or LATEST for one in usable), default=LATEST), code


def is_on(promotion: Promotion, at: datetime) -> bool:
    """Whether a promotion is valid at an instant."""
    return promotion.valid_from <= at and (promotion.valid_to is None or at < promotion.valid_to)


def is_meant(promotion: Promotion, segments: frozenset[str]) -> bool:
    """Whether somebody in these segments is in a promotion's audience, as far as segments say."""
    return not promotion.audience.segments or not promotion.audience.segments.isdisjoint(segments)


def clip_problem(book: CouponBook, code: str, segments: frozenset[str], at: datetime) -> str:
    """Say why a coupon cannot be put on a customer's card, or nothing.

    A coupon that is not meant for the customer is told like one that there is not: nobody learns of other people's.
    """
    unknown = f"coupon: there is no digital coupon {code!r} for this customer now. Check the code."
    if book.media.get(code) != "digital":
        return unknown
    worth = book.promotions.get(code, ())
    ends = [one for one in worth if is_meant(one, segments) and (one.valid_to is None or at < one.valid_to)]
    return "" if ends else unknown


def coupon_problem(item: CouponItem) -> str:
    """Say what is wrong with a coupon, or nothing."""
    if found := code_problem(item.code):
        return f"code: {found}"
    if not item.barcode:
        return ""
    if item.medium != "paper":
        return "barcode: only a paper coupon has a barcode. Leave it out."
    return "" if _BARCODE.fullmatch(item.barcode) else "barcode: 6 to 48 digits, as they are scanned."


def campaign_problem(item: CampaignItem) -> str:
    """Say what is wrong with a campaign's validity, or nothing."""
    if found := code_problem(item.code):
        return f"code: {found}"
    for name, instant in (("valid_from", item.valid_from), ("valid_to", item.valid_to)):
        if instant is not None and not EARLIEST <= instant < LATEST:
            return f"{name}: {instant.isoformat()} lies outside the years {EARLIEST.year} to {LATEST.year - 1}."
    if item.valid_to is not None and item.valid_to <= item.valid_from:
        return "valid_to: a campaign ends after it begins. Give a later valid_to, or none."
    return ""
