"""What was typed or sent, made safe to look for: short, without control characters."""

from collections.abc import Mapping

LONGEST = 100


def text_of(sent: Mapping[str, str], name: str, *, longest: int = LONGEST) -> str:
    """Return a field's text in one line, cut to `longest`; nothing where it was not sent."""
    text = " ".join(sent.get(name, "").split())
    return "".join(character for character in text if character.isprintable())[:longest]
