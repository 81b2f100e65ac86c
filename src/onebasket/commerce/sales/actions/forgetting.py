"""Receipts forget whose they were: what was sold stays booked, and the number of a card goes."""

from collections.abc import Sequence

from onebasket.base.locking import require_transaction
from onebasket.commerce.sales.models import Receipt


def forget_numbers(numbers: Sequence[str], *, put: str) -> int:
    """Put a word that is nobody's number into receipts in the place of these; return how many receipts that were.

    Facts stay as they were stated in everything else: amounts, taxes, tenders, the till's number.
    """
    require_transaction()
    return Receipt.objects.filter(loyalty_number__in=[number for number in numbers if number]).update(
        loyalty_number=put
    )
