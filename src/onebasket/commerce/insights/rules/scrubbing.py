"""Taking a card's number out of a message that could not be booked, where the message says that it is one."""

import json
import re
from collections.abc import Sequence
from typing import Any

FIELD = "loyalty_number"
_POSLOG = "LoyaltyAccountID"


def scrub(text: str, numbers: Sequence[str], *, put: str) -> str:
    """Return the text with these numbers replaced where they stand as a loyalty number; else the text as it is.

    That is the JSON field and POSLog's element, as text, so that everything around stays letter by letter; JSON that
    writes the number with escapes is read and written anew. A number elsewhere stays: it may be an amount, and a fact
    must not change.
    """
    known = [number for number in numbers if number]
    changed = _scrub_text(text, known, put)
    try:
        read = json.loads(changed)
    except (ValueError, RecursionError):
        return changed
    again = _scrub_value(read, frozenset(known), put)
    return json.dumps(again, ensure_ascii=False) if again != read else changed


def names(text: str, numbers: Sequence[str]) -> bool:
    """Whether a text holds one of these numbers as a word of its own, as whatever it stands there."""
    return any(number and re.search(rf"(?<!\w){re.escape(number)}(?!\w)", text) for number in numbers)


def _scrub_value(value: Any, numbers: frozenset[str], put: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, list):
        return [_scrub_value(item, numbers, put) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: put if key == FIELD and str(held) in numbers else _scrub_value(held, numbers, put)
        for key, held in value.items()
    }


def _scrub_text(text: str, numbers: Sequence[str], put: str) -> str:
    for number in numbers:
        plain = re.escape(number)
        text = re.sub(rf'("{FIELD}"\s*:\s*"?){plain}(?!\w)', rf"\g<1>{put}", text)
        text = re.sub(rf"(<(?:\w+:)?{_POSLOG}[^>]*>\s*){plain}(\s*<)", rf"\g<1>{put}\g<2>", text)
    return text
