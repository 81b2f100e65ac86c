"""A new member: an account gets a customer with a card of its own."""

import secrets

from django.db import IntegrityError, transaction

from onebasket.base import outbox
from onebasket.base.clock import database_now
from onebasket.commerce.customers.actions.numbers import erased_among
from onebasket.commerce.customers.models import Customer
from onebasket.commerce.customers.queries import customer_of_user
from onebasket.commerce.customers.rules.cards import RANDOM_DIGITS, card_number
from onebasket.commerce.customers.rules.person import Details, email_key, phone_key

MOST_DRAWS = 20
"""A number that is taken is drawn anew; with ten random digits this many misses in a row never happen."""


def join(user_id: int, details: Details) -> int:
    """Return the id of the customer that an account stands for; the first time it is made, with a new card."""
    for _ in range(MOST_DRAWS):
        known = customer_of_user(user_id)
        if known is not None:
            return known
        number = card_number(secrets.randbelow(10**RANDOM_DIGITS))
        if erased_among([number]):
            continue
        try:
            with transaction.atomic():
                return _make(user_id, number, details)
        except IntegrityError:  # the number is taken, or the same account joined in another window
            continue
    raise RuntimeError("no card number was free")


def _make(user_id: int, number: str, details: Details) -> int:
    now = database_now()
    row = Customer.objects.create(
        loyalty_number=number,
        user_id=user_id,
        created_at=now,
        name=details.name,
        email=details.email,
        phone=details.phone,
        language=details.language,
        email_key=email_key(details.email),
        phone_key=phone_key(details.phone),
    )
    outbox.record([outbox.News("customer.changed", f"customer/{number}", now, {"loyalty_number": number})])
    return row.pk
