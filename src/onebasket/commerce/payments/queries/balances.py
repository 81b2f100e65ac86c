"""Gift cards and store credit by their code, or by whose they are."""

from onebasket.commerce.payments.models import BalanceAccount
from onebasket.commerce.payments.rules.balances import BalanceFacts
from onebasket.commerce.payments.rules.codes import code_digest, read_code

_FIELDS = ("pk", "kind", "currency", "balance", "active", "expires_at", "loyalty_number", "hint")


def find_balance(code: str) -> BalanceFacts | None:
    """Return the account of a code as a person may have typed it; None where there is none.

    Whoever lets strangers ask has to count those that find nothing: see `is_code`.
    """
    read = read_code(code)
    if read is None:
        return None
    row = BalanceAccount.objects.filter(code_digest=code_digest(read)).values_list(*_FIELDS).first()
    return BalanceFacts(*row) if row else None


def is_code(code: str) -> bool:
    """Whether a text has the form of a code, its check character included: a mistyped one is no guess."""
    return read_code(code) is not None


def balances_of(loyalty_number: str) -> list[BalanceFacts]:
    """Return a customer's store credit, what ends first at the head."""
    if not loyalty_number:
        return []
    rows = BalanceAccount.objects.filter(loyalty_number=loyalty_number, balance__gt=0).values_list(*_FIELDS)
    found = [BalanceFacts(*row) for row in rows]
    return sorted(found, key=lambda one: (one.expires_at is None, one.expires_at, one.id))


def account_by_id(account_id: int) -> BalanceFacts | None:
    """Return an account; None where there is none."""
    row = BalanceAccount.objects.filter(pk=account_id).values_list(*_FIELDS).first()
    return BalanceFacts(*row) if row else None
