"""Gift cards: made, activated when they are sold, looked up by their code, blocked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.base.clock import database_now
from onebasket.base.guesses import Guesses
from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.fields import Note
from onebasket.channels.api.once import once
from onebasket.channels.api.paging import Batch, Result, Results, results
from onebasket.channels.api.problems import ProblemError, problem, refuse, unknown
from onebasket.channels.api.tokens import require_every_place, require_places
from onebasket.commerce.payments.actions import activate_gift_cards, issue_gift_cards, set_balance_active
from onebasket.commerce.payments.queries import find_balance
from onebasket.commerce.payments.queries.balances import is_code
from onebasket.commerce.payments.rules.balances import BalanceFacts
from onebasket.commerce.payments.rules.messages import GiftCardActivation, GiftCardIssue, Issued

MOST_WRONG, WINDOW_SECONDS = 20, 60.0
guesses = Guesses(MOST_WRONG, WINDOW_SECONDS)
"""Codes that find nothing, by source: mistyped ones, which their check character gives away, do not count."""

Code = Annotated[str, Meta(min_length=1, max_length=64, description="As printed; blanks and hyphens do not count.")]


class IssuedResult(Result[Issued], frozen=True):
    """What became of the gift card of this key."""


class CodeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code of a gift card or store credit. It is sent in the body, for addresses are logged."""

    code: Code


class BlockBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code of what to block, or to open again, and why."""

    code: Code
    reason: Note
    active: bool = False


class BalanceRead(msgspec.Struct, frozen=True):
    """What is on a gift card or store credit; `hint` are the last characters of its code."""

    account: int
    kind: str
    hint: str
    currency: str
    balance: int
    active: bool
    usable: bool
    expires_at: datetime | None


class Blocked(msgspec.Struct, frozen=True):
    """How it stands now."""

    account: int
    active: bool


@endpoint(
    "POST",
    "/gift-cards",
    Contract(scope="giftcards:write", body=Batch[GiftCardIssue], answers={200: Results[IssuedResult]}),
)
def issue_cards(call: Call) -> HttpResponse:
    """Make gift cards.

    Each answer holds its code, which is kept nowhere: only the same key again gets it once more. Without an amount a
    card is worth nothing until it is activated, as printed cards are.
    """
    items = call.body.items
    _require_reach(call, items)
    return results([item.key for item in items], run(lambda: issue_gift_cards(call.caller.source_id, items)))


@endpoint(
    "POST",
    "/gift-cards/activate",
    Contract(scope="giftcards:write", body=Batch[GiftCardActivation], answers={200: Results[IssuedResult]}),
)
def activate_cards(call: Call) -> HttpResponse:
    """Put money on gift cards by their code, when they are sold or topped up."""
    items = call.body.items
    _require_reach(call, items)
    _require_few_guesses(call)
    outcomes = run(lambda: activate_gift_cards(call.caller.source_id, items))
    for item, outcome in zip(items, outcomes, strict=True):
        if outcome.outcome == "invalid" and outcome.message.startswith("code: there is no") and is_code(item.code):
            guesses.note_wrong(call.caller.source_id)
    return results([item.key for item in items], outcomes)


@endpoint(
    "POST",
    "/gift-cards/balance",
    Contract(scope="giftcards:read", body=CodeBody, answers={200: BalanceRead}, errors=(404,)),
)
def read_card(call: Call) -> HttpResponse:
    """Get what is on a gift card or store credit, by its code.

    A source that asks for codes that do not exist is told to wait (429).
    """
    found = _find(call, call.body.code)
    stated = BalanceRead(
        account=found.id,
        kind=found.kind,
        hint=found.hint,
        currency=found.currency,
        balance=found.balance,
        active=found.active,
        usable=found.is_usable(database_now()),
        expires_at=found.expires_at,
    )
    return reply(stated)


@endpoint(
    "POST",
    "/gift-cards/block",
    Contract(scope="giftcards:write", body=BlockBody, answers={200: Blocked}, key=True, errors=(404,)),
)
def block_card(call: Call) -> HttpResponse:
    """Block a gift card or store credit by its code, or open it again with `active`; what is on it stays."""
    require_every_place(call.caller, "Gift cards are blocked for")
    found = _find(call, call.body.code)
    body = call.body

    def act() -> Blocked:
        set_balance_active(found.id, active=body.active, reason=body.reason, actor=call.caller.actor)
        return Blocked(found.id, body.active)

    return once(call, "giftcard.block", [found.id, body.reason, body.active], act=act)


def _require_reach(call: Call, items: Sequence[GiftCardIssue | GiftCardActivation]) -> None:
    places = {item.place for item in items}
    if "" in places:
        require_every_place(call.caller, "A gift card without a place is for")
    require_places(call.caller, places - {""})


def _require_few_guesses(call: Call) -> None:
    if guesses.is_blocked(call.caller.source_id):
        found = problem(429, "too_many_guesses", "Too many codes that do not exist. Wait a minute.")
        raise ProblemError(found, {"Retry-After": str(int(WINDOW_SECONDS))})


def _find(call: Call, code: str) -> BalanceFacts:
    _require_few_guesses(call)
    if not is_code(code):
        raise refuse(404, "mistyped", "This is no code: a character of it is wrong or missing.")
    found = find_balance(code)
    if found is None:
        guesses.note_wrong(call.caller.source_id)
        raise unknown("gift card")
    return found
