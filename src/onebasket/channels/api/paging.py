"""Pages: an opaque cursor that goes on after the last row, so that rows which come meanwhile move nothing."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from django.core.signing import BadSignature, Signer
from django.http import HttpResponse
from msgspec import Meta

from onebasket.channels.api.application import Call, reply
from onebasket.channels.api.problems import refuse
from onebasket.channels.api.wording import CURSOR
from onebasket.commerce.access.rules import ItemOutcome
from onebasket.kernel.patterns import exactly

Row = TypeVar("Row")
After = tuple[str, str]


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which part of a list: at most `limit` rows, after the `cursor` that the part before gave."""

    limit: Annotated[int, Meta(ge=1, le=500, description="At most so many rows.")] = 100
    cursor: Annotated[str, Meta(pattern=exactly(CURSOR), description="From `next` of the page before.")] | None = None


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """A part of a list; `next` is the address of the part after it, null on the last."""

    items: Sequence[Row]
    next: str | None


class Batch(msgspec.Struct, Generic[Row], frozen=True, forbid_unknown_fields=True):
    """Items to take in, each with its own key."""

    items: Annotated[tuple[Row, ...], Meta(min_length=1, max_length=1_000)]


class Result(msgspec.Struct, Generic[Row], frozen=True):
    """What became of the item of this key."""

    key: str
    result: Row


class ItemResult(Result[ItemOutcome], frozen=True):
    """What became of the item of this key."""


class Results(msgspec.Struct, Generic[Row], frozen=True):
    """One result for each item, in order."""

    results: Sequence[Row]


def after_of(call: Call) -> After | None:
    """Return where the page begins; 422 for a cursor that this list did not give."""
    if call.query.cursor is None:
        return None
    try:
        text = _signer(call).unsign(call.query.cursor).encode()
        after: After = msgspec.json.decode(urlsafe_b64decode(text + b"=" * (-len(text) % 4)), type=After)
    except (BadSignature, binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise refuse(422, "cursor", "This list gave no such cursor. Begin without one.") from error
    return after


def page(call: Call, rows: Sequence[object], following: After | None) -> HttpResponse:
    """Return a page, with the address of the next."""
    if following is None:
        return reply(Page(rows, None))
    cursor = _signer(call).sign(urlsafe_b64encode(msgspec.json.encode(following)).rstrip(b"=").decode())
    stated = {**call.request.GET.dict(), "cursor": cursor}
    return reply(Page(rows, f"{call.request.path}?{urlencode(stated)}"))


def results(keys: Sequence[str], outcomes: Sequence[object]) -> HttpResponse:
    """Return one result for each key, in order."""
    return reply(Results([Result(key, outcome) for key, outcome in zip(keys, outcomes, strict=True)]))


def _signer(call: Call) -> Signer:
    """Sign cursors, each list its own: what a stranger makes up never reaches the database."""
    return Signer(salt=call.request.path)
