"""Facts are booked, never refused: items that cannot be read are kept whole, and their neighbours go on."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from onebasket.base.quarantine import Unreadable
from onebasket.channels.api.bodies import NUL_WRITTEN, holds_nul

Read = TypeVar("Read")
LONGEST_KEY = 120
LONGEST_CODE = 64
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")


def read_items(
    items: Sequence[msgspec.Raw], decoder: Callable[[msgspec.Raw], Read], *, what: str
) -> list[Read | Unreadable]:  # fmt: skip
    """Read items one by one; one that is no `what` comes back as it stands, with words for a clerk."""
    return [_read(item, decoder, what=what) for item in items]


def _read(item: msgspec.Raw, decoder: Callable[[msgspec.Raw], Read], *, what: str) -> Read | Unreadable:
    raw = bytes(item)
    if NUL_WRITTEN in raw and holds_nul(msgspec.json.decode(raw)):
        return _unreadable(raw, "nul", "A text holds a NUL character, which no database keeps. Remove it and replay.")
    try:
        return decoder(item)
    except msgspec.ValidationError as error:
        text = str(error)
        found = _PATH.search(text)
        where = f"In {found[1]}: " if found and found[1] else ""
        reason = text[: found.start()] if found else text
        return _unreadable(raw, "unreadable", f"This is no {what}. {where}{reason}. Mend it and replay.")


def _unreadable(raw: bytes, reason: str, explanation: str) -> Unreadable:
    plain = msgspec.json.decode(raw)
    stated = plain if isinstance(plain, dict) else {}
    return Unreadable(
        raw.decode(),
        reason,
        explanation,
        key=_text(stated.get("key"), LONGEST_KEY),
        place=_text(stated.get("place"), LONGEST_CODE),
    )


def _text(value: object, longest: int) -> str:
    return value if isinstance(value, str) and len(value) <= longest and "\x00" not in value else ""
