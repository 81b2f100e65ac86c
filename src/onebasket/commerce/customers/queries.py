"""Reads of customers."""

from collections.abc import Iterable

from onebasket.base import bulk


def customers_by_loyalty_number(numbers: Iterable[str]) -> dict[str, int]:
    """Return the id of each active customer by loyalty number; unknown and retired numbers are left out."""
    sql = (
        "SELECT loyalty_number, id, active FROM customers_customer "  # noqa: S608 - constants
        f"WHERE {bulk.in_list('loyalty_number')}"
    )
    found = bulk.fetch(sql, [bulk.list_parameter(set(numbers))])
    return {number: identity for number, identity, active in found if active}
