"""What applies to a basket: the least total over every choice among promotions that exclude one another.

Of each group of such promotions one is chosen and the others are barred. Choices are tried together only in *areas*,
where something connects them; what no group touches is assigned once.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import msgspec

from onebasket.commerce.pricing.rules.assigning import Assigned, Assigner, cast
from onebasket.commerce.pricing.rules.basketwide import BasketCut, choose_cuts
from onebasket.commerce.pricing.rules.choosing import Exhausted, Nodes
from onebasket.commerce.pricing.rules.connecting import connect
from onebasket.commerce.pricing.rules.covering import Cover
from onebasket.commerce.pricing.rules.marking import RUNS_A_NODE, assign_marked
from onebasket.commerce.pricing.rules.qualifying import Standing
from onebasket.commerce.pricing.rules.runs import Line, Run

Basket = Mapping[int, tuple[Standing, Sequence[Line]]]


class Decided(msgspec.Struct, frozen=True, eq=False):
    """What applies: units assigned, basket promotions chosen and not, and those `barred` by another of their group."""

    assigned: Assigned
    cuts: tuple[BasketCut, ...] = ()
    spare: tuple[BasketCut, ...] = ()
    barred: frozenset[int] = frozenset()

    @property
    def cost(self) -> int:
        """What the units come to less the basket promotions, before it is kept from going below zero."""
        return self.assigned.cost - sum(cut.off for cut in self.cuts)


class _Area(msgspec.Struct, frozen=True, eq=False):
    """Runs that are decided together, the groups that reach into them, and whether the basket's promotions are too."""

    numbers: list[int]
    groups: list[list[int]]
    with_basket: bool


def decide(runs: Sequence[Run], covers: Mapping[int, Cover], basket: Basket, nodes: Nodes) -> Decided:
    """Decide what applies; of equal results the one whose promotions come first by code."""
    decider = _Decider(runs, covers, basket, nodes)
    groups = decider.groups()
    if not groups:
        return decider.without(frozenset(), _Area(list(range(len(runs))), [], with_basket=True))
    return _together([decider.area(area) for area in decider.areas(groups)])


class _Decider:
    """Decides about one basket."""

    def __init__(self, runs: Sequence[Run], covers: Mapping[int, Cover], basket: Basket, nodes: Nodes) -> None:
        self.runs = runs
        self.covers = covers
        self.basket = basket
        self.nodes = nodes

    def groups(self) -> list[list[int]]:
        """Return the promotions, by rank, of each group of which more than one could apply."""
        found: dict[str, list[int]] = {}
        standings = [cover.standing for cover in self.covers.values() if not cover.missing]
        for standing in (*standings, *(standing for standing, _ in self.basket.values())):
            if group := standing.rule.promotion.stacking.group:
                found.setdefault(group, []).append(standing.rank)
        return [sorted(ranks) for _, ranks in sorted(found.items()) if len(ranks) > 1]

    def areas(self, groups: Sequence[Sequence[int]]) -> list[_Area]:
        """Divide the basket into areas: one for what each groups connect, and one for all that no group touches."""
        whole = len(self.runs)
        roles = cast(self.covers.values())
        links = [_numbers(cover) for cover in (*roles.deals, *roles.marked)]
        reached = [self._reached(ranks) for ranks in groups]
        root = connect(whole + 1, [*links, *reached])
        areas = {root[numbers[0]]: _Area([], [], with_basket=root[whole] == root[numbers[0]]) for numbers in reached}
        for ranks, numbers in zip(groups, reached, strict=True):
            areas[root[numbers[0]]].groups.append(list(ranks))
        rest = _Area([], [], with_basket=root[whole] not in areas)
        for number in range(whole):
            areas.get(root[number], rest).numbers.append(number)
        return [rest, *(area for _, area in sorted(areas.items()))]

    def _reached(self, ranks: Sequence[int]) -> list[int]:
        """Return the runs that promotions cover; the number after the last one stands for the basket's promotions."""
        numbers = [number for rank in ranks if rank in self.covers for number in _numbers(self.covers[rank])]
        return [*numbers, len(self.runs)] if any(rank in self.basket for rank in ranks) else numbers

    def area(self, area: _Area) -> Decided:
        """Decide about one area: try each choice of one promotion of each group."""
        best: Decided | None = None
        exact = True
        try:
            for barred in _barrings(area.groups):
                if best is not None:
                    self.nodes.visit(1 + len(area.numbers) // RUNS_A_NODE)
                decided = self.without(barred, area)
                exact = exact and decided.assigned.exact
                if best is None or decided.cost < best.cost:
                    best = decided
        except Exhausted:
            exact = False
        if best is None:
            raise AssertionError("the first choice is always tried")
        return msgspec.structs.replace(best, assigned=msgspec.structs.replace(best.assigned, exact=exact))

    def without(self, barred: frozenset[int], area: _Area) -> Decided:
        """Decide about an area when some promotions are barred."""
        inside = frozenset(area.numbers)
        roles = cast(
            cover
            for rank, cover in self.covers.items()
            if rank not in barred and (len(inside) == len(self.runs) or not inside.isdisjoint(_numbers(cover)))
        )
        assigner = Assigner(self.runs, area.numbers, roles, self.nodes)
        assigned = assign_marked(assigner, roles.marked, self.nodes) if roles.marked else assigner.assign({})
        if not (area.with_basket and self.basket):
            return Decided(assigned, barred=barred)
        cuts, spare = choose_cuts(self.basket, barred)
        return Decided(assigned, tuple(cuts), tuple(spare), barred)


def _numbers(cover: Cover) -> list[int]:
    return [number for part in cover.parts for number in part]


def _barrings(groups: Sequence[Sequence[int]]) -> Iterator[frozenset[int]]:
    """Yield what is barred when of each group one promotion is chosen: every choice, the first codes first."""
    everyone = frozenset(rank for ranks in groups for rank in ranks)
    for chosen in product(*groups):
        yield everyone - frozenset(chosen)


def _together(parts: Sequence[Decided]) -> Decided:
    assigned = [part.assigned for part in parts]
    return Decided(
        Assigned(
            sum(each.cost for each in assigned),
            tuple(portion for each in assigned for portion in each.portions),
            tuple(pool for each in assigned for pool in each.pools),
            all(each.exact for each in assigned),
        ),
        tuple(cut for part in parts for cut in part.cuts),
        tuple(cut for part in parts for cut in part.spare),
        frozenset().union(*(part.barred for part in parts)),
    )
