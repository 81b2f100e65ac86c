"""What is done to picked goods: staged, and taken back."""

from onebasket.commerce.fulfilment.actions.returning import Preview, ReturnCall, accept_returns, preview_return
from onebasket.commerce.fulfilment.actions.scanning import scan_code
from onebasket.commerce.fulfilment.actions.staging import UnknownOrderError, stage_order

__all__ = ["Preview", "ReturnCall", "UnknownOrderError", "accept_returns", "preview_return", "scan_code", "stage_order"]
