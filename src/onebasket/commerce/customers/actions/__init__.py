"""State changes of customers."""

from onebasket.commerce.customers.actions.consenting import state_consents
from onebasket.commerce.customers.actions.loading import retire_customers, upsert_customers

__all__ = ["retire_customers", "state_consents", "upsert_customers"]
