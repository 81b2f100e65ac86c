"""Erasing a person everywhere: books and facts stay, and what links them to somebody goes (docs/adr, erasure)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec
from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.commerce.access.actions.shoppers import end_shoppers
from onebasket.commerce.books.actions.moving import forget_points
from onebasket.commerce.customers.actions.details import CustomerError
from onebasket.commerce.customers.actions.erasing import erase_customer
from onebasket.commerce.customers.actions.numbers import erased_among, is_anybody_erased
from onebasket.commerce.customers.rules.cards import ERASED
from onebasket.commerce.fulfilment.actions.forgetting import forget_numbers as forget_returns
from onebasket.commerce.insights.actions.scrubbing import scrub_events, scrub_quarantine
from onebasket.commerce.insights.queries.person import who_is
from onebasket.commerce.insights.rules.person import Erased, EraseRefused, Who
from onebasket.commerce.orders.actions.forgetting import entries_naming, forget_people, rewrite_entries
from onebasket.commerce.orders.queries.history import ids_of_person, open_among, ordered_since
from onebasket.commerce.payments.actions.forgetting import forget_owners
from onebasket.commerce.pricing.actions.forgetting import forget_numbers as forget_offers
from onebasket.commerce.sales.actions.forgetting import forget_numbers as forget_receipts
from onebasket.commerce.sales.queries.history import sold_since

LOOK_BACK = timedelta(days=2)
"""How far back late facts are looked for: further than any pause between two looks."""


class Rewritten(NamedTuple):
    """How many messages forgot the person, and which in quarantine a human being has to look at."""

    messages: int
    left: tuple[int, ...]


def erase_person(customer_id: int, *, actor: str) -> Erased | EraseRefused:
    """Erase everything personal about a customer, under all their numbers and accounts.

    Refused while an order of theirs is open: it could not be handed over to anybody. Messages that name the person are
    rewritten first, in short transactions that may be repeated; then everything else goes in one.

    Raises:
        CustomerError: there is no such customer.
    """
    who = _who(customer_id)
    if waiting := open_among(ids_of_person(who.numbers, who.emails)):
        return _refused(waiting)
    return erase_rows(customer_id, rewrite_messages(customer_id), actor=actor)


def rewrite_messages(customer_id: int) -> Rewritten:
    """Take a customer's numbers out of kept answers, of events and of quarantine; once more changes nothing.

    Raises:
        CustomerError: there is no such customer.
    """
    who = _who(customer_id)
    entries = entries_naming(who.numbers)
    with transaction.atomic():
        rewrite_entries(entries)
    told = scrub_events(who.numbers)
    scrubbed, left = scrub_quarantine(who.numbers)
    return Rewritten(len(entries) + told + scrubbed, left)


def erase_rows(customer_id: int, rewritten: Rewritten, *, actor: str) -> Erased | EraseRefused:
    """Erase what is left once messages were rewritten, in one transaction; refused while an order is open.

    Raises:
        CustomerError: there is no such customer.
    """
    with transaction.atomic():
        now, who = database_now(), _who(customer_id)
        orders = ids_of_person(who.numbers, who.emails)
        if waiting := open_among(orders):
            return _refused(waiting)
        gone = erase_customer(customer_id, actor=actor, now=now)
        points = forget_points(gone.numbers, put=ERASED, now=now)
        forgotten = forget_people(orders, gone.numbers, put=ERASED)
        receipts = _forget_sold(gone.numbers)
        accounts = end_shoppers(gone.accounts)
    return Erased(
        numbers=len(gone.numbers),
        receipts=receipts,
        points=points,
        accounts=accounts,
        messages=rewritten.messages,
        quarantined_left=rewritten.left,
        at=now,
        **msgspec.structs.asdict(forgotten),
    )


def forget_late() -> int:
    """Take the numbers of people who were erased out of receipts and orders that came after; return how many numbers.

    A till that was offline sends its receipts later, with the number that the card said. They are booked as stated,
    as every fact, and lose the number here.
    """
    if not is_anybody_erased():
        return 0
    now = database_now()
    late = sorted(erased_among(sold_since(now - LOOK_BACK) | ordered_since(now - LOOK_BACK)))
    if late:
        with transaction.atomic():
            forget_points(late, put=ERASED, now=now)
            forget_people(ids_of_person(late, ()), late, put=ERASED)
            _forget_sold(late)
    return len(late)


def _forget_sold(numbers: Sequence[str]) -> int:
    """Take numbers out of what was offered, paid and sold; return how many receipts lost theirs."""
    forget_offers(numbers)
    forget_owners(numbers)
    forget_returns(numbers, put=ERASED)
    return forget_receipts(numbers, put=ERASED)


def _who(customer_id: int) -> Who:
    who = who_is(customer_id)
    if who is None:
        raise CustomerError("There is no such customer.")
    return who


def _refused(waiting: Sequence[str]) -> EraseRefused:
    named = ", ".join(waiting)
    return EraseRefused(
        "open_orders",
        f"There are orders that are not done yet: {named}. Hand them over or cancel them first. Nothing was erased.",
        tuple(waiting),
    )
