"""What shoppers agree to, in words. A text that changes gets a new version in customers' rules (`PURPOSES`)."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class ConsentWords:
    """A purpose's title, and the text that is agreed to."""

    title: str | Promise
    text: str | Promise


CONSENTS = {
    "offers_email": ConsentWords(
        _("Offers by e-mail"), _("We may write to you about offers, at most once a week. You can withdraw here.")
    ),
    "offers_personal": ConsentWords(
        _("Offers chosen for you"),
        _("We may look at what you bought to choose the offers that you see. You can withdraw here."),
    ),
}
"""By purpose; every purpose that the chain asks for has its words here."""

WORDS = {
    "sale": _("bought"), "return": _("returned"), "void": _("voided"), "voided": _("voided"), "no-sale": _("no sale"),
    "awaiting_payment": _("awaiting payment"), "placed": _("placed"), "picking": _("being picked"),
    "ready": _("ready"), "handed_over": _("handed over"), "cancelled": _("cancelled"), "expired": _("expired"),
    "closed": _("completed"),
    "cash": _("in cash"), "card": _("by card"), "at_collection": _("at collection"), "invoice": _("by invoice"),
    "gift_card": _("gift card"), "store_credit": _("store credit"), "other": _("in another way"),
    "loyalty": _("card price"), "promotion": _("promotion"), "coupon": _("coupon"), "markdown": _("marked down"),
}  # fmt: skip
"""What a receipt is, where an order stands, how something was paid, and what took a line down."""


def word(code: str) -> str | Promise:
    """Return a state as people read it."""
    if code in CONSENTS:
        return CONSENTS[code].title
    return WORDS.get(code) or code.replace("_", " ").replace("-", " ")
