"""Customers who are likely one person, found by what they share, and the merges that were made of such pairs."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from django.db.models import Q

from onebasket.base import bulk
from onebasket.commerce.customers.models import Customer, CustomerMerge
from onebasket.commerce.customers.rules.doubles import MOST_OF_ONE, Double, Sign, likely_doubles

MOST_VALUES = 5_000
_SHARED = {
    "email": "SELECT email_key AS value, COALESCE(merged_into_id, id) AS who FROM customers_customer "
    "WHERE email_key <> ''",
    "phone": "SELECT phone_key AS value, COALESCE(merged_into_id, id) AS who FROM customers_customer "
    "WHERE phone_key <> ''",
    "home": "SELECT a.home_key AS value, COALESCE(c.merged_into_id, c.id) AS who FROM customers_customeraddress a "
    "JOIN customers_customer c ON c.id = a.customer_id WHERE a.home_key <> ''",
}


class DoubleRead(msgspec.Struct, frozen=True):
    """Two numbers whose customers are likely one person, the older first, and what they share."""

    loyalty_number: str
    other: str
    signs: tuple[str, ...]
    weight: int


class MergeRead(msgspec.Struct, frozen=True):
    """A merge, undone or not."""

    id: int
    loyalty_number: str
    other: str
    at: datetime
    actor: str
    reason: str
    undone_at: datetime | None


def doubles(*, limit: int, of: int | None = None) -> list[DoubleRead]:
    """Return pairs who are likely one person, the likeliest first: of the whole chain, or `of` one customer by id.

    Four statements. A value that more than ten customers share is a placeholder and says nothing. In a very large
    chain only the first values of each kind are looked at: what is merged makes room for the next.
    """
    found = likely_doubles(_signs(of))
    if of is not None:
        found = [double for double in found if of in (double.one, double.other)]
    return _named(found[:limit])


def merges_of(customer_id: int) -> list[MergeRead]:
    """Return the merges in which a customer took part, the latest first."""
    rows = CustomerMerge.objects.filter(Q(keep=customer_id) | Q(other=customer_id)).order_by("-id")
    fields = ("id", "keep__loyalty_number", "other__loyalty_number", "at", "actor", "reason", "undone_at")
    return [MergeRead(*row) for row in rows.values_list(*fields)]


def standing_merges() -> list[tuple[int, str, str]]:
    """Return the merges that stand, oldest first: id, the number that stayed, the other."""
    rows = CustomerMerge.objects.filter(undone_at=None).order_by("id")
    return list(rows.values_list("id", "keep__loyalty_number", "other__loyalty_number"))


def _signs(of: int | None) -> Iterable[Sign]:
    for kind, source in _SHARED.items():
        own = "" if of is None else f"WHERE g.value IN (SELECT o.value FROM ({source}) o WHERE o.who = %s)"  # noqa: S608
        sql = (
            f"SELECT DISTINCT s.value, s.who FROM ({source}) s WHERE s.value IN ("  # noqa: S608 - constants
            f"SELECT g.value FROM ({source}) g {own} GROUP BY g.value "
            "HAVING COUNT(DISTINCT g.who) BETWEEN 2 AND %s ORDER BY g.value LIMIT %s)"
        )
        people: dict[str, list[int]] = {}
        for value, who in bulk.fetch(sql, [*([] if of is None else [of]), MOST_OF_ONE, MOST_VALUES]):
            people.setdefault(value, []).append(who)
        for value, customers in people.items():
            yield Sign(kind, value, tuple(customers))


def _named(found: list[Double]) -> list[DoubleRead]:
    ids = {identity for double in found for identity in (double.one, double.other)}
    numbers = dict(Customer.objects.filter(pk__in=ids).values_list("pk", "loyalty_number"))
    return [DoubleRead(numbers[double.one], numbers[double.other], double.signs, double.weight) for double in found]
