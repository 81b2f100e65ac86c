"""JSON lines: one receipt a line, in the form that the API takes (`docs/files.md`)."""

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from onebasket.channels.files.explain import explain_decoding
from onebasket.channels.files.messages import MESSAGE_LIMIT, Lines, Message, Parsed, Unreadable, find_key
from onebasket.commerce.sales.rules.receipt import Receipt

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_decode = msgspec.json.Decoder(Receipt).decode


def read_jsonlines(stream: BinaryIO, *, limit: int = MESSAGE_LIMIT) -> Iterator[Message]:
    """Yield each line of a binary stream as a receipt, or as unreadable; blank lines are passed over.

    A line over `limit` bytes comes as several unreadable pieces, so that memory stays bounded and nothing is lost.
    """
    for raw, line, offset, whole in Lines(stream, limit):
        if not whole:
            yield _too_long(raw, line, offset, limit)
            continue
        content = raw if offset else raw.removeprefix(BYTE_ORDER_MARK)
        try:
            yield Parsed(_decode(content), raw, line, offset)
        except (ValueError, RecursionError) as error:  # DecodeError and UnicodeDecodeError are ValueErrors
            if content.strip():
                yield _unreadable(error, raw, line, offset)


def _unreadable(error: Exception, raw: bytes, line: int, offset: int) -> Unreadable:
    reason, explanation = "not-json", "The line is nested too deeply to be a receipt."
    if isinstance(error, msgspec.DecodeError):
        reason, explanation = explain_decoding(str(error))
    elif isinstance(error, UnicodeDecodeError):
        reason, explanation = "encoding", "The line is not UTF-8; save the file as UTF-8."
    return Unreadable(raw, reason, explanation, find_key(raw), line, offset)


def _too_long(raw: bytes, line: int, offset: int, limit: int) -> Unreadable:
    explanation = f"Line {line} is longer than {limit} bytes; this is the piece from byte {offset}."
    return Unreadable(raw, "too-large", explanation, find_key(raw), line, offset)
