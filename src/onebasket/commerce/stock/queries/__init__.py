"""Reads of the stock: what is available where, what is promised, what is at risk."""

from onebasket.commerce.stock.queries.available import (
    Availability,
    Stand,
    ask_buffers,
    available_among,
    available_at,
    available_everywhere,
    buffers_of,
    stand_at,
)
from onebasket.commerce.stock.queries.ledger import count_instants, moved_by, moved_since

__all__ = [
    "Availability",
    "Stand",
    "ask_buffers",
    "available_among",
    "available_at",
    "available_everywhere",
    "buffers_of",
    "count_instants",
    "moved_by",
    "moved_since",
    "stand_at",
]
