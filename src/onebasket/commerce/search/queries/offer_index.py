"""The index of partners' offers: its fields, what it says of itself, and its newest commit as it is searched.

It lies beside that of the chain's own products, which stays as small and as fast as it is.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import tantivy

from onebasket.commerce.search.queries.holding import (
    Commit,
    Found,
    Holding,
    IndexMissingError,
    about_of,
    database_token,
    find_page,
    folder_of,
)
from onebasket.commerce.search.queries.offer_vocabulary import OfferVocabulary
from onebasket.commerce.search.rules.synonyms import Synonyms

VERSION = 1
"""Of what is indexed and how. An index of another version is not read, and is built anew."""


class OfferAbout(msgspec.Struct, frozen=True):
    """What an index of offers says of itself, committed with its documents.

    `token` is the database's own; every change up to the number `changed` is in it, and of that number those of offers
    up to the id `last`.
    """

    version: int
    token: int
    changed: int
    last: int


@dataclass(frozen=True)
class OfferSnapshot:
    """An index of offers at one commit; what is read of it stays as it is."""

    schema: tantivy.Schema
    searcher: tantivy.Searcher
    about: OfferAbout
    synonyms: Synonyms

    def search(self, query: tantivy.Query, *, limit: int, offset: int = 0, **how: Any) -> Found:  # noqa: ANN401 - the engine's own
        """Return a page of what a query finds; `how` is the engine's: order_by_field and order, or weight_by_field."""
        return find_page(self.searcher, query, limit=limit, offset=offset, **how)

    def column(self, name: str, found: Found) -> list[int]:
        """Return a figure of each hit of a page, in its order."""
        addresses = [address for _, address in found.hits]
        values: list[Any] = self.searcher.fast_field_values(name, addresses) if addresses else []
        return values

    @cached_property
    def vocabulary(self) -> OfferVocabulary:
        """Return the words of all offers."""
        return OfferVocabulary(self.searcher, self.synonyms)

    @cached_property
    def currencies(self) -> tuple[str, ...]:
        """Return the currencies in which prices are stated."""
        return tuple(sorted(term for term, _ in self.searcher.terms_with_prefix("money", "")))


def _take(commit: Commit) -> OfferSnapshot:
    return OfferSnapshot(commit.schema, commit.searcher, about_of(commit, OfferAbout), commit.synonyms)


_holding = Holding(_take)


def offers_folder() -> Path:
    """Return the folder of this database's index of offers."""
    return folder_of("offers")


def newest_offers() -> OfferSnapshot:
    """Return the newest commit of this database's index of offers. One statement.

    Raises:
        IndexMissingError: there is none, or none of this database as it is.
    """
    snapshot = _holding.newest(offers_folder())
    if snapshot.about.version != VERSION or snapshot.about.token != database_token():
        raise IndexMissingError
    return snapshot


def build_offer_schema() -> tantivy.Schema:
    """Return the fields of an index of offers; `asking_offers` says what each is asked for."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("kind", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("about", stored=True)
    for field in ("offer", "partner", "gtin", "price"):
        builder.add_unsigned_field(field, indexed=True, fast=True)
    builder.add_text_field("name", tokenizer_name="whitespace", index_option="position")
    for field in ("category_words", "brand_words", "anywhere", "surface", "sizes"):
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="basic")
    for field in ("core", "whole", "brand", "money"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    builder.add_float_field("weight", fast=True)
    return builder.build()
