"""What mails say of a partner's part of an order: what was taken in and what was not, its parcels, what came back."""

from uuid import UUID

from django.utils.translation import gettext_lazy, gettext_noop

from onebasket.commerce.partners.queries.parts import PartState, parts_of
from onebasket.commerce.partners.queries.returns import part_return
from onebasket.front.words import TENDERS, Word

SUBJECTS = {
    "part_placed": gettext_noop("%(partner)s prepares its part of your order %(number)s"),
    "part_shipped": gettext_noop("%(partner)s has sent its part of your order %(number)s"),
    "part_refused": gettext_noop("%(partner)s cannot send its part of your order %(number)s"),
    "part_cancelled": gettext_noop("The part of %(partner)s of your order %(number)s is cancelled"),
    "part_returned": gettext_noop("What you brought back of %(partner)s, order %(number)s"),
}
"""What each kind of letter is headed by."""

REASONS: dict[str, Word] = {
    "out_of_stock": gettext_lazy("It is sold out there."),
    "price_changed": gettext_lazy("It costs more there now than you were told, and you do not pay more than that."),
    "address": gettext_lazy("The address could not be used. Look at it and order again."),
    "not_delivered_there": gettext_lazy("It is not delivered to your address."),
    "turned_away": gettext_lazy("The partner did not accept the order."),
    "left_out": gettext_lazy("The partner could not take all of it in."),
    "cancelled_by_partner": gettext_lazy("The partner cancelled it."),
    "by_person": gettext_lazy("We looked into it, and it could not be sent."),
}
"""Why a partner sends less, or nothing."""


def part_context(letter: str, order: UUID, *, order_status: str) -> dict[str, object] | None:
    """Return what a letter about a part tells, by its key; None where there is nothing to tell any more.

    A part that was cancelled with its whole order is told by the order's own letter.
    """
    kind, part_id, which = letter.split("/")
    part = next((one for one in parts_of([order]).get(order, []) if one.id == UUID(part_id)), None)
    if part is None or (kind == "part_cancelled" and order_status == "cancelled"):
        return None
    context: dict[str, object] = {
        "part": part,
        "partner": part.partner_name,
        "kept": [line for line in part.lines if line.due],
        "missing": [(line.quantity - line.due, line) for line in part.lines if line.due < line.quantity],
        "reason": REASONS.get(part.reason, ""),
        "parcels": [parcel for theirs in part.theirs for parcel in theirs.tracking],
    }
    return context | (_returned(part, which) if kind == "part_returned" else {})


def _returned(part: PartState, number: str) -> dict[str, object]:
    """Return what came back under a return's number, and how it is paid back."""
    back = part_return(part.id, number)
    titles = {line.number: line.title for line in part.lines}
    return {
        "lines": [(line.quantity, titles.get(line.line, ""), line.amount) for line in back.lines],
        "ways": [(TENDERS.get(kind, kind), amount) for kind, amount in back.tenders],
        "total": back.total,
        "currency": part.currency,
        "by_card": any(kind == "card" for kind, _ in back.tenders),
    }
