"""What is done to an order: cancel, confirm its payment, pick, hand over, put back."""

from typing import Annotated
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.committing import commit
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.metering import count_outcomes
from onebasket.channels.api.problems import ProblemError, problem, refuse, unknown
from onebasket.commerce.orders.actions import StepCall
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderConflict, OrderStep, PickedLine, StepDone, StepRefused

LINES_A_STEP = 5
"""What a step weighs in a batch: it does not say how many lines its order has."""


class StepBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is done, for those who look later."""

    reason: Annotated[str, Meta(max_length=200)] = ""


class PickBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`lines` as picked, each line once, or null for all that is left, as promised.

    With `finish`, and once no line is open any more, what is not picked is short.
    """

    lines: Annotated[tuple[PickedLine, ...], Meta(min_length=1, max_length=200)] | None = None
    finish: bool = True
    reason: Annotated[str, Meta(max_length=200)] = ""


def _contract(body: type[msgspec.Struct]) -> Contract:
    return Contract(scope="orders:write", body=body, answers={200: StepDone}, key=True)


@endpoint("POST", "/orders/{order_id}/cancel", _contract(StepBody))
def cancel_order(call: Call, order_id: UUID) -> HttpResponse:
    """Cancel an order.

    Before the pick this frees its promise; after it the goods count again only when they are put back.
    """
    return _take(call, OrderStep(call.key, order_id, Step.CANCEL, reason=call.body.reason))


@endpoint("POST", "/orders/{order_id}/confirm-payment", _contract(StepBody))
def confirm_payment(call: Call, order_id: UUID) -> HttpResponse:
    """Confirm that an order which awaited its payment is paid."""
    return _take(call, OrderStep(call.key, order_id, Step.CONFIRM_PAYMENT, reason=call.body.reason))


@endpoint("POST", "/orders/{order_id}/pick", _contract(PickBody))
def pick_order(call: Call, order_id: UUID) -> HttpResponse:
    """Pick lines of an order off the shelf, into staging.

    State each line once, with all that was picked of it: a line stated twice is refused (`doubled_line`) and nothing
    is picked. What is picked later is another pick: name the lines picked so far with `finish` false. Picking ends with
    `finish`, or once every line that was open is named; what was not picked by then is short.
    """
    body = call.body
    return _take(call, OrderStep(call.key, order_id, Step.PICK, body.lines, body.finish, body.reason))


@endpoint("POST", "/orders/{order_id}/hand-over", _contract(StepBody))
def hand_order_over(call: Call, order_id: UUID) -> HttpResponse:
    """Hand a picked order over to its customer."""
    return _take(call, OrderStep(call.key, order_id, Step.HAND_OVER, reason=call.body.reason))


@endpoint("POST", "/orders/{order_id}/put-back", _contract(StepBody))
def put_order_back(call: Call, order_id: UUID) -> HttpResponse:
    """Put the staged goods of a cancelled order back on the shelf."""
    return _take(call, OrderStep(call.key, order_id, Step.PUT_BACK, reason=call.body.reason))


def _take(call: Call, step: OrderStep) -> HttpResponse:
    stepping = StepCall(call.caller.source_id, step, call.caller.places)
    outcomes = commit("steps", [stepping], weights=[LINES_A_STEP])
    count_outcomes("order_step", outcomes)
    (outcome,) = outcomes
    if isinstance(outcome, StepDone):
        return reply(outcome)
    if isinstance(outcome, OrderConflict):
        raise refuse(409, "key_conflict", outcome.message)
    if isinstance(outcome, StepRefused):
        raise ProblemError(problem(422, outcome.code, outcome.message, order_status=outcome.status))
    raise unknown("order")
