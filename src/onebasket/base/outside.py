"""How others are asked: what is asked is written down and committed, the call is outside any transaction."""

from collections.abc import Callable
from typing import TypeVar

from django.db import connection, transaction

from onebasket.base.committer import perform

Outcome = TypeVar("Outcome")


class InsideTransactionError(RuntimeError):
    """Somebody outside was to be asked while a transaction is open."""


def require_no_transaction() -> None:
    """Refuse to call anybody while a transaction is open."""
    if connection.in_atomic_block:
        raise InsideTransactionError("others are asked outside any transaction")


def run(step: Callable[[], Outcome]) -> Outcome:
    """Run one of the short transactions, repeated when it loses a race; the connection goes back while we wait."""

    def once(_: object) -> list[Outcome]:
        with transaction.atomic():
            return [step()]

    (outcome,) = perform(once, [None])
    if connection.vendor == "postgresql":
        connection.close()  # the pool is smaller than the number of threads that may wait for somebody outside
    return outcome  # type: ignore[no-any-return] # what the step returns
