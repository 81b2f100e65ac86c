"""What could not be booked: read whole, mended, replayed or discarded; never twice."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec
from django.db.models import Q
from django.http import HttpResponse

from onebasket.base.keyset import keyset
from onebasket.base.models import QuarantineItem
from onebasket.base.quarantine import NotOpenError
from onebasket.base.replaying import Replayed, ReplayOutcome, discard_item, mend_item
from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.bodies import holds_nul
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.exceptions import NoteBody
from onebasket.channels.api.fields import Id, PlaceCode
from onebasket.channels.api.once import once
from onebasket.channels.api.paging import Page, PageQuery, after_of, page
from onebasket.channels.api.problems import refuse, unknown
from onebasket.channels.api.tokens import Caller, narrow_to
from onebasket.commerce.pricing.actions.tills import replay_receipt
from onebasket.commerce.stock.actions.replaying import replay_quarantined as replay_fact

REPLAYS: dict[str, Callable[..., ReplayOutcome]] = {"receipt": replay_receipt, "stock": replay_fact}
"""How each kind of message is booked after all."""

_HEAD = (
    "id", "kind", "key", "reason", "explanation", "state", "note", "received_at", "settled_at", "settled_by",
)  # fmt: skip


class QuarantineHead(msgspec.Struct, frozen=True):
    """A message that could not be booked, without its text; `source` is the id of who sent it."""

    id: int
    kind: str
    source: int
    key: str
    place: str
    reason: str
    explanation: str
    state: str
    note: str
    received_at: datetime
    settled_at: datetime | None
    settled_by: str


class QuarantineWhole(msgspec.Struct, frozen=True):
    """The message whole: `content` as it came, `mended` as somebody corrected it (empty: nobody has)."""

    head: QuarantineHead
    content: str
    mended: str


class QuarantineQuery(PageQuery, frozen=True, kw_only=True):
    """Which messages."""

    place: PlaceCode | None = None
    state: Literal["open", "replayed", "discarded", "superseded", "all"] = "open"
    kind: Literal["receipt", "stock"] | None = None


class MendBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The corrected message: a receipt or a stock fact, as it should have come."""

    message: msgspec.Raw


class NothingMore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """There is nothing more to say: send {}."""


class ReplayAnswer(msgspec.Struct, frozen=True):
    """What became of a replay; a message that failed again stays open, and `explanation` says why."""

    id: int
    outcome: Literal["booked", "still_open"]
    reason: str = ""
    explanation: str = ""


@endpoint(
    "GET", "/quarantine", Contract(scope="quarantine:read", query=QuarantineQuery, answers={200: Page[QuarantineHead]})
)
def list_quarantine(call: Call) -> HttpResponse:
    """List what is in quarantine, oldest first."""
    query = call.query
    narrow_to(call.caller, query.place)
    rows = _rows(call.caller)
    if query.state != "all":
        rows = rows.filter(state=query.state)
    if query.place:
        rows = rows.filter(place_code=query.place)
    if query.kind:
        rows = rows.filter(kind=query.kind)
    found, following = keyset(rows, order="received_at", descending=False, after=after_of(call), limit=query.limit)
    return page(call, [_head(row) for row in found], following)


@endpoint("GET", "/quarantine/{item_id}", Contract(scope="quarantine:read", answers={200: QuarantineWhole}))
def get_quarantined(call: Call, item_id: Id) -> HttpResponse:
    """Get a message from quarantine, whole."""
    return reply(_whole(call.caller, item_id))


@endpoint(
    "POST",
    "/quarantine/{item_id}/mend",
    Contract(scope="quarantine:write", body=MendBody, answers={200: QuarantineWhole}, key=True),
)
def mend_quarantined(call: Call, item_id: Id) -> HttpResponse:
    """Keep a corrected message beside the original; replay it to book it."""
    text = _text(call.body.message)

    def act() -> QuarantineWhole:
        mend_item(item_id, content=text, actor=call.caller.actor)
        return _whole(call.caller, item_id)

    return _settle(call, "quarantine.mend", [item_id, text], act)


@endpoint(
    "POST",
    "/quarantine/{item_id}/replay",
    Contract(scope="quarantine:write", body=NothingMore, answers={200: ReplayAnswer}, key=True),
)
def replay_quarantined(call: Call, item_id: Id) -> HttpResponse:
    """Book a message after all, from its mended text or as it came.

    It is booked under its own source and key, so never twice. What fails again stays open: mend it, and replay it
    with a new key.
    """
    item = _whole(call.caller, item_id)
    kind = item.head.kind

    def act() -> ReplayAnswer:
        if holds_nul((item.mended or item.content).encode()):
            return ReplayAnswer(item_id, "still_open", "nul", "A text holds a NUL character, which no database keeps.")
        outcome = REPLAYS[kind](item_id, actor=call.caller.actor, places=call.caller.places)
        if isinstance(outcome, Replayed):
            return ReplayAnswer(item_id, "booked")
        return ReplayAnswer(item_id, "still_open", outcome.reason, outcome.explanation)

    return _settle(call, "quarantine.replay", [item_id], act)


@endpoint(
    "POST",
    "/quarantine/{item_id}/discard",
    Contract(scope="quarantine:write", body=NoteBody, answers={200: QuarantineWhole}, key=True),
)
def discard_quarantined(call: Call, item_id: Id) -> HttpResponse:
    """Close a message that needs no booking, with a note."""

    def act() -> QuarantineWhole:
        discard_item(item_id, note=call.body.note, actor=call.caller.actor)
        return _whole(call.caller, item_id)

    return _settle(call, "quarantine.discard", [item_id, call.body.note], act)


def _text(message: msgspec.Raw) -> str:
    try:
        return bytes(message).decode()
    except UnicodeDecodeError as error:
        raise refuse(400, "encoding", f"The body is not UTF-8: {error.reason}.") from error


def _settle(call: Call, kind: str, content: list[object], act: Callable[[], object]) -> HttpResponse:
    _whole(call.caller, content[0])
    try:
        return once(call, kind, content, act=act)
    except NotOpenError as error:
        raise refuse(409, "settled_before", f"The message was settled before: it is {error}.") from error


def _rows(caller: Caller) -> Any:  # noqa: ANN401 - a query set of dicts with annotations
    reach = Q()
    if caller.places is not None:  # what names no place at all is its sender's business
        reach = Q(place_code__in=sorted(caller.places)) | Q(place_code="", source_id=caller.source_id)
    return QuarantineItem.objects.filter(reach).values(*_HEAD, "source_id", "place_code")


def _whole(caller: Caller, item_id: object) -> QuarantineWhole:
    row = _rows(caller).values(*_HEAD, "source_id", "place_code", "content", "mended").filter(pk=item_id).first()
    if row is None:
        raise unknown("message in quarantine")
    content, mended = row.pop("content"), row.pop("mended")
    return QuarantineWhole(_head(row), content, mended)


def _head(row: dict[str, Any]) -> QuarantineHead:
    return QuarantineHead(source=row.pop("source_id"), place=row.pop("place_code"), **row)
