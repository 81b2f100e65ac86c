"""What orders and ways of paying are called for shoppers, in the language of the page."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Word = str | Promise

METHODS: dict[str, Word] = {
    "at_collection": _("At collection, by cash or card"),
    "card": _("By card, now"),
    "invoice": _("By invoice"),
}
"""How an order may be paid."""

STATUSES: dict[str, Word] = {
    "awaiting_payment": _("Waiting for the payment"),
    "placed": _("Placed"),
    "picking": _("Being picked"),
    "ready": _("Ready to collect"),
    "handed_over": _("Collected"),
    "cancelled": _("Cancelled"),
    "closed": _("Completed"),
}

PART_STATUSES: dict[str, Word] = {
    "waiting": _("Waiting for the payment"),
    "due": _("Being ordered from the partner"),
    "unknown": _("Being ordered from the partner"),
    "placed": _("Ordered, not sent yet"),
    "shipped": _("On its way to you"),
    "delivered": _("Delivered"),
    "refused": _("The partner could not send it"),
    "cancelled": _("Cancelled"),
    "stuck": _("Being looked into"),
}
"""Where a partner's part of an order stands."""

BALANCES: dict[str, Word] = {"gift_card": _("Gift card"), "store_credit": _("Store credit")}

TENDERS: dict[str, Word] = METHODS | BALANCES
