"""Partners' offers in a basket: what a shopper agreed to, what it costs now, and what came between.

A basket remembers of each offer the price at which it stood when it was put in: at no other is it ever sold. What has
changed is named with both prices, and agreed to anew, or taken out.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from onebasket.kernel.money import MAX_AMOUNT

MOST_OFFERS = 50
MOST_OF_ONE = 999


class OfferWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """An offer, by id, and how many of it; 0 takes it out. Asking for it agrees to what it costs now.

    `seen` is what one cost where the shopper saw it, in minor units: at another price it is refused.
    """

    offer: Annotated[int, Meta(ge=1, le=2**62)]
    quantity: Annotated[int, Meta(ge=0, le=MOST_OF_ONE)]
    seen: Annotated[int, Meta(ge=0, le=10**13)] | None = None


class BasketOffer(msgspec.Struct, frozen=True, gc=False):
    """An offer in a basket, at the price that was agreed to: `amount` for one, `shipping` for all of it together."""

    offer: int
    quantity: int
    amount: int
    shipping: int
    stated_at: datetime

    @property
    def total(self) -> int:
        """Return what it comes to, without tax that stands beside it."""
        return self.amount * self.quantity + self.shipping


class OfferNow(msgspec.Struct, frozen=True):
    """An offer as it is now: what it costs (None where that is not known), how old that is, why it is not sold."""

    id: int
    title: str
    partner: str
    amount: int | None = None
    shipping: int = 0
    stock: int | None = None
    refused: str = ""
    is_fresh: bool = True
    stated_at: datetime | None = None


Why = Literal["dearer", "cheaper", "gone", "out_of_stock", "too_few", "not_sold", "silent"]
"""What came between. silent: its partner was asked for the price anew and did not answer."""
_GONE = {"gone": "gone", "out_of_stock": "out_of_stock", "too_few": "too_few"}


class OfferChange(msgspec.Struct, frozen=True):
    """An offer that is not as it was agreed to: what one costs and its shipping, `before` and now.

    Amounts are None where they are not known; `stock` is how many the partner has, where it says so.
    """

    offer: int
    title: str
    partner: str
    why: Why
    quantity: int
    before: int | None = None
    after: int | None = None
    shipping_before: int = 0
    shipping_after: int = 0
    stock: int | None = None


def agree(wanted: OfferWanted, now: OfferNow) -> BasketOffer | OfferChange:
    """Return an offer as the basket takes it, at its present price; or why it does not."""
    if (why := refusal(now, wanted.quantity)) is not None:
        return OfferChange(
            wanted.offer,
            now.title,
            now.partner,
            why,
            wanted.quantity,
            wanted.seen,
            now.amount,
            stock=now.stock,
        )
    assert now.amount is not None and now.stated_at is not None  # noqa: PT018, S101 - else it was refused
    if wanted.seen is not None and wanted.seen != now.amount:
        why = "dearer" if now.amount > wanted.seen else "cheaper"
        return OfferChange(wanted.offer, now.title, now.partner, why, wanted.quantity, wanted.seen, now.amount)
    return BasketOffer(wanted.offer, wanted.quantity, now.amount, now.shipping, now.stated_at)


def refusal(now: OfferNow, quantity: int) -> Why | None:
    """Say why so many of an offer are not sold now, whatever they cost."""
    if now.refused or not now.amount:
        return _GONE.get(now.refused, "not_sold")  # type: ignore[return-value] # one of them
    if now.stock is not None and now.stock < quantity:
        return "too_few" if now.stock else "out_of_stock"
    return "not_sold" if now.amount * quantity + now.shipping > MAX_AMOUNT else None


def what_changed(
    offers: Iterable[BasketOffer],
    now: Mapping[int, OfferNow],
    *,
    to_pay: bool,
) -> tuple[OfferChange, ...]:
    """Return what is not as it was agreed to; `to_pay`: an offer that is stale then is one whose partner is silent."""
    found = []
    for one in offers:
        present = now.get(one.offer) or OfferNow(one.offer, "", "", refused="gone")
        why = refusal(present, one.quantity) or _moved(one, present)
        if why is None and to_pay and not present.is_fresh:
            why = "silent"
        if why is not None:
            found.append(
                OfferChange(
                    one.offer, present.title, present.partner, why, one.quantity, one.amount, present.amount,
                    one.shipping, present.shipping, present.stock,
                ),
            )  # fmt: skip
    return tuple(found)


def _moved(one: BasketOffer, present: OfferNow) -> Why | None:
    assert present.amount is not None  # noqa: S101 - else it was refused
    before, after = one.total, present.amount * one.quantity + present.shipping
    if (one.amount, one.shipping) == (present.amount, present.shipping):
        return None
    return "dearer" if after >= before else "cheaper"
