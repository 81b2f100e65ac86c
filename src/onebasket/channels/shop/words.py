"""What the shop says of outcomes, in the language of the page."""

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
    "moved": Notice("good", _("Your basket has moved. What this store has of it is kept for you.")),
    "emptied": Notice("good", _("Your basket is empty again.")),
    "no_more_renewals": Notice(
        "warn", _("The time was renewed as often as can be. Place the order before it is over.")
    ),
    "coupon_added": Notice("good", _("Your coupon is in the basket. What it saves stands at the lines.")),
    "coupon_gone": Notice("good", _("The coupon is out of the basket.")),
    "too_many_coupons": Notice("bad", _("A basket takes no more coupons than that.")),
    "card_shown": Notice("good", _("Your card's prices hold now.")),
    "card_gone": Notice("good", _("The card is put away. Prices are those without it.")),
    "card_unknown": Notice("bad", _("We do not know this card. Look at its number.")),
    "too_many_lines": Notice("bad", _("The basket is full: place this order first.")),
    "unknown_product": Notice("bad", _("We do not sell this product, or no longer.")),
    "inactive_product": Notice("bad", _("This product is not sold any more.")),
    "untracked_product": Notice("bad", _("This product cannot be ordered here.")),
    "unknown_place": Notice("bad", _("This store is not open to shoppers. Choose another.")),
    "inactive_place": Notice("bad", _("This store takes no orders any more. Choose another.")),
    "slot_taken": Notice("good", _("The time is kept for you as long as your basket.")),
    "slot_not_free": Notice("bad", _("This time has just been taken. Choose another.")),
    "other_slot": Notice("bad", _("This time is not one of your store's. Choose another.")),
    "basket_closed": Notice("warn", _("This basket has become an order, in another window perhaps.")),
    "basket_changed": Notice(
        "warn", _("The basket was changed meanwhile, in another window perhaps. Look at it again.")
    ),
    "basket_empty": Notice("warn", _("There is nothing in your basket yet.")),
    "basket_gone": Notice("warn", _("This basket is not there any more. You can begin a new one.")),
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
    "choose_store": Notice("warn", _("Choose a store first, to fill a basket there.")),
    "cancelled": Notice("good", _("The order is cancelled. Nothing is to be paid.")),
    "opened_again": Notice(
        "good", _("Your order is open again: change it, then place it anew. Until then it is kept for you as a basket.")
    ),
    "taken_along": Notice("good", _("Your basket has come along. What it holds is kept for you as before.")),
    "basket_full": Notice("warn", _("Place or empty this basket first: one basket is filled at a time.")),
    "paid": Notice("good", _("Your card's bank has put the money aside. The order is placed.")),
    "pays_there": Notice("good", _("You pay when you collect. The order is placed.")),
    "not_open": Notice("warn", _("The order has moved on meanwhile and cannot be cancelled here any more.")),
}


def notice(code: str) -> Notice | None:
    """Return what there is to tell for a code."""
    return NOTICES.get(code)


CHECKOUT_REFUSALS: dict[str, Word] = {
    "price_changed": _("What your basket comes to has changed. Look at the new total, then place the order."),
    "basket_changed": _(
        "Your basket was changed meanwhile, in another window perhaps. Look at it, then place the order."
    ),
    "no_contact": _("Type an e-mail address or a telephone number, so that we can reach you."),
    "too_much_money": _("A line comes to more than an order may. Take less of it."),
    "coupon_not_usable": _("A coupon cannot be used any more. Take it out, then place the order."),
    "balance_not_usable": _("This gift card or credit cannot be used. Look at its code."),
    "method_not_offered": _("This way of paying is not offered here. Choose another."),
    "inactive_product": _("Some products are not sold any more. Take them out, then place the order."),
    "no_price": _("Some products have no price at this store. Take them out, then place the order."),
    "address_needed": _("Type where partners are to send what they sell."),
    "paid_ahead": _("What partners send is paid ahead. Choose how you pay for it."),
}

BALANCE_REFUSALS: dict[str, Word] = {
    "mistyped": _("This is no code of ours. Look at it again, every character counts."),
    "unknown": _("Nobody has a card or credit of this code."),
    "blocked": _("This card or credit cannot be used here."),
    "empty": _("There is nothing left on this card."),
    "too_many": _("Too many codes that nobody has. Wait some minutes, then try again."),
}

CARD_REFUSALS: dict[str, Word] = {
    "declined": _("The card was declined. Try another card, or pay at collection."),
    "insufficient": _("The card was declined for want of funds. Try another card, or pay at collection."),
    "expired": _("What was put aside on the card has lapsed. Try again."),
    "never_reached": _("The card's bank was not reached, and nothing was taken. Try again."),
    "unavailable": _("Cards cannot be taken just now, and nothing was taken. Try again, or pay at collection."),
    "not_open": _("This payment is not open any more."),
    "too_many": _("Too many cards were tried for this order. Pay at collection instead."),
    "not_a_card": _("This order is not paid by card."),
    "unknown": _("Your bank has not answered yet. Nothing is asked twice: look again in a moment."),
}

AHEAD_REFUSALS: dict[str, Word] = CARD_REFUSALS | {
    "declined": _("The card was declined. Try another card, or leave this part out."),
    "insufficient": _("The card was declined for want of funds. Try another card, or leave this part out."),
    "unavailable": _("Cards cannot be taken just now, and nothing was taken. Try again, or leave this part out."),
    "too_many": _("Too many cards were tried for this order. Leave this part out."),
}
"""What is said of a card that was to pay for what a partner sends: that is paid ahead."""
