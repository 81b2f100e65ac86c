"""Reads of the stock: what is available where, what is promised, what is at risk."""

from onebasket.commerce.stock.queries.available import (
    Availability,
    ask_buffers,
    available_among,
    available_at,
    available_everywhere,
    buffers_of,
)
from onebasket.commerce.stock.queries.ledger import count_instants, moved_by, moved_since

__all__ = [
    "Availability",
    "ask_buffers",
    "available_among",
    "available_at",
    "available_everywhere",
    "buffers_of",
    "count_instants",
    "moved_by",
    "moved_since",
]
