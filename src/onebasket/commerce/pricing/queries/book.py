"""Reads of the price book."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from onebasket.base import bulk
from onebasket.base.columns import Row, as_instant
from onebasket.commerce.places import queries as places
from onebasket.commerce.pricing.rules.book import KIND_NAMES, KIND_NUMBERS, PriceFacts, PriceVersion

_HELD = (
    "SELECT place_id, product_id, id, amount, per_quantity, currency, version, kind FROM pricing_price "
    "WHERE superseded_at IS NULL AND valid_from <= %s AND (valid_to IS NULL OR valid_to > %s)"
)
_SHELF, _LOYALTY = KIND_NUMBERS["shelf"], KIND_NUMBERS["loyalty"]


class PriceList(NamedTuple):
    """Prices of one kind: places' own by (place id, product id), the chain's by (currency, product id)."""

    own: dict[tuple[int, int], PriceFacts]
    chain: dict[tuple[str, int], PriceFacts]

    def find(self, key: tuple[int, int], currency: str) -> PriceFacts | None:
        """Return the price of a (place id, product id) in the place's currency: its own before the chain's."""
        return self.own.get(key) or self.chain.get((currency, key[1]))


class PriceBook:
    """Prices at an instant by (place id, product id): the place's own before the chain's, in the place's currency."""

    def __init__(
        self, currencies: Mapping[int, str], shelf: PriceList, loyalty: PriceList | None = None
    ) -> None:  # fmt: skip
        """Keep each place's currency and the prices of each kind; `loyalty` where card prices were asked for."""
        self._currencies = currencies
        self._shelf = shelf
        self._loyalty = loyalty

    def find(self, key: tuple[int, int]) -> PriceFacts | None:
        """Return the shelf price of a (place id, product id), or None where there is none."""
        return self._shelf.find(key, self._currencies.get(key[0], ""))

    def find_loyalty(self, key: tuple[int, int]) -> PriceFacts | None:
        """Return the card price of a (place id, product id), or None where there is none.

        Raises:
            LookupError: the book was read without card prices, so nobody knows.
        """
        if self._loyalty is None:
            raise LookupError("This price book was read without card prices.")
        return self._loyalty.find(key, self._currencies.get(key[0], ""))

    def find_all(self, place_id: int, product_ids: Iterable[int]) -> list[PriceFacts] | None:
        """Return the shelf prices of products at a place, in their order; None where one of them has none."""
        (own, chain), currency = self._shelf, self._currencies.get(place_id, "")
        found: list[PriceFacts] = []
        for product_id in product_ids:
            facts = own.get((place_id, product_id)) or chain.get((currency, product_id))
            if facts is None:
                return None
            found.append(facts)
        return found

    def __contains__(self, key: tuple[int, int]) -> bool:
        """Whether there is a shelf price for the (place id, product id)."""
        return self.find(key) is not None

    def __getitem__(self, key: tuple[int, int]) -> PriceFacts:
        """Return the shelf price of a (place id, product id); KeyError where there is none."""
        found = self.find(key)
        if found is None:
            raise KeyError(key)
        return found


def price_book(
    currencies: Mapping[int, str], product_ids: Iterable[int], *, at: datetime, loyalty: bool = False
) -> PriceBook:
    """Return the prices of products at places (their currencies by place id) at an instant; one statement.

    Card prices are read only where `loyalty` asks for them: a batch of plain orders has no use for them.
    """
    shelf, cards = PriceList({}, {}), PriceList({}, {})
    if currencies:
        for place_id, product_id, kind, facts in _held(currencies.keys(), set(product_ids), at, loyalty=loyalty):
            prices = shelf if kind == _SHELF else cards
            if place_id is None:
                prices.chain[facts.currency, product_id] = facts
            elif facts.currency == currencies[place_id]:
                prices.own[place_id, product_id] = facts
    return PriceBook(currencies, shelf, cards if loyalty else None)


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
        "SELECT id, place_id, currency, kind, amount, per_quantity, version, valid_from, valid_to, recorded_at, "
        "superseded_at FROM pricing_price WHERE product_id = %s "
        "ORDER BY COALESCE(place_id, 0), currency, kind, version, id",
        [product_id],
    )
    return [_version(row) for row in rows]


def _version(row: Row) -> PriceVersion:
    identity, place_id, currency, kind, amount, per_quantity, version, *instants = row
    valid_from, valid_to, recorded_at, superseded_at = map(as_instant, instants)
    return PriceVersion(
        id=identity,
        place_id=place_id,
        currency=currency,
        kind=KIND_NAMES[kind],
        amount=amount,
        per_quantity=per_quantity,
        valid_from=valid_from,  # type: ignore[arg-type] # never null
        valid_to=valid_to,
        version=version,
        recorded_at=recorded_at,  # type: ignore[arg-type] # never null
        superseded_at=superseded_at,
    )


def _held(
    place_ids: Iterable[int], product_ids: set[int], at: datetime, *, loyalty: bool
) -> list[tuple[int | None, int, int, PriceFacts]]:
    """Return (place id or None for the chain, product id, kind, facts) of what holds at an instant."""
    moment = connection.ops.adapt_datetimefield_value(at)
    products = bulk.list_parameter(product_ids)
    held = f"{_HELD} AND kind <= {_LOYALTY if loyalty else _SHELF}"
    sql = (
        f"{held} AND place_id IS NULL AND {bulk.in_list('product_id')} UNION ALL "
        f"{held} AND {bulk.in_list('place_id')} AND {bulk.in_list('product_id')}"
    )
    rows = bulk.fetch(sql, [moment, moment, products, moment, moment, bulk.list_parameter(place_ids), products])
    return [
        (
            place_id,
            product_id,
            kind,
            PriceFacts(identity, amount, per_quantity, currency, version, place_id is not None),
        )
        for place_id, product_id, identity, amount, per_quantity, currency, version, kind in rows
    ]
