"""The table of hot actions by name, typed for the wire: baskets, orders, their steps, holds, receipts, stock facts."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from onebasket.base.committer import HotAction
from onebasket.base.quarantine import Unreadable
from onebasket.commerce.fulfilment.actions import ReturnCall, accept_returns
from onebasket.commerce.fulfilment.rules.messages import ReturnOutcome
from onebasket.commerce.orders.actions import (
    BasketCall,
    CheckoutCall,
    OrderCall,
    ReopenCall,
    StepCall,
    TakeCall,
    change_baskets,
    check_out,
    place_orders,
    reopen_orders,
    step_orders,
    take_baskets,
)
from onebasket.commerce.orders.actions.checkout import CheckoutOutcome
from onebasket.commerce.orders.actions.passing import TakeOutcome
from onebasket.commerce.orders.actions.reopening import ReopenOutcome
from onebasket.commerce.orders.rules.baskets import BasketOutcome
from onebasket.commerce.orders.rules.messages import OrderOutcome, StepOutcome
from onebasket.commerce.partners.actions.referring import follow_links
from onebasket.commerce.partners.actions.returning import PartReturnCall, accept_part_returns
from onebasket.commerce.partners.rules.referrals import Followed, FollowLink
from onebasket.commerce.partners.rules.returns import PartReturnOutcome
from onebasket.commerce.pricing.actions import tills
from onebasket.commerce.sales.rules.outcomes import ReceiptOutcome
from onebasket.commerce.sales.rules.receipt import Receipt
from onebasket.commerce.stock.actions import book_movements, hold_stock, release_holds
from onebasket.commerce.stock.actions.holds import HoldCall
from onebasket.commerce.stock.rules.messages import FactOutcome, HoldOutcome, StockFact


class ReceiptsCall(NamedTuple):
    """The receipts of one request, and the source that sends them."""

    source_id: int
    items: list[Receipt | Unreadable]


class FactsCall(NamedTuple):
    """The stock facts of one request, and the source that sends them."""

    source_id: int
    items: list[StockFact | Unreadable]


class ReleaseCall(NamedTuple):
    """A hold to give back, and the source that took it."""

    source_id: int
    hold: UUID


def book_receipts(calls: Sequence[ReceiptsCall]) -> list[list[ReceiptOutcome]]:
    """Book the receipts of several requests, those of one source together; return the outcomes of each request."""
    return _by_source(calls, tills.book_receipts)


def book_facts(calls: Sequence[FactsCall]) -> list[list[FactOutcome]]:
    """Book the stock facts of several requests, those of one source together; return the outcomes of each request."""
    return _by_source(calls, book_movements)


def release(calls: Sequence[ReleaseCall]) -> list[int]:
    """Give holds back, each on its own; return how many lines each freed."""
    return [release_holds([call.hold], source_id=call.source_id) for call in calls]


def _by_source(calls: Sequence[Any], book: Callable[[int, Sequence[Any]], Sequence[Any]]) -> list[list[Any]]:
    answers: dict[int, list[Any]] = {}
    for source in dict.fromkeys(call.source_id for call in calls):
        mine = [index for index, call in enumerate(calls) if call.source_id == source]
        outcomes = iter(book(source, [item for index in mine for item in calls[index].items]))
        for index in mine:
            answers[index] = [next(outcomes) for _ in calls[index].items]
    return [answers[index] for index in range(len(calls))]


ACTIONS: dict[str, HotAction] = {
    "baskets": HotAction(change_baskets, BasketCall, BasketOutcome),
    "checkouts": HotAction(check_out, CheckoutCall, CheckoutOutcome),
    "reopenings": HotAction(reopen_orders, ReopenCall, ReopenOutcome),
    "orders": HotAction(place_orders, OrderCall, OrderOutcome),
    "takings": HotAction(take_baskets, TakeCall, TakeOutcome),
    "steps": HotAction(step_orders, StepCall, StepOutcome),
    "holds": HotAction(hold_stock, HoldCall, HoldOutcome),
    "releases": HotAction(release, ReleaseCall, int),
    "returns": HotAction(accept_returns, ReturnCall, ReturnOutcome),
    "part_returns": HotAction(accept_part_returns, PartReturnCall, PartReturnOutcome),
    "receipts": HotAction(book_receipts, ReceiptsCall, list[ReceiptOutcome]),
    "links": HotAction(follow_links, FollowLink, Followed),
    "facts": HotAction(book_facts, FactsCall, list[FactOutcome]),
}
