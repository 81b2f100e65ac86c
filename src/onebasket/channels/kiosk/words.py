"""What the kiosk says of outcomes, in the language of the page."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Word = str | Promise


class Notice(NamedTuple):
    """What a page tells at its top, and how: good, warn or bad."""

    tone: str
    text: Word


NOTICES: dict[str, Notice] = {
    "renewed": Notice("good", _("Your basket is kept for you anew, at today's prices.")),
    "held_anew": Notice("warn", _("Your basket's time was over. What the store still has is kept for you anew.")),
    "no_more_renewals": Notice(
        "warn", _("The time was renewed as often as can be. Place the order before it is over.")
    ),
    "too_many_lines": Notice("bad", _("The basket is full: place this order first.")),
    "unknown_product": Notice("bad", _("We do not sell this product, or no longer.")),
    "inactive_product": Notice("bad", _("This product is not sold any more.")),
    "untracked_product": Notice("bad", _("This product cannot be ordered here.")),
    "inactive_place": Notice("bad", _("This store takes no orders just now. Ask at the counter.")),
    "slot_not_free": Notice("bad", _("This time has just been taken. Choose another.")),
    "basket_closed": Notice("warn", _("This basket is not there any more. You can begin a new one.")),
    "basket_gone": Notice("warn", _("This basket is not there any more. You can begin a new one.")),
    "basket_empty": Notice("warn", _("There is nothing in your basket yet.")),
    "offer_in": Notice("good", _("It is in your basket. Its partner sends it to your home.")),
    "offer_out": Notice("good", _("It is out of your basket.")),
    "offer_dearer": Notice("warn", _("Its price has gone up meanwhile. Look at it, then put it in.")),
    "offer_cheaper": Notice("warn", _("Its price has changed meanwhile. Look at it, then put it in.")),
    "offer_gone": Notice("bad", _("Its partner does not sell it any more.")),
    "offer_out_of_stock": Notice("bad", _("Its partner has none of it now.")),
    "offer_too_few": Notice("bad", _("Its partner does not have so many of it.")),
    "offer_not_sold": Notice("bad", _("It cannot be bought here.")),
    "too_many_offers": Notice("bad", _("A basket takes no more of partners' offers than that.")),
    "offers_changed": Notice("warn", _("Something of what partners sell is not as you saw it. It stands below.")),
    "left_out": Notice("good", _("It is left out. The rest is as it was.")),
    "compare_full": Notice("warn", _("Three go side by side. Take one out first.")),
    "card_shown": Notice("good", _("Your card's prices hold now.")),
    "card_gone": Notice("good", _("The card is put away. Prices are those without it.")),
    "card_unknown": Notice("bad", _("We do not know this card. Look at its number.")),
}


def notice(code: str) -> Notice | None:
    """Return what there is to tell for a code."""
    return NOTICES.get(code)


CHECKOUT_REFUSALS: dict[str, Word] = {
    "price_changed": _("What your basket comes to has changed. Look at the new total, then place the order."),
    "basket_changed": _("Your basket was changed meanwhile. Look at it, then place the order."),
    "no_contact": _("Type an e-mail address or a telephone number, so that we can reach you."),
    "too_much_money": _("A line comes to more than an order may. Take less of it."),
    "method_not_offered": _("This way of paying is not offered here. Choose another."),
    "inactive_product": _("Some products are not sold any more. Take them out, then place the order."),
    "address_needed": _("Type where partners are to send what they sell."),
    "paid_ahead": _("What partners send is paid ahead. Choose how you pay for it."),
    "no_price": _("Some products have no price at this store. Take them out, then place the order."),
}

CARD_REFUSALS: dict[str, Word] = {
    "declined": _("The card was declined. Try another card, or pay at the till."),
    "insufficient": _("The card was declined for want of funds. Try another card, or pay at the till."),
    "expired": _("What was put aside on the card has lapsed. Try again."),
    "never_reached": _("The card's bank was not reached, and nothing was taken. Try again."),
    "unavailable": _("Cards cannot be taken just now, and nothing was taken. Try again, or pay at the till."),
    "not_open": _("This payment is not open any more."),
    "too_many": _("Too many cards were tried for this order. Pay at the till instead."),
    "not_a_card": _("This order is not paid by card."),
    "unknown": _("Your bank has not answered yet. Nothing is asked twice: look again in a moment."),
}
