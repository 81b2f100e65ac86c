"""What a source is told about each receipt, and the events of sales."""

from typing import Literal

import msgspec


class ReceiptBooked(msgspec.Struct, frozen=True, tag="booked", tag_field="outcome"):
    """The receipt is booked; `exceptions` lines moved no stock because nobody knows yet what they are."""

    receipt: int
    exceptions: int = 0
    clock_suspect: bool = False
    awaits_original: bool = False


class ReceiptQuarantined(msgspec.Struct, frozen=True, tag="quarantined", tag_field="outcome"):
    """The receipt is kept whole in quarantine, with the reason; its neighbours went on."""

    id: int
    reason: str
    explanation: str


ReceiptOutcome = ReceiptBooked | ReceiptQuarantined
Settled = Literal["mended", "dismissed"]


class ReceiptNews(msgspec.Struct, frozen=True):
    """A receipt was booked: how its source names it, where and when, and what it came to in minor units."""

    receipt: int
    source: int
    key: str
    place: str
    till: str
    number: str
    kind: str
    business_day: str
    currency: str
    total: int
    lines: int
    exceptions: int
    clock_suspect: bool


class LineExceptionNews(msgspec.Struct, frozen=True):
    """A line that moved no stock was opened, or settled by a person."""

    receipt: int
    place: str
    line: int
    code: str
    reason: str


EVENTS: dict[str, type[msgspec.Struct]] = {
    "receipt.booked": ReceiptNews,
    "line_exception.opened": LineExceptionNews,
    "line_exception.mended": LineExceptionNews,
    "line_exception.dismissed": LineExceptionNews,
}
