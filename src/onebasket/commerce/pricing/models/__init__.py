"""Tables of pricing."""

from onebasket.commerce.pricing.models.prices import Price

__all__ = ["Price"]
