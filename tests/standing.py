"""Rows that are made once for a module and stand for all its tests, each of which is rolled back to them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

from django.db import transaction

Made = TypeVar("Made")


class Standing(Protocol):
    """Call it with what makes rows; what that returns is shared by the tests, which must leave it as it is."""

    def __call__(self, make: Callable[[], Made], /) -> Made: ...


@contextmanager
def standing_ground(unblocked: Callable[[], AbstractContextManager[None]]) -> Iterator[Standing]:
    """Open a transaction around those of the tests; `unblocked` lets rows be made outside a test."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined] # a durable block may begin inside, as in a test's own

    def stand(make: Callable[[], Made], /) -> Made:
        with unblocked():
            return make()

    with unblocked():
        block.__enter__()
    yield stand
    with unblocked():
        transaction.set_rollback(True)
        block.__exit__(None, None, None)
