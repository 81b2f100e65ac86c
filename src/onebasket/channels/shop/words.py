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
    "choose_store": Notice("warn", _("Choose a store first, to fill a basket there.")),
    "cancelled": Notice("good", _("The order is cancelled. Nothing is to be paid.")),
    "opened_again": Notice(
        "good", _("Your order is open again: change it, then place it anew. Until then it is kept for you as a basket.")
    ),
    "basket_full": Notice("warn", _("Place or empty this basket first: one basket is filled at a time.")),
    "not_open": Notice("warn", _("The order has moved on meanwhile and cannot be cancelled here any more.")),
}


def notice(code: str) -> Notice | None:
    """Return what there is to tell for a code."""
    return NOTICES.get(code)


METHODS: dict[str, Word] = {
    "at_collection": _("At collection, by cash or card"),
    "invoice": _("By invoice"),
}
"""How an order may be paid."""

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
}

STATUSES: dict[str, Word] = {
    "awaiting_payment": _("Waiting for the payment"),
    "placed": _("Placed"),
    "picking": _("Being picked"),
    "ready": _("Ready to collect"),
    "handed_over": _("Collected"),
    "cancelled": _("Cancelled"),
}
