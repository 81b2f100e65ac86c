"""What applies to a basket: the least total over every choice among promotions that exclude one another."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import msgspec

from onebasket.commerce.pricing.rules.assigning import Assigned, Assigner, cast
from onebasket.commerce.pricing.rules.basketwide import BasketCut, choose_cuts
from onebasket.commerce.pricing.rules.choosing import Exhausted, Nodes
from onebasket.commerce.pricing.rules.covering import Cover
from onebasket.commerce.pricing.rules.marking import assign_marked
from onebasket.commerce.pricing.rules.qualifying import Standing
from onebasket.commerce.pricing.rules.runs import Line, Run


class Decided(msgspec.Struct, frozen=True, eq=False):
    """What applies: units assigned, basket promotions chosen and not, and those `barred` by another of their group.

    `cost` is what the units come to less the basket promotions, before it is kept from going below zero.
    """

    assigned: Assigned
    cuts: tuple[BasketCut, ...]
    spare: tuple[BasketCut, ...]
    barred: frozenset[int]
    cost: int
    exact: bool


Basket = Mapping[int, tuple[Standing, Sequence[Line]]]


def decide(runs: Sequence[Run], covers: Mapping[int, Cover], basket: Basket, nodes: Nodes) -> Decided:
    """Decide what applies; of equal results the one whose promotions come first by code."""
    best: Decided | None = None
    exact = True
    try:
        for barred in _barrings(covers, basket):
            if best is not None:
                nodes.visit()
            decided = _decide_without(barred, runs, covers, basket, nodes)
            exact = exact and decided.exact
            if best is None or decided.cost < best.cost:
                best = decided
    except Exhausted:
        exact = False
    if best is None:
        raise AssertionError("there is always a way to bar promotions")
    return msgspec.structs.replace(best, exact=exact)


def _decide_without(
    barred: frozenset[int], runs: Sequence[Run], covers: Mapping[int, Cover], basket: Basket, nodes: Nodes
) -> Decided:
    allowed = [cover for rank, cover in covers.items() if rank not in barred]
    roles = cast(allowed)
    assigner = Assigner(runs, roles, nodes)
    assigned = assign_marked(assigner, roles.marked, nodes) if roles.marked else assigner.assign({})
    cuts, spare = choose_cuts(basket, barred) if basket else ((), ())
    cost = assigned.cost - sum(cut.off for cut in cuts)
    return Decided(assigned, tuple(cuts), tuple(spare), barred, cost, assigned.exact)


def _barrings(covers: Mapping[int, Cover], basket: Basket) -> Iterator[frozenset[int]]:
    """Yield what is barred when of each group one promotion is chosen: every choice, the first codes first."""
    groups: dict[str, list[int]] = {}
    standings = [cover.standing for cover in covers.values() if not cover.missing]
    for standing in (*standings, *(standing for standing, _ in basket.values())):
        if group := standing.rule.promotion.stacking.group:
            groups.setdefault(group, []).append(standing.rank)
    rivals = [sorted(ranks) for _, ranks in sorted(groups.items()) if len(ranks) > 1]
    if not rivals:
        yield frozenset()
        return
    everyone = frozenset(rank for ranks in rivals for rank in ranks)
    for chosen in product(*rivals):
        yield everyone - frozenset(chosen)
