"""A call to a partner for a part: written down and committed, made outside any transaction, written down.

From before an order is placed until its answer is written down the part is unknown; a process that is killed in between
leaves it so, and the partner's list tells what became of it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from onebasket.base.clock import database_now
from onebasket.base.outside import require_no_transaction
from onebasket.base.sealing import UnsealableError
from onebasket.commerce.partners.actions.opening import keep_tokens, open_gateway
from onebasket.commerce.partners.models import Partner, PartnerAttempt
from onebasket.commerce.partners.rules.port import Gateway, Lost, NotDone, Placed, Refused

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a partner is waited for, in seconds: `place` for an order, `read` for a question.

    For `lease` nobody else takes a part whose worker may have been killed; a worker that was held up for longer than
    `start` after it wrote a call down does not make it.
    """

    place: float = 20.0
    read: float = 8.0
    lease: float = 60.0
    start: float = 10.0


PATIENCE = Patience()


def leased(now: datetime) -> datetime:
    """Return until when nobody else takes what is being asked about now."""
    return now + timedelta(seconds=PATIENCE.lease)


def note_call(part_id: UUID, operation: str, *, now: datetime, request: str = "") -> int:
    """Write a call down before it is made; return its attempt's id."""
    row = PartnerAttempt.objects.create(part_id=part_id, operation=operation, request=request, asked_at=now)
    return row.pk


def note_answer(attempt_id: int, result: str, detail: str, *, now: datetime) -> None:
    """Write down what came of a call."""
    fit = PartnerAttempt.objects.filter(pk=attempt_id)
    fit.update(answered_at=now, result=result[:16], detail=detail.replace("\x00", "")[:500])


def words_of(answer: object) -> tuple[str, str]:
    """Return the result and the detail under which an answer is kept."""
    if isinstance(answer, Placed):
        return "placed", " ".join(one.reference for one in answer.orders)
    if isinstance(answer, Refused):
        lines = f" lines {list(answer.lines)}" if answer.lines else ""
        return "refused", f"{answer.code}{lines}: {answer.message}"
    if isinstance(answer, NotDone):
        return "not_done", f"{answer.code}: {answer.reason}"
    if isinstance(answer, Lost):
        return "lost", answer.reason
    return "told", ""


def call_partner(partner_id: int, call: Callable[[Gateway], Answer], *, not_after: datetime) -> Answer | Lost | NotDone:
    """Open a partner's gateway, make a call, and keep tokens that it renewed; outside any transaction.

    A worker that was held up past `not_after` does not make it: somebody else may have taken the part meanwhile.
    """
    require_no_transaction()
    try:
        gateway = open_gateway(partner_id)
    except (UnsealableError, KeyError, Partner.DoesNotExist) as error:
        return NotDone(f"the gateway cannot be opened: {type(error).__name__}", "not_able")
    if database_now() > not_after:
        return NotDone("it was written down too long ago")
    try:
        answer = call(gateway)
    except Exception as error:
        logger.exception("partner %s: the gateway failed", partner_id)
        return Lost(f"the gateway failed: {type(error).__name__}")
    try:
        keep_tokens(partner_id, gateway)
    except UnsealableError:
        logger.warning("partner %s: renewed tokens are not kept", partner_id)
    return answer
