"""How a shopper who stands before a shelf gets a product soonest: here, at a nearby place, from a partner."""

import enum

import msgspec


class Way(enum.StrEnum):
    """How somebody gets a product, the soonest first."""

    HERE = "here"
    NEARBY = "nearby"
    PARTNER = "partner"
    NOWHERE = "nowhere"


class Known(msgspec.Struct, frozen=True, gc=False):
    """What is known of a product at a place, in steps; `nearby` is what the nearest place that has any may promise.

    `offers` counts the partners' offers of it that can be bought or followed.
    """

    available: int
    on_hand: int
    nearby: int = 0
    offers: int = 0


class Answered(msgspec.Struct, frozen=True, gc=False):
    """The one answer, and why; `promised` says that the shelf is not empty, but all of it is somebody else's."""

    way: Way
    promised: bool
    reason: str


def answer(known: Known) -> Answered:
    """Return how somebody gets a product soonest, with the reason."""
    promised = known.available <= 0 < known.on_hand
    here = f"{max(0, known.available)} of {known.on_hand} on hand here are free"
    if known.available > 0:
        return Answered(Way.HERE, promised, here)
    if known.nearby > 0:
        return Answered(Way.NEARBY, promised, f"{here}; the nearest other place with any has {known.nearby}")
    if known.offers > 0:
        return Answered(Way.PARTNER, promised, f"{here}, and none nearby; {known.offers} offered by partners")
    return Answered(Way.NOWHERE, promised, f"{here}, none nearby, and no partner offers it")
