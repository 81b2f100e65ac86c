"""Book a quarantined receipt after all, once it is mended or what it needed is there."""

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from onebasket.base.quarantine import Fault, Unreadable
from onebasket.base.replaying import ReplayOutcome, replay
from onebasket.commerce.sales.actions.booking import KIND, book_sales
from onebasket.commerce.sales.rules.outcomes import ReceiptOutcome, ReceiptQuarantined
from onebasket.commerce.sales.rules.receipt import Receipt

_decode = msgspec.json.Decoder(Receipt).decode
_NUL = "\\u0000"


def read_receipt(text: str) -> Receipt | Unreadable:
    """Read a receipt from its JSON text, or say what cannot be read."""
    if _NUL in text:
        return Unreadable(text, "unreadable", "A text in it holds a NUL character, which no screen shows. Remove it.")
    try:
        return _decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        return Unreadable(text, "unreadable", f"This cannot be read as a receipt: {error}.")


Book = Callable[[int, Sequence[Receipt]], Sequence[ReceiptOutcome]]
"""How receipts of a source are booked: as facts of sales, or with more that follows from them."""


def replay_quarantined(
    item_id: int, *, actor: str, places: frozenset[str] | None = None, book: Book = book_sales
) -> ReplayOutcome:
    """Book an open quarantined receipt from its mended or original text, under the item's source, never twice.

    `places` are the codes that the actor may book at (None: everywhere). When it fails again the item stays open.

    Raises:
        NotOpenError: the item was settled before.
        OtherKindError: the item is no receipt.
    """
    return replay(item_id, kind=KIND, actor=actor, places=places, read=read_receipt, book=partial(_book, book))


def _book(book: Book, source_id: int, receipt: Receipt) -> Fault | None:
    (outcome,) = book(source_id, [receipt])
    return Fault(outcome.reason, outcome.explanation) if isinstance(outcome, ReceiptQuarantined) else None
