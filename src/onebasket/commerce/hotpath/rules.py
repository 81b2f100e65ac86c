"""Which events commerce tells: the data of each type, out of the modules that write them."""

import msgspec

from onebasket.commerce.catalogue.rules import EVENTS as CATALOGUE
from onebasket.commerce.customers.rules import EVENTS as CUSTOMERS
from onebasket.commerce.fulfilment.rules.messages import EVENTS as FULFILMENT
from onebasket.commerce.orders.rules.baskets import EVENTS as BASKETS
from onebasket.commerce.orders.rules.messages import EVENTS as ORDERS
from onebasket.commerce.partners.rules.messages import EVENTS as PARTNERS
from onebasket.commerce.payments.rules.messages import EVENTS as PAYMENTS
from onebasket.commerce.places.rules import EVENTS as PLACES
from onebasket.commerce.pricing.rules.messages import EVENTS as PRICING
from onebasket.commerce.sales.rules.outcomes import EVENTS as SALES
from onebasket.commerce.slots.rules.events import EVENTS as SLOTS
from onebasket.commerce.stock.rules.events import EVENTS as STOCK

EVENTS: dict[str, type[msgspec.Struct]] = (
    PLACES
    | CATALOGUE
    | CUSTOMERS
    | PRICING
    | STOCK
    | SLOTS
    | SALES
    | PAYMENTS
    | PARTNERS
    | BASKETS
    | ORDERS
    | FULFILMENT
)
"""The data of every event type there is, without the prefix."""
