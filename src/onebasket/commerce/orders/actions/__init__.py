"""What changes baskets and orders: gathering, placing, and every later step of their life."""

from onebasket.commerce.orders.actions.baskets import BasketCall, change_baskets
from onebasket.commerce.orders.actions.checkout import CheckoutCall, check_out
from onebasket.commerce.orders.actions.expiry import expire_orders
from onebasket.commerce.orders.actions.passing import TakeCall, show_pass, take_baskets
from onebasket.commerce.orders.actions.placing import OrderCall, place_orders
from onebasket.commerce.orders.actions.reopening import ReopenCall, reopen_orders
from onebasket.commerce.orders.actions.stepping import StepCall, step_orders

__all__ = [
    "BasketCall",
    "CheckoutCall",
    "OrderCall",
    "ReopenCall",
    "StepCall",
    "TakeCall",
    "change_baskets",
    "check_out",
    "expire_orders",
    "place_orders",
    "reopen_orders",
    "show_pass",
    "step_orders",
    "take_baskets",
]
