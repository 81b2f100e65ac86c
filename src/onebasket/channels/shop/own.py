"""The web shop's own source: baskets are opened and orders placed under it."""

from onebasket.commerce.access.actions import AccessError, enrol_source
from onebasket.commerce.access.queries import sources_by_code

CODE = "web-shop"


def shop_source() -> int:
    """Return the id of the shop's source, and enrol it the first time."""
    found = sources_by_code([CODE]).get(CODE)
    if found is not None:
        return found.id
    try:
        return enrol_source(CODE, actor="onebasket", name="Web shop")
    except AccessError:  # another request was faster
        return sources_by_code([CODE])[CODE].id
