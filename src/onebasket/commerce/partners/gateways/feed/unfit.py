"""What a reader of partners' files says when a file, or a thing in it, is not fit."""

from typing import NamedTuple

from onebasket.commerce.partners.rules.port import OddItem

MOST_CONTENT = 20_000
"""Characters of a thing that cannot be read which are kept."""


class UnfitFileError(Exception):
    """The file cannot be read as what it is said to be; the message says what is wrong with it, and what to do."""


class BadFieldError(Exception):
    """One field of one thing cannot be read: a code, and words for a clerk."""

    def __init__(self, reason: str, explanation: str) -> None:
        """Keep both."""
        super().__init__(explanation)
        self.reason = reason
        self.explanation = explanation


class Row(NamedTuple):
    """A row of a table: its cells, and the text that it was cut from."""

    cells: list[str]
    text: str


def odd(reference: str, reason: str, explanation: str, text: str) -> OddItem:
    """Return a thing that cannot be read as it is kept: bytes that were broken are shown, not lost."""
    shown = text[:MOST_CONTENT].encode("utf-8", "backslashreplace").decode()
    return OddItem(reference.encode("utf-8", "backslashreplace").decode(), reason, explanation, shown)
