"""Which promotion each unit takes part in: deals connect lines into groups, and each group is searched alone."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from onebasket.commerce.pricing.rules.choosing import Choice, Nodes
from onebasket.commerce.pricing.rules.connecting import connect
from onebasket.commerce.pricing.rules.covering import Cover
from onebasket.commerce.pricing.rules.deals import Deal, Piece, make_deal, make_piece
from onebasket.commerce.pricing.rules.ontop import Claim, OnTop, unit_claim
from onebasket.commerce.pricing.rules.promotions import Stacking
from onebasket.commerce.pricing.rules.qualifying import Standing
from onebasket.commerce.pricing.rules.runs import Run
from onebasket.commerce.pricing.rules.searching import share_units

Split = tuple[int, int, tuple[Claim, ...]]
"""Units of a run (by number) that carry the same claims of promotions that may be used only so often."""


class Portion(msgspec.Struct, frozen=True, eq=False, gc=False):
    """So many units of a piece, in a deal or outside of deals."""

    piece: Piece
    units: int
    deal: Deal | None = None

    @property
    def within(self) -> Standing | None:
        """The promotion of goods that the units take part in."""
        return self.deal.standing if self.deal is not None else self.piece.single

    @property
    def on_top(self) -> OnTop:
        """What comes on top of each unit."""
        within, toppings = self.within, self.piece.toppings
        return toppings.full if within is None else toppings.beside(within.rule.promotion.stacking)


class Pool(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A deal as used: for how many sets, and what is `paid` for its units before manufacturers' coupons."""

    deal: Deal
    sets: int
    paid: int


class Assigned(msgspec.Struct, frozen=True, eq=False):
    """What units cost together, and what they take part in."""

    cost: int
    portions: tuple[Portion, ...]
    pools: tuple[Pool, ...]
    exact: bool


class Roles(msgspec.Struct, frozen=True, eq=False):
    """Who does what: `on_top` of every unit or of so many (`marked`), for each by itself (`singles`), or `deals`."""

    on_top: tuple[Cover, ...]
    marked: tuple[Cover, ...]
    singles: tuple[Cover, ...]
    deals: tuple[Cover, ...]


def cast(covers: Iterable[Cover]) -> Roles:
    """Give each promotion its role; those with too few units play none."""
    on_top: list[Cover] = []
    marked: list[Cover] = []
    singles: list[Cover] = []
    deals: list[Cover] = []
    for cover in covers:
        if cover.missing:
            continue
        if cover.rule.stackable:
            (on_top if cover.needs_no_choice else marked).append(cover)
        elif cover.needs_no_choice and cover.rule.minimum_units == 1:
            singles.append(cover)
        else:
            deals.append(cover)
    return Roles(tuple(on_top), tuple(marked), tuple(singles), tuple(deals))


def shuts_out(stacking: Stacking, claims: Sequence[Claim]) -> bool:
    """Whether units that carry claims cannot take part in a promotion."""
    if not claims:
        return False
    if stacking.mode == "exclusive":
        return True
    return not stacking.with_coupons and any(standing.rule.promotion.coupon is not None for standing, _ in claims)


class Assigner:
    """Assigns the units of runs, for one casting of the promotions; what was found for a group of runs is kept."""

    def __init__(self, runs: Sequence[Run], numbers: Sequence[int], roles: Roles, nodes: Nodes) -> None:
        self.runs = runs
        self.numbers = numbers
        self.nodes = nodes
        self.claims: dict[int, list[Claim]] = {}
        self._singles: dict[int, list[Standing]] = {}
        for cover in roles.on_top:
            for number in cover.parts[0]:
                self.claims.setdefault(number, []).append((cover.standing, unit_claim(cover.rule, runs[number])))
        for cover in roles.singles:
            for number in cover.parts[0]:
                self._singles.setdefault(number, []).append(cover.standing)
        self._groups = _group(len(runs), numbers, roles.deals)
        self._found: dict[tuple[Split, ...], Assigned] = {}

    def assign(self, splits: Mapping[int, Sequence[Split]]) -> Assigned:
        """Assign all units; a run without splits is whole and carries no claims."""
        cost, exact = 0, True
        portions: list[Portion] = []
        pools: list[Pool] = []
        for numbers, deals in self._groups:
            split = tuple(
                each for number in numbers for each in splits.get(number) or ((number, self.runs[number].units, ()),)
            )
            found = self._found.get(split)
            if found is None:
                found = self._found[split] = self._assign_group(split, deals)
            cost, exact = cost + found.cost, exact and found.exact
            portions += found.portions
            pools += found.pools
        return Assigned(cost, tuple(portions), tuple(pools), exact)

    def _assign_group(self, splits: Sequence[Split], covers: Sequence[Cover]) -> Assigned:
        pieces = [self._piece(split) for split in splits]
        cost = sum(piece.alone * piece.units for piece in pieces)
        if not covers:
            return Assigned(cost, tuple(Portion(piece, piece.units) for piece in pieces), (), exact=True)
        deals = [deal for cover in covers if (deal := self._deal(cover, splits, pieces)) is not None]
        shared = share_units(deals, [piece.units for piece in pieces], self.nodes)
        left = [piece.units for piece in pieces]
        portions: list[Portion] = []
        pools: list[Pool] = []
        for deal, choice in shared.chosen:
            mine = _portions(deal, choice, pieces)
            for index, portion in mine.items():
                left[index] -= portion.units
            portions += mine.values()
            apart = sum(portion.units * (portion.piece.alone + portion.on_top.beyond) for portion in mine.values())
            pools.append(Pool(deal, choice.sets, apart - choice.gain))
        portions += [Portion(piece, units) for piece, units in zip(pieces, left, strict=True) if units]
        return Assigned(cost - shared.gain, tuple(portions), tuple(pools), shared.exact)

    def _piece(self, split: Split) -> Piece:
        number, units, marks = split
        claims, singles = self.claims.get(number, ()), self._singles.get(number, ())
        if marks:
            singles = [single for single in singles if not shuts_out(single.rule.promotion.stacking, marks)]
        return make_piece(self.runs[number], units, claims, marks, singles=singles)

    @staticmethod
    def _deal(cover: Cover, splits: Sequence[Split], pieces: Sequence[Piece]) -> Deal | None:
        stacking = cover.rule.promotion.stacking
        places: dict[int, list[int]] = {}
        for index, (number, _, marks) in enumerate(splits):
            if not shuts_out(stacking, marks):
                places.setdefault(number, []).append(index)
        parts = [[index for number in part for index in places.get(number, ())] for part in cover.parts]
        return make_deal(cover.standing, parts, pieces)


def _portions(deal: Deal, choice: Choice, pieces: Sequence[Piece]) -> dict[int, Portion]:
    """Return what a deal takes of each piece, all its parts together."""
    units: dict[int, int] = {}
    for _, index, count in choice.taken:
        units[index] = units.get(index, 0) + count
    return {index: Portion(pieces[index], count, deal) for index, count in units.items()}


def _group(runs: int, numbers: Sequence[int], covers: Sequence[Cover]) -> list[tuple[list[int], list[Cover]]]:
    """Group runs that deals connect, each group with its deals, in the order of runs."""
    linked = [[number for part in cover.parts for number in part] for cover in covers]
    root = connect(runs, linked)
    groups: dict[int, tuple[list[int], list[Cover]]] = {}
    for number in numbers:
        groups.setdefault(root[number], ([], []))[0].append(number)
    for link, cover in zip(linked, covers, strict=True):
        groups[root[link[0]]][1].append(cover)
    return list(groups.values())
