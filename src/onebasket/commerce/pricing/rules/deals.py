"""Promotions as numbers: what each unit costs by itself, and what is gained by putting it into a set.

A *piece* is so many units of a run that are alike in what comes on top. It has a cost `alone`, with the best promotion
that needs no company. A *deal* is a promotion that has to be chosen: its units stand in sets, or it may be used only so
often. Its gain is linear in the units it takes: a gain for each unit, and a `bonus` for each set. Two things are not
linear: which units of a buy-and-get are free (the cheapest of each set), and that what comes on top of a deal takes no
more than its units cost.
"""

from collections.abc import Sequence

import msgspec

from onebasket.commerce.pricing.rules.compiling import Rule
from onebasket.commerce.pricing.rules.ontop import Claim, Toppings, of_measure, put_on_top
from onebasket.commerce.pricing.rules.promotions import AmountOff, Bundle, BuyGet, FixedPrice, MultiBuy, PercentOff
from onebasket.commerce.pricing.rules.qualifying import Standing
from onebasket.commerce.pricing.rules.runs import Run, base_price
from onebasket.kernel.money import PPM, divide_half_up


class Piece(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Units of a run that fare alike: `alone` is what each costs outside of deals, by the promotion `single` if any.

    `marks` are the claims of promotions that may be used only so often; they are among the toppings.
    """

    run: Run
    units: int
    toppings: Toppings
    alone: int
    single: Standing | None = None
    marks: tuple[Claim, ...] = ()


class Deal(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A promotion to be chosen over pieces: `members` are their indexes for each part of a set, the best first.

    `needs` are the units of each part in a set, of which there are none or `least` to `most`. `gains` stand beside
    members. `extras` are what a buy-and-get takes off beside that where a unit is one of the `free` cheapest of its
    set. `tops` are the most that a unit can gain, where what comes on top might exceed what the deal costs.
    """

    standing: Standing
    steepness: int
    needs: tuple[int, ...]
    members: tuple[tuple[int, ...], ...]
    gains: tuple[tuple[int, ...], ...]
    bonus: int
    least: int
    most: int
    extras: tuple[int, ...] = ()
    free: int = 0
    tops: tuple[tuple[int, ...], ...] = ()


def unit_price(rule: Rule, run: Run) -> int:
    """Return what a unit costs under a promotion that is worked out for each unit."""
    saving, base = rule.promotion.saving, base_price(run, rule.promotion.stacking)
    if isinstance(saving, PercentOff):
        return base - divide_half_up(base * saving.share, PPM)
    if isinstance(saving, FixedPrice):
        return min(base, of_measure(saving.amount, run))
    if isinstance(saving, AmountOff):
        return max(0, base - of_measure(saving.amount, run))
    if isinstance(saving, Bundle) and saving.share_off is not None:
        return base - divide_half_up(base * saving.share_off, PPM)
    raise TypeError(type(saving))


def cost_under(price: int, toppings: Toppings, standing: Standing) -> int:
    """Return what a unit costs at a promotion's price with what comes on top; below zero by coupons alone."""
    on_top = toppings.beside(standing.rule.promotion.stacking)
    return max(0, price - on_top.within) - on_top.beyond


def make_piece(
    run: Run, units: int, claims: Sequence[Claim], marks: tuple[Claim, ...], *, singles: Sequence[Standing]
) -> Piece:
    """Return a piece with the best of the promotions that need no company; the lowest code of equals."""
    toppings = put_on_top(run, (*claims, *marks))
    full = toppings.full
    alone, best = run.own - full.within - full.beyond, None
    for standing in singles:
        cost = cost_under(unit_price(standing.rule, run), toppings, standing)
        if cost < alone:
            alone, best = cost, standing
    return Piece(run, units, toppings, alone, best, marks)


class _Member(msgspec.Struct, frozen=True, gc=False):
    """A piece as one deal sees it."""

    index: int
    units: int
    gain: int
    top: int
    base: int
    within: int
    extra: int = 0


def make_deal(standing: Standing, parts: Sequence[Sequence[int]], pieces: Sequence[Piece]) -> Deal | None:
    """Turn a promotion into numbers, `parts` naming the pieces of each of its parts; None where units are missing."""
    rule = standing.rule
    needs = tuple(part.units for part in rule.parts)
    sets = min(sum(pieces[index].units for index in part) // need for part, need in zip(parts, needs, strict=True))
    least, most = rule.minimum_units, min(standing.times, sets)
    if most < least:
        return None
    members = [
        sorted((_member(standing, number, index, pieces[index]) for index in part), key=_best_first)
        for number, part in enumerate(parts)
    ]
    saving = rule.promotion.saving
    pool = isinstance(saving, BuyGet) and saving.get_goods is None
    return Deal(
        standing,
        _steepness(rule),
        needs,
        tuple(tuple(member.index for member in part) for part in members),
        tuple(tuple(member.gain for member in part) for part in members),
        _bonus(rule),
        least,
        most,
        extras=tuple(member.extra for member in members[0]) if pool else (),
        free=saving.get if isinstance(saving, BuyGet) and pool else 0,
        tops=tuple(tuple(member.top for member in part) for part in members) if _may_sink(rule, members) else (),
    )


def _best_first(member: _Member) -> tuple[int, int, int, int]:
    return -member.extra, -member.gain, -member.top, member.index


def _member(standing: Standing, part: int, index: int, piece: Piece) -> _Member:
    rule, run = standing.rule, piece.run
    saving, stacking = rule.promotion.saving, rule.promotion.stacking
    on_top, base = piece.toppings.beside(stacking), base_price(run, stacking)
    cost, extra = base - on_top.within - on_top.beyond, 0
    if _has_price(rule):
        cost = -on_top.within - on_top.beyond
    elif rule.for_each_unit or (isinstance(saving, Bundle) and saving.share_off is not None):
        cost = cost_under(unit_price(rule, run), piece.toppings, standing)
    elif isinstance(saving, BuyGet):
        off = divide_half_up(base * saving.share, PPM)
        if saving.get_goods is None:
            extra = off
        elif part == 1:
            cost = cost_under(base - off, piece.toppings, standing)
    return _Member(index, piece.units, piece.alone - cost, piece.alone + on_top.beyond, base, on_top.within, extra)


def _bonus(rule: Rule) -> int:
    """Return what a set gains beside its units: less its price, or what is taken off it."""
    saving = rule.promotion.saving
    if isinstance(saving, MultiBuy):
        return -saving.amount
    if isinstance(saving, Bundle):
        return -saving.price if saving.price is not None else saving.amount_off or 0
    return saving.amount if isinstance(saving, AmountOff) and not rule.for_each_unit else 0


def _steepness(rule: Rule) -> int:
    """Return how much more a deal gains by a unit that costs more, in parts per million: steep ones choose first."""
    saving = rule.promotion.saving
    if isinstance(saving, PercentOff):
        return saving.share
    if isinstance(saving, BuyGet):
        return saving.share * saving.get // (saving.buy + saving.get)
    if isinstance(saving, Bundle) and saving.share_off is not None:
        return saving.share_off
    return PPM if isinstance(saving, FixedPrice) or _has_price(rule) else 0


def _has_price(rule: Rule) -> bool:
    """Whether a set has a price of its own, whatever its units cost."""
    saving = rule.promotion.saving
    return isinstance(saving, MultiBuy) or (isinstance(saving, Bundle) and saving.price is not None)


def _may_sink(rule: Rule, members: Sequence[Sequence[_Member]]) -> bool:
    """Whether what is taken off a deal's units might come to more than they cost, so that it has to be cut."""
    saving = rule.promotion.saving
    if isinstance(saving, BuyGet):
        paid = (saving.buy + saving.get) * PPM - saving.get * saving.share
        whole = (saving.buy + saving.get) * PPM
        return saving.get_goods is None and any(each.within * whole > each.base * paid for each in members[0])
    bonus = _bonus(rule)
    if _has_price(rule):
        most = (max(each.within for each in part) * need.units for part, need in zip(members, rule.parts, strict=True))
        return sum(most) > -bonus
    if bonus > 0:
        fewest = (min(each.base - each.within for each in part) for part in members)
        return bonus > sum(cost * need.units for cost, need in zip(fewest, rule.parts, strict=True))
    return False
