"""Tables of the stock."""

from onebasket.commerce.stock.models.exceptions import Breach, Discrepancy
from onebasket.commerce.stock.models.ledger import Count, Movement
from onebasket.commerce.stock.models.promises import Hold, HoldLine, Reservation
from onebasket.commerce.stock.models.shelves import Buffer, Shelf

__all__ = ["Breach", "Buffer", "Count", "Discrepancy", "Hold", "HoldLine", "Movement", "Reservation", "Shelf"]
