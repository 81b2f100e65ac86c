"""What customers agree to and withdraw: stated by sources, or by the customers themselves; never changed."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import transaction

from onebasket.base import bulk, outbox
from onebasket.base.clock import database_now
from onebasket.commerce.access.actions.intake import take_in
from onebasket.commerce.access.rules import CREATED, ItemOutcome, invalid
from onebasket.commerce.customers.locking import lock_customers
from onebasket.commerce.customers.models import CustomerConsent
from onebasket.commerce.customers.queries.reading import consents_of
from onebasket.commerce.customers.rules.consents import PURPOSES, is_given
from onebasket.commerce.customers.rules.messages import ConsentItem, ConsentStated

_NAMES = ("customer", "purpose", "given", "at", "text_version", "stated_by", "booked_at")
THEMSELVES = "customer"
"""Who states what a customer ticks on their own page."""


def state_consents(source_id: int, items: Sequence[ConsentItem]) -> list[ItemOutcome]:
    """Keep what sources state that customers agreed to or withdrew, one transaction; an outcome for each, in order."""

    def decide(items: Sequence[ConsentItem], now: datetime) -> list[ItemOutcome]:
        ids = _ids({item.loyalty_number for item in items})
        known = [item for item in items if item.loyalty_number in ids]
        _keep([(ids[item.loyalty_number], item) for item in known], by=f"source/{source_id}", now=now)
        return [
            CREATED
            if item.loyalty_number in ids
            else invalid(f"loyalty_number: nobody has {item.loyalty_number!r}. Check the number.")
            for item in items
        ]

    return take_in("consent", source_id, items, book="customers", decide=decide)


def choose_consents(customer_id: int, given: Sequence[str]) -> list[str]:
    """Let a customer's own choice hold: of the chain's purposes these are agreed to, and the others are not.

    Only what changes is stated. Return the purposes that changed; nothing where there is no such customer.
    """
    with transaction.atomic():
        row = lock_customers([customer_id]).get(customer_id)
        if row is None:
            return []
        now, held = database_now(), consents_of(customer_id)
        changed = [purpose for purpose in PURPOSES if is_given(held, purpose) != (purpose in given)]
        items = [
            ConsentItem("", row.loyalty_number, purpose, purpose in given, now, PURPOSES[purpose])
            for purpose in changed
        ]
        _keep([(customer_id, item) for item in items], by=THEMSELVES, now=now)
    return changed


def _keep(stated: Sequence[tuple[int, ConsentItem]], *, by: str, now: datetime) -> None:
    bulk.insert(
        CustomerConsent,
        _NAMES,
        [(id_, item.purpose, item.given, item.at, item.text_version, by, now) for id_, item in stated],
    )
    outbox.record(
        [
            outbox.News(
                "customer.consented",
                f"customer/{item.loyalty_number}",
                now,
                msgspec.to_builtins(
                    ConsentStated(item.loyalty_number, item.purpose, item.given, item.at.isoformat(), item.text_version)
                ),
            )
            for _, item in stated
        ]
    )


def _ids(numbers: set[str]) -> dict[str, int]:
    sql = f"SELECT loyalty_number, id FROM customers_customer WHERE {bulk.in_list('loyalty_number')}"  # noqa: S608
    return dict(bulk.fetch(sql, [bulk.list_parameter(numbers)]))
