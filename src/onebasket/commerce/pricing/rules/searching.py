"""The best way to share units among deals: branch and bound, exact up to a bound of nodes.

Deals choose in turn, the steepest first, equal ones by code. A branch is cut when even the most optimistic use of the
units that are left cannot beat what has been found: each deal by itself, or each unit at the best rate of any deal.
Where exchanging two pieces never loses, only one of the two orders is looked at. Beyond the bound the better of what
was found and of the greedy choice stands; both depend on the numbers alone, never on time or on the order of input.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain

import msgspec

from onebasket.commerce.pricing.rules.choosing import NONE, Choice, Exhausted, Masters, Nodes, choices, take_best
from onebasket.commerce.pricing.rules.deals import Deal

UNBOUND = 10**15
DEEPEST = 300
"""Deals, or goods of one deal, beyond which no search is begun: it would go as deep."""
SCALE = 4_096
"""Rates are rounded up to this fraction of a minor unit: a bound may be too high, never too low."""

NO_RATES: Mapping[int, int] = {}


class Shared(msgspec.Struct, frozen=True, gc=False):
    """What deals take, those that take nothing left out; `exact` when there is nothing better."""

    gain: int
    chosen: tuple[tuple[Deal, Choice], ...]
    exact: bool


def share_units(deals: Sequence[Deal], units: Sequence[int], nodes: Nodes) -> Shared:
    """Share the units of each piece among deals so that the most is gained."""
    ordered = sorted(deals, key=lambda deal: (-deal.steepness, deal.standing.rank))
    search = _Search(_without_outdone(ordered, units), units, nodes)
    exact = search.begin()
    if not exact and search.depth <= DEEPEST:
        try:
            search.descend(0, tuple(units), 0, ())
            exact = True
        except Exhausted:
            exact = False
    return Shared(search.best, search.found, exact)


class _Search:
    """One search: what it looks at, and the best that it has found."""

    def __init__(self, deals: Sequence[Deal], units: Sequence[int], nodes: Nodes) -> None:
        self.deals = deals
        self.units = units
        self.nodes = nodes
        self.best = 0
        self.found: tuple[tuple[Deal, Choice], ...] = ()
        self.seen: dict[tuple[int, ...], int] = {}
        self.masters: dict[int, Masters] = {}
        self.pieces = [frozenset(piece for part in deal.members for piece in part) for deal in deals]
        self.later = [sorted(frozenset().union(*self.pieces[depth:])) for depth in range(len(deals) + 1)]
        self.depth = max([len(deals), *map(len, self.pieces)])
        self.rates: Sequence[Mapping[int, int]] = ()
        self.solo: list[int] = []

    def begin(self) -> bool:
        """Choose greedily, and find the bounds from each deal on; whether nothing better is left to be found."""
        unbound = Nodes(UNBOUND)
        alone = [take_best(deal, self.units, unbound) for deal in self.deals]
        self.nodes.visited += 1
        self._choose_greedily(alone, unbound)
        rates = [_rates(deal, self.units) for deal in self.deals]
        most = [
            choice.gain if choice.optimal else _at_rates(each, self.units)
            for choice, each in zip(alone, rates, strict=True)
        ]
        if self.best >= sum(most):
            return True
        self.solo = [*accumulate(reversed(most), initial=0)][::-1]
        self.rates = [*accumulate(reversed(rates), _highest, initial=NO_RATES)][::-1]
        return False

    def _choose_greedily(self, alone: Sequence[Choice], nodes: Nodes) -> None:
        left = list(self.units)
        open_deals = {number: choice for number, choice in enumerate(alone) if choice.gain > 0}
        chosen: list[tuple[int, Choice]] = []
        while open_deals:
            at = max(open_deals, key=lambda number: (open_deals[number].gain, -self.deals[number].standing.rank))
            choice = open_deals.pop(at)
            chosen.append((at, choice))
            self.best += choice.gain
            for _, piece, count in choice.taken:
                left[piece] -= count
            touched = {piece for _, piece, _ in choice.taken}
            for number in [number for number in open_deals if touched & self.pieces[number]]:
                again = take_best(self.deals[number], left, nodes)
                if again.gain > 0:
                    open_deals[number] = again
                else:
                    del open_deals[number]
        self.found = tuple((self.deals[at], choice) for at, choice in sorted(chosen, key=lambda each: each[0]))

    def descend(self, depth: int, left: tuple[int, ...], gain: int, chosen: tuple[tuple[Deal, Choice], ...]) -> None:
        """Try every use of the deals from one on."""
        self.nodes.visit()
        if gain > self.best:
            self.best, self.found = gain, chosen
        if depth == len(self.deals) or gain + self._most(depth, left) <= self.best:
            return
        state = (depth, *(left[piece] for piece in self.later[depth]))
        if self.seen.get(state, -1) >= gain:
            return
        self.seen[state] = gain
        for choice in self._ways(depth, left):
            if choice.sets:
                self.descend(depth + 1, _less(left, choice), gain + choice.gain, (*chosen, (self.deals[depth], choice)))
            else:
                self.descend(depth + 1, left, gain, chosen)

    def _ways(self, depth: int, left: tuple[int, ...]) -> Iterable[Choice]:
        """Return what is worth trying: the best alone, where no later deal wants the same units."""
        deal = self.deals[depth]
        undisturbed = self.pieces[depth].isdisjoint(self.later[depth + 1])
        if undisturbed:
            best = take_best(deal, left, self.nodes)
            if best.optimal:
                return (best,)
        if depth not in self.masters:
            self.masters[depth] = _find_masters(self.deals, depth)
        ways = choices(deal, left, self.masters[depth], self.nodes)
        if undisturbed:
            return (max(chain((NONE,), ways), key=lambda choice: choice.gain),)
        return chain(ways, (NONE,))

    def _most(self, depth: int, left: tuple[int, ...]) -> int:
        return min(self.solo[depth], _at_rates(self.rates[depth], left))


def _without_outdone(deals: Sequence[Deal], units: Sequence[int]) -> list[Deal]:
    """Leave out deals that another one outdoes: at least as good with the same units, as often as they make sets."""
    kept: list[Deal] = []
    for deal in deals:
        if not any(_outdoes(other, deal, units) for other in kept):
            kept = [other for other in kept if not _outdoes(deal, other, units)] + [deal]
    return kept


def _outdoes(one: Deal, other: Deal, units: Sequence[int]) -> bool:
    if one.needs != other.needs or one.members != other.members or one.free != other.free:
        return False
    rooms = (sum(units[piece] for piece in part) // need for part, need in zip(one.members, one.needs, strict=True))
    if one.most < min(rooms) or one.least > other.least or one.bonus < other.bonus or one.tops:
        return False
    gains = zip((*chain(*one.gains), *one.extras), (*chain(*other.gains), *other.extras), strict=True)
    return all(mine >= its for mine, its in gains)


def _less(left: tuple[int, ...], choice: Choice) -> tuple[int, ...]:
    rest = list(left)
    for _, piece, count in choice.taken:
        rest[piece] -= count
    return tuple(rest)


def _at_rates(rates: Mapping[int, int], left: Sequence[int]) -> int:
    return sum(left[piece] * rate for piece, rate in rates.items()) // SCALE


def _highest(rates: Mapping[int, int], more: Mapping[int, int]) -> Mapping[int, int]:
    return {piece: max(rates.get(piece, 0), more.get(piece, 0)) for piece in rates.keys() | more.keys()}


def _rates(deal: Deal, units: Sequence[int]) -> Mapping[int, int]:
    """Return for each piece what one unit of it can add to the gain at most, in 1/SCALE of a minor unit.

    What a set gains beside its units is spread over them: evenly when it is positive, and in proportion to the units'
    gains when it is a price to be paid, which the dearest set bears most easily.
    """
    rates: dict[int, int] = {}
    size = sum(deal.needs)
    above, below = 1, 1
    if deal.bonus < 0:
        dearest = sum(
            _dearest(part, gains, need, units)
            for part, gains, need in zip(deal.members, deal.gains, deal.needs, strict=True)
        )
        if dearest + deal.bonus <= 0:
            return rates
        above, below = dearest + deal.bonus, dearest
    even = max(0, deal.bonus) * SCALE
    for number, (part, gains) in enumerate(zip(deal.members, deal.gains, strict=True)):
        for at, (piece, gain) in enumerate(zip(part, gains, strict=True)):
            extra = deal.extras[at] * deal.free * SCALE if deal.extras and not number else 0
            rate = -(-gain * SCALE * above // below) - (-(even + extra) // size)
            rates[piece] = max(rate, rates.get(piece, 0))
    return rates


def _dearest(part: Sequence[int], gains: Sequence[int], need: int, units: Sequence[int]) -> int:
    total = 0
    for piece, gain in sorted(zip(part, gains, strict=True), key=lambda pair: -pair[1]):
        count = min(need, units[piece])
        total, need = total + count * gain, need - count
        if not need:
            break
    return total


def _find_masters(deals: Sequence[Deal], depth: int) -> Masters:
    """Find which members of a deal go before which: where exchanging one for the other cannot lose.

    A unit of the one that is left, taken by a later part or deal or by none, is exchanged for a unit of the other that
    the deal takes. The deal gains at least the difference; whoever had the one loses at most so much by the other.
    """
    found = []
    for number, part in enumerate(deals[depth].members):
        mine = _worth(deals[depth], number)
        rivals = [
            *(_worth(deals[depth], later) for later in range(number + 1, len(deals[depth].members))),
            *(_worth(later, at) for later in deals[depth + 1 :] for at in range(len(later.members))),
        ]
        found.append(
            [
                [before for before in range(at) if _goes_before(mine, rivals, part[before], piece)]
                for at, piece in enumerate(part)
            ]
        )
    return found


class _Worth(msgspec.Struct, frozen=True, gc=False):
    """What a unit is to a part: its gain, what it may take off beside that, and the most that it can gain."""

    gain: int
    extra: int
    top: int


def _worth(deal: Deal, part: int) -> dict[int, _Worth]:
    gains = deal.gains[part]
    columns = (gains, deal.extras or (0,) * len(gains), deal.tops[part] if deal.tops else gains)
    return dict(zip(deal.members[part], map(_Worth, *columns), strict=True))


def _goes_before(mine: Mapping[int, _Worth], rivals: Sequence[Mapping[int, _Worth]], one: int, other: int) -> bool:
    """Whether a part gains at least as much by exchanging the other piece for the one as whoever had the one loses."""
    gained = min(mine[one].gain - mine[other].gain, mine[one].top - mine[other].top)
    return gained >= 0 and all(_loss(rival, one, other) <= gained for rival in rivals)


def _loss(rival: Mapping[int, _Worth], one: int, other: int) -> float:
    """Return what a part loses at most when a unit of one piece is exchanged for another."""
    if one not in rival:
        return 0
    if other not in rival:
        return float("inf")
    had, has = rival[one], rival[other]
    return max(had.gain - has.gain + max(0, had.extra - has.extra), had.top - has.top)
