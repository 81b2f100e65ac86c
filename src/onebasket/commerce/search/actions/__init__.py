"""State changes of search: its index, and what sells where."""

from onebasket.commerce.search.actions.building import IndexBusyError, rebuild_index
from onebasket.commerce.search.actions.counting import count_sales, count_sales_if_due
from onebasket.commerce.search.actions.offers import OfferKeeper, rebuild_offers
from onebasket.commerce.search.actions.upkeep import IndexKeeper

__all__ = [
    "IndexBusyError",
    "IndexKeeper",
    "OfferKeeper",
    "count_sales",
    "count_sales_if_due",
    "rebuild_index",
    "rebuild_offers",
]
