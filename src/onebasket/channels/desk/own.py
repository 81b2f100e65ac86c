"""The back office's own source: what people book by hand is booked under it."""

from onebasket.commerce.access.actions import AccessError, enrol_source
from onebasket.commerce.access.queries import sources_by_code

CODE = "desk"


def desk_source() -> int:
    """Return the id of the back office's source, and enrol it the first time."""
    found = sources_by_code([CODE]).get(CODE)
    if found is not None:
        return found.id
    try:
        return enrol_source(CODE, actor="onebasket", name="Back office")
    except AccessError:  # another request was faster
        return sources_by_code([CODE])[CODE].id


def key_of(form_key: str) -> str:
    """Return the key of what a form books: the same form sent twice has one effect."""
    return f"desk-{form_key}"
