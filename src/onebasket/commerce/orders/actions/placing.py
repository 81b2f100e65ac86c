"""Place orders in batches: claim, load, lock, decide one after the other, write in bulk, record."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from onebasket.base import bulk, inbox
from onebasket.base.clock import database_now
from onebasket.commerce.orders.actions.deciding import Decided, Deciding, Retry, decide, refuse_unknown
from onebasket.commerce.orders.actions.ordering import draft_request
from onebasket.commerce.orders.actions.quoting import Pricing
from onebasket.commerce.orders.actions.world import Shortlist, World, load_world, shortlist
from onebasket.commerce.orders.actions.writing import Placing, write_orders
from onebasket.commerce.orders.rules.messages import (
    OrderConflict,
    OrderOutcome,
    OrderPlaced,
    OrderRefused,
    OrderRequest,
)
from onebasket.commerce.pricing.rules.uses import Use
from onebasket.commerce.stock.actions import claim_holds, confirm_lines, open_book, post, shelves_of, still_held
from onebasket.commerce.stock.queries.promises import hold_owners
from onebasket.commerce.stock.rules.book import ShelfKey
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.promises import HeldLine
from onebasket.kernel.identity import fingerprint

MOST_IDLE_PASSES = 4
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(OrderPlaced | OrderRefused).decode


class OrderCall(NamedTuple):
    """A request and the source that makes it."""

    source_id: int
    request: OrderRequest


def place_orders(calls: Sequence[OrderCall]) -> list[OrderOutcome]:
    """Place orders one after the other and answer each: placed, refused with its reason, or a key conflict.

    A request whose shortlisted places ran out under the lock, while others looked possible, or whose promotions could
    not be used as they were worked out, is decided again in a transaction of its own with a fresh look, for as long as
    each pass decides any; then a few times at the most.
    """
    outcomes: dict[int, OrderOutcome] = {}
    waiting = dict(enumerate(calls))
    idle, more = 0, dict[int, Sequence[Use]]()
    while waiting:
        decided = _place(waiting, _Pass(idle == MOST_IDLE_PASSES, more))
        idle = 0 if decided else idle + 1
        outcomes |= decided
        waiting = {index: call for index, call in waiting.items() if index not in outcomes}
    return [outcomes[index] for index in range(len(calls))]


class _Pass(NamedTuple):
    """A pass over requests: whether it is the last one, and by index what was found to be used in one before it."""

    last: bool
    more: dict[int, Sequence[Use]]


def _place(calls: Mapping[int, OrderCall], pass_: _Pass) -> dict[int, OrderOutcome]:
    order = list(calls)
    with bulk.batch():
        now = database_now()
        claims = [inbox.Claim(c.source_id, c.request.key, fingerprint(c.request)) for c in calls.values()]
        claimed = inbox.claim("order", claims)
        fresh = {position: calls[order[position]] for position in sorted(claimed.fresh)}
        decided: dict[int, OrderOutcome] = {}
        if fresh:
            retries = _Pass(pass_.last, {p: pass_.more[order[p]] for p in fresh if order[p] in pass_.more})
            decided = _decide_all(fresh, claimed.fresh, retries, now=now)
            pass_.more.update({order[p]: uses for p, uses in retries.more.items()})
        undecided = fresh.keys() - decided.keys()
        inbox.unclaim([claimed.fresh[position] for position in undecided])
        inbox.settle({claimed.fresh[p]: _encode(outcome).decode() for p, outcome in decided.items()})
        left_over = {p for p in range(len(order)) if p in undecided or claimed.repeats.get(p) in undecided}
        answers = inbox.answer(
            claimed,
            decided | dict.fromkeys(left_over, _PENDING),
            count=len(order),
            decode=_decode,
            conflict=lambda _: OrderConflict(),
        )
    return {order[p]: outcome for p, outcome in enumerate(answers) if p not in left_over}


_PENDING = OrderConflict("pending")


def _decide_all(
    fresh: Mapping[int, OrderCall], entries: Mapping[int, int], pass_: _Pass, *, now: datetime
) -> dict[int, OrderOutcome]:
    world = load_world([call.request for call in fresh.values()], now=now)
    outcomes: dict[int, OrderOutcome] = {}
    for position, call in fresh.items():
        if refused := refuse_unknown(call.request, world):
            outcomes[position] = refused
    known = {position: call.request for position, call in fresh.items() if position not in outcomes}
    if not known:
        return outcomes
    lists = shortlist(known, world, now=now)
    pricing = Pricing(known, world, now=now)
    pricing.lock(lists, pass_.more)
    holds = claim_holds([request.hold for request in known.values() if request.hold])
    lines_held = [line for lines in holds.values() for line in lines]
    book = open_book(_keys(known, lists, world) | shelves_of(lines_held), now=now)
    world = world.with_buffers()
    holds = still_held(holds)
    owners = hold_owners(holds)
    batch = Deciding(world, pricing, book, pass_.last, now)
    placings: list[Placing] = []
    confirmed: list[HeldLine] = []
    for position, request in known.items():
        own = request.hold is not None and owners.get(request.hold) == fresh[position].source_id
        held = holds.pop(request.hold, []) if own and request.hold else []
        found = decide(position, request, lists[position], batch, held=held)
        if isinstance(found, Decided):
            confirmed += found.held
            draft = draft_request(found, pricing.id_of(position))
            placings.append(Placing(position, entries[position], fresh[position].source_id, draft))
        elif isinstance(found, Retry):
            pass_.more[position] = found.uses
        else:
            outcomes[position] = found
            if request.hold and held:
                holds[request.hold] = held
    confirm_lines(confirmed)
    pricing.post(now=now)
    outcomes |= write_orders(placings, now=now)
    post(book, now=now, names=world.names(lines_held))
    return outcomes


def _keys(requests: Mapping[int, OrderRequest], lists: Mapping[int, Shortlist], world: World) -> set[ShelfKey]:
    return {
        ShelfKey(place.id, End.SELLABLE, world.products[line.sku].id)
        for position, request in requests.items()
        for place in lists[position].places
        for line in request.lines
    }
