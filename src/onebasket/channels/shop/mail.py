"""News to whoever placed an order, by e-mail: plain text, and the same as HTML without pictures from anywhere.

Written by a worker, which has no request: the language is the one that the order was placed in, and addresses begin
with the setting ONEBASKET_ADDRESS. The secret in them is derived again; nothing keeps it.
"""

from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from onebasket.base.clock import database_now
from onebasket.base.languages import DEFAULT, LANGUAGES
from onebasket.base.letters import LetterDue
from onebasket.channels.shop.part_mail import SUBJECTS as PART_SUBJECTS
from onebasket.channels.shop.part_mail import part_context
from onebasket.commerce.fulfilment.queries.reading import read_return
from onebasket.commerce.orders.queries.following import follow_order
from onebasket.commerce.payments.queries.refunds import refund_told
from onebasket.front import formats
from onebasket.front.orders import OrderView, view_order
from onebasket.front.stores import Stores, open_stores
from onebasket.front.words import TENDERS

ORDER_PAGE = "/shop/orders/"
"""Stated here, so that a worker need not load every page of the program to write one link."""

SUBJECTS = {
    "placed": gettext_noop("Your order %(number)s"),
    "ready": gettext_noop("Your order %(number)s is ready to collect"),
    "cancelled": gettext_noop("Your order %(number)s is cancelled"),
    "lapsed": gettext_noop("Your order %(number)s was not paid in time"),
    "returned": gettext_noop("What you brought back of your order %(number)s"),
    "refunded": gettext_noop("Money back for your order %(number)s"),
    **PART_SUBJECTS,
}
"""What each kind of letter is headed by."""


def write_letter(letter: LetterDue) -> EmailMultiAlternatives | None:
    """Write a letter in its shopper's language; None where no address is kept any more, or nothing is left to tell.

    An order stands whether or not a mail gets through.
    """
    found = follow_order(UUID(letter.subject.partition("/")[2]), places=None)
    if found is None or not found.email:
        return None
    asked = found.language.split("-")[0]
    language = asked if asked in LANGUAGES else DEFAULT
    with translation.override(language):
        view = view_order(found, Stores(open_stores(), None), now=database_now())
        more = _more(letter, view)
        if more is None:
            return None
        context = {
            "order": view,
            "language": language,
            "page": f"{settings.ADDRESS}{ORDER_PAGE}{view.secret}",
            **more,
        }
        subject = _(SUBJECTS[letter.kind]) % {"number": view.head.number, "partner": more.get("partner", "")}
        text, html = (render_to_string(f"shop/mail/{letter.kind}.{form}", context) for form in ("txt", "html"))
        message = EmailMultiAlternatives(subject, text, to=[found.email])
        message.attach_alternative(html, "text/html")
        return message


def _more(letter: LetterDue, view: OrderView) -> dict[str, object] | None:
    """Return what is told beside the order: of a return, what came back and how it is paid; None is nothing to tell."""
    if letter.kind in PART_SUBJECTS:
        return part_context(letter.key, view.head.id, order_status=view.head.status)
    about = _MORE.get(letter.kind)
    return about(UUID(letter.key.partition("/")[2]), view) if about else {}


def _returned(identity: UUID, view: OrderView) -> dict[str, object]:
    back = read_return(identity)
    assert back is not None  # noqa: S101 - told in the transaction that made it
    names = {line.sku: line for line in view.head.lines}
    lines = [
        (formats.quantity(one.quantity, names[one.sku].unit, names[one.sku].decimals), names[one.sku].name, one.amount)
        for one in back.lines
        if one.sku in names
    ]
    ways = [(TENDERS.get(one.kind, one.kind), one.amount) for one in back.tenders]
    by_card = any(one.kind == "card" for one in back.tenders)
    return {"lines": lines, "ways": ways, "total": back.total, "currency": back.currency, "by_card": by_card}


def _refunded(identity: UUID, _view: OrderView) -> dict[str, object]:
    refund = refund_told(identity)
    assert refund is not None  # noqa: S101 - told in the transaction that made it
    ways = [(TENDERS.get(method, method), amount) for method, amount in refund.parts]
    by_card = any(method == "card" for method, _ in refund.parts)
    return {"ways": ways, "total": refund.amount, "currency": refund.currency, "by_card": by_card}


_MORE: dict[str, Callable[[UUID, OrderView], dict[str, object]]] = {"returned": _returned, "refunded": _refunded}
