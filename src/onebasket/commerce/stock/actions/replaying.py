"""Book a quarantined stock fact after all, once it is mended or what it needed is there."""

import msgspec

from onebasket.base.quarantine import Fault, Unreadable
from onebasket.base.replaying import ReplayOutcome, replay
from onebasket.commerce.stock.actions.facts import KIND, book_movements
from onebasket.commerce.stock.rules.messages import FactQuarantined, StockFact

_decode = msgspec.json.Decoder(StockFact).decode
_NUL = "\\u0000"


def read_fact(text: str) -> StockFact | Unreadable:
    """Read a stock fact from its JSON text, or say what cannot be read."""
    if _NUL in text:
        return Unreadable(text, "unreadable", "A text in it holds a NUL character, which no screen shows. Remove it.")
    try:
        return _decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        return Unreadable(text, "unreadable", f"This cannot be read as a stock fact: {error}.")


def replay_quarantined(item_id: int, *, actor: str, places: frozenset[str] | None = None) -> ReplayOutcome:
    """Book an open quarantined stock fact from its mended or original text, under the item's source, never twice.

    `places` are the codes that the actor may book at (None: everywhere). When it fails again the item stays open.

    Raises:
        NotOpenError: the item was settled before.
        OtherKindError: the item is no stock fact.
    """
    return replay(item_id, kind=KIND, actor=actor, places=places, read=read_fact, book=_book)


def _book(source_id: int, fact: StockFact) -> Fault | None:
    (outcome,) = book_movements(source_id, [fact])
    return Fault(outcome.reason, outcome.explanation) if isinstance(outcome, FactQuarantined) else None
