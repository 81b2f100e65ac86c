"""Numbers of people who were erased, kept as keyed digests: nobody gets one again, and late facts lose theirs."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.crypto import salted_hmac

from onebasket.base import bulk
from onebasket.commerce.customers.models import ErasedNumber

_SALT = "onebasket.customers.erased"
REFUSED = (
    "loyalty_number: whoever had this number was erased, and it is given to nobody again. Give out a new card instead."
)


def digest(number: str) -> str:
    """Return what is kept of a number that was erased: 64 hex digits, which only this installation can compare."""
    return salted_hmac(_SALT, number, algorithm="sha256").hexdigest()


def erased_among(numbers: Iterable[str]) -> set[str]:
    """Return those numbers whose owners were erased: one statement, none where there is nothing to ask."""
    by_digest = {digest(number): number for number in set(numbers)}
    if not by_digest:
        return set()
    sql = f"SELECT digest FROM customers_erasednumber WHERE {bulk.in_list('digest')}"  # noqa: S608 - constants
    return {by_digest[found] for (found,) in bulk.fetch(sql, [bulk.list_parameter(by_digest)])}


def is_anybody_erased() -> bool:
    """Whether there is any number to look out for."""
    return ErasedNumber.objects.exists()


def keep_erased(numbers: Iterable[str], *, at: datetime) -> None:
    """Remember that these numbers are nobody's any more."""
    rows = [(digest(number), at) for number in sorted(set(numbers))]
    bulk.insert_missing(ErasedNumber, ("digest", "erased_at"), rows, ("id",))
