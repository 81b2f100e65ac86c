"""The index of the chain's own products: its fields, what it says of itself, and its newest commit."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import tantivy

from onebasket.commerce.search.queries.holding import (
    CURRENT,
    META,
    SYNONYMS,
    Commit,
    Found,
    Holding,
    IndexMissingError,
    about_of,
    database_token,
    find_page,
    folder_of,
    generation,
    open_to_write,
)
from onebasket.commerce.search.rules.spelling import Vocabulary
from onebasket.commerce.search.rules.synonyms import Synonyms
from onebasket.commerce.search.rules.words import stem

__all__ = [
    "CURRENT", "META", "SYNONYMS", "VERSION", "About", "Found", "IndexMissingError", "Snapshot", "build_schema",
    "database_token", "generation", "index_folder", "newest_snapshot", "open_to_write", "own_field", "price_field",
]  # fmt: skip

VERSION = 1
"""Of what is indexed and how. An index of another version is not read, and is built anew."""


class About(msgspec.Struct, frozen=True):
    """What an index says of itself, committed with its documents.

    `token` is the database's own; `position` the event up to which changes are in it, `priced_until` the instant up to
    which prices are (ISO 8601), `counted` the count of sales. It has a column of prices for each currency, and for each
    place with prices of its own.
    """

    version: int
    token: int
    position: int
    priced_until: str
    counted: int
    currencies: tuple[str, ...] = ()
    own_places: tuple[int, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """An index at one commit; what is read of it stays as it is."""

    schema: tantivy.Schema
    searcher: tantivy.Searcher
    about: About
    synonyms: Synonyms

    def search(self, query: tantivy.Query, *, limit: int, offset: int = 0, **how: Any) -> Found:  # noqa: ANN401 - the engine's own
        """Return a page of what a query finds; `how` is the engine's: order_by_field and order, or weight_by_field."""
        return find_page(self.searcher, query, limit=limit, offset=offset, **how)

    def count(self, query: tantivy.Query) -> int:
        """Return how many products a query finds."""
        return self.search(query, limit=1).total

    def product_ids(self, found: Found) -> list[int]:
        """Return the products of a page, in its order."""
        addresses = [address for _, address in found.hits]
        ids: list[Any] = self.searcher.fast_field_values("product", addresses) if addresses else []
        return ids

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Return the words of all products, and those that have synonyms."""
        counts = {word: 0 for phrase in self.synonyms for word in phrase if word.isalpha()}
        return Vocabulary(counts | dict(self.searcher.terms_with_prefix("surface", "")), self._sells)

    def _sells(self, word: str) -> float:
        """Return how well the best of a word's products sells in the chain, as they are weighed."""
        query = tantivy.Query.term_query(self.schema, "anywhere", stem(word))
        hits = self.search(query, limit=1, order_by_field="weight").hits
        return float(hits[0][0] or 0) if hits else 0.0


def _take(commit: Commit) -> Snapshot:
    return Snapshot(commit.schema, commit.searcher, about_of(commit, About), commit.synonyms)


_holding = Holding(_take)


def index_folder() -> Path:
    """Return the folder of this database's index; another database under the same home has another."""
    return folder_of()


def newest_snapshot() -> Snapshot:
    """Return the newest commit of this database's index. One statement.

    Raises:
        IndexMissingError: there is none, or none of this database as it is.
    """
    snapshot = _holding.newest(index_folder())
    if snapshot.about.version != VERSION or snapshot.about.token != database_token():
        raise IndexMissingError
    return snapshot


def build_schema(about: About) -> tantivy.Schema:
    """Return the fields of an index; `asking` says what each is asked for."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("kind", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("about", stored=True)
    builder.add_unsigned_field("product", indexed=True, fast=True)
    builder.add_text_field("sku", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("name", tokenizer_name="whitespace", index_option="position")
    for field in ("head", "category_words", "brand_words", "anywhere", "surface", "sizes", "sold", "here"):
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="basic")
    for field in ("core", "whole", "whole_category"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    for field in ("label", "department", "category", "brand"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_float_field("weight", fast=True)
    for currency in about.currencies:
        builder.add_unsigned_field(price_field(currency), indexed=True, fast=True)
    for place_id in about.own_places:
        builder.add_unsigned_field(own_field(place_id), indexed=True, fast=True)
    return builder.build()


def price_field(currency: str) -> str:
    """Return the field of the chain's prices in a currency."""
    return f"price_{currency}"


def own_field(place_id: int) -> str:
    """Return the field of a place's own prices."""
    return f"own_{place_id}"
