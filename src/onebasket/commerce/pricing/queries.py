"""Reads of the price book."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection

from onebasket.base import bulk
from onebasket.base.columns import Row, as_instant
from onebasket.commerce.places import queries as places
from onebasket.commerce.pricing.rules.book import PriceFacts, PriceVersion

_HELD = (
    "SELECT place_id, product_id, id, amount, per_quantity, currency, version FROM pricing_price "
    "WHERE superseded_at IS NULL AND valid_from <= %s AND (valid_to IS NULL OR valid_to > %s)"
)


class PriceBook:
    """Prices at an instant by (place id, product id): the place's own before the chain's, in the place's currency."""

    def __init__(
        self,
        currencies: Mapping[int, str],
        own: Mapping[tuple[int, int], PriceFacts],
        chain: Mapping[tuple[str, int], PriceFacts],
    ) -> None:
        """Keep each place's currency, places' own prices, and the chain's by currency and product."""
        self._currencies = currencies
        self._own = own
        self._chain = chain

    def find(self, key: tuple[int, int]) -> PriceFacts | None:
        """Return the price of a (place id, product id), or None where there is none."""
        place_id, product_id = key
        return self._own.get(key) or self._chain.get((self._currencies.get(place_id, ""), product_id))

    def find_all(self, place_id: int, product_ids: Iterable[int]) -> list[PriceFacts] | None:
        """Return the prices of products at a place, in their order; None where one of them has none."""
        own, chain, currency = self._own, self._chain, self._currencies.get(place_id, "")
        found: list[PriceFacts] = []
        for product_id in product_ids:
            facts = own.get((place_id, product_id)) or chain.get((currency, product_id))
            if facts is None:
                return None
            found.append(facts)
        return found

    def __contains__(self, key: tuple[int, int]) -> bool:
        """Whether there is a price for the (place id, product id)."""
        return self.find(key) is not None

    def __getitem__(self, key: tuple[int, int]) -> PriceFacts:
        """Return the price of a (place id, product id); KeyError where there is none."""
        found = self.find(key)
        if found is None:
            raise KeyError(key)
        return found


def price_book(currencies: Mapping[int, str], product_ids: Iterable[int], *, at: datetime) -> PriceBook:
    """Return the prices of products at places (their currencies by place id) at an instant; one statement."""
    if not currencies:
        return PriceBook({}, {}, {})
    own, chain = _prices(currencies.keys(), set(product_ids), at)
    return PriceBook(
        currencies,
        {(place, product): facts for place, product, facts in own if facts.currency == currencies[place]},
        {(facts.currency, product): facts for product, facts in chain},
    )


def prices_at(
    place_ids: Iterable[int], product_ids: Iterable[int], *, at: datetime
) -> dict[tuple[int, int], PriceFacts]:  # fmt: skip
    """Return the shelf price of each (place id, product id) at an instant: the place's own before the chain's.

    Only prices in the place's currency count; a pair without a price is left out. Two statements.
    """
    currencies = {place.id: place.currency for place in places.places_by_id(place_ids).values()}
    products = set(product_ids)
    book = price_book(currencies, products, at=at)
    pairs = ((place, product) for place in currencies for product in products)
    return {pair: facts for pair in pairs if (facts := book.find(pair))}


def price_history(product_id: int) -> list[PriceVersion]:
    """Return every row that the price book ever held for a product: the chain's first, then by place and version."""
    rows = bulk.fetch(
        "SELECT id, place_id, currency, amount, per_quantity, version, valid_from, valid_to, recorded_at, "
        "superseded_at FROM pricing_price WHERE product_id = %s ORDER BY COALESCE(place_id, 0), currency, version, id",
        [product_id],
    )
    return [_version(row) for row in rows]


def _version(row: Row) -> PriceVersion:
    identity, place_id, currency, amount, per_quantity, version, *instants = row
    valid_from, valid_to, recorded_at, superseded_at = map(as_instant, instants)
    return PriceVersion(
        id=identity,
        place_id=place_id,
        currency=currency,
        amount=amount,
        per_quantity=per_quantity,
        valid_from=valid_from,  # type: ignore[arg-type] # never null
        valid_to=valid_to,
        version=version,
        recorded_at=recorded_at,  # type: ignore[arg-type] # never null
        superseded_at=superseded_at,
    )


def _prices(
    place_ids: Iterable[int], product_ids: set[int], at: datetime
) -> tuple[list[tuple[int, int, PriceFacts]], list[tuple[int, PriceFacts]]]:
    """Return the places' own prices as (place id, product id, facts) and the chain's as (product id, facts)."""
    moment = connection.ops.adapt_datetimefield_value(at)
    products = bulk.list_parameter(product_ids)
    sql = (
        f"{_HELD} AND place_id IS NULL AND {bulk.in_list('product_id')} UNION ALL "
        f"{_HELD} AND {bulk.in_list('place_id')} AND {bulk.in_list('product_id')}"
    )
    rows = bulk.fetch(sql, [moment, moment, products, moment, moment, bulk.list_parameter(place_ids), products])
    own: list[tuple[int, int, PriceFacts]] = []
    chain: list[tuple[int, PriceFacts]] = []
    for place_id, product_id, identity, amount, per_quantity, currency, version in rows:
        facts = PriceFacts(identity, amount, per_quantity, currency, version, place_id is not None)
        if place_id is None:
            chain.append((product_id, facts))
        else:
            own.append((place_id, product_id, facts))
    return own, chain
