"""What is done to picked goods: staged, and taken back."""

from onebasket.commerce.fulfilment.actions.returning import ReturnCall, accept_returns
from onebasket.commerce.fulfilment.actions.scanning import scan_code
from onebasket.commerce.fulfilment.actions.staging import UnknownOrderError, stage_order

__all__ = ["ReturnCall", "UnknownOrderError", "accept_returns", "scan_code", "stage_order"]
