"""Proving that a card is somebody's: a one-time code that only its owner is handed or sent.

Codes are hashed at rest, hold for a while, for one use and for a few tries. Whatever is wrong, the answer is the same,
so that nobody learns which numbers exist, or whose they are.
"""

import secrets
from datetime import timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare

from onebasket.base.clock import database_now
from onebasket.commerce.customers.actions.details import CustomerError, note
from onebasket.commerce.customers.actions.merging import Merged, merge_customers
from onebasket.commerce.customers.locking import lock_customers
from onebasket.commerce.customers.models import CardCode, Customer
from onebasket.commerce.customers.queries import numbers_of
from onebasket.commerce.customers.queries.reading import find_customer
from onebasket.commerce.customers.rules.cards import (
    CODE_ALPHABET,
    CODE_LENGTH,
    MOST_TRIES,
    code_digest,
    printed_code,
    proof_code,
)

PRINTED_HOLDS = timedelta(days=14)
SENT_HOLDS = timedelta(hours=1)


class SentCode(NamedTuple):
    """A code on its way: to which address, in which language, and what it says."""

    email: str
    language: str
    code: str


def make_code(number: str, *, actor: str) -> str:
    """Make a code for a card that its owner holds in front of one of the chain's people; return it as it is printed.

    A code that was made before for the card ends.

    Raises:
        CustomerError: nobody has the number.
    """
    with transaction.atomic():
        identity = find_customer(number)
        row = None if identity is None else lock_customers([identity]).get(identity)
        if row is None:
            raise CustomerError(f"Nobody has the number {number!r}. Check it.")
        code = _make(row, sent=False)
        note(row, "customer.code", actor=actor, at=database_now(), detail={})
    return printed_code(code)


def send_code(number: str) -> SentCode | None:
    """Make a code for a card whose owner's e-mail address is known, and say where to send it; None for any other.

    Whoever asks must not be told which, and may not ask often: both are for the caller to see to.
    """
    with transaction.atomic():
        identity = find_customer(number)
        row = None if identity is None else lock_customers([identity]).get(identity)
        if row is None or not row.email or row.merged_into_id is not None or _is_taken(row):
            return None
        return SentCode(row.email, row.language, printed_code(_make(row, sent=True)))


def prove_card(customer_id: int, number: str, code: str) -> bool:
    """Join a card to the customer of an account, given its number and the right code; False otherwise, for any reason.

    The card's customer is merged into the account's, so both numbers go on and the history is one.
    """
    with transaction.atomic():
        identity = find_customer(number)
        rows = {} if identity is None else lock_customers([identity, customer_id])
        card, own = rows.get(identity or 0), rows.get(customer_id)
        if card is None or own is None or card.pk == own.pk or card.merged_into_id is not None or _is_taken(card):
            return False
        if not _use(card, code):
            return False
        outcome = merge_customers(
            own.loyalty_number, card.loyalty_number, actor=f"customer/{own.pk}", reason="proved by a code"
        )
        return isinstance(outcome, Merged)


def _make(row: Customer, *, sent: bool) -> str:
    code, now = proof_code(secrets.randbelow(len(CODE_ALPHABET) ** CODE_LENGTH)), database_now()
    expires_at = now + (SENT_HOLDS if sent else PRINTED_HOLDS)
    made = {"digest": code_digest(code), "made_at": now, "expires_at": expires_at, "tries": 0}
    CardCode.objects.update_or_create(customer=row, sent=sent, defaults=made)
    return code


def _use(card: Customer, code: str) -> bool:
    """Count a try at a card's codes and say whether it is right; a right one uses them all up."""
    codes = CardCode.objects.filter(customer=card)
    typed = code_digest(code)
    held = codes.filter(tries__lt=MOST_TRIES, expires_at__gt=database_now()).values_list("digest", flat=True)
    if any(constant_time_compare(digest, typed) for digest in held):
        codes.delete()
        return True
    codes.update(tries=F("tries") + 1)
    return False


def _is_taken(card: Customer) -> bool:
    """Whether somebody signs in as this card's customer already."""
    family = Customer.objects.filter(loyalty_number__in=numbers_of(card.pk))
    return family.filter(user__isnull=False).exists()
