"""How the kiosk has its writes decided: by the committer, under keys that no other shopper can meet."""

import logging
import re
from typing import Any
from uuid import UUID

from django.http import QueryDict

from onebasket.base.committer import QueueFullError, UnavailableError
from onebasket.base.gate import GATE
from onebasket.base.typed import OddFormError
from onebasket.channels.kiosk.enrolment import Kiosk
from onebasket.channels.kiosk.visit import Visit
from onebasket.commerce.hotpath.actions.asking import commit
from onebasket.commerce.orders.actions import BasketCall, CheckoutCall, StepCall
from onebasket.commerce.orders.actions.checkout import CheckoutOutcome
from onebasket.commerce.orders.rules.baskets import BasketOutcome, BasketRefused, ChangeBasket, OpenBasket
from onebasket.commerce.orders.rules.messages import OrderConflict, OrderStep, StepOutcome

CHANNEL = "kiosk"
KEY_FIELD = "key"
LINES_A_CHANGE = 2
LINES_A_CHECKOUT = 10
LINES_A_STEP = 5
_KEY = re.compile(r"[A-Za-z0-9_-]{16,40}")
logger = logging.getLogger(__name__)


def form_key(sent: QueryDict, visit: Visit, what: str) -> str:
    """Return the key of a form's write: the same form sent again has the same one, another shopper's never.

    Raises:
        OddFormError: the form carries no key of ours.
    """
    stated = sent.get(KEY_FIELD, "")
    if not _KEY.fullmatch(stated):
        raise OddFormError
    return f"{what}-{visit.id}-{stated}"


def open_basket(kiosk: Kiosk, visit: Visit) -> BasketOutcome:
    """Open the visit's next basket at the kiosk's store; asked for twice it is the same basket."""
    request = OpenBasket(f"open-{visit.id}-{visit.baskets}", kiosk.place, channel=CHANNEL)
    return _one("baskets", BasketCall(kiosk.source_id, request, _reach(kiosk)), LINES_A_CHANGE)  # type: ignore[no-any-return]


def change_basket(kiosk: Kiosk, request: ChangeBasket) -> BasketOutcome:
    """Have a basket of the kiosk's store changed."""
    return _one("baskets", BasketCall(kiosk.source_id, request, _reach(kiosk)), LINES_A_CHANGE)  # type: ignore[no-any-return]


def give_back(kiosk: Kiosk, visit: Visit, basket: UUID) -> bool:
    """Give everything back that a basket holds; False where nobody answers, and its time ends it instead."""
    request = ChangeBasket(f"leave-{visit.id}-{visit.baskets}", basket, drop=True)
    try:
        change_basket(kiosk, request)
    except (QueueFullError, UnavailableError, TimeoutError):
        logger.warning("A basket that was left at a kiosk is held until its time is over", exc_info=True)
        return False
    return True


def check_out(call: CheckoutCall) -> CheckoutOutcome:
    """Have a basket placed as an order."""
    return _one("checkouts", call, LINES_A_CHECKOUT)  # type: ignore[no-any-return]


def step_order(kiosk: Kiosk, step: OrderStep) -> StepOutcome:
    """Have a step taken for an order of the kiosk's store."""
    return _one("steps", StepCall(kiosk.source_id, step, _reach(kiosk)), LINES_A_STEP)  # type: ignore[no-any-return]


def _reach(kiosk: Kiosk) -> frozenset[str]:
    return frozenset({kiosk.place})


def _one(action: str, call: object, weight: int) -> Any:  # noqa: ANN401 - each action has its own outcomes
    with GATE.outside():
        (outcome,) = commit(action, [call], weights=[weight])
    return outcome


def is_done_before(outcome: BasketOutcome) -> bool:
    """Whether a form's key was met before: what it asked for was answered then, and the basket shows it."""
    return isinstance(outcome, OrderConflict)


def was_changed_meanwhile(outcome: BasketOutcome) -> bool:
    """Whether the basket moved on between reading and asking: read it again, then ask again."""
    return isinstance(outcome, BasketRefused) and outcome.code == "basket_changed"
