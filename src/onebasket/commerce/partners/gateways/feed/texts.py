"""Texts of partners' files as values: prices, yes and no, days, instants; exactly, or refused."""

import re
from datetime import UTC, date, datetime, time
from functools import lru_cache

from onebasket.commerce.partners.gateways.feed.unfit import BadFieldError
from onebasket.kernel.money import currencies, parse_amount

_WORDS = {
    "in stock": True, "available": True, "limited availability": True, "yes": True, "true": True, "1": True,
    "out of stock": False, "sold out": False, "unavailable": False, "no": False, "false": False, "0": False,
    "preorder": False, "pre-order": False, "backorder": False, "back order": False,
}  # fmt: skip
"""What may be ordered only for later is not there now."""
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")


@lru_cache(maxsize=65_536)
def parse_price(text: str, currency: str = "", *, decimal: str = ".", thousands: str = "") -> tuple[int, str]:
    """Return minor units and currency of a price such as "12.34 USD", "USD 12.34", or "12.34" where it is known.

    Raises:
        BadFieldError: it is no plain decimal number, has more decimals than the currency, or names no currency.
    """
    number, named = text.strip(), ""
    if number[-3:].isalpha():
        number, named = number[:-3].rstrip(), number[-3:].upper()
    elif number[:3].isalpha():
        number, named = number[3:].lstrip(), number[:3].upper()
    named = named or currency
    if named not in currencies():
        said = f"{named!r} is no ISO 4217 currency code" if named else "it names no currency"
        raise BadFieldError("bad_price", f"The price {text[:60]!r} cannot be read: {said}. Write it as 12.34 USD.")
    plain = number.replace(thousands, "") if thousands else number
    if decimal != ".":
        plain = plain.replace(".", "?").replace(decimal, ".")
    if not _PLAIN.fullmatch(plain):
        raise BadFieldError("bad_price", f"The price {text[:60]!r} cannot be read. Write it as 12.34 USD.")
    try:
        return parse_amount(plain, named), named
    except ValueError as error:
        raise BadFieldError("bad_price", f"The price {text[:60]!r} cannot be taken exactly: {error}.") from error


def parse_availability(text: str) -> bool:
    """Return whether it is there, as catalogues say it; BadFieldError where they say something else."""
    found = _WORDS.get(text.lower().replace("_", " "))
    if found is None:
        raise BadFieldError(
            "bad_availability", f"{text[:60]!r} does not say whether it is there. Use in_stock or out_of_stock."
        )
    return found


def parse_count(text: str, what: str) -> int:
    """Return a whole number; BadFieldError where it is none."""
    if not _WHOLE.fullmatch(text):
        raise BadFieldError("bad_number", f"{what}: {text[:60]!r} is no whole number.")
    return int(text)


def parse_instant(text: str, what: str) -> datetime:
    """Return an instant out of ISO 8601 text, in UTC where it states no offset; BadFieldError where it is none."""
    try:
        found = datetime.fromisoformat(_OFFSET.sub(r"\1:\2", text.strip()))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadFieldError("bad_time", f"{what}: {text[:60]!r} is no date and time in ISO 8601.") from error


def parse_latest(text: str, what: str) -> datetime:
    """Return an instant as `parse_instant` does; of a day without a time its last one in UTC, BadFieldError alike."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return parse_instant(text, what)
    return datetime.combine(day, time.max, UTC)


def is_within(interval: str, at: datetime) -> bool:
    """Whether an instant lies in an interval of two instants with a slash between; an empty interval holds always."""
    if not interval:
        return True
    start, slash, end = interval.partition("/")
    if not slash:
        raise BadFieldError("bad_time", f"{interval[:60]!r} is no interval of two instants with a slash between.")
    return parse_instant(start, "sale from") <= at < parse_instant(end, "sale to")
