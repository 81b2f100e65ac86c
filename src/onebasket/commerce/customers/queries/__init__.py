"""Reads of customers: who a number stands for, and what prices go by."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from onebasket.base import bulk
from onebasket.base.columns import as_instant
from onebasket.commerce.customers.models import Customer
from onebasket.commerce.customers.rules.shopper import ShopperFacts, Span

_SHOPPERS = (
    "SELECT c.loyalty_number, c.active, r.id, r.loyalty_number, f.loyalty_number, f.staff, "
    "s.name, s.valid_from, s.valid_to "
    "FROM customers_customer c "
    "JOIN customers_customer r ON r.id = COALESCE(c.merged_into_id, c.id) "
    "JOIN customers_customer f ON f.id = r.id OR f.merged_into_id = r.id "
    "LEFT JOIN customers_customersegment s ON s.customer_id = f.id "
)


def customers_by_loyalty_number(numbers: Iterable[str]) -> dict[str, int]:
    """Return the id of each active customer by loyalty number; unknown and retired numbers are left out.

    A number that was merged stands for the customer that it was merged into.
    """
    sql = (
        "SELECT loyalty_number, COALESCE(merged_into_id, id), active FROM customers_customer "  # noqa: S608 - constants
        f"WHERE {bulk.in_list('loyalty_number')}"
    )
    found = bulk.fetch(sql, [bulk.list_parameter(set(numbers))])
    return {number: identity for number, identity, active in found if active}


def shopper_facts(loyalty_number: str, *, at: datetime) -> ShopperFacts | None:
    """Return who buys under a number, as prices are decided at an instant; None for a number that nobody has."""
    return shoppers([loyalty_number], at=at).get(loyalty_number) if loyalty_number else None


def shoppers(numbers: Iterable[str], *, at: datetime) -> dict[str, ShopperFacts]:
    """Return who buys under each number that somebody has, retired ones too: one statement."""
    sql = f"{_SHOPPERS} WHERE {bulk.in_list('c.loyalty_number')}"
    held: dict[str, tuple[int, str, bool]] = {}
    staff: dict[str, bool] = {}
    segments: dict[str, set[str]] = {}
    beside: dict[str, set[str]] = {}
    for number, active, root, stands, other, works, *span in bulk.fetch(sql, [bulk.list_parameter(set(numbers))]):
        held[number] = root, stands, bool(active)
        staff[number] = staff.get(number, False) or bool(works)
        known = segments.setdefault(number, set())
        beside.setdefault(number, set()).add(other)
        name, begins, ends = span
        if name is not None and Span(name, as_instant(begins), as_instant(ends)).holds(at):
            known.add(name)
    return {
        number: ShopperFacts(
            root, stands, member, staff[number], frozenset(segments[number]), tuple(sorted(beside[number]))
        )
        for number, (root, stands, member) in held.items()
    }


def customer_of_user(user_id: int) -> int | None:
    """Return the id of the customer that an account stands for; None where it has none yet."""
    found = Customer.objects.filter(user_id=user_id).values_list("pk", "merged_into_id").first()
    return None if found is None else found[1] or found[0]


def numbers_of(customer_id: int) -> tuple[str, ...]:
    """Return every number of a customer, the one that stands for all first; none where there is no such customer."""
    sql = (
        "SELECT loyalty_number FROM customers_customer WHERE id = %s OR merged_into_id = %s "
        "ORDER BY CASE WHEN id = %s THEN 0 ELSE 1 END, id"
    )
    return tuple(number for (number,) in bulk.fetch(sql, [customer_id, customer_id, customer_id]))


def numbers_beside(loyalty_number: str) -> tuple[str, ...]:
    """Return every number of whoever has this one, the one that stands for all first; itself where nobody has it."""
    found = Customer.objects.filter(loyalty_number=loyalty_number).values_list("pk", "merged_into_id").first()
    return (loyalty_number,) if found is None else numbers_of(found[1] or found[0])


def accounts_among(customer_id: int) -> tuple[int, ...]:
    """Return the user ids of everybody who signs in as a customer: more than one where accounts were merged."""
    rows = Customer.objects.filter(Q(pk=customer_id) | Q(merged_into=customer_id), user_id__isnull=False)
    return tuple(sorted(rows.values_list("user_id", flat=True)))
