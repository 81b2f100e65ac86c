"""Returns forget who brought the goods: goods and money stay as they were booked."""

from collections.abc import Sequence

from onebasket.base.locking import require_transaction
from onebasket.commerce.fulfilment.models import Return


def forget_numbers(numbers: Sequence[str], *, put: str) -> int:
    """Put a word that is nobody's number into returns in the place of these; return how many returns that were."""
    require_transaction()
    return Return.objects.filter(loyalty_number__in=[number for number in numbers if number]).update(loyalty_number=put)
