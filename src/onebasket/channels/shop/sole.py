"""One partner's offer by itself: as it is now, what it is the same thing as, and what there is instead."""

from dataclasses import dataclass

from onebasket.channels.shop.guest import Guest
from onebasket.channels.shop.listing import lots
from onebasket.channels.shop.offerings import cards_of, currency_for
from onebasket.commerce.catalogue.queries.gtins import products_of
from onebasket.commerce.matching.queries import in_order
from onebasket.commerce.partners.queries.offers import PricedOffer, offers_by_gtin, offers_by_id
from onebasket.commerce.partners.rules.offers import OfferFacts
from onebasket.commerce.search.queries import IndexMissingError
from onebasket.commerce.search.queries.finding_offers import find_offers
from onebasket.commerce.search.queries.market import read_market
from onebasket.commerce.search.rules.offer_messages import Narrowing
from onebasket.commerce.search.rules.offer_words import head_of
from onebasket.front.goods import Good
from onebasket.front.offers import OfferCard

MOST_ALIKE, MOST_INSTEAD = 8, 6


@dataclass(frozen=True, slots=True)
class Sole:
    """An offer, other partners' offers of the same thing, and the own product that it is."""

    offer: PricedOffer
    card: OfferCard
    others: list[OfferCard]
    good: Good | None


def offer_alone(guest: Guest, offer_id: int) -> Sole | None:
    """Return an offer as it is now, also one that has ended; None where there never was one.

    At most eight statements besides those of the own product's card.
    """
    facts = offers_by_id([offer_id]).get(offer_id)
    if facts is None:
        return None
    market = read_market(currency_for(guest), now=guest.now)
    alike = offers_by_gtin([facts.gtin]).get(facts.gtin, []) if facts.gtin else []
    found, *rest = market.price([facts, *(one for one in alike if one.id != offer_id)])
    others = in_order(one for one in rest if one.is_shown)[:MOST_ALIKE]
    card, *cards = cards_of([found, *others], guest)
    ids = list(products_of([facts.gtin]).values())
    (goods,) = lots(guest, ids) if ids else ([],)
    return Sole(found, card, cards, goods[0] if goods else None)


def titled_alike(guest: Guest, offer: OfferFacts) -> list[OfferCard]:
    """Return offers that are called alike, for whoever looks for one that has ended."""
    for text in dict.fromkeys((offer.title, head_of(offer.title))):
        try:
            narrowing = Narrowing(limit=MOST_INSTEAD)
            page = find_offers(text, currency=currency_for(guest), narrowing=narrowing, now=guest.now)
        except IndexMissingError:
            break
        if others := [group.first for group in page.groups if group.first.offer.id != offer.id]:
            return cards_of(others, guest)
    return []
