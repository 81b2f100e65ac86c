"""Customers as programs and pages read them, whole or in pages, in a fixed number of statements.

A person may have several rows, one a number: `id` is that of the row that stands for all of them.
"""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db.models import Q

from onebasket.base.keyset import After, keyset
from onebasket.commerce.customers.models import Customer, CustomerAddress, CustomerConsent, CustomerSegment
from onebasket.commerce.customers.rules.consents import Consent
from onebasket.commerce.customers.rules.messages import AddressItem, SegmentItem
from onebasket.commerce.customers.rules.person import email_key, phone_key

_HEAD = ("id", "loyalty_number", "active", "created_at", "name", "email", "phone", "language", "staff", "user_id")
_CONSENT = ("purpose", "given", "at", "text_version", "stated_by")


class CustomerHead(msgspec.Struct, frozen=True):
    """A customer in a list. `account`: somebody signs in as this customer."""

    loyalty_number: str
    active: bool
    created_at: datetime
    name: str
    email: str
    phone: str
    language: str
    staff: bool
    account: bool


class AddressRead(AddressItem, frozen=True, kw_only=True):
    """A postal address, by its id."""

    id: int


class CustomerRead(msgspec.Struct, frozen=True):
    """A customer, whole. `numbers` are all that stand for this person; consents are in the order of their statement."""

    head: CustomerHead
    numbers: tuple[str, ...]
    segments: tuple[SegmentItem, ...]
    addresses: tuple[AddressRead, ...]
    consents: tuple[Consent, ...]


class CustomerFilter(NamedTuple):
    """Which customers; an empty filter is every one. E-mail and phone are compared as people type them."""

    number: str = ""
    email: str = ""
    phone: str = ""


def find_customer(number: str) -> int | None:
    """Return the id of the customer that a number stands for, retired or not; None where nobody has it."""
    found = Customer.objects.filter(loyalty_number=number).values_list("pk", "merged_into_id").first()
    return None if found is None else found[1] or found[0]


def read_customer(customer_id: int) -> CustomerRead | None:
    """Return a customer by id, whole, in five statements; None where there is none, or it was merged into another."""
    row = Customer.objects.filter(pk=customer_id, merged_into=None).values(*_HEAD).first()
    if row is None:
        return None
    family = _family(customer_id)
    spans = CustomerSegment.objects.filter(customer_id__in=family).order_by("name", "id")
    homes = CustomerAddress.objects.filter(customer_id__in=family).order_by("id")
    return CustomerRead(
        _head(row),
        tuple(family.values()),
        tuple(SegmentItem(*span) for span in spans.values_list("name", "valid_from", "valid_to")),
        tuple(AddressRead(**home) for home in homes.values("id", *AddressItem.__struct_fields__)),
        tuple(_consents(family)),
    )


def read_customers(wanted: CustomerFilter, *, after: After | None, limit: int) -> tuple[list[CustomerHead], Any]:
    """Return a page of customers, the newest first, and the cursor of the page after it; one statement."""
    rows = Customer.objects.filter(_found_by(wanted), merged_into=None).values(*_HEAD)
    found, following = keyset(rows, order="created_at", descending=True, after=after, limit=limit)
    return [_head(row) for row in found], following


def consents_of(customer_id: int) -> list[Consent]:
    """Return what a customer agreed to and withdrew, under whatever number, in the order of its statement."""
    return _consents(_family(customer_id))


def _found_by(wanted: CustomerFilter) -> Q:
    found = Q()
    if wanted.number:
        standing = Customer.objects.filter(loyalty_number=wanted.number, merged_into__isnull=False)
        found &= Q(loyalty_number=wanted.number) | Q(pk__in=standing.values("merged_into_id"))
    if wanted.email:
        found &= Q(email_key=email_key(wanted.email))
    if wanted.phone:
        found &= Q(phone_key=phone_key(wanted.phone) or "none")
    return found


def _family(customer_id: int) -> dict[int, str]:
    """Return the numbers of a customer by the ids of their rows, the one that stands for all first."""
    rows = Customer.objects.filter(Q(pk=customer_id) | Q(merged_into=customer_id)).values_list("pk", "loyalty_number")
    return dict(sorted(rows, key=lambda row: (row[0] != customer_id, row[0])))


def _consents(family: dict[int, str]) -> list[Consent]:
    rows = CustomerConsent.objects.filter(customer_id__in=family).order_by("id").values_list(*_CONSENT)
    return [Consent(*row) for row in rows]


def _head(row: dict[str, Any]) -> CustomerHead:
    return CustomerHead(
        **{name: row[name] for name in CustomerHead.__struct_fields__ if name != "account"},
        account=row["user_id"] is not None,
    )
