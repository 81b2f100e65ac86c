"""How the pages have their writes decided: by the committer, under keys minted with each form."""

import re
import secrets
from typing import Any
from uuid import UUID

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest

from onebasket.channels.store.associate import Associate
from onebasket.commerce.access.actions import AccessError, enrol_source
from onebasket.commerce.access.queries import sources_by_code
from onebasket.commerce.fulfilment.actions import ReturnCall
from onebasket.commerce.fulfilment.rules.messages import ReturnOutcome, ReturnRequest
from onebasket.commerce.hotpath.actions.asking import commit
from onebasket.commerce.orders.actions import StepCall
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderStep, PickedLine, StepOutcome
from onebasket.commerce.partners.actions.returning import PartReturnCall
from onebasket.commerce.partners.rules.returns import PartReturnOutcome, PartReturnRequest

CODE = "store-pages"
_KEY = re.compile(r"[A-Za-z0-9_-]{22}")


def source() -> int:
    """Return the id of these pages' source, and enrol it the first time."""
    found = sources_by_code([CODE]).get(CODE)
    if found is not None:
        return found.id
    try:
        return enrol_source(CODE, actor="onebasket", name="Store pages")
    except AccessError:  # another request was faster
        return sources_by_code([CODE])[CODE].id


def new_key() -> str:
    """Return the key of a form: the same form sent again is the same write."""
    return secrets.token_urlsafe(16)


def key_of(request: HttpRequest) -> str:
    """Return the key that came with a form of ours."""
    stated = request.POST.get("key", "")
    if not _KEY.fullmatch(stated):
        raise SuspiciousOperation
    return stated


def take_step(who: Associate, order: UUID, step: Step, key: str, *, lines: dict[int, int] | None = None) -> StepOutcome:
    """Have a step taken for an order of the place; `lines` are what was picked, and do not end the picking."""
    picked = None if lines is None else tuple(PickedLine(line, quantity) for line, quantity in sorted(lines.items()))
    asked = OrderStep(f"{step}-{key}", order, step, picked, finish=lines is None, reason=f"store/{who.name}"[:200])
    (outcome,) = commit("steps", [StepCall(source(), asked, frozenset({who.at.code}))], weights=[5])
    found: StepOutcome = outcome
    return found


def take_back(who: Associate, request: ReturnRequest) -> ReturnOutcome:
    """Have goods taken back at the place."""
    call = ReturnCall(source(), request, frozenset({who.at.code}))
    (outcome,) = commit("returns", [call], weights=[len(request.lines)])
    found: Any = outcome
    return found  # type: ignore[no-any-return]


def take_part_back(who: Associate, request: PartReturnRequest) -> PartReturnOutcome:
    """Have a partner's goods taken back at the place."""
    call = PartReturnCall(source(), request, frozenset({who.at.code}))
    (outcome,) = commit("part_returns", [call], weights=[len(request.lines)])
    found: Any = outcome
    return found  # type: ignore[no-any-return]
