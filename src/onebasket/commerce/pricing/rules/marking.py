"""Where promotions come on top that may be used only so often, such as a coupon for one unit.

First they are left aside: the units are assigned without them, and each then goes to the units where it takes off
most. If none is kept from that by an exclusive promotion, by one that shuts out coupons, or because the unit costs too
little, the result is the best, since none could take off more anywhere. Those that are kept from it are *contested*:
every way to place them is tried, with the units assigned anew around them.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from onebasket.commerce.pricing.rules.assigning import Assigned, Assigner, Portion, Split, shuts_out
from onebasket.commerce.pricing.rules.choosing import Exhausted, Nodes
from onebasket.commerce.pricing.rules.covering import Cover
from onebasket.commerce.pricing.rules.deals import Piece, unit_price
from onebasket.commerce.pricing.rules.ontop import Claim, put_on_top, unit_claim
from onebasket.commerce.pricing.rules.promotions import AmountOff
from onebasket.commerce.pricing.rules.qualifying import UNLIMITED
from onebasket.commerce.pricing.rules.runs import Run

Splits = Mapping[int, Sequence[Split]]
RUNS_A_NODE = 3
"""Runs to be assigned anew that count as one node."""
MOST_PLACES = 200
"""Goods of one promotion beyond which its places are not tried one by one."""


class _Placed(msgspec.Struct, frozen=True, eq=False):
    """An assignment with promotions placed on it, those `kept` from taking off all they could, and the cost if not."""

    assigned: Assigned
    kept: tuple[Cover, ...]
    floor: int


def assign_marked(assigner: Assigner, covers: Sequence[Cover], nodes: Nodes) -> Assigned:
    """Assign all units and place the promotions that may come on top so often."""
    best = _place(assigner, assigner.assign({}), covers)
    contested: list[Cover] = []
    exact = best.assigned.exact
    kept = list(best.kept)
    while kept:
        contested = sorted([*contested, *kept], key=lambda cover: cover.standing.rank)
        free = [cover for cover in covers if cover not in contested]
        tried: list[_Placed] = []
        if any(len(cover.parts[0]) > MOST_PLACES for cover in contested):
            exact = False
            break
        try:
            for splits in _ways_to_mark(contested, assigner.runs):
                nodes.visit(1 + len(assigner.numbers) // RUNS_A_NODE)
                tried.append(_place(assigner, assigner.assign(splits), free))
        except Exhausted:
            exact = False
        best = min((best, *tried), key=lambda placed: placed.assigned.cost)
        exact = exact and all(placed.assigned.exact for placed in tried)
        kept = _still_kept(tried, best.assigned.cost) if exact else []
    return msgspec.structs.replace(best.assigned, exact=exact)


def _still_kept(tried: Sequence[_Placed], cost: int) -> list[Cover]:
    """Return those that might bring the cost further down if they were tried everywhere as well."""
    found = {cover.standing.rank: cover for placed in tried if placed.floor < cost for cover in placed.kept}
    return list(found.values())


def _place(assigner: Assigner, assigned: Assigned, covers: Sequence[Cover]) -> _Placed:
    """Put promotions onto the units of an assignment where each takes off most."""
    portions, kept, floor, cost = list(assigned.portions), list[Cover](), assigned.cost, assigned.cost
    for cover in covers:
        hoped = _most(cover, assigner.runs)
        found = _place_one(assigner, portions, cover)
        floor -= hoped
        cost -= found
        if found < hoped:
            kept.append(cover)
    placed = msgspec.structs.replace(assigned, cost=cost, portions=tuple(portions))
    return _Placed(placed, tuple(kept), floor)


def _place_one(assigner: Assigner, portions: list[Portion], cover: Cover) -> int:
    """Put a promotion onto portions, cut where it takes only some of their units; return what it takes off."""
    numbers, rule = set(cover.parts[0]), cover.rule
    open_at = [
        at
        for at, portion in enumerate(portions)
        if portion.piece.run.number in numbers
        and not (portion.within and shuts_out(portion.within.rule.promotion.stacking, [(cover.standing, 0)]))
    ]
    size = rule.parts[0].units
    rooms = {at: _room(portions[at], capped=not rule.uncapped) for at in open_at}
    values = {at: min(rooms[at], _claim(cover, portions[at].piece.run)) for at in open_at}
    ordered = sorted((at for at in open_at if values[at] or size > 1), key=lambda at: (-values[at], at))
    wanted = _wanted(cover, sum(portions[at].units for at in ordered))
    total = marked = 0
    for at in ordered:
        while marked < wanted and portions[at].units:
            portion = portions[at]
            units, claim = _next_claim(cover, portion.piece.run, marked, wanted)
            units, claim = min(portion.units, units), min(rooms[at], claim)
            portions.append(_with_mark(assigner, portion, units, (cover.standing, claim)))
            portions[at] = msgspec.structs.replace(portion, units=portion.units - units)
            total, marked = total + claim * units, marked + units
    portions[:] = [portion for portion in portions if portion.units]
    return total


def _with_mark(assigner: Assigner, portion: Portion, units: int, claim: Claim) -> Portion:
    piece = portion.piece
    marks = (*piece.marks, claim)
    toppings = put_on_top(piece.run, [*assigner.claims.get(piece.run.number, ()), *marks])
    return Portion(Piece(piece.run, units, toppings, piece.alone, piece.single, marks), units, portion.deal)


def _room(portion: Portion, *, capped: bool) -> int:
    """Return what may still be taken off a unit; nothing in a deal, where only the cost of all units is known."""
    piece = portion.piece
    if not capped:
        return UNLIMITED
    if portion.deal is not None:
        return 0
    price = piece.run.own if piece.single is None else unit_price(piece.single.rule, piece.run)
    return max(0, price - portion.on_top.within)


def _claim(cover: Cover, run: Run) -> int:
    """Return what comes off a unit; of an amount for a set, what most of its units bear."""
    return _next_claim(cover, run, 0, 0)[1]


def _next_claim(cover: Cover, run: Run, marked: int, wanted: int) -> tuple[int, int]:
    """Return how many units bear the same once so many of those wanted are marked, and what: odd cents go first."""
    saving, size = cover.rule.promotion.saving, cover.rule.parts[0].units
    if size == 1 or not isinstance(saving, AmountOff):
        return wanted - marked, unit_claim(cover.rule, run)
    each, odd = divmod(saving.amount, size)
    dearer = wanted // size * odd
    return (dearer - marked, each + 1) if marked < dearer else (wanted - marked, each)


def _wanted(cover: Cover, units: int) -> int:
    size = cover.rule.parts[0].units
    return min(cover.standing.times, units // size) * size


def _most(cover: Cover, runs: Sequence[Run]) -> int:
    """Return what a promotion takes off at most."""
    saving, size = cover.rule.promotion.saving, cover.rule.parts[0].units
    wanted = _wanted(cover, cover.units[0])
    if size > 1 and isinstance(saving, AmountOff):
        return saving.amount * (wanted // size)
    total = 0
    for claim, units in sorted(((_claim(cover, runs[at]), runs[at].units) for at in cover.parts[0]), reverse=True):
        total, wanted = total + claim * min(units, wanted), wanted - min(units, wanted)
    return total


def _ways_to_mark(covers: Sequence[Cover], runs: Sequence[Run]) -> Iterator[Splits]:
    """Yield every way to spread promotions over units, the most of the first one first."""
    touched = {number for cover in covers for number in cover.parts[0]}
    yield from _mark_next(covers, runs, {number: [(number, runs[number].units, ())] for number in touched})


def _mark_next(covers: Sequence[Cover], runs: Sequence[Run], splits: dict[int, list[Split]]) -> Iterator[Splits]:
    if not covers:
        yield splits
        return
    cover, size = covers[0], covers[0].rule.parts[0].units
    entries = [split for number in cover.parts[0] for split in splits[number]]
    entries.sort(key=lambda split: -_claim(cover, runs[split[0]]))
    for wanted in range(_wanted(cover, cover.units[0]), -1, -size):
        for counts in _spread([units for _, units, _ in entries], wanted):
            marked = _marked(cover, runs, entries, counts)
            yield from _mark_next(covers[1:], runs, {**splits, **marked})


def _marked(
    cover: Cover, runs: Sequence[Run], entries: Sequence[Split], counts: Sequence[int]
) -> dict[int, list[Split]]:
    """Return the splits of the runs that a promotion covers, with so many units of each entry marked."""
    splits: dict[int, list[Split]] = {}
    marked, wanted = 0, sum(counts)
    for (number, units, marks), count in zip(entries, counts, strict=True):
        found = splits.setdefault(number, [])
        left = count
        while left:
            alike, claim = _next_claim(cover, runs[number], marked, wanted)
            step = min(left, alike)
            found.append((number, step, (*marks, (cover.standing, claim))))
            left, marked = left - step, marked + step
        if units > count:
            found.append((number, units - count, marks))
    return splits


def _spread(rooms: Sequence[int], wanted: int) -> Iterator[tuple[int, ...]]:
    """Yield the ways to take exactly so many units out of rooms, the first rooms first."""
    if not rooms:
        if not wanted:
            yield ()
        return
    rest = sum(rooms[1:])
    for count in range(min(rooms[0], wanted), max(0, wanted - rest) - 1, -1):
        for others in _spread(rooms[1:], wanted - count):
            yield (count, *others)
