"""Reads over several modules: a person's history, and everything that is kept about them."""

from onebasket.commerce.insights.queries.history import history

__all__ = ["history"]
