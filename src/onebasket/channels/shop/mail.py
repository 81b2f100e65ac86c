"""News to whoever placed an order, by e-mail: plain text, and the same as HTML without pictures from anywhere."""

import logging
from collections.abc import Callable
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from onebasket.base.clock import database_now
from onebasket.channels.shop.gate import GATE
from onebasket.channels.shop.orders import view_order
from onebasket.channels.shop.stores import Stores, open_stores
from onebasket.commerce.orders.queries.following import follow_order

logger = logging.getLogger(__name__)


def send_order_mail(order: UUID, absolute: Callable[[str], str], *, language: str) -> bool:
    """Send what was ordered, where and when it is collected, and the address of its page; whether it was sent.

    After the order is committed, never inside its transaction: an order stands whether or not a mail gets through.
    """
    with translation.override(language):
        found = follow_order(order, places=None)
        if found is None or not found.email:
            return False
        view = view_order(found, Stores(open_stores(), None), now=database_now())
        context = {"order": view, "absolute": absolute("/").rstrip("/"), "language": language}
        subject = _("Your order %(number)s") % {"number": view.head.number}
        message = EmailMultiAlternatives(subject, render_to_string("shop/mail/order.txt", context), to=[found.email])
        message.attach_alternative(render_to_string("shop/mail/order.html", context), "text/html")
        try:
            with GATE.outside():
                return message.send() == 1
        except OSError:
            logger.exception("The mail about an order could not be sent")
            return False
