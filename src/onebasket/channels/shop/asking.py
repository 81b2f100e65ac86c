"""How the shop has its writes decided: by the committer, under keys that no other guest can meet."""

import re
from typing import Any
from uuid import UUID

from django.http import QueryDict

from onebasket.base.gate import GATE
from onebasket.channels.shop.own import shop_source
from onebasket.channels.shop.reading import OddFormError
from onebasket.channels.shop.visit import Visit
from onebasket.commerce.hotpath.actions.asking import commit
from onebasket.commerce.orders.actions import BasketCall, CheckoutCall, ReopenCall, StepCall, TakeCall
from onebasket.commerce.orders.actions.checkout import CheckoutOutcome
from onebasket.commerce.orders.actions.passing import TakeOutcome
from onebasket.commerce.orders.actions.reopening import ReopenOutcome
from onebasket.commerce.orders.rules.baskets import (
    BasketOutcome,
    BasketRefused,
    ChangeBasket,
    OpenBasket,
)
from onebasket.commerce.orders.rules.messages import OrderConflict, OrderStep, StepOutcome
from onebasket.commerce.orders.rules.passing import TakeBasket
from onebasket.commerce.orders.rules.secrets import digest

KEY_FIELD = "key"
LINES_A_CHANGE = 2
LINES_A_CHECKOUT = 10
LINES_A_STEP = 5
_KEY = re.compile(r"[A-Za-z0-9_-]{16,40}")


def form_key(sent: QueryDict, visit: Visit, what: str) -> str:
    """Return the key of a form's write: the same form sent again has the same one, another guest's never.

    Raises:
        OddFormError: the form carries no key of ours.
    """
    stated = sent.get(KEY_FIELD, "")
    if not _KEY.fullmatch(stated) or not visit.id:
        raise OddFormError
    return f"{what}-{visit.id}-{stated}"


def open_basket(visit: Visit, place: str, card: str) -> BasketOutcome:
    """Open the visit's next basket at a place; asked for twice, by two tabs perhaps, it is the same basket."""
    request = OpenBasket(f"open-{visit.id}-{visit.baskets}-{place}-{card}"[:120], place, loyalty_number=card)
    return _one("baskets", BasketCall(shop_source(), request), LINES_A_CHANGE)  # type: ignore[no-any-return]


def change_basket(request: ChangeBasket, *, weight: int = LINES_A_CHANGE) -> BasketOutcome:
    """Have a basket changed."""
    return _one("baskets", BasketCall(shop_source(), request), weight)  # type: ignore[no-any-return]


def check_out(call: CheckoutCall) -> CheckoutOutcome:
    """Have a basket placed as an order."""
    return _one("checkouts", call, LINES_A_CHECKOUT)  # type: ignore[no-any-return]


def step_order(step: OrderStep) -> StepOutcome:
    """Have a step taken for an order."""
    return _one("steps", StepCall(shop_source(), step), LINES_A_STEP)  # type: ignore[no-any-return]


def reopen_order(order: UUID, key: str) -> ReopenOutcome:
    """Have an order opened again as a basket."""
    return _one("reopenings", ReopenCall(shop_source(), key, order), LINES_A_CHECKOUT)  # type: ignore[no-any-return]


def take_basket(secret: str, key: str) -> TakeOutcome:
    """Have a basket passed to the shop that was filled on another screen."""
    call = TakeCall(shop_source(), TakeBasket(key, digest(secret)))
    return _one("takings", call, LINES_A_CHANGE)  # type: ignore[no-any-return]


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
