"""Offers with their partner and what they cost a shopper now; a fixed number of statements, however many."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Q

from onebasket.base import bulk
from onebasket.base.columns import as_instant
from onebasket.commerce.partners.models import Offer
from onebasket.commerce.partners.queries.partners import exchange_rates, partners_by_id
from onebasket.commerce.partners.rules.offers import (
    OfferFacts,
    OfferPrice,
    Unsellable,
    is_fresh,
    price_offer,
    refuse_offer,
)
from onebasket.commerce.partners.rules.partners import PartnerFacts, RateFacts, rate_at

COLUMNS = (
    "pk", "partner_id", "reference", "title", "price", "currency", "stock", "available", "stated_at", "seller", "brand",
    "gtin", "model", "category", "description", "url", "list_price", "shipping_amount", "days_from", "days_to", "gone",
)  # fmt: skip

_SELECT = f"SELECT {', '.join(('id', *COLUMNS[1:]))} FROM partners_offer"  # noqa: S608 - constants
_AVAILABLE, _STATED_AT = COLUMNS.index("available"), COLUMNS.index("stated_at")
MOST_ID = 2**63 - 1
"""What an address or a form says beyond this is no id: a database would refuse it."""
HAS_GTIN = ~Q(gtin="")
"""Said as the index says it: SQLite uses the index of some rows only where a statement is plainly about these."""
MOST_ALIKE = 500
"""So many offers of the same things are read at once."""


class PricedOffer(msgspec.Struct, frozen=True):
    """An offer as a shopper may see it now. `refused` says why it cannot be bought, `price` what it costs, where known.

    `is_fresh`: what is stated is young enough to be sold without asking the partner again.
    """

    offer: OfferFacts
    partner: PartnerFacts
    price: OfferPrice | None
    refused: Unsellable | None
    is_fresh: bool

    @property
    def is_shown(self) -> bool:
        """Whether shoppers see it at all: there is an agreement, the partner sells it, and its price is known."""
        return self.price is not None and self.refused not in {Unsellable.NO_AGREEMENT, Unsellable.GONE}

    @property
    def is_referred(self) -> bool:
        """Whether shoppers may be sent to the partner's own page for it."""
        agreement = self.partner.agreement
        return self.is_shown and agreement is not None and agreement.refers and bool(self.offer.url)


def offers_by_id(ids: Collection[int]) -> dict[int, OfferFacts]:
    """Return offers as they are kept, by id; one statement."""
    possible = {one for one in ids if 0 < one <= MOST_ID}
    if not possible:
        return {}
    rows = bulk.fetch(f"{_SELECT} WHERE {bulk.in_list('id')}", [bulk.list_parameter(possible)])
    return {row[0]: offer_facts(_typed(row)) for row in rows}


def offers_of(partner_id: int, references: Collection[str]) -> dict[str, OfferFacts]:
    """Return a partner's offers by its own references; one statement."""
    rows = Offer.objects.filter(partner_id=partner_id, reference__in=set(references)).values_list(*COLUMNS)
    return {one.reference: one for one in map(offer_facts, rows)}


def offers_by_gtin(gtins: Collection[str]) -> dict[str, list[OfferFacts]]:
    """Return the offers of the same things, by GTIN-14, those that are sold no more left out; one statement.

    At most 500, the lowest prices as they are stated: no lying catalogue makes a page slow.
    """
    found: dict[str, list[OfferFacts]] = {}
    wanted = {gtin for gtin in gtins if gtin}
    if wanted:
        for row in (
            Offer.objects.filter(HAS_GTIN, gtin__in=wanted, gone=False)
            .order_by("price", "pk")
            .values_list(*COLUMNS)[:MOST_ALIKE]
        ):
            one = offer_facts(row)
            found.setdefault(one.gtin, []).append(one)
    return found


def priced_offers(ids: Collection[int], *, currency: str, now: datetime) -> dict[int, PricedOffer]:
    """Return offers by id with what one costs in a currency; five statements."""
    return {one.offer.id: one for one in price_all(offers_by_id(ids).values(), currency=currency, now=now)}


def price_all(offers: Iterable[OfferFacts], *, currency: str, now: datetime) -> list[PricedOffer]:
    """Return what offers cost in a currency, in their order; four statements."""
    every = list(offers)
    if not every:
        return []
    partners = partners_by_id({one.partner_id for one in every}, at=now)
    rates = exchange_rates(currency, bases={one.currency for one in every})
    return price_with(every, partners, rates, currency=currency, now=now)


def price_with(
    offers: Iterable[OfferFacts],
    partners: Mapping[int, PartnerFacts],
    rates: Sequence[RateFacts],
    *,
    currency: str,
    now: datetime,
) -> list[PricedOffer]:
    """Return what offers cost in a currency, in their order, by partners and rates that were read before."""
    found = []
    for offer in offers:
        partner = partners[offer.partner_id]
        refused = refuse_offer(offer, partner, quantity=1)
        agreement = partner.agreement
        price = None
        if agreement is not None:
            stated = price_offer(offer, agreement, rate_at(rates, offer.currency, currency, now))
            price, refused = (None, refused or stated) if isinstance(stated, Unsellable) else (stated, refused)
        fresh = agreement is not None and is_fresh(offer, agreement, now)
        found.append(PricedOffer(offer, partner, price, refused, fresh))
    return found


def _typed(row: Sequence[Any]) -> tuple[Any, ...]:
    """Return a fetched row of the columns with its types, whichever database it came from."""
    typed = list(row)
    typed[_AVAILABLE], typed[-1] = bool(row[_AVAILABLE]), bool(row[-1])
    typed[_STATED_AT] = as_instant(row[_STATED_AT])
    return tuple(typed)


def offer_facts(row: tuple[object, ...]) -> OfferFacts:
    """Return an offer out of a row of `COLUMNS`."""
    return OfferFacts(**dict(zip(("id", *COLUMNS[1:]), row, strict=True)))  # type: ignore[arg-type] # as the columns are
