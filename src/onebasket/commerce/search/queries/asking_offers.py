"""A reading and its narrowing as the engine is asked for partners' offers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import tantivy

from onebasket.commerce.search.queries.holding import Found
from onebasket.commerce.search.queries.market import Lot, Market
from onebasket.commerce.search.queries.offer_index import OfferSnapshot
from onebasket.commerce.search.queries.relaxing import Wanted
from onebasket.commerce.search.queries.wording import MUST, NOT, SHOULD, Query, Wording, any_of, scored
from onebasket.commerce.search.rules import weights
from onebasket.commerce.search.rules.offer_messages import Narrowing
from onebasket.commerce.search.rules.offer_prices import own_span

_EXACT: Final = 1_000.0
_FIELDS: Final = (
    ("core", weights.CORE), ("name", weights.NAME), ("brand_words", weights.BRAND),
    ("category_words", weights.CATEGORY),
)  # fmt: skip
_WHOLES: Final = (("whole", weights.WHOLE),)
_COMMON: Final = 100_000
"""A word that so many offers have is not weighed by where it stands: it would take most of a search's time."""


@dataclass(frozen=True)
class OffersAsked:
    """What a search asks of one snapshot of the offers: its parts, each made once. `gtin` was scanned or typed."""

    snapshot: OfferSnapshot
    market: Market
    narrowing: Narrowing
    gtin: str = ""

    @cached_property
    def wording(self) -> Wording:
        """Return how the index is asked for words."""
        return Wording(self.snapshot.schema, self.snapshot.searcher, _FIELDS, _WHOLES, _COMMON)

    @cached_property
    def lots(self) -> list[Lot]:
        """Return the partners by what their prices come to."""
        return self.market.lots(self.snapshot.currencies)

    def text(self, wanted: Wanted) -> tantivy.Query:
        """Return the offers that are meant, weighed; the very GTIN comes first."""
        return self._meant(wanted, self.wording.slots)

    def counted(self, wanted: Wanted) -> tantivy.Query:
        """Return the same offers, unweighed."""
        return self._meant(wanted, self.wording.matched)

    def narrowed(self, text: tantivy.Query) -> tantivy.Query:
        """Return what is asked for, of those partners that a shopper may see, under every narrowing."""
        return self.narrowed_but(text, partner=True)

    def narrowed_but(self, text: tantivy.Query, *, partner: bool) -> tantivy.Query:
        """Return the same, with or without the narrowing to one partner."""
        stated = self.narrowing
        parts = [(MUST, text)]
        if partner and stated.partner:
            parts.append((MUST, scored(self._partner(stated.partner), 0.0)))
        if stated.brand:
            parts.append((MUST, scored(Query.term_query(self.snapshot.schema, "brand", stated.brand), 0.0)))
        if stated.price_from is not None or stated.price_to is not None:
            parts.append((MUST, scored(self._priced(), 0.0)))
        parts += [(NOT, self._number("partner", one)) for one in self.market.hidden]
        without = [money for money in self.snapshot.currencies if self.market.rate(money) is None]
        parts += [(NOT, Query.term_query(self.snapshot.schema, "money", money)) for money in without]
        return Query.boolean_query(parts)

    def alike(self, gtins: Iterable[int]) -> tantivy.Query:
        """Return the offers of things, under every narrowing."""
        of_things = [(SHOULD, scored(self._number("gtin", gtin), 1.0)) for gtin in gtins]
        return self.narrowed(Query.boolean_query(of_things))

    def in_order(self, wanted: tantivy.Query, *, limit: int) -> Found:
        """Return how many there are, and the first of them in the order that is asked for."""
        search = self.snapshot.search
        if self.narrowing.sort == "relevance":
            return search(wanted, limit=limit, weight_by_field="weight")
        order = tantivy.Order.Asc if self.narrowing.sort == "price" else tantivy.Order.Desc
        if len(self.lots) <= 1:
            return search(wanted, limit=limit, order_by_field="price", order=order)
        merged, total = [], 0
        for lot in self.lots:
            of_lot = Query.boolean_query([(MUST, wanted), (MUST, scored(self._lot(lot), 0.0))])
            found = search(of_lot, limit=limit, order_by_field="price", order=order)
            merged += [(lot.costs(int(price or 0)), address) for price, address in found.hits]
            total += found.total
        merged.sort(key=lambda hit: hit[0], reverse=order == tantivy.Order.Desc)
        return Found(total, [(cost, address) for cost, address in merged[:limit]])

    def _meant(self, wanted: Wanted, words: Callable[..., tantivy.Query]) -> tantivy.Query:
        meant = [scored(self._number("gtin", int(self.gtin)), _EXACT)] if self.gtin else []
        if wanted.reading.slots:
            meant.append(words(wanted.reading, need=wanted.need, sizes=wanted.sizes))
        if not meant:
            return scored(Query.term_query(self.snapshot.schema, "kind", "offer"), 1.0)
        return meant[0] if len(meant) == 1 else any_of(meant)

    def _priced(self) -> tantivy.Query:
        """Return what costs a shopper as much as is asked for: by each lot's own prices."""
        schema, unsigned = self.snapshot.schema, tantivy.FieldType.Unsigned
        parts = []
        for lot in self.lots:
            span = own_span(self.narrowing.price_from, self.narrowing.price_to, lot.costs)
            if span.least <= span.most:
                within = Query.range_query(schema, "price", unsigned, span.least, span.most)
                alone = len(self.lots) == 1
                parts.append(within if alone else Query.boolean_query([(MUST, within), (MUST, self._lot(lot))]))
        if not parts:
            return Query.empty_query()
        return parts[0] if len(parts) == 1 else Query.boolean_query([(SHOULD, part) for part in parts])

    def _lot(self, lot: Lot) -> tantivy.Query:
        money = Query.term_query(self.snapshot.schema, "money", lot.money)
        of_partners = [(SHOULD, self._number("partner", one)) for one in lot.partner_ids]
        return Query.boolean_query([(MUST, money), (MUST, Query.boolean_query(of_partners))])

    def _partner(self, code: str) -> tantivy.Query:
        found = [one.id for one in self.market.shown.values() if one.code == code]
        return self._number("partner", found[0]) if found else Query.empty_query()

    def _number(self, field: str, value: int) -> tantivy.Query:
        return Query.term_query(self.snapshot.schema, field, value, index_option="basic")
