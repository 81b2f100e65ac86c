"""Reads of pricing: the price book."""

from onebasket.commerce.pricing.queries.book import PriceBook, price_book, price_history, prices_at

__all__ = ["PriceBook", "price_book", "price_history", "prices_at"]
