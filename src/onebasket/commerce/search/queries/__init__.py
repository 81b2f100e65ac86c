"""Reads of search: products by what a shopper types, and what somebody who types may mean."""

from onebasket.commerce.search.queries.finding import find
from onebasket.commerce.search.queries.index import IndexMissingError
from onebasket.commerce.search.queries.suggesting import suggest

__all__ = ["IndexMissingError", "find", "suggest"]
