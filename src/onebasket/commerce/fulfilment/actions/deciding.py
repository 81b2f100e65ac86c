"""Decide what is paid back for goods: of what they were sold by, by which policy, and never more than was paid."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from onebasket.commerce.fulfilment.actions.pricing_back import price_without
from onebasket.commerce.fulfilment.queries.history import came_before, policy_of
from onebasket.commerce.fulfilment.queries.originals import Found, find_original
from onebasket.commerce.fulfilment.rules.messages import ALLOCATED, REPRICE_KEPT, Policy, ReturnRefused, ReturnRequest
from onebasket.commerce.fulfilment.rules.repricing import Worked, can_reprice, reprice, within
from onebasket.commerce.fulfilment.rules.returns import Back, Original, allocate, refuse_lines
from onebasket.commerce.orders.queries.asked import PricedThen, priced_then
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import PlaceFacts


class ReturnCall(NamedTuple):
    """A request, the source that makes it, and the place codes that it may reach (None: every place)."""

    source_id: int
    request: ReturnRequest
    places: frozenset[str] | None = None


class Taken(NamedTuple):
    """A return that is decided: what comes back, of what, and where; `back` is what came back of its lines before.

    `all_back`: with it nothing of what was sold is kept.
    """

    call: ReturnCall
    place: PlaceFacts
    original: Original
    backs: list[Back]
    back: Mapping[int, int] = {}
    policy: Policy = ALLOCATED
    owed: int = 0
    all_back: bool = False

    @property
    def total(self) -> int:
        """Return what is paid back, tax included."""
        return sum(back.due(tax_included=self.original.tax_included) for back in self.backs)


BackOf = Callable[[str, Mapping[int, int]], dict[int, int]]
"""How much of lines, given with what was sold, has come back of a reference."""


def place_of(call: ReturnCall) -> PlaceFacts | None:
    """Return the place where goods come back, if the caller reaches it."""
    place = places_by_code([call.request.place]).get(call.request.place)
    return place if place is not None and (call.places is None or place.code in call.places) else None


def no_place(call: ReturnCall) -> ReturnRefused:
    """Refuse a place that there is not, or that the caller does not reach."""
    return ReturnRefused("unknown_place", f"There is no place {call.request.place!r}.")


def decide(call: ReturnCall, place: PlaceFacts, back_of: BackOf, *, now: datetime) -> Taken | ReturnRefused:
    """Work out what is paid back, or say why nothing is; `back_of` locks what has come back, or only reads it."""
    request = call.request
    if request.order is None and request.receipt is None:
        priced = price_without(request, place, now=now)
        if isinstance(priced, ReturnRefused):
            return priced
        original = Original("", place.code, place.currency, priced.tax_included, request.loyalty_number, {})
        return Taken(call, place, original, priced.backs)
    found = find_original(request)
    if isinstance(found, ReturnRefused):
        return found
    original = found.original
    if original.currency != place.currency:
        message = f"This was sold in {original.currency}; take it back where that is paid."
        return ReturnRefused("other_currency", message)
    sold = {number: one.got for number, one in original.lines.items() if one.got}
    back = back_of(original.reference, sold)
    if refused := refuse_lines(request.lines, original, back):
        return refused
    return _work_out(call, place, found, back)


def _work_out(call: ReturnCall, place: PlaceFacts, found: Found, back: Mapping[int, int]) -> Taken:
    """Decide under what came back before, which nobody changes meanwhile where it is locked."""
    request, original = call.request, found.original
    before = came_before(original.reference)
    coming = {line.line: line.quantity for line in request.lines}
    all_back = all(back.get(number, 0) + coming.get(number, 0) >= one.got for number, one in original.lines.items())
    then = _priced_then(found, before.policy)
    if then is None:
        policy, worked = ALLOCATED, Worked(allocate(request.lines, original, back))
    else:
        policy = REPRICE_KEPT
        worked = reprice(request.lines, original, back, ask=then.ask, promotions=then.promotions, owed=before.owed)
    backs = within(
        worked.backs,
        request.lines,
        tax_included=original.tax_included,
        most=max(0, original.paid - before.total),
        all_back=all_back and not before.overridden,
    )
    return Taken(call, place, original, backs, back, policy, worked.owed, all_back)


def _priced_then(found: Found, before: Policy | None) -> PricedThen | None:
    """Return what an order was priced from, where what is kept of it is priced again; the first return decides."""
    if found.order is None or (before or policy_of(found.order.place, found.order.placed_at)) != REPRICE_KEPT:
        return None
    then = priced_then(found.order)
    return then if then and can_reprice(then.ask, then.promotions, found.original) else None
