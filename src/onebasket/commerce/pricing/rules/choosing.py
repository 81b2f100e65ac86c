"""What one deal can take of the units that are left: the best by itself, or every way, the fullest first."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

import msgspec

from onebasket.commerce.pricing.rules.deals import Deal

Taken = tuple[int, int, int]
"""A part of a deal, a piece, and the units of it that the part takes."""
Masters = Sequence[Sequence[Sequence[int]]]
"""For each part and member of a deal: the members of which no unit may be left before one of this is taken."""
MOST_STEPS = 20_000
"""Work in taking the best of a buy-and-get beyond which the dearest units are taken instead."""
STEPS_A_NODE = 50
"""Such work that counts as one node."""


class Exhausted(Exception):  # noqa: N818 - the bound is no error
    """The search has come to its bound of nodes."""


class Nodes:
    """How many nodes a search may visit, and has visited."""

    def __init__(self, bound: int) -> None:
        self.bound = bound
        self.visited = 0

    def visit(self, count: int = 1) -> None:
        """Count nodes; raise Exhausted beyond the bound."""
        self.visited += count
        if self.visited > self.bound:
            self.visited = self.bound
            raise Exhausted


class Choice(msgspec.Struct, frozen=True, gc=False):
    """That a deal takes units for so many sets, and what is gained; `optimal` when by itself it cannot gain more."""

    gain: int
    sets: int
    taken: tuple[Taken, ...]
    optimal: bool = True


NONE = Choice(0, 0, ())


def take_best(deal: Deal, left: Sequence[int], nodes: Nodes) -> Choice:
    """Return the best that a deal can take by itself of the units `left` of each piece, the dearest first."""
    if deal.extras:
        chosen = _take_pool(deal, left, nodes)
    elif len(deal.needs) == 1:
        chosen = _take_one_part(deal, left)
    else:
        chosen = _take_parts(deal, left)
    return _without_sinking(deal, chosen) if deal.tops and chosen.sets else chosen


def choices(deal: Deal, left: Sequence[int], masters: Masters, nodes: Nodes) -> Iterator[Choice]:
    """Yield every way to use a deal that may be part of a best result, the fullest first."""
    sets = min(sum(left[piece] for piece in part) // need for part, need in zip(deal.members, deal.needs, strict=True))
    for count in range(min(deal.most, sets), deal.least - 1, -1):
        for taken in _spread(deal, 0, count, list(left), masters, nodes):
            yield _valued(deal, count, taken)


def _valued(deal: Deal, sets: int, taken: tuple[Taken, ...]) -> Choice:
    gains = [dict(zip(part, each, strict=True)) for part, each in zip(deal.members, deal.gains, strict=True)]
    gain = sets * deal.bonus + sum(units * gains[part][piece] for part, piece, units in taken)
    if deal.extras:
        units_of = {piece: units for _, piece, units in taken}
        gain += _free_extras(deal, [units_of.get(piece, 0) for piece in deal.members[0]])
    choice = Choice(gain, sets, taken)
    return _without_sinking(deal, choice) if deal.tops else choice


def _without_sinking(deal: Deal, choice: Choice) -> Choice:
    """Cut the gain to what the units cost, where what comes on top would take more."""
    tops = [dict(zip(part, each, strict=True)) for part, each in zip(deal.members, deal.tops, strict=True)]
    most = sum(units * tops[part][piece] for part, piece, units in choice.taken)
    return choice if choice.gain <= most else Choice(most, choice.sets, choice.taken, optimal=False)


def _spread(
    deal: Deal, part: int, sets: int, left: list[int], masters: Masters, nodes: Nodes
) -> Iterator[tuple[Taken, ...]]:
    """Yield the ways to fill a part and those after it for so many sets; `left` is given back as it was."""
    if part == len(deal.needs):
        yield ()
        return
    members = deal.members[part]
    room = [*accumulate((left[piece] for piece in reversed(members)), initial=0)][::-1]
    for units in _fills(members, masters[part], sets * deal.needs[part], left, room, nodes):
        taken = tuple((part, members[at], count) for at, count in enumerate(units) if count)
        for _, piece, count in taken:
            left[piece] -= count
        for rest in _spread(deal, part + 1, sets, left, masters, nodes):
            yield taken + rest
        for _, piece, count in taken:
            left[piece] += count


def _fills(
    members: Sequence[int],
    masters: Sequence[Sequence[int]],
    wanted: int,
    left: Sequence[int],
    room: Sequence[int],
    nodes: Nodes,
) -> Iterator[list[int]]:
    """Yield the ways to take exactly so many units of the members, the best members first; `room` from each on."""
    units = [0] * len(members)

    def fill(at: int, missing: int) -> Iterator[list[int]]:
        nodes.visit()
        if at == len(members):
            yield units
            return
        most = min(left[members[at]], missing)
        if most and any(units[master] < left[members[master]] for master in masters[at]):
            most = 0
        for count in range(most, max(0, missing - room[at + 1]) - 1, -1):
            units[at] = count
            yield from fill(at + 1, missing - count)
        units[at] = 0

    return fill(0, wanted)


def _take_one_part(deal: Deal, left: Sequence[int]) -> Choice:
    """Take whole sets as long as they gain: each further set gains no more than the one before."""
    need, members, gains = deal.needs[0], deal.members[0], deal.gains[0]
    taken: dict[int, int] = {}
    sets = gain = at = 0
    used = 0  # of the member at `at`
    while sets < deal.most:
        while at < len(members) and used == left[members[at]]:
            at, used = at + 1, 0
        if at == len(members):
            break
        rest = left[members[at]] - used
        if rest >= need:
            worth, step = need * gains[at] + deal.bonus, rest // need
            picked = [(at, need)]
        else:
            worth, step = deal.bonus, 1
            picked = _pick(members, left, at, used, need)
            if not picked:
                break
            worth += sum(units * gains[place] for place, units in picked)
        if worth <= 0 and sets >= deal.least:
            break
        step = min(step, (deal.most if worth > 0 else deal.least) - sets)
        for place, units in picked:
            taken[place] = taken.get(place, 0) + units * step
        at = picked[-1][0]
        used = taken[at]
        sets, gain = sets + step, gain + worth * step
    if sets < deal.least or gain <= 0:
        return NONE
    return Choice(gain, sets, tuple((0, members[place], units) for place, units in taken.items()))


def _pick(members: Sequence[int], left: Sequence[int], at: int, used: int, need: int) -> list[tuple[int, int]]:
    """Pick a set across members from a place on; nothing where too few are left."""
    picked = []
    for place in range(at, len(members)):
        units = min(need, left[members[place]] - used)
        used = 0
        if units:
            picked.append((place, units))
            need -= units
        if not need:
            return picked
    return []


def _take_parts(deal: Deal, left: Sequence[int]) -> Choice:
    """Take set by set, the best of each part; not sure to be the best where parts share goods."""
    rest, taken = list(left), dict[tuple[int, int], int]()
    order = sorted(range(len(deal.needs)), key=lambda part: (len(deal.members[part]), part))
    sets = gain = 0
    while sets < deal.most:
        worth, picked = deal.bonus, list[Taken]()
        for part in order:
            need = deal.needs[part]
            for piece, each in zip(deal.members[part], deal.gains[part], strict=True):
                if units := min(need, rest[piece]):
                    picked.append((part, piece, units))
                    rest[piece] -= units
                    worth, need = worth + units * each, need - units
                if not need:
                    break
            if need:
                picked.clear()
                break
        if not picked or (worth <= 0 and sets >= deal.least):
            break
        times = min(1 + _repeats(picked, rest), (deal.most if worth > 0 else deal.least) - sets)
        for part, piece, units in picked:
            taken[part, piece] = taken.get((part, piece), 0) + units * times
            rest[piece] -= units * (times - 1)
        sets, gain = sets + times, gain + worth * times
    optimal = len({piece for part in deal.members for piece in part}) == sum(map(len, deal.members))
    if sets < deal.least or gain <= 0:
        return NONE if optimal else Choice(0, 0, (), optimal=False)
    return Choice(gain, sets, tuple((*key, units) for key, units in sorted(taken.items())), optimal=optimal)


def _repeats(picked: Sequence[Taken], rest: Sequence[int]) -> int:
    """Return how often the same set can be picked again of what is left after it."""
    units: dict[int, int] = {}
    for _, piece, count in picked:
        units[piece] = units.get(piece, 0) + count
    return min(rest[piece] // count for piece, count in units.items())


def _take_pool(deal: Deal, left: Sequence[int], nodes: Nodes) -> Choice:
    """Take the best of a buy-and-get: the dearest units, unless some of them cost less by themselves."""
    size, members = deal.needs[0], deal.members[0]
    sets = min(deal.most, sum(left[piece] for piece in members) // size)
    steps = sum(left[piece] for piece in members) * sets * size
    plain = not any(deal.gains[0])
    if plain or steps > MOST_STEPS:
        units, missing = [], sets * size
        for piece in members:
            units.append(min(missing, left[piece]))
            missing -= units[-1]
    else:
        nodes.visit(steps // STEPS_A_NODE)
        units = _best_pool(deal, [left[piece] for piece in members], sets)
    optimal = plain or steps <= MOST_STEPS
    gain = _free_extras(deal, units) + sum(count * each for count, each in zip(units, deal.gains[0], strict=True))
    if gain <= 0:
        return Choice(0, 0, (), optimal)
    taken = tuple((0, piece, count) for piece, count in zip(members, units, strict=True) if count)
    return Choice(gain, sum(units) // size, taken, optimal)


def _free_extras(deal: Deal, units: Sequence[int]) -> int:
    """Return what the free units take off when a pool is put into sets one after another, the dearest first."""
    size = deal.needs[0]
    paid = size - deal.free
    total = before = free_before = 0
    for count, extra in zip(units, deal.extras, strict=True):
        before += count
        free = before // size * deal.free + max(0, before % size - paid)
        total += (free - free_before) * extra
        free_before = free
    return total


def _best_pool(deal: Deal, left: Sequence[int], sets: int) -> list[int]:
    """Choose units of a pool one by one, dearest first, keeping the best for each number chosen so far."""
    size = deal.needs[0]
    paid, most = size - deal.free, sets * size
    single = [at for at, count in enumerate(left) for _ in range(count)]
    best: list[int | None] = [0] + [None] * most
    joined: list[list[bool]] = []
    for at in single:
        with_it = [False] * (most + 1)
        for count in range(most, 0, -1):
            before, now = best[count - 1], best[count]
            if before is None:
                continue
            worth = before + deal.gains[0][at] + (deal.extras[at] if (count - 1) % size >= paid else 0)
            if now is None or worth > now:
                best[count], with_it[count] = worth, True
        joined.append(with_it)
    count = max(range(0, most + 1, size), key=lambda chosen: (best[chosen] or 0, -chosen))
    units = [0] * len(left)
    for at, with_it in zip(reversed(single), reversed(joined), strict=True):
        if count and with_it[count]:
            units[at] += 1
            count -= 1
    return units
