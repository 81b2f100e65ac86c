"""Why promotions applied to an order's lines or did not, as the order keeps it: `notes` of its reason."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from onebasket.commerce.pricing.rules.basket import Note

_FIELDS = tuple(Note.__struct_fields__)


class LineNote(NamedTuple):
    """A note and the number of the line that it is on."""

    line: int
    note: Note


def kept_notes(reason: Mapping[str, Any]) -> tuple[LineNote, ...]:
    """Return the notes that an order keeps; what an earlier version wrote otherwise is left out."""
    found = []
    for row in reason.get("notes", ()):
        try:
            line, *values = row
            found.append(LineNote(int(line), msgspec.convert(dict(zip(_FIELDS, values, strict=False)), Note)))
        except (msgspec.ValidationError, TypeError, ValueError):
            continue
    return tuple(found)
