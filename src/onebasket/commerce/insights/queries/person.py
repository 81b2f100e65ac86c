"""Everything that is kept about a person, over all modules: found, and handed out as one JSON document."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from onebasket.base.clock import database_now
from onebasket.commerce.access.queries import accounts_of
from onebasket.commerce.access.rules import AccountFacts
from onebasket.commerce.books.queries.points import points_of_each
from onebasket.commerce.books.rules.points import Points
from onebasket.commerce.customers.queries import accounts_among
from onebasket.commerce.customers.queries.doubles import MergeRead, merges_of
from onebasket.commerce.customers.queries.reading import CustomerRead, read_customer
from onebasket.commerce.fulfilment.queries.personal import ReturnRead, returns_of
from onebasket.commerce.insights.rules.person import Who
from onebasket.commerce.orders.queries.history import PersonalOrder, ids_of_person, personal_orders
from onebasket.commerce.payments.queries.balances import balances_of
from onebasket.commerce.payments.rules.balances import BalanceFacts
from onebasket.commerce.pricing.queries.personal import PersonalOffers, offers_of
from onebasket.commerce.sales.queries.history import whole_receipts_of
from onebasket.commerce.sales.queries.reading import ReceiptRead

FORM = "onebasket.person/1"


class PersonExport(msgspec.Struct, frozen=True):
    """Everything that is kept about a person: a document of a stated form, as of an instant.

    Amounts are minor units of their currency, quantities steps of their unit. Passwords and the secrets of second
    factors are kept as digests or encrypted, and are not handed out.
    """

    form: str
    as_of: datetime
    customer: CustomerRead
    accounts: tuple[AccountFacts, ...]
    merges: tuple[MergeRead, ...]
    points: Points
    store_credit: tuple[BalanceFacts, ...]
    offers: PersonalOffers
    receipts: tuple[ReceiptRead, ...]
    orders: tuple[PersonalOrder, ...]
    returns: tuple[ReturnRead, ...]


def who_is(customer_id: int) -> Who | None:
    """Return by what a customer is found everywhere; None where there is none, or it was merged into another."""
    customer = read_customer(customer_id)
    return None if customer is None else _who(customer_id, customer, accounts_of(accounts_among(customer_id)))


def export_person(customer_id: int) -> PersonExport | None:
    """Return everything that is kept about a customer; None where there is none, or it was merged into another.

    A fixed number of statements, and five more for each 200 receipts.
    """
    customer = read_customer(customer_id)
    if customer is None:
        return None
    accounts = accounts_of(accounts_among(customer_id))
    who = _who(customer_id, customer, accounts)
    return PersonExport(
        form=FORM,
        as_of=database_now(),
        customer=customer,
        accounts=tuple(accounts),
        merges=tuple(merges_of(customer_id)),
        points=points_of_person(who.numbers),
        store_credit=credit_of_person(who.numbers),
        offers=offers_of(who.numbers),
        receipts=tuple(whole_receipts_of(who.numbers)),
        orders=tuple(personal_orders(ids_of_person(who.numbers, who.emails))),
        returns=tuple(returns_of(who.numbers)),
    )


def points_of_person(numbers: Sequence[str]) -> Points:
    """Return the points under all numbers of a person, in one statement."""
    found = points_of_each(numbers).values()
    return Points(sum(points.available for points in found), sum(points.pending for points in found))


def credit_of_person(numbers: Sequence[str]) -> tuple[BalanceFacts, ...]:
    """Return the store credit under all numbers of a person, a statement for each number."""
    return tuple(credit for number in numbers for credit in balances_of(number))


def as_document(export: PersonExport) -> bytes:
    """Return an export as JSON that people can read."""
    written: Any = msgspec.json.encode(export)
    return msgspec.json.format(written, indent=2)  # type: ignore[no-any-return]


def _who(customer_id: int, customer: CustomerRead, accounts: Sequence[AccountFacts]) -> Who:
    verified = {email for account in accounts for email in account.verified}
    return Who(
        customer_id,
        customer.numbers,
        tuple(account.user_id for account in accounts),
        tuple(sorted(verified if accounts else {customer.head.email} - {""})),
    )
