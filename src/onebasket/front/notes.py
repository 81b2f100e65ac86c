"""Why an offer applied or did not, in the language of the page."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from onebasket.commerce.pricing.rules.basket import Note, Why
from onebasket.front import formats

WHY: dict[Why, str | Promise] = {
    "needs_card": gettext_lazy("with your card"),
    "needs_coupon": gettext_lazy("with its coupon"),
    "no_such_coupon": gettext_lazy("No coupon of this code is valid here and now."),
    "used_before": gettext_lazy("This code was used before."),
    "for_the_card": gettext_lazy("This coupon is for your card: put it there, then it applies by itself."),
    "wants_own_code": gettext_lazy("Each of these coupons has a code of its own. Type that."),
    "not_known": gettext_lazy("We do not know this code. Check it, or take it out."),
    "too_many_codes": gettext_lazy("A basket takes no more codes. This one was left out."),
    "used_up": gettext_lazy("used as often as it may be"),
    "by_weight": gettext_lazy("not for goods by weight"),
    "priced_apart": gettext_lazy("not on goods at a card price or a price label"),
    "no_gain": gettext_lazy("costs as little without it"),
    "nothing_for_it": gettext_lazy("It is for nothing in your basket."),
}
"""What is said where nothing else has to be named."""


def why(note: Note, currency: str) -> str:
    """Say why an offer did not apply; nothing for one that did."""
    if note.why == "more_goods":
        return ngettext("%(count)d more for it", "%(count)d more for it", note.missing) % {"count": note.missing}
    if note.why == "more_money":
        return _("for %(amount)s more") % {"amount": formats.money(note.missing, currency)}
    if note.why == "instead":
        return _("%(other)s instead") % {"other": note.other}
    if note.why == "not_together":
        if not note.other:
            return _("not together with another offer")
        return _("not together with %(other)s") % {"other": note.other}
    return str(WHY.get(note.why, ""))


def refusals(notes: Iterable[Note], currency: str) -> list[tuple[str, str]]:
    """Return the offers that did not apply and why, each once; those that only want a little more are hints instead."""
    told = {
        note.reference: (offer_name(note), why(note, currency))
        for note in notes
        if not note.applied and note.why != "more_goods"
    }
    return list(told.values())


def offer_name(note: Note) -> str:
    """Return what an offer is called."""
    return _("Card price") if note.why == "needs_card" and note.reference == "card" else note.name or note.reference
