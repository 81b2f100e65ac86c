"""State changes of pricing: the price book."""

from onebasket.commerce.pricing.actions.prices import end_prices, set_prices

__all__ = ["end_prices", "set_prices"]
