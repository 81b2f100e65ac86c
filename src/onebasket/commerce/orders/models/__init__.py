"""Tables of baskets, of placed baskets, and of what these came to."""

from onebasket.commerce.orders.models.baskets import Basket, BasketLine
from onebasket.commerce.orders.models.orders import DayNumber, Fulfilment, Order, OrderLine
from onebasket.commerce.orders.models.passing import BasketPass
from onebasket.commerce.orders.models.terms import OrderContact, OrderReduction, OrderTax

__all__ = [
    "Basket",
    "BasketLine",
    "BasketPass",
    "DayNumber",
    "Fulfilment",
    "Order",
    "OrderContact",
    "OrderLine",
    "OrderReduction",
    "OrderTax",
]
