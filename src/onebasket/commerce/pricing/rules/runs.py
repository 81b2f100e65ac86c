"""Lines taken apart for pricing: what each unit costs before promotions, in runs of units that cost the same."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from onebasket.commerce.pricing.rules.basket import Item, ReductionKind
from onebasket.commerce.pricing.rules.promotions import Stacking
from onebasket.commerce.pricing.rules.qualifying import Live
from onebasket.kernel.money import price_for


class Line(msgspec.Struct, frozen=True, eq=False):
    """A line before promotions: `place` in the basket as asked, and the promotions that are live for its goods.

    `list_amount` is the shelf's price or a dearer label's, `card` and `label` are never above it, `own` is the least.
    """

    place: int
    item: Item
    list_amount: int
    card: int
    label: int
    own: int
    live: Sequence[Live]

    @property
    def weighed(self) -> bool:
        """Whether it is one measure of goods instead of units that can be told apart."""
        return self.item.unit_steps != 1


class Run(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Units of a line that cost the same, each so much at the shelf, with the card, by the label; `own` is the least.

    A weighed line is one unit. `number` is the run's place in the basket's order of SKUs.
    """

    number: int
    line: Line
    units: int
    shelf: int
    card: int
    label: int
    own: int


def lay_out(place: int, item: Item, live: Sequence[Live], *, member: bool) -> Line:
    """Work out what a line costs before promotions."""
    shelf = item.shelf
    amount = price_for(shelf.amount, per_quantity=shelf.per_quantity, quantity=item.quantity)
    label = item.label_amount
    if label is None or label > amount:
        label = amount = amount if label is None else label
    card = amount
    if member and item.loyalty is not None:
        card = price_for(item.loyalty.amount, per_quantity=item.loyalty.per_quantity, quantity=item.quantity)
    card = min(card, amount)
    return Line(place, item, amount, card, label, min(card, label), live)


def cut_runs(lines: Sequence[Line]) -> list[Run]:
    """Cut the lines that promotions may cover into runs; nothing is sold by less than a unit."""
    runs: list[Run] = []
    for line in lines:
        if not line.live or line.item.quantity < 1:
            continue
        for units, shelf, card, label in _alike(line):
            runs.append(Run(len(runs), line, units, shelf, card, label, min(card, label)))
    return runs


def base_price(run: Run, stacking: Stacking) -> int:
    """Return the price that a promotion starts from."""
    if stacking.with_card:
        return run.own if stacking.with_markdown else run.card
    return run.label if stacking.with_markdown else run.shelf


def base_kind(run: Run, base: int) -> ReductionKind | None:
    """Say what brought a unit from the shelf's price to another."""
    if base == run.shelf:
        return None
    return "markdown" if base == run.label else "loyalty"


def left_alone(run: Run, stacking: Stacking) -> bool:
    """Whether a promotion that comes on top leaves a unit alone because of the price that it has."""
    if run.label == run.own < run.shelf and not stacking.with_markdown:
        return True
    return run.card == run.own < run.label and not stacking.with_card


def _alike(line: Line) -> list[tuple[int, int, int, int]]:
    """Return units and their three prices; cents that do not divide go to the first units."""
    units = 1 if line.weighed else line.item.quantity
    amounts = (line.list_amount, line.card, line.label)
    each = [divmod(amount, units) for amount in amounts]
    if not any(rest for _, rest in each):
        return [(units, each[0][0], each[1][0], each[2][0])]
    cuts = sorted({0, units, *(rest for _, rest in each)})
    return [
        (end - start, *(whole + (start < rest) for whole, rest in each))  # type: ignore[misc]
        for start, end in pairwise(cuts)
    ]
