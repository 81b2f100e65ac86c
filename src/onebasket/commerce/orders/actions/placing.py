"""Place orders in batches: claim, load, lock, decide one after the other, write in bulk, record."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from onebasket.base import bulk, inbox
from onebasket.base.clock import database_now
from onebasket.commerce.orders.actions.deciding import Decided, Retry, decide, refuse_unknown
from onebasket.commerce.orders.actions.drafting import draft_request
from onebasket.commerce.orders.actions.world import Shortlist, World, load_world, shortlist
from onebasket.commerce.orders.actions.writing import Placing, write_orders
from onebasket.commerce.orders.rules.messages import (
    OrderConflict,
    OrderOutcome,
    OrderPlaced,
    OrderRefused,
    OrderRequest,
)
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

    A request whose shortlisted places ran out under the lock, while others looked possible, is decided again in a
    transaction of its own with a fresh look, for as long as each pass decides any; then a few times at the most.
    """
    outcomes: dict[int, OrderOutcome] = {}
    waiting = dict(enumerate(calls))
    idle = 0
    while waiting:
        decided = _place(waiting, last=idle == MOST_IDLE_PASSES)
        idle = 0 if decided else idle + 1
        outcomes |= decided
        waiting = {index: call for index, call in waiting.items() if index not in outcomes}
    return [outcomes[index] for index in range(len(calls))]


def _place(calls: Mapping[int, OrderCall], *, last: bool) -> dict[int, OrderOutcome]:
    order = list(calls)
    with bulk.batch():
        now = database_now()
        claims = [inbox.Claim(c.source_id, c.request.key, fingerprint(c.request)) for c in calls.values()]
        claimed = inbox.claim("order", claims)
        fresh = {position: calls[order[position]] for position in sorted(claimed.fresh)}
        decided = _decide_all(fresh, claimed.fresh, last=last, now=now) if fresh else {}
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
    fresh: Mapping[int, OrderCall], entries: Mapping[int, int], *, last: bool, now: datetime
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
    holds = claim_holds([request.hold for request in known.values() if request.hold])
    lines_held = [line for lines in holds.values() for line in lines]
    book = open_book(_keys(known, lists, world) | shelves_of(lines_held), now=now)
    world = world.with_buffers()
    holds = still_held(holds)
    owners = hold_owners(holds)
    placings: list[Placing] = []
    confirmed: list[HeldLine] = []
    for position, request in known.items():
        own = request.hold is not None and owners.get(request.hold) == fresh[position].source_id
        held = holds.pop(request.hold, []) if own and request.hold else []
        short = lists[position]._replace(cut=lists[position].cut and not last)
        found = decide(request, short, world, book, held=held, now=now)
        if isinstance(found, Decided):
            confirmed += found.held
            placings.append(Placing(position, entries[position], fresh[position].source_id, draft_request(found)))
        elif not isinstance(found, Retry):
            outcomes[position] = found
            if request.hold and held:
                holds[request.hold] = held
    confirm_lines(confirmed)
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
