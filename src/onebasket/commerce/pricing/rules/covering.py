"""What each promotion covers in one basket, and which part it plays there."""

from collections.abc import Iterable, Sequence

import msgspec

from onebasket.commerce.pricing.rules.compiling import Rule
from onebasket.commerce.pricing.rules.qualifying import Standing
from onebasket.commerce.pricing.rules.runs import Line, Run, left_alone


class Cover(msgspec.Struct, eq=False):
    """A promotion that may be used here, and the runs that each of its parts may take, by number.

    `units` are those of each part, and `missing` how many more it needs to apply at all.
    """

    standing: Standing
    parts: tuple[list[int], ...]
    units: list[int]
    missing: int = 0

    @property
    def rule(self) -> Rule:
        """The promotion made ready."""
        return self.standing.rule

    @property
    def needs_no_choice(self) -> bool:
        """Whether every unit may have it, whatever becomes of the others."""
        return self.rule.for_each_unit and self.standing.times >= self.units[0]


def cover_runs(runs: Iterable[Run]) -> dict[int, Cover]:
    """Return the promotions of goods that may be used, by rank, with the runs that they cover."""
    found: dict[int, Cover] = {}
    for run in runs:
        for standing, part in run.line.live:
            rule = standing.rule
            if standing.refusal is not None or rule.for_basket or not takes(rule, run):
                continue
            cover = found.get(rule.rank)
            if cover is None:
                cover = found[rule.rank] = Cover(standing, tuple([] for _ in rule.parts), [0] * len(rule.parts))
            cover.parts[part].append(run.number)
            cover.units[part] += run.units
    for cover in found.values():
        rule = cover.rule
        for needed, units in zip(rule.parts, cover.units, strict=True):
            cover.missing += max(0, needed.units * rule.minimum_units - units)
    return dict(sorted(found.items()))


def takes(rule: Rule, run: Run) -> bool:
    """Whether a promotion may take units of a run: sets want units, and what comes on top minds the price they have."""
    if run.line.weighed and not rule.for_each_unit:
        return False
    return not (rule.stackable and left_alone(run, rule.promotion.stacking))


def cover_lines(lines: Sequence[Line]) -> dict[int, tuple[Standing, list[Line]]]:
    """Return the basket promotions that may be used, by rank, with the lines that count towards them."""
    found: dict[int, tuple[Standing, list[Line]]] = {}
    for line in lines:
        for standing, _ in line.live:
            rule = standing.rule
            if rule.for_basket and standing.refusal is None and counts(rule, line):
                found.setdefault(rule.rank, (standing, []))[1].append(line)
    return dict(sorted(found.items()))


def counts(rule: Rule, line: Line) -> bool:
    """Whether a line counts towards a basket promotion, by the price that it has."""
    stacking = rule.promotion.stacking
    if line.label == line.own < line.list_amount and not stacking.with_markdown:
        return False
    return stacking.with_card or not line.card == line.own < line.label
