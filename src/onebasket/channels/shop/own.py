"""The web shop's own source: baskets are opened and orders placed under it."""

from onebasket.commerce.access.actions import AccessError, enrol_source
from onebasket.commerce.access.queries import sources_by_code
from onebasket.commerce.access.rules import SHOP_SOURCE


def shop_source() -> int:
    """Return the id of the shop's source, and enrol it the first time."""
    found = sources_by_code([SHOP_SOURCE]).get(SHOP_SOURCE)
    if found is not None:
        return found.id
    try:
        return enrol_source(SHOP_SOURCE, actor="onebasket", name="Web shop")
    except AccessError:  # another request was faster
        return sources_by_code([SHOP_SOURCE])[SHOP_SOURCE].id
