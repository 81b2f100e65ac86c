"""What changes orders: placing them, and every later step of their life."""

from onebasket.commerce.orders.actions.expiry import expire_orders
from onebasket.commerce.orders.actions.placing import OrderCall, place_orders
from onebasket.commerce.orders.actions.stepping import StepCall, step_orders

__all__ = ["OrderCall", "StepCall", "expire_orders", "place_orders", "step_orders"]
