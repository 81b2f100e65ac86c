"""Reads of slots: what may be taken, and the plans."""

from onebasket.commerce.slots.queries.opening import open_slots, slots_by_id
from onebasket.commerce.slots.queries.plans import plans_of, stated_plans

__all__ = ["open_slots", "plans_of", "slots_by_id", "stated_plans"]
