"""Take a partner's goods back at the counter: what comes back, who owes it, what is paid; kept for the partner."""

from typing import NamedTuple
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onebasket.channels.store import asking
from onebasket.channels.store.associate import Associate, at_work
from onebasket.channels.store.pages import show
from onebasket.channels.store.words import refused_part_return
from onebasket.commerce.partners.actions.returning import PartReturnCall, preview_part_return, why_not_back
from onebasket.commerce.partners.queries.parts import PartState, part_state, parts_of
from onebasket.commerce.partners.rules.parts import Status
from onebasket.commerce.partners.rules.returns import (
    Disposition,
    PartBackLine,
    PartReturnAccepted,
    PartReturnOutcome,
    PartReturnRequest,
    Returned,
)

MOST_PIECES = 6
"""Digits of a number of pieces."""


class PartBack(NamedTuple):
    """A partner's part of an order at the counter, and why nothing of it can come back, if so."""

    part: PartState
    refused: str


class PartChoice(NamedTuple):
    """A line that may come back: how many of it can, and what was stated so far."""

    line: int
    title: str
    left: int
    quantity: int
    disposition: Disposition


def parts_back(who: Associate, order: UUID) -> list[PartBack]:
    """Return the parts of an order of which something comes, each with why it cannot come back here."""
    return [
        PartBack(part, refused_part_return(refused) if (refused := why_not_back(part.id, who.at)) else "")
        for part in parts_of([order]).get(order, [])
        if part.status not in {Status.REFUSED, Status.CANCELLED}
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@at_work
def take(request: HttpRequest, who: Associate, part_id: UUID) -> HttpResponseBase:
    """Say what comes back of a partner's part, see what is paid back and by whom it is owed, and accept it."""
    part = part_state(part_id)
    if part is None:
        raise Http404
    sent = request.POST if request.method == "POST" else request.GET
    context: dict[str, object] = {"page": "returns", "part": part, "choices": _choices(part, sent), "sent": sent}
    refused = why_not_back(part.id, who.at)
    if refused is not None:
        return show(request, who, "take_part", context | _wrong(refused) | {"choices": []}, status=422)
    if request.method != "POST":
        return show(request, who, "take_part", context)
    asked = _request(who, part, sent, asking.key_of(request))
    found = None if asked is None else _accept_or_show(who, asked, is_accepted="accept" in sent)
    if isinstance(found, PartReturnAccepted):
        return show(request, who, "part_accepted", {"page": "returns", "part": part, "accepted": found})
    if isinstance(found, Returned):
        return show(request, who, "take_part", context | {"preview": found})
    return show(request, who, "take_part", context | _wrong(found), status=422)


def _accept_or_show(who: Associate, asked: PartReturnRequest, *, is_accepted: bool) -> Returned | PartReturnOutcome:
    """Accept a return, or say what it would come to."""
    if is_accepted:
        return asking.take_part_back(who, asked)
    return preview_part_return(PartReturnCall(asking.source(), asked, frozenset({who.at.code})))


def _wrong(outcome: PartReturnOutcome | None) -> dict[str, object]:
    return {"wrong": _("Say how much comes back.") if outcome is None else refused_part_return(outcome)}


def _choices(part: PartState, sent: QueryDict) -> list[PartChoice]:
    return [
        PartChoice(
            line.number,
            line.title,
            line.due - line.returned,
            min(_pieces(sent.get(f"quantity-{line.number}", "")), line.due - line.returned),
            "damaged" if sent.get(f"state-{line.number}", "") == "damaged" else "good",
        )
        for line in part.lines
        if line.due
    ]


def _pieces(text: str) -> int:
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= MOST_PIECES else 0


def _request(who: Associate, part: PartState, sent: QueryDict, key: str) -> PartReturnRequest | None:
    choices = _choices(part, sent)
    lines = tuple(PartBackLine(one.line, one.quantity, one.disposition) for one in choices if one.quantity)
    if not lines:
        return None
    shown = sent.get("accept", "")
    return PartReturnRequest(
        key=f"take-{sent.get('return', '') or key}"[:120],
        place=who.at.code,
        operator=who.name,
        part=part.id,
        lines=lines,
        reason=" ".join(sent.get("reason", "").split())[:200],
        expected_total=(_amount(shown) if shown else None),
    )


def _amount(text: str) -> int:
    """Return the amount that was shown when it was accepted; what is no amount was never shown, and fits nothing."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0  # noqa: PLR2004 - as PartReturnRequest
