"""Store credit forgets whose it is: it stays good for whoever has its code."""

from collections.abc import Sequence

from onebasket.base.locking import require_transaction
from onebasket.commerce.payments.models import BalanceAccount


def forget_owners(numbers: Sequence[str]) -> int:
    """Take these loyalty numbers off store credit; return how many accounts that were. Balances stay as they are."""
    require_transaction()
    return BalanceAccount.objects.filter(loyalty_number__in=[number for number in numbers if number]).update(
        loyalty_number=""
    )
