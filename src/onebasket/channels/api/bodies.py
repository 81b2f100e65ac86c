"""What a request says: its body as JSON, its query and its key, read strictly; whatever is wrong names its field."""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar

import msgspec
import msgspec.inspect
from django.http import HttpRequest
from django.http.request import UnreadablePostError

from onebasket.channels.api.problems import FieldProblem, ProblemError, problem, refuse
from onebasket.channels.api.wording import explain

LARGEST_BODY = 10 * 1024 * 1024
LONGEST_KEY = 120
NUL_WRITTEN = b"\\u0000"
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_JSON = re.compile(r'application/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?', re.IGNORECASE)
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,38}")
_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,118}[\x21-\x7e])?")

Read = TypeVar("Read")
_any: Callable[[bytes], Any] = msgspec.json.Decoder().decode


def read_body(request: HttpRequest) -> bytes:
    """Return the body; refuse what is no JSON by its type, too large, compressed, cut off or missing."""
    meta = request.META
    if not _JSON.fullmatch(meta.get("CONTENT_TYPE", "")):
        raise refuse(415, "not_json", "Send JSON in UTF-8 with the header Content-Type: application/json.")
    if meta.get("HTTP_CONTENT_ENCODING", "identity").lower() not in {"", "identity"}:
        raise refuse(415, "compressed", "Send the body without Content-Encoding.")
    length = meta.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > LARGEST_BODY:
        raise refuse(413, "too_large", f"A body has at most {LARGEST_BODY} bytes. Send it in several requests.")
    try:
        body = request.read(LARGEST_BODY + 1)
    except UnreadablePostError as error:
        raise refuse(400, "cut_off", "The body ended before its time.") from error
    if len(body) < int(length):
        raise refuse(400, "cut_off", "The body ended before its time.")
    if not body:
        raise refuse(400, "no_body", "This request needs a JSON body and a Content-Length.")
    return body


def decode(body: bytes, decoder: Callable[[bytes], Read], *, lenient: bool = False) -> Read:
    """Return the body as the decoder's type; 400 for what is no JSON, 422 for JSON of another shape.

    A lenient body's items are read later, one by one; here it only has to be JSON in UTF-8.
    """
    if lenient:
        _require_utf8(body)
    found = _decode(body, decoder)
    if not lenient and holds_nul(body):
        raise refuse(422, "invalid", "A text holds a NUL character (\\u0000), which no database keeps. Remove it.")
    return found


def _decode(body: bytes, decoder: Callable[[bytes], Read]) -> Read:
    try:
        return _read_json(body, decoder)
    except msgspec.ValidationError as error:
        # What is no JSON at all is told first, although its shape was looked at before its end; a number that nothing
        # can hold is JSON all the same.
        with suppress(msgspec.ValidationError):
            _read_json(body, _any)
        raise invalid(error) from error


def _read_json(body: bytes, decoder: Callable[[bytes], Read]) -> Read:
    try:
        return decoder(body)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, RecursionError) as error:
        raise refuse(400, "malformed", f"The body is no JSON: {_reason(error)}") from error
    except UnicodeDecodeError as error:
        raise _not_utf8(error) from error


def read_query(request: HttpRequest, shape: type[Read]) -> Read:
    """Return the query as the struct; 422 for an unknown, doubled or unfit parameter."""
    stated = request.GET
    if doubled := [name for name in stated if len(stated.getlist(name)) > 1]:
        raise unfit(doubled[0], "Stated more than once.")
    if [name for name in (*stated, *stated.values()) if "\x00" in name]:
        raise refuse(422, "invalid", "The query holds a NUL character. Remove it.")
    readers = _readers(shape)  # type: ignore[arg-type] # a class can be hashed
    texts = stated.dict()
    values = {name: readers.get(name, _text)(name, str(text)) for name, text in texts.items()}
    try:
        return msgspec.convert(values, shape)
    except msgspec.ValidationError as error:
        raise invalid(error, what="parameter") from error


def _text(_name: str, text: str) -> str:
    return text


def _whole(name: str, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise unfit(name, "Expected a whole number")
    return int(text)


def _switch(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise unfit(name, "Expected true or false")
    return text == "true"


@cache
def _readers(shape: type) -> dict[str, Callable[[str, str], object]]:
    """Return how the texts of a query's whole numbers and switches are read; every other field is a text."""
    readers: dict[type, Callable[[str, str], object]] = {
        msgspec.inspect.IntType: _whole,
        msgspec.inspect.BoolType: _switch,
    }
    found: dict[str, Callable[[str, str], object]] = {}
    described = msgspec.inspect.type_info(shape)
    assert isinstance(described, msgspec.inspect.StructType)  # noqa: S101 - queries are structs
    for field in described.fields:
        for kind in field.type.types if isinstance(field.type, msgspec.inspect.UnionType) else (field.type,):
            plain = kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind
            if reader := readers.get(type(plain)):
                found[field.name] = reader
    return found


def read_key(request: HttpRequest) -> str:
    """Return the Idempotency-Key header; 422 without one, or when it has characters that no key has."""
    key: str = request.META.get("HTTP_IDEMPOTENCY_KEY", "")
    if not key:
        raise unfit("Idempotency-Key", "Send this header: 1 to 120 characters of your own, the same at every retry.")
    if not _KEY.fullmatch(key):
        raise unfit("Idempotency-Key", "A key has 1 to 120 printable ASCII characters.")
    return key


def _require_utf8(body: bytes) -> None:
    """Refuse a body that is not UTF-8 where its parts are read later, one by one."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8(error) from error


def invalid(error: msgspec.ValidationError, *, what: str = "field") -> ProblemError:
    """Return the problem of JSON that has another shape than asked for."""
    return unfit(*explain(error, what=what))


def holds_nul(raw: bytes) -> bool:
    r"""Whether any text in JSON holds the character that PostgreSQL cannot keep, which JSON writes as \u0000 alone."""
    return NUL_WRITTEN in raw and _NUL.search(raw) is not None


def unfit(field: str, message: str) -> ProblemError:
    """Return the problem of a field or parameter that is not as described."""
    detail = f"{field}: {message}" if field else message
    return ProblemError(problem(422, "invalid", detail, errors=(FieldProblem(field, message),)))


def _not_utf8(error: UnicodeDecodeError) -> ProblemError:
    return refuse(400, "encoding", f"The body is not UTF-8: {error.reason}.")


def _reason(error: Exception) -> str:
    return "it is nested too deeply." if isinstance(error, RecursionError) else f"{error}."
