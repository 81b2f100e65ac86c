"""What every module's locks obey: one outer transaction, classes in one global order.

The order: inbox keys, orders and baskets, parts of orders, payments, coupons and balances, slots, holds, shelves, day
numbers. Within a class rows are locked in key order, once, and the result is read before anything is decided.
"""

from django.db import connection

LOCK_ORDER = ("inbox", "orders", "parts", "payments", "balances", "slots", "holds", "shelves", "day numbers")


class OutsideTransactionError(RuntimeError):
    """A lock or a claim was asked for where no transaction would keep it."""


def require_transaction() -> None:
    """Refuse to lock outside a transaction, where a lock would be dropped as soon as it is taken."""
    if not connection.in_atomic_block:
        message = "locks and claims are taken inside one outer transaction"
        raise OutsideTransactionError(message)
