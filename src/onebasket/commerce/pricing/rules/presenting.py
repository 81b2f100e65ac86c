"""What a shopper presents: coupon codes, barcodes and single-use codes as typed or scanned, and what came of each."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from onebasket.commerce.pricing.rules.basket import Note, PromotionUse, Why
from onebasket.commerce.pricing.rules.coupons import CouponBook, is_meant, is_on

MOST_PRESENTED = 50
"""Codes that one basket may present."""


class SerialFacts(msgspec.Struct, frozen=True, gc=False):
    """A single-use code as read: of which coupon, and whether it was used."""

    coupon: str
    used: bool


class Presented(msgspec.Struct, frozen=True):
    """What was presented, as the engine takes it: coupon codes, one for each time, and why others count for nothing.

    `serials` are the single-use codes by coupon, as they were presented.
    """

    coupons: tuple[str, ...]
    serials: Mapping[str, tuple[str, ...]]
    notes: tuple[Note, ...]


class ClaimedUse(msgspec.Struct, frozen=True, gc=False):
    """What a basket uses of a promotion, for its order to claim; `serial` where a single-use code is good for it."""

    code: str
    times: int
    serial: str = ""


def unread(texts: Iterable[str], book: CouponBook) -> set[str]:
    """Return what no coupon's code or barcode is: single-use codes, perhaps."""
    return {text for text in texts if book.media.get(text) != "paper" and "".join(text.split()) not in book.barcodes}


def present(
    texts: Sequence[str],
    book: CouponBook,
    serials: Mapping[str, SerialFacts],
    *,
    clips: Iterable[str],
    segments: frozenset[str],
    at: datetime,
) -> Presented:
    """Say which coupons are presented: those on the shopper's card, and what each text is.

    A single-use code counts once however often it is presented; a paper coupon as often as it is.
    """
    coupons = [code for code in sorted(clips) if _is_good(code, book, segments, at)]
    found: dict[str, list[str]] = {}
    notes = []
    for text in texts[:MOST_PRESENTED]:
        serial = serials.get(text)
        if serial is not None and serial.used:
            notes.append(_refused(text, "used_before"))
        elif serial is not None:
            of_coupon = found.setdefault(serial.coupon, [])
            if text not in of_coupon:
                of_coupon.append(text)
                coupons.append(serial.coupon)
        elif code := book.presented(text, segments, at):
            coupons.append(code)
        else:
            notes.append(_refused(text, _why_not(text, book)))
    notes += [_refused(text, "too_many_codes") for text in texts[MOST_PRESENTED:]]
    return Presented(tuple(coupons), {code: tuple(of_coupon) for code, of_coupon in found.items()}, tuple(notes))


def spread_uses(
    uses: Iterable[PromotionUse], serials: Mapping[str, Sequence[str]], book: CouponBook
) -> tuple[ClaimedUse, ...]:
    """Return what is to be claimed for the promotions that a basket uses.

    Uses of a single-use coupon's promotion are spread over the codes presented, as many on each as one is good for, so
    that a code that was not needed stays good.
    """
    claimed: list[ClaimedUse] = []
    for use in uses:
        presented = serials.get(use.coupon, ()) if use.coupon else ()
        if not presented:
            claimed.append(ClaimedUse(use.reference, use.times))
            continue
        each, left = _uses_each(use, book), use.times
        for number, serial in enumerate(presented):
            times = left if number == len(presented) - 1 or not each else min(each, left)
            if times > 0:
                claimed.append(ClaimedUse(use.reference, times, serial))
            left -= times
    return tuple(claimed)


def _uses_each(use: PromotionUse, book: CouponBook) -> int:
    """Return how many uses of a promotion one presented code is good for, 0 for any number."""
    worth = [one.coupon.uses for one in book.promotions.get(use.coupon, ()) if one.code == use.reference and one.coupon]
    return worth[0] if worth else 1


def _is_good(code: str, book: CouponBook, segments: frozenset[str], at: datetime) -> bool:
    """Whether a coupon on the card is worth something now; others would only make noise."""
    return book.media.get(code) == "digital" and any(
        is_on(one, at) and is_meant(one, segments) for one in book.promotions.get(code, ())
    )


def _why_not(text: str, book: CouponBook) -> Why:
    medium = book.media.get(text)
    if medium == "digital":
        return "for_the_card"
    if medium == "single_use":
        return "wants_own_code"
    return "not_known"


def _refused(text: str, why: Why) -> Note:
    return Note(reference=text, name="", applied=False, why=why, cause="coupon")
