"""Whose offers a shopper may see now, and what their prices come to: read anew for every search, so that it holds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import NamedTuple

from onebasket.commerce.partners.queries.offers import PricedOffer, price_with
from onebasket.commerce.partners.queries.partners import all_partners, exchange_rates
from onebasket.commerce.partners.rules.offers import OfferFacts, shopper_amount
from onebasket.commerce.partners.rules.partners import PartnerFacts, RateFacts, rate_at


class Lot(NamedTuple):
    """Partners whose prices in a currency come to the same for a shopper: `costs` says what one comes to."""

    money: str
    partner_ids: tuple[int, ...]
    costs: Callable[[int], int]


@dataclass(frozen=True)
class Market:
    """Every partner as it stands at `now`, and the rates into the shopper's currency."""

    currency: str
    partners: Mapping[int, PartnerFacts]
    rates: Sequence[RateFacts]
    now: datetime

    @cached_property
    def shown(self) -> dict[int, PartnerFacts]:
        """Return the partners whose offers are shown: they are active, and an agreement holds."""
        return {one.id: one for one in self.partners.values() if one.active and one.agreement is not None}

    @property
    def hidden(self) -> list[int]:
        """Return the other partners."""
        return sorted(self.partners.keys() - self.shown.keys())

    def rate(self, base: str) -> RateFacts | None:
        """Return the rate by which a currency is exchanged now."""
        return rate_at(self.rates, base, self.currency, self.now)

    def lots(self, currencies: Iterable[str]) -> list[Lot]:
        """Return the shown partners by what their prices in these currencies come to; none of what has no rate."""
        found = []
        for money in currencies:
            if (rate := self.rate(money)) is None:
                continue
            by_markup: dict[int, list[int]] = {}
            for one in self.shown.values():
                by_markup.setdefault(one.agreement.markup if one.agreement else 0, []).append(one.id)
            for markup, ids in by_markup.items():
                found.append(Lot(money, tuple(ids), partial(_costs, rate, markup)))
        return found

    def price(self, offers: Iterable[OfferFacts]) -> list[PricedOffer]:
        """Return offers with what they cost, in their order; none of a partner that is not known."""
        known = (one for one in offers if one.partner_id in self.partners)
        return price_with(known, self.partners, self.rates, currency=self.currency, now=self.now)


def read_market(currency: str, *, now: datetime) -> Market:
    """Return the market of a currency; four statements."""
    partners = {one.id: one for one in all_partners(at=now)}
    return Market(currency, partners, exchange_rates(currency) if partners else [], now)


def _costs(rate: RateFacts, markup: int, price: int) -> int:
    return shopper_amount(price, rate, markup=markup)
