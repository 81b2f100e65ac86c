"""Erasing a person everywhere: books and facts stay, and what links them to somebody goes (docs/adr, erasure)."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.commerce.access.actions.shoppers import end_shoppers
from onebasket.commerce.customers.actions.details import CustomerError
from onebasket.commerce.customers.actions.erasing import erase_customer
from onebasket.commerce.customers.actions.numbers import erased_among
from onebasket.commerce.customers.rules.cards import ERASED
from onebasket.commerce.insights.actions.scrubbing import scrub_quarantine
from onebasket.commerce.insights.queries.person import who_is
from onebasket.commerce.insights.rules.person import Erased, EraseRefused, Who
from onebasket.commerce.orders.actions.forgetting import entries_naming, forget_people, rewrite_entries
from onebasket.commerce.orders.queries.history import ids_of_person, open_among, ordered_since
from onebasket.commerce.pricing.actions.forgetting import forget_uses
from onebasket.commerce.sales.actions.forgetting import forget_numbers
from onebasket.commerce.sales.queries.history import sold_since

LOOK_BACK = timedelta(days=2)
"""How far back late facts are looked for: further than any pause between two looks."""


def erase_person(customer_id: int, *, actor: str) -> Erased | EraseRefused:
    """Erase everything personal about a customer, under all their numbers and accounts.

    Refused while an order of theirs is open: it could not be handed over to anybody. Messages that name the person are
    rewritten first, in short transactions that may be repeated; then everything else goes in one.

    Raises:
        CustomerError: there is no such customer.
    """
    who = who_is(customer_id)
    if who is None:
        raise CustomerError("There is no such customer.")
    orders = ids_of_person(who.numbers, who.emails)
    if waiting := open_among(orders):
        return _refused(waiting)
    messages, left = _rewrite_messages(who)
    with transaction.atomic():
        now = database_now()
        gone = erase_customer(customer_id, actor=actor, now=now)
        orders = ids_of_person(gone.numbers, who.emails)
        if waiting := open_among(orders):
            transaction.set_rollback(True)
            return _refused(waiting)
        receipts = forget_numbers(gone.numbers, put=ERASED)
        forget_uses(gone.numbers)
        forgotten = forget_people(orders, gone.numbers, put=ERASED)
        accounts = end_shoppers(gone.accounts)
    return Erased(
        numbers=len(gone.numbers),
        receipts=receipts,
        accounts=accounts,
        messages=messages,
        quarantined_left=left,
        at=now,
        **msgspec.structs.asdict(forgotten),
    )


def forget_late() -> int:
    """Take the numbers of people who were erased out of receipts and orders that came after; return how many numbers.

    A till that was offline sends its receipts later, with the number that the card said. They are booked as stated,
    as every fact, and lose the number here.
    """
    since = database_now() - LOOK_BACK
    late = sorted(erased_among(sold_since(since) | ordered_since(since)))
    if late:
        with transaction.atomic():
            forget_numbers(late, put=ERASED)
            forget_uses(late)
            forget_people(ids_of_person(late, ()), late, put=ERASED)
    return len(late)


def _rewrite_messages(who: Who) -> tuple[int, tuple[int, ...]]:
    entries = entries_naming(who.numbers)
    with transaction.atomic():
        rewrite_entries(entries)
    scrubbed, left = scrub_quarantine(who.numbers)
    return len(entries) + scrubbed, left


def _refused(waiting: Sequence[str]) -> EraseRefused:
    named = ", ".join(waiting)
    return EraseRefused(
        "open_orders",
        f"There are orders that are not done yet: {named}. Hand them over or cancel them first. Nothing was erased.",
        tuple(waiting),
    )
