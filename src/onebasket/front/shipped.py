"""What partners sell of a basket, as pages show it: by partner, what it costs, how old that is, what has changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onebasket.commerce.orders.queries.offering import Offering, open_offering, sell_offers
from onebasket.commerce.orders.rules.baskets import BasketStands
from onebasket.commerce.orders.rules.offering import MOST_OF_ONE, BasketOffer, OfferChange, what_changed
from onebasket.commerce.partners.rules.partners import Merchant
from onebasket.commerce.partners.rules.selling import NewPart, SoldLine
from onebasket.commerce.places.queries import places_by_code
from onebasket.front import formats
from onebasket.front.offers import Address, OfferCard, offer_cards

CHANGES: dict[str, str | Promise] = {
    "dearer": gettext_lazy("It costs %(after)s now, and %(before)s when you put it in."),
    "cheaper": gettext_lazy("It has become cheaper: %(after)s now, and %(before)s when you put it in."),
    "gone": gettext_lazy("%(partner)s does not sell it any more."),
    "out_of_stock": gettext_lazy("%(partner)s has none of it now."),
    "too_few": gettext_lazy("%(partner)s has only %(stock)s of it."),
    "not_sold": gettext_lazy("It cannot be bought here now."),
    "silent": gettext_lazy("%(partner)s did not answer, so its price is not sure. Try again in a moment."),
}
"""What is told of an offer that is not as it was agreed to."""


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """An offer in a basket; `amount` is what it comes to, shipping and tax included, None where that is not known.

    `said` is what has changed since it was put in, empty where nothing has. `agree` is the price to agree to, and
    `take` how many there are, where that mends it.
    """

    one: BasketOffer
    card: OfferCard | None
    title: str
    partner: str
    currency: str
    amount: int | None = None
    change: OfferChange | None = None
    said: str = ""

    @property
    def has_shipping(self) -> bool:
        """Whether anything is paid for sending it; where its partner states nothing, nothing is."""
        return bool(self.card and self.card.offer.shipping_amount)

    @property
    def agree(self) -> int | None:
        """Return the price that can be agreed to anew."""
        return self.change.after if self.change and self.change.why in {"dearer", "cheaper"} else None

    @property
    def take(self) -> int | None:
        """Return how many can be had, where there are fewer than are wanted."""
        return self.change.stock if self.change and self.change.why == "too_few" else None

    @property
    def fewer(self) -> int:
        """Return how many are wanted with one less; nothing takes it out."""
        return self.one.quantity - 1

    @property
    def more(self) -> int:
        """Return how many are wanted with one more."""
        return min(MOST_OF_ONE, self.one.quantity + 1)


@dataclass(frozen=True, slots=True)
class ShippedPart:
    """What one partner sends: its lines, and what they come to; `sold_by` says whose contract it is."""

    partner: str
    lines: tuple[ShippedLine, ...]
    sold_by: str
    returns: str
    currency: str
    total: int
    shipping: int = 0
    tax: int = 0
    tax_included: bool = True


@dataclass(frozen=True, slots=True)
class Shipped:
    """What partners send of a basket; `total` is what all of it comes to as things stand."""

    parts: tuple[ShippedPart, ...] = ()
    changes: tuple[OfferChange, ...] = ()
    total: int = 0
    count: int = field(default=0)

    @property
    def is_as_agreed(self) -> bool:
        """Whether all of it is still as it was put in."""
        return not self.changes

    @property
    def lines(self) -> list[ShippedLine]:
        """Return the lines of all partners."""
        return [line for part in self.parts for line in part.lines]


NOTHING = Shipped()


def view_shipped(
    basket: BasketStands, *, address: Address, now: datetime, to_pay: bool = False, associate: str = ""
) -> Shipped:
    """Return what partners send of a basket; nothing is read where it has none of their offers.

    `address` gives an offer's page. `to_pay`: what is too old to be paid counts as changed, its partner is silent.
    """
    if not basket.offers:
        return NOTHING
    place = places_by_code([basket.place])[basket.place]
    offering = open_offering(((basket.currency, one.offer) for one in basket.offers), now=now)
    changes = what_changed(basket.offers, offering.present(basket.currency), to_pay=to_pay)
    parts = sell_offers(basket.id, place, basket.offers, offering, channel=basket.channel)
    cards = _cards(basket, offering, address, place.id, associate, now)
    changed = {change.offer: change for change in changes}
    lines = _lines(basket, parts, cards, changed)
    return Shipped(_parts(lines, parts, basket.currency), changes, sum(part.total for part in parts), len(lines))


def _cards(
    basket: BasketStands, offering: Offering, address: Address, place_id: int, associate: str, now: datetime
) -> dict[int, OfferCard]:
    found = [offering.offers[key] for one in basket.offers if (key := (basket.currency, one.offer)) in offering.offers]
    cards = offer_cards(found, address=address, channel=basket.channel, place_id=place_id, associate=associate, now=now)
    return {card.id: card for card in cards}


def _lines(
    basket: BasketStands,
    parts: tuple[NewPart, ...],
    cards: Mapping[int, OfferCard],
    changed: Mapping[int, OfferChange],
) -> list[ShippedLine]:
    sold: dict[int, SoldLine] = {line.offer_id: line for part in parts for line in part.lines}
    found = []
    for one in basket.offers:
        card, change, line = cards.get(one.offer), changed.get(one.offer), sold.get(one.offer)
        found.append(
            ShippedLine(
                one, card, card.title if card else _("An offer that is gone"), card.partner if card else "",
                basket.currency, line.amount if line else None, change, _say(change, basket.currency) if change else "",
            )
        )  # fmt: skip
    return found


def _parts(lines: list[ShippedLine], parts: tuple[NewPart, ...], currency: str) -> tuple[ShippedPart, ...]:
    """Return the lines by part; those that cannot be bought now stand with their partner's others."""
    by_partner: dict[str, list[ShippedLine]] = {}
    for line in lines:
        by_partner.setdefault(line.partner, []).append(line)
    found = []
    for partner, mine in by_partner.items():
        offers = {line.one.offer for line in mine}
        theirs = [part for part in parts if any(line.offer_id in offers for line in part.lines)]
        card = next((line.card for line in mine if line.card), None)
        found.append(
            ShippedPart(
                partner, tuple(mine), card.seller_text if card else "", card.return_text if card else "", currency,
                sum(part.total for part in theirs), sum(part.shipping_amount for part in theirs),
                sum(part.tax_amount for part in theirs), _is_included(theirs),
            )
        )  # fmt: skip
    return tuple(found)


def _is_included(parts: list[NewPart]) -> bool:
    return all(line.tax_included for part in parts for line in part.lines if part.merchant is Merchant.PRINCIPAL)


def _say(change: OfferChange, currency: str) -> str:
    """Say what has changed, with both prices; where only the shipping did, with both of these."""
    before, after = change.before, change.after
    if change.why in {"dearer", "cheaper"} and before == after:
        return _("Its shipping costs %(after)s now, and %(before)s when you put it in.") % {
            "after": formats.money(change.shipping_after, currency),
            "before": formats.money(change.shipping_before, currency),
        }
    said = str(CHANGES[change.why]) % {
        "before": "" if before is None else formats.money(before, currency),
        "after": "" if after is None else formats.money(after, currency),
        "partner": change.partner,
        "stock": change.stock,
    }
    if change.why in {"dearer", "cheaper"} and change.shipping_before != change.shipping_after:
        said += " " + _("With %(amount)s for shipping.") % {"amount": formats.money(change.shipping_after, currency)}
    return said
