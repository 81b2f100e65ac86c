"""What was typed or sent, made safe to look for: short, without control characters."""

from collections.abc import Mapping

LONGEST = 100
MOST_DIGITS = 16


class OddFormError(Exception):
    """A form came that no page of ours has made: something in it is missing or impossible."""


def text_of(sent: Mapping[str, str], name: str, *, longest: int = LONGEST) -> str:
    """Return a field's text in one line, cut to `longest`; nothing where it was not sent."""
    text = " ".join(sent.get(name, "").split())
    return "".join(character for character in text if character.isprintable())[:longest]


def number_of(sent: Mapping[str, str], name: str) -> int:
    """Return a field's whole number, not below zero.

    Raises:
        OddFormError: it was not sent, or is no such number.
    """
    text = sent.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise OddFormError
    return int(text)
