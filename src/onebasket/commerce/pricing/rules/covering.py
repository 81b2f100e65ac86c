"""What each promotion covers in one basket, and which part it plays there."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from onebasket.commerce.pricing.rules.basket import Shopper, Terms
from onebasket.commerce.pricing.rules.compiling import Rule
from onebasket.commerce.pricing.rules.qualifying import Standing, stand
from onebasket.commerce.pricing.rules.runs import Line, Run, left_alone


class Cover(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A promotion that may be used here, the runs that each of its parts may take, by number, and their `units`."""

    standing: Standing
    parts: tuple[list[int], ...]
    units: list[int]

    @property
    def rule(self) -> Rule:
        """The promotion made ready."""
        return self.standing.rule

    @property
    def is_short(self) -> bool:
        """Whether so few units are there that it cannot apply."""
        return self.missing > 0

    @property
    def missing(self) -> int:
        """How many units more it needs."""
        least = self.rule.minimum_units
        return sum(max(0, part.units * least - units) for part, units in zip(self.rule.parts, self.units, strict=True))

    @property
    def needs_no_choice(self) -> bool:
        """Whether every unit may have it, whatever becomes of the others."""
        return self.rule.for_each_unit and self.standing.times >= self.units[0]


class Standings:
    """How promotions stand for one basket; each is worked out once."""

    def __init__(self, shopper: Shopper, terms: Terms, presented: Mapping[str, int]) -> None:
        self.shopper = shopper
        self.terms = terms
        self.presented = presented
        self._known: dict[int, Standing | None] = {}

    def of(self, rule: Rule) -> Standing | None:
        """Return how a rule stands, None where nobody needs to hear of it."""
        known = self._known
        if rule.rank in known:
            return known[rule.rank]
        found = known[rule.rank] = stand(rule, self.shopper, self.terms, self.presented)
        return found


def cover_runs(runs: Iterable[Run], standings: Standings) -> dict[int, Cover]:
    """Return the promotions of goods that may be used, by rank, with the runs that they cover."""
    found: dict[int, Cover] = {}
    for run in runs:
        for reach in run.line.reaches:
            rule = reach.rule
            standing = standings.of(rule)
            if standing is None or standing.refusal or rule.for_basket or not takes(rule, run):
                continue
            cover = found.get(rule.rank)
            if cover is None:
                cover = Cover(standing, tuple([] for _ in rule.parts), [0] * len(rule.parts))
                found[rule.rank] = cover
            cover.parts[reach.part].append(run.number)
            cover.units[reach.part] += run.units
    return dict(sorted(found.items()))


def takes(rule: Rule, run: Run) -> bool:
    """Whether a promotion may take units of a run: sets want units, and what comes on top minds the price they have."""
    if run.line.weighed and not rule.for_each_unit:
        return False
    return not (rule.stackable and left_alone(run, rule.promotion.stacking))


def cover_lines(lines: Sequence[Line], standings: Standings) -> dict[int, tuple[Standing, list[Line]]]:
    """Return the basket promotions that may be used, by rank, with the lines that count towards them."""
    found: dict[int, tuple[Standing, list[Line]]] = {}
    for line in lines:
        for reach in line.reaches:
            rule = reach.rule
            if not rule.for_basket:
                continue
            standing = standings.of(rule)
            if standing is None or standing.refusal or not counts(rule, line):
                continue
            found.setdefault(rule.rank, (standing, []))[1].append(line)
    return dict(sorted(found.items()))


def counts(rule: Rule, line: Line) -> bool:
    """Whether a line counts towards a basket promotion, by the price that it has."""
    stacking = rule.promotion.stacking
    if line.label == line.own < line.list_amount and not stacking.with_markdown:
        return False
    return stacking.with_card or not line.card == line.own < line.label
