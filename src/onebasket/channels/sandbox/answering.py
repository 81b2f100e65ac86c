"""What every method of the sandbox is given and gives, and how its parameters are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec

from onebasket.channels.sandbox.books import Books
from onebasket.channels.sandbox.faults import Fault, Planned
from onebasket.channels.sandbox.gate import Call, TurnedAwayError
from onebasket.channels.sandbox.tokens import Lives
from onebasket.commerce.partners.gateways.iop.envelopes import Code, nested
from onebasket.kernel.money import decimal_amount, divide_half_up, exponent

ANSWERED = {"rsp_code": "200", "rsp_msg": "success"}
COMMISSION_RATE = 70_000
"""In parts per million: 7 %."""
LARGEST_ID = 10**15 * 9


@dataclass(frozen=True, slots=True)
class House:
    """What the sandbox is: its books, its own address, its currency, how long its tokens hold and how fast it steps."""

    books: Books
    base: str
    currency: str = "GBP"
    lives: Lives = field(default_factory=Lives)
    pace: float = 0.0
    commission_pace: float = 0.0

    def money(self, amount: int, *, currency: str = "") -> dict[str, str]:
        """Return an amount as orders state it."""
        return {"amount": self.text(amount), "currency_code": currency or self.currency}

    def text(self, amount: int) -> str:
        """Return minor units as decimal text."""
        return f"{decimal_amount(amount, self.currency):.{exponent(self.currency)}f}"

    def item_url(self, good: int) -> str:
        """Return the address of a good's page."""
        return f"{self.base}/item/{good}.html"


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that was let in, and the fault that goes with it."""

    call: Call
    house: House
    fault: Planned | None = None

    def text(self, name: str, *, most: int = 2000) -> str:
        """Return a parameter; empty where it is not stated.

        Raises:
            TurnedAwayError: it is too long.
        """
        stated = self.call.parameters.get(name, "")
        if len(stated) > most:
            raise TurnedAwayError(Code.INVALID_PARAMETER, f"{name} has more than {most} characters.")
        return stated

    def needed(self, name: str, *, most: int = 2000) -> str:
        """Return a parameter that has to be stated.

        Raises:
            TurnedAwayError: it is not, or too long.
        """
        if not (stated := self.text(name, most=most)):
            raise TurnedAwayError(Code.MISSING_PARAMETER, f"The parameter {name} is missing.")
        return stated

    def whole(self, name: str, default: int, *, least: int = 0, most: int = LARGEST_ID) -> int:
        """Return a whole number.

        Raises:
            TurnedAwayError: it is none, or out of its range.
        """
        stated = self.text(name) or str(default)
        number = whole_number(stated)
        if number is None or not least <= number <= most:
            raise TurnedAwayError(Code.INVALID_PARAMETER, f"{name} is a whole number from {least} to {most}.")
        return number

    def json(self, name: str, kind: Any) -> Any:  # noqa: ANN401 - a type, and one of it
        """Return a parameter that is JSON text.

        Raises:
            TurnedAwayError: it is not, or not of its kind.
        """
        try:
            return msgspec.json.decode(self.text(name, most=100_000) or "{}", type=kind, strict=False)
        except msgspec.MsgspecError as error:
            raise TurnedAwayError(Code.INVALID_PARAMETER, f"{name} cannot be read: {error}") from error

    def listed(self, name: str, items: list[Any]) -> Any:  # noqa: ANN401 - JSON
        """Return a list as the caller reads it."""
        return nested(name, items, simplify=self.call.simplify)

    def wrong(self, fault: Fault) -> str:
        """Return the value of a fault that goes with this call; empty where another or none does."""
        return (self.fault.value or "yes") if self.fault is not None and self.fault.fault is fault else ""


Answer = Mapping[str, Any]
Work = Callable[[Asked], Answer]


def whole_number(stated: str) -> int | None:
    """Return a whole number of digits alone; None where it is none."""
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) <= 18 else None  # noqa: PLR2004 - fits 64 bits


def percent_of(amount: int, percent: str) -> int:
    """Return so many per cent of an amount."""
    return divide_half_up(amount * int(percent), 100)


def percent_text(rate: int) -> str:
    """Return parts per million as rates are stated, such as 7.00%."""
    return f"{rate // 10_000}.{rate % 10_000 // 100:02d}%"


def path_of(url: str) -> str:
    """Return the path of an address; empty where it is none."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
