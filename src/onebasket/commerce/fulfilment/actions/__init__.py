"""What is done to picked goods: staged, and taken back."""

from onebasket.commerce.fulfilment.actions.returning import ReturnCall, accept_returns
from onebasket.commerce.fulfilment.actions.staging import UnknownOrderError, stage_order

__all__ = ["ReturnCall", "UnknownOrderError", "accept_returns", "stage_order"]
