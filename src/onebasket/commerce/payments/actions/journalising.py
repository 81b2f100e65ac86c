"""Journalise payments: what was captured and given back, and every change of a gift card or store credit."""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.commerce.books.actions import post_entries
from onebasket.commerce.books.rules.entries import Entry
from onebasket.commerce.payments.queries.journal import lowered_parts, places_of_orders
from onebasket.commerce.payments.rules.journal import Told, balance_entry, captured_entry, refunded_entry
from onebasket.commerce.payments.rules.messages import BalanceNews, PaymentNews, RefundNews
from onebasket.commerce.places.queries import all_places


class NoPlaceError(Exception):
    """A balance changed before there was any place at which its entry could stand."""


def journalise_payments(heard: Sequence[Told], *, paying_returns: Collection[int] = ()) -> None:
    """Post the entries of what is told of payments, in one transaction; the same again changes nothing.

    `paying_returns` are the accounts of store credit that pays goods brought back.
    """
    with transaction.atomic():
        refunds = {UUID(told.news.refund) for told in heard if isinstance(told.news, RefundNews)}
        lowered = lowered_parts(refunds) if refunds else set()
        balances = [told.news for told in heard if isinstance(told.news, BalanceNews)]
        placeless = {UUID(news.order) for news in balances if news.order and not news.place}
        places = places_of_orders(placeless) if placeless else {}
        entries: list[Entry | None] = []
        for told in heard:
            news = told.news
            if isinstance(news, PaymentNews):
                entries.append(captured_entry(news, told.at))
            elif isinstance(news, RefundNews):
                is_lowered = (news.refund, news.payment) in lowered
                entries.append(refunded_entry(news, told.at, is_lowered=is_lowered))
            else:
                place = news.place or places.get(news.order) or _first_place()
                entries.append(balance_entry(told, news, place, pays_a_return=news.account in paying_returns))
        post_entries([entry for entry in entries if entry], now=database_now())


def _first_place() -> str:
    """Return where what belongs to the whole chain stands: an entry has a place."""
    places = all_places()
    if not places:
        raise NoPlaceError("There is no place yet at which this could be booked. Add one, and try it again.")
    return min(places, key=lambda place: place.id).code
