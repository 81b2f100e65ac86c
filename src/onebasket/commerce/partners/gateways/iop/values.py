"""How single values of an answer are read: text, whole numbers, money, rates and times, whichever way they are written.

A platform writes numbers as text and text as numbers, leaves keys out and adds new ones. What cannot be read raises
`OddValueError`, so that one odd thing in a list says what is odd about it, and its neighbours go on.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit

from onebasket.commerce.partners.gateways.iop.envelopes import PST
from onebasket.commerce.partners.rules.port import OddItem
from onebasket.kernel.money import MAX_AMOUNT, PPM, currencies, parse_amount, scale_exactly

Item = TypeVar("Item")

MOST_CONTENT = 20_000
MOST_ADDRESS = 1000
MOST_NUMBER = 10**18
MOST_DIGITS = 64
"""A number in the place of a text has no more of them before its point, and no more zeros after it."""
MOST_PIECES = 10**9
"""More pieces than this is no stock of anything, and no column holds it."""
REFERENCE = re.compile(r"[!-~]{1,64}")
"""How a partner may name its things: what fits into its column and into an address."""
_PRICED = re.compile(r"(?:(?P<before>[A-Z]{3})\s*)?(?P<number>[^A-Z\s]+)(?:\s*(?P<after>[A-Z]{3}))?")
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
"""How TIME_FORMAT of the envelopes writes."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS, _MILLISECONDS = (10**8, 10**11), (10**11, 10**14)
"""Whole numbers in these bounds are seconds or milliseconds since 1970, of some time between 1973 and 5138."""


class OddValueError(ValueError):
    """A value that cannot be read, with a code and words for a clerk."""

    def __init__(self, reason: str, explanation: str) -> None:
        """Keep both."""
        super().__init__(explanation)
        self.reason, self.explanation = reason, explanation


class Fields:
    """An object of an answer, read field by field; the first of several names that states something counts."""

    def __init__(self, content: object) -> None:
        """Take an object.

        Raises:
            OddValueError: it is none, or holds what no text holds.
        """
        if not isinstance(content, Mapping):
            raise OddValueError("shape", f"an object was expected, not {type(content).__name__}")
        self._content = content

    def get(self, *names: str) -> Any:  # noqa: ANN401 - JSON
        """Return the first value that is stated, None where none is: null and empty text state nothing."""
        for name in names:
            value = self._content.get(name)
            if value is not None and value != "":
                return value
        return None

    def within(self, name: str) -> "Fields":
        """Return an object inside, an empty one where it is missing."""
        value = self.get(name)
        return Fields({} if value is None else value)

    def text(self, *names: str, most: int) -> str:
        """Return a text, cut to the characters that are kept of it; "" where none is stated."""
        value = self.get(*names)
        if isinstance(value, bool | list | Mapping):
            raise OddValueError("shape", f"{names[0]}: a text was expected")
        text = "" if value is None else _written_out(value, names[0]) if isinstance(value, Decimal) else str(value)
        require_plain(text, names[0])
        return text.strip()[:most]

    def reference(self, *names: str) -> str:
        """Return the partner's own name for something, which has to be there and to fit."""
        value = self.get(*names)
        text = str(value) if type(value) is int else value
        if not isinstance(text, str) or not REFERENCE.fullmatch(text):
            raise OddValueError("reference", f"{names[0]}: {shortened(value)} names nothing")
        return text

    def whole(self, *names: str, most: int = MOST_NUMBER) -> int | None:
        """Return a whole number that is not negative, written as a number or as text; None where none is stated."""
        value = self.get(*names)
        return None if value is None else whole_of(value, names[0], most)

    def instant(self, *names: str) -> datetime | None:
        """Return an instant in UTC: seconds or milliseconds since 1970, or a text in PST; None where none is stated."""
        value = self.get(*names)
        return None if value is None else _instant(value, names[0])

    def currency(self, *names: str) -> str:
        """Return an ISO 4217 code, which has to be there."""
        value = self.get(*names)
        if not isinstance(value, str) or value not in currencies():
            raise OddValueError("currency", f"{names[0]}: {shortened(value)} is no ISO 4217 currency code")
        return value

    def price(self, *names: str, currency: str) -> int | None:
        """Return minor units of a price in major units, such as 12.34 or USD 12.34; None where none is stated."""
        value = self.get(*names)
        return None if value is None else _price(value, names[0], currency)

    def cents(self, *names: str) -> int | None:
        """Return an amount that is stated in minor units: a whole number; None where none is stated."""
        value = self.get(*names)
        return None if value is None else whole_of(value, names[0], MAX_AMOUNT)

    def rate(self, *names: str) -> int | None:
        """Return parts per million of a rate such as "7.00%" or 0.07; None where none is stated."""
        value = self.get(*names)
        return None if value is None else _rate(value, names[0])


def read_each(
    items: Iterable[object], read: Callable[[Fields], Item], *, named: str
) -> tuple[list[Item], list[OddItem]]:
    """Read the things of a list one by one; what cannot be read is set apart under the name that it bears."""
    good: list[Item] = []
    odd: list[OddItem] = []
    for item in items:
        try:
            good.append(read(Fields(item)))
        except OddValueError as error:
            odd.append(OddItem(name_of(item, named), error.reason, error.explanation, kept(item)))
    return good, odd


def name_of(item: object, named: str) -> str:
    """Return how something odd calls itself, as far as that can be told."""
    value = item.get(named) if isinstance(item, Mapping) else None
    return visible(str(value))[:64] if isinstance(value, str | int) else ""


def kept(item: object) -> str:
    """Return what came as text that can be kept, cut."""
    return visible(json.dumps(item, default=str, ensure_ascii=True))[:MOST_CONTENT]


def visible(text: str) -> str:
    """Return a text in which what a database cannot store is written out."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\u0000")


def shortened(value: object) -> str:
    """Return how a value reads in an explanation."""
    return visible(repr(value))[:60]


def is_address(url: str) -> bool:
    """Whether a text is an address of a page that a shopper may be sent to."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False
    return fits and url.isascii() and url.isprintable() and " " not in url and len(url) <= MOST_ADDRESS


def require_plain(text: str, name: str) -> None:
    """Turn away what a database cannot store, and what was written in another encoding.

    Raises:
        OddValueError: there is such a character.
    """
    if text.isascii() and "\x00" not in text:
        return
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise OddValueError("characters", f"{name}: it holds characters that are none")
    if "\ufffd" in text:
        raise OddValueError("encoding", f"{name}: it is not written in UTF-8")


def _written_out(value: Decimal, name: str) -> str:
    """Return a fraction in digits, without an exponent: one of a few letters would fill the memory."""
    if abs(value.adjusted()) >= MOST_DIGITS:
        raise OddValueError("number", f"{name}: {shortened(value)} has too many digits")
    return f"{value:f}"


def whole_of(value: object, name: str, most: int = MOST_NUMBER) -> int:
    """Return a whole number that is not negative; one that is written with decimals has none but zeros.

    Raises:
        OddValueError: it is none, or too large.
    """
    try:
        number = value if type(value) is int else scale_exactly(_number_text(value), 0)
    except ValueError as error:
        raise OddValueError("number", f"{name}: {shortened(value)} is no whole number") from error
    if not 0 <= number <= most:
        raise OddValueError("number", f"{name}: {shortened(value)} is out of range")
    return number


def _number_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        message = "a number was expected"
        raise ValueError(message)  # noqa: TRY004 - as for a text that is none
    return str(value)


def _price(value: object, name: str, currency: str) -> int:
    try:
        found = _PRICED.fullmatch(_number_text(value).strip())
        amount = parse_amount(found["number"], currency) if found else -1
    except ValueError:
        found, amount = None, -1
    if found is None or amount < 0:
        raise OddValueError("amount", f"{name}: {shortened(value)} is no amount in {currency}")
    if {found["before"], found["after"]} - {None, currency}:
        raise OddValueError("currency", f"{name}: {shortened(value)} is not in {currency}")
    return amount


def _rate(value: object, name: str) -> int:
    try:
        text = _number_text(value).strip()
        # A rate in per cent has two decimals more than one in parts.
        rate = scale_exactly(text[:-1], 4) if text.endswith("%") else scale_exactly(text, 6)
    except ValueError as error:
        raise OddValueError("rate", f"{name}: {shortened(value)} is no rate") from error
    if not 0 <= rate <= PPM:
        raise OddValueError("rate", f"{name}: {shortened(value)} is out of range")
    return rate


def _instant(value: object, name: str) -> datetime:
    try:
        if isinstance(value, str) and _WRITTEN.fullmatch(value):
            return datetime.fromisoformat(value).replace(tzinfo=PST).astimezone(UTC)
        number = whole_of(value, name)
        if _SECONDS[0] <= number < _SECONDS[1]:
            return _EPOCH + timedelta(seconds=number)
        if _MILLISECONDS[0] <= number < _MILLISECONDS[1]:
            return _EPOCH + timedelta(milliseconds=number)
    except (ValueError, OverflowError) as error:
        raise OddValueError("time", f"{name}: {shortened(value)} is no time") from error
    raise OddValueError("time", f"{name}: {shortened(value)} is no time")
