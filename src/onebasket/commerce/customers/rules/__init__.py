"""Rules of customers: what sources state, what people are found by, and what may be done to them."""

from onebasket.commerce.customers.rules.messages import (
    EVENTS,
    AddressItem,
    ConsentItem,
    CustomerItem,
    CustomerRetirement,
    SegmentItem,
)

__all__ = ["EVENTS", "AddressItem", "ConsentItem", "CustomerItem", "CustomerRetirement", "SegmentItem"]
