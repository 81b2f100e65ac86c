"""Offers as JSON lines, in the form of the port: amounts in minor units, one object a line."""

from collections.abc import Iterator
from functools import partial
from typing import TextIO

import msgspec

from onebasket.commerce.partners.gateways.feed.unfit import BadFieldError
from onebasket.commerce.partners.rules.port import OfferStated

LONGEST_LINE = 1024 * 1024


class OfferLine(OfferStated, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An offer as a line states it; a field that is not known is a slip, not something to pass over."""


_decode = msgspec.json.Decoder(OfferLine).decode


def read_lines(stream: TextIO) -> Iterator[str]:
    """Yield each line that is not blank; one of more than a million characters comes in pieces."""
    for line in iter(partial(stream.readline, LONGEST_LINE), ""):
        if not line.isspace():
            yield line


def read_line(line: str) -> OfferLine:
    """Return the offer that a line states.

    Raises:
        BadFieldError: it states none.
    """
    try:
        return _decode(line)
    except msgspec.ValidationError as error:
        raise BadFieldError("bad_value", f"The line does not state an offer: {error}.") from error
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise BadFieldError("not_json", f"The line is no complete JSON object: {error}.") from error
