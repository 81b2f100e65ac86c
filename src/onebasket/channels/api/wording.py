"""What msgspec found wrong: the field, by its whole name, and words; a pattern is told by what it wants."""

import re

from onebasket.commerce.places.queries.spots import COORDINATES
from onebasket.kernel.patterns import exactly

CHANNEL = "[a-z][a-z0-9-]{0,15}"
CHANNEL_WORDS = "a sales channel such as web: up to 16 small letters, digits and hyphens, a letter first"
CURSOR = "[A-Za-z0-9_:-]{1,400}"

WANTED = {
    exactly(CHANNEL): CHANNEL_WORDS,
    exactly(f"({CHANNEL})?"): f"{CHANNEL_WORDS}; or nothing, for every channel",
    exactly(CURSOR): "a cursor as it stands in `next` of the page before",
    exactly("[A-Z]{3}"): "a currency's three capital letters, such as USD",
    exactly("[A-Z]{3,6}"): "a currency's three capital letters, or POINTS",
    exactly("[A-Z]{2}"): "a country's two capital letters, such as US",
    exactly("([A-Z]{2})?"): "a country's two capital letters, such as US; or nothing",
    exactly("([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?"): "a language such as de or en-US; or nothing",
    exactly("(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)"): "a time of day such as 08:30; 24:00 ends a day",
    exactly(COORDINATES): "decimal degrees, such as 39.1072,-84.502",
    exactly("[a-z0-9][a-z0-9-]{0,31}"): "a partner's code: up to 32 small letters, digits and hyphens",
    exactly("[a-z_]{1,12}"): "a word such as clicked: small letters and underscores",
    exactly("[a-z][a-z0-9_]*"): "small letters, digits and underscores, a letter first",
}
"""What fits each pattern of the API."""

_PATH = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")
_NAMED = re.compile(r"Object (contains unknown|missing required) field `(.*)`", re.DOTALL)


def explain(error: Exception, *, what: str = "field") -> tuple[str, str]:
    """Return (field or ""; words without a full stop) for an error of msgspec; `what` a name is the name of."""
    text = str(error)
    found = _PATH.search(text)
    field, said = (found[1], text[: found.start()]) if found else ("", text)
    if named := _NAMED.fullmatch(said):
        field = f"{field}.{named[2]}" if field else named[2]
        said = f"There is no {what} of this name" if named[1] == "contains unknown" else f"This {what} is missing"
    for pattern, words in WANTED.items():
        if said.endswith(f" matching regex {pattern!r}"):
            said = f"Expected {words}"
    return field, said
