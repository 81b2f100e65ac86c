"""What changes the stock. Public: facts, counts, transfers, holds, buffers, notes; and the book for modules above."""

from onebasket.commerce.stock.actions.book import ask_book, open_book, post
from onebasket.commerce.stock.actions.buffers import set_buffers
from onebasket.commerce.stock.actions.exceptions import note_exception
from onebasket.commerce.stock.actions.facts import book_movements
from onebasket.commerce.stock.actions.holds import (
    claim_holds,
    confirm_lines,
    hold_stock,
    release_expired,
    release_holds,
    shelves_of,
    still_held,
)
from onebasket.commerce.stock.actions.reservations import NewReservation, close_reservations, reserve_lines

__all__ = [
    "NewReservation",
    "ask_book",
    "book_movements",
    "claim_holds",
    "close_reservations",
    "confirm_lines",
    "hold_stock",
    "note_exception",
    "open_book",
    "post",
    "release_expired",
    "release_holds",
    "reserve_lines",
    "set_buffers",
    "shelves_of",
    "still_held",
]
