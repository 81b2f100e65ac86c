"""What is done to picked goods: staged, and taken back."""

from onebasket.commerce.fulfilment.actions.deciding import ReturnCall
from onebasket.commerce.fulfilment.actions.policies import ReturnPolicyError, set_return_policy
from onebasket.commerce.fulfilment.actions.returning import Preview, accept_returns, preview_return
from onebasket.commerce.fulfilment.actions.scanning import scan_code
from onebasket.commerce.fulfilment.actions.staging import UnknownOrderError, stage_order

__all__ = [
    "Preview",
    "ReturnCall",
    "ReturnPolicyError",
    "UnknownOrderError",
    "accept_returns",
    "preview_return",
    "scan_code",
    "set_return_policy",
    "stage_order",
]
