"""How own products and partners' offers stand on one page: which first, which beside which, and why.

What always holds: an offer never stands above what the store has in stock and is the same thing. Nobody pays for a
place: what decides is what was asked for, what is here, and what is the same thing.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec


class Section(StrEnum):
    """A part of a page of what was found."""

    OWN = "own"
    OFFERS = "offers"


class Reason(StrEnum):
    """Why a page's sections stand as they do."""

    OWN_FITS = "own_fits"
    """What the chain has fits what was asked for as well as the offers, or better."""
    NO_OFFERS = "no_offers"
    NOT_SOLD_HERE = "not_sold_here"
    """The chain sells nothing of it."""
    NOTHING_HERE = "nothing_here"
    """The chain sells it, and the store has none of it now."""
    OFFERS_FIT_BETTER = "offers_fit_better"
    """The chain has only what a mended word, or a part of the words, finds."""


class Match(NamedTuple):
    """How a search matched: how many there are, whether a word had to be mended, or some be let go."""

    total: int
    mended: bool = False
    relaxed: bool = False

    @property
    def distance(self) -> int:
        """Return how far what was found is from what was asked for."""
        return 2 * self.relaxed + self.mended


class Display(msgspec.Struct, frozen=True):
    """A page: its sections in their order, and `reason` why.

    `offers` are the things of the offers' section, by their position among those found. `above` are own products that
    go before everything, as they are in stock and the same thing as an offer found; `beside` are the things that are
    told at an own product instead, by product id.
    """

    order: tuple[Section, ...]
    reason: Reason
    offers: tuple[int, ...] = ()
    above: tuple[int, ...] = ()
    beside: dict[int, int] = {}


def order_sections(own: Match, offers: Match, *, here: int | None) -> tuple[tuple[Section, ...], Reason]:
    """Return which section comes first, and why; `here` is how many own hits the store has, None without a store."""
    own_first, offers_first = (Section.OWN, Section.OFFERS), (Section.OFFERS, Section.OWN)
    if not offers.total:
        return (Section.OWN,), Reason.NO_OFFERS
    if not own.total:
        return (Section.OFFERS,), Reason.NOT_SOLD_HERE
    if offers.distance < own.distance:
        return offers_first, Reason.OFFERS_FIT_BETTER
    if here == 0 and offers.distance == own.distance:
        return offers_first, Reason.NOTHING_HERE
    return own_first, Reason.OWN_FITS


def plan_display(
    own: Match,
    offers: Match,
    *,
    here: int | None,
    things: Sequence[int | None],
    listed: Collection[int],
    in_stock: Collection[int],
) -> Display:
    """Return how a page stands. `things` are what is offered, each as our own product that it is, or None.

    `listed` are the own products of the page, `in_stock` those products that the store has now.
    """
    order, reason = order_sections(own, offers, here=here)
    shown: list[int] = []
    above: list[int] = []
    beside: dict[int, int] = {}
    for position, product_id in enumerate(things):
        if product_id is None or product_id not in in_stock:
            shown.append(position)
            continue
        beside.setdefault(product_id, position)
        if product_id not in listed and product_id not in above:
            above.append(product_id)
    return Display(order, reason, tuple(shown), tuple(above), beside)
