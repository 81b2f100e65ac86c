"""What of a stated offer is kept, and what is odd about it; decided before anything is read or written."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from onebasket.commerce.partners.rules.port import OddItem, OfferStated
from onebasket.kernel.barcodes import BadCode, Scan, parse
from onebasket.kernel.money import MAX_AMOUNT, currencies

LONGEST_REFERENCE = 64
LONGEST_URL = 1000
MOST_STOCK = 2_000_000_000
"""More of one thing than this is written as this many: the column holds no more, and nobody buys so many."""
MOST_DAYS = 3_650
LEAP = 20
"""A price that rises or falls more than so many times at once is a slip of a unit until a person says otherwise."""
GONE_FINGERPRINT = 0
DETAILS = frozenset({"bad_gtin", "bad_shipping", "bad_days"})
"""Faults of an offer that was taken without the detail."""
MOST_DETAILS = 20
"""Of one such fault so many of a batch are kept one by one: a million numbers may be no GTIN."""
_encode = msgspec.json.Encoder().encode


class OfferRow(NamedTuple):
    """What is kept of a stated offer, as its columns are named, and the instant at which it was stated.

    `fingerprint` is over all that a shopper could see.
    """

    title: str
    price: int
    currency: str
    list_price: int | None
    stock: int | None
    available: bool
    gone: bool
    seller: str
    brand: str
    gtin: str
    model: str
    category: str
    description: str
    url: str
    shipping_amount: int | None
    days_from: int | None
    days_to: int | None
    fingerprint: int
    stated_at: datetime


_GONE = OfferRow(
    title="", price=0, currency="", list_price=None, stock=None, available=False, gone=True, seller="", brand="",
    gtin="", model="", category="", description="", url="", shipping_amount=None, days_from=None, days_to=None,
    fingerprint=GONE_FINGERPRINT, stated_at=datetime.min.replace(tzinfo=UTC),
)  # fmt: skip


class Fault(NamedTuple):
    """What is odd: a code, and words for a clerk."""

    reason: str
    explanation: str


class Weighed(NamedTuple):
    """A stated offer as looked at: its row, None where it cannot be taken, and what was odd of it."""

    row: OfferRow | None
    faults: tuple[Fault, ...] = ()


def weigh(offer: OfferStated, *, now: datetime, stated_at: datetime | None = None) -> Weighed:
    """Say what of an offer is kept. What it may not lack refuses it; a detail that cannot be right is left out of it.

    An offer that states no time was stated at `stated_at`, or now. A statement from the future counts as one from now:
    else it would bar every later one. One without an offset is in UTC.
    """
    stated_at = offer.stated_at or stated_at or now
    if stated_at.tzinfo is None:
        stated_at = stated_at.replace(tzinfo=UTC)
    stated_at = min(stated_at, now)
    refused = _refuse_reference(offer.reference)
    if refused is None and offer.gone:
        return Weighed(_gone(stated_at))
    refused = refused or _refuse(offer)
    if refused is not None:
        return Weighed(None, (refused,))
    gtin, faults = _gtin_of(offer.gtin)
    shipping, days, more = _delivery_of(offer)
    visible = (
        _cut(offer.title.strip(), 300), offer.price, offer.currency, _list_price(offer), _stock(offer.stock),
        offer.available, False, _cut(offer.seller, 120), _cut(offer.brand, 120), gtin, _cut(offer.model, 120),
        _cut(offer.category, 200), _cut(offer.description, 5_000), offer.url, shipping, *days,
    )  # fmt: skip
    print_ = fingerprint(visible)
    if print_ is None:
        return Weighed(None, (Fault("unreadable_text", "A text holds a NUL character or broken bytes."),))
    return Weighed(OfferRow(*visible, print_, stated_at), faults + more)


def fingerprint(visible: tuple[Any, ...]) -> int | None:
    """Return 64 bits of what a shopper could see, never that of a gone offer; None where no database can keep it."""
    try:
        content = _encode(visible)
    except UnicodeEncodeError:
        return None
    if b"\\u0000" in content and any("\x00" in value for value in visible if isinstance(value, str)):
        return None
    found = int.from_bytes(blake2b(content, digest_size=8).digest(), "big", signed=True)
    return found or 1


def leap(row: OfferRow, *, price: int, currency: str) -> Fault | None:
    """Say why a kept offer may not come to this price by itself: it leapt, or is in another currency at once."""
    if row.currency != currency:
        return Fault(
            "currency_changed",
            f"It was priced in {currency}, and is in {row.currency} now. Settle it, and the next statement is taken.",
        )
    if price > 0 and not price <= row.price * LEAP <= price * LEAP * LEAP:
        return Fault(
            "price_leap",
            f"The price went from {price} to {row.price} (minor units of {currency}), more than {LEAP} times as much or"
            " as little: perhaps another unit. Settle it, and the next statement is taken.",
        )
    return None


def odd_item(offer: OfferStated, fault: Fault) -> OddItem:
    """Return an odd offer as it is kept, whole."""
    try:
        content = _encode(offer)
    except UnicodeEncodeError:
        texts = {name: getattr(offer, name) for name in offer.__struct_fields__}
        content = _encode({name: _visible(value) for name, value in texts.items()})
    return OddItem(_visible(offer.reference), fault.reason, fault.explanation, content.decode())


def to_keep(odd: Sequence[OddItem]) -> list[OddItem]:
    """Return what of a batch goes to the queue: of a detail's fault only some one by one, the rest as a number.

    What has no reference is named after its content: so other things stand by themselves, and the same counts up.
    """
    counts: Counter[str] = Counter()
    kept: list[OddItem] = []
    for item in odd:
        counts[item.reason] += 1
        if item.reason in DETAILS and counts[item.reason] > MOST_DETAILS:
            continue
        kept.append(item if item.reference else msgspec.structs.replace(item, reference=_name_of(item.content)))
    return kept + [
        OddItem("", reason, f"Of one reading {more:,} more offers had it, and were taken without it.", "")
        for reason in sorted(DETAILS)
        if (more := counts[reason] - MOST_DETAILS) > 0
    ]


def _name_of(content: str) -> str:
    return f"#{blake2b(content.encode(), digest_size=6).hexdigest()}"


def price_in(content: str) -> tuple[int, str] | None:
    """Return price and currency of an offer that is kept as odd, None where they cannot be read."""
    try:
        offer = msgspec.json.decode(content, type=OfferStated)
    except msgspec.DecodeError:
        return None
    return offer.price, offer.currency


def _visible(value: Any) -> Any:  # noqa: ANN401 - any field's value
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _refuse_reference(reference: str) -> Fault | None:
    if not reference:
        return Fault("no_reference", "It has no reference, so nothing says which offer it is.")
    if len(reference) > LONGEST_REFERENCE:
        return Fault("long_reference", f"The reference is longer than {LONGEST_REFERENCE} characters.")
    if not reference.isprintable():
        return Fault("unreadable_text", "The reference holds characters that cannot be read.")
    return None


def _refuse(offer: OfferStated) -> Fault | None:
    if not offer.title or not offer.title.strip():
        return Fault("no_title", "It has no title.")
    if not 0 < offer.price <= MAX_AMOUNT:
        return Fault("no_price", f"Its price is {offer.price}: no offer is free, and none costs so much.")
    if offer.currency not in currencies():
        return Fault("no_currency", f"{offer.currency!r} is no ISO 4217 currency code.")
    if offer.stock is not None and offer.stock < 0:
        return Fault("negative_stock", f"Its stock is {offer.stock}.")
    if offer.url and (len(offer.url) > LONGEST_URL or not offer.url.startswith(("https://", "http://"))):
        return Fault("bad_url", f"Its address is no https address of up to {LONGEST_URL} characters.")
    return None


def _gone(stated_at: datetime) -> OfferRow:
    return _GONE._replace(stated_at=stated_at)


def _gtin_of(text: str) -> tuple[str, tuple[Fault, ...]]:
    """Return a GTIN-14, or none and why. A number of somebody's own circle names nothing to others: it is left out."""
    if not text:
        return "", ()
    scan = parse(text.replace("-", "").replace(" ", ""))
    if isinstance(scan, Scan) and scan.kind != "plu":
        return (scan.code if scan.kind == "gtin" else ""), ()
    why = f" {scan.explanation}" if isinstance(scan, BadCode) else ""
    return "", (Fault("bad_gtin", f"{text[:40]!r} is no GTIN, so it was left out.{why}"),)


def _delivery_of(offer: OfferStated) -> tuple[int | None, tuple[int | None, int | None], tuple[Fault, ...]]:
    """Return shipping and days, what cannot be right left out."""
    shipping, first, last = offer.shipping_amount, offer.days_from, offer.days_to
    if shipping is None and first is None and last is None:
        return None, (None, None), ()
    faults: tuple[Fault, ...] = ()
    if shipping is not None and not 0 <= shipping <= MAX_AMOUNT:
        faults = (Fault("bad_shipping", f"Shipping is {shipping}, so it was left out."),)
        shipping = None
    start, end = first or 0, last if last is not None else first or 0
    if not 0 <= start <= end <= MOST_DAYS:
        faults += (Fault("bad_days", f"It takes from {first} to {last} days, so they were left out."),)
        first = last = None
    return shipping, (first, last), faults


def _list_price(offer: OfferStated) -> int | None:
    """Return the price that is crossed out; one that is not above the price is none."""
    stated = offer.list_price
    return stated if stated is not None and offer.price < stated <= MAX_AMOUNT else None


def _stock(stock: int | None) -> int | None:
    return stock if stock is None or stock <= MOST_STOCK else MOST_STOCK


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most]
