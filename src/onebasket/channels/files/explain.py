"""Words for a clerk: what msgspec found wrong with a message."""

import re

_PATH = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")
_WORDS = {
    "int": "a whole number",
    "str": "a text",
    "object": "an object {…}",
    "array": "a list […]",
    "bool": "true or false",
    "datetime": "a date with time and offset such as 2026-03-02T10:15:00-05:00",
    "date": "a date such as 2026-03-02",
    "float": "a number with a decimal point",
    "null": "nothing (null)",
}
_NAMED = re.compile(r"`([^`]*)`")


def explain_decoding(message: str) -> tuple[str, str]:
    """Return (reason code, explanation) for the text of a msgspec error."""
    found = _PATH.search(message)
    where = f"In {found[1]}: " if found and found[1] else ""
    what = message[: found.start()] if found else message
    if not what.startswith(("Expected", "Object", "Invalid", "Length", "Integer")) or "JSON" in what:
        return "not-json", f"The line is no complete JSON object ({what}); it may have been cut off."
    if what.startswith("Object missing"):
        return "missing-field", f"{where}The field {_name(what)} is missing."
    if what.startswith("Object contains unknown"):
        return "unknown-field", f"{where}There is no field {_name(what)} in a receipt."
    if what.startswith("Invalid enum"):
        return "bad-value", f"{where}{what[len('Invalid enum value ') :]} is not one of the allowed values."
    return "bad-value", f"{where}{_NAMED.sub(_word, what)}."


def _name(what: str) -> str:
    found = _NAMED.search(what)
    return found[1] if found else "?"


def _word(found: re.Match[str]) -> str:
    return " or ".join(_WORDS.get(part.strip(), part.strip()) for part in found[1].split("|"))
