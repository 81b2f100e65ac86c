"""Facts are booked, never refused: items that cannot be read are kept whole, and their neighbours go on."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from onebasket.base.quarantine import Unreadable
from onebasket.channels.api.bodies import holds_nul
from onebasket.channels.api.wording import explain

Read = TypeVar("Read")
LONGEST_KEY = 120
LONGEST_CODE = 64
_NOTHING = msgspec.Raw(b"null")


class Stated(msgspec.Struct, frozen=True):
    """What any item may state, each as it stands: a number elsewhere that nothing can hold does not hide it."""

    key: msgspec.Raw = _NOTHING
    place: msgspec.Raw = _NOTHING


_stated = msgspec.json.Decoder(Stated).decode
_any: Callable[[msgspec.Raw], object] = msgspec.json.Decoder().decode


def read_items(
    items: Sequence[msgspec.Raw], decoder: Callable[[msgspec.Raw], Read], *, what: str
) -> list[Read | Unreadable]:  # fmt: skip
    """Read items one by one; one that is no `what` comes back as it stands, with words for a clerk."""
    return [_read(item, decoder, what=what) for item in items]


def _read(item: msgspec.Raw, decoder: Callable[[msgspec.Raw], Read], *, what: str) -> Read | Unreadable:
    raw = bytes(item)
    if holds_nul(raw):
        return _unreadable(raw, "nul", "A text holds a NUL character, which no database keeps. Remove it and replay.")
    try:
        return decoder(item)
    except (msgspec.ValidationError, RecursionError) as error:
        field, words = explain(error)
        where = f"In {field}: " if field else ""
        return _unreadable(raw, "unreadable", f"This is no {what}. {where}{words}. Mend it and replay.")


def _unreadable(raw: bytes, reason: str, explanation: str) -> Unreadable:
    try:
        stated = _stated(raw)
    except (msgspec.ValidationError, RecursionError):
        stated = Stated()
    key, place = _text(stated.key, LONGEST_KEY), _text(stated.place, LONGEST_CODE)
    return Unreadable(raw.decode(), reason, explanation, key=key, place=place)


def _text(stated: msgspec.Raw, longest: int) -> str:
    try:
        value = _any(stated)
    except (msgspec.ValidationError, RecursionError):
        return ""
    return value if isinstance(value, str) and len(value) <= longest and "\x00" not in value else ""
