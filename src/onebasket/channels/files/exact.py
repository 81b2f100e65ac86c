"""Decimal text, dates and times of files, converted exactly or refused."""

import re
from datetime import date, datetime
from functools import lru_cache

import msgspec

from onebasket.channels.files.explain import explain_decoding
from onebasket.channels.files.messages import Reading, Refusal
from onebasket.commerce.sales.rules.receipt import Receipt
from onebasket.kernel.clock import zone
from onebasket.kernel.money import parse_amount, scale_exactly
from onebasket.kernel.quantity import Unit, parse_quantity

PERCENT_DECIMALS = 4
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
# UN/ECE Recommendation 20 codes and what tills write, to the units' own codes.
UNIT_ALIASES = {
    "c62": "each",
    "ea": "each",
    "h87": "each",
    "kgm": "kg",
    "lbr": "lb",
    "gll": "gal",
    "ltr": "l",
    "grm": "g",
}


def plain_decimal(text: str, *, decimal: str = ".", thousands: str = "", what: str = "number") -> str:
    """Return decimal text with a point and no grouping; refuse what is no plain decimal number."""
    plain = text.strip()
    if thousands:
        plain = plain.replace(thousands, "")
    if decimal != ".":
        if "." in plain:
            raise Refusal("bad-number", f"The {what} {text!r} has a point, but the decimal sign is {decimal!r}.")
        plain = plain.replace(decimal, ".")
    if not _PLAIN.fullmatch(plain):
        raise Refusal("bad-number", f"The {what} {text!r} is no plain decimal number.")
    return plain


def amount_of(plain: str, currency: str, what: str) -> int:
    """Return minor units of a plain decimal text, exactly."""
    try:
        return parse_amount(plain, currency)
    except ValueError as error:
        raise Refusal("bad-number", f"The {what} cannot be taken: {error}.") from error


def quantity_of(plain: str, unit: Unit) -> int:
    """Return steps of a unit of a plain decimal text, exactly."""
    try:
        return parse_quantity(plain, unit)
    except ValueError as error:
        raise Refusal("bad-number", f"The quantity in {unit.code} cannot be taken: {error}.") from error


def rate_of(plain: str) -> int:
    """Return parts per million of a percentage in plain decimal text."""
    try:
        return scale_exactly(plain, PERCENT_DECIMALS)
    except ValueError as error:
        raise Refusal("bad-number", f"The tax rate cannot be taken: {error}.") from error


def unit_of(code: str, reading: Reading) -> Unit:
    """Return the unit that a file names, the default where it names none."""
    if not code:
        return reading.default_unit
    lower = code.lower()
    for candidate in (code, lower, UNIT_ALIASES.get(lower, "")):
        if candidate in reading.units:
            return reading.units[candidate]
        if candidate == reading.default_unit.code:
            return reading.default_unit
    raise Refusal("unknown-unit", f"The unit {code!r} is not known here.")


def day_of(text: str, formats: tuple[str, ...] = ()) -> date:
    """Return a date from ISO 8601 text, or by the first format that fits."""
    try:
        if not formats:
            return date.fromisoformat(text[:10])
    except ValueError:
        pass
    for form in formats:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a business day has no zone
        except ValueError:
            continue
    raise Refusal("bad-date", f"{text!r} is no date in the form that was agreed.")


def instant_of(text: str, time_zone: str, formats: tuple[str, ...] = ()) -> datetime:
    """Return an instant from ISO 8601 text or by the first format that fits; without offset it is the zone's time."""
    stated: datetime | None = None
    try:
        stated = None if formats else datetime.fromisoformat(text)
    except ValueError:
        stated = None
    for form in formats:
        try:
            stated = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is added below
        except ValueError:
            continue
        break
    if stated is None:
        raise Refusal("bad-date", f"{text!r} is no date and time in the form that was agreed.")
    return stated if stated.tzinfo else stated.replace(tzinfo=zone(time_zone))


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether there is an IANA time zone of that name."""
    try:
        zone(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def to_receipt(fields: dict[str, object]) -> Receipt:
    """Make the message from its fields; refuse what the message does not allow."""
    try:
        return msgspec.convert(fields, Receipt)
    except msgspec.ValidationError as error:
        raise Refusal(*explain_decoding(str(error))) from error
