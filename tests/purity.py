"""Tests that touch no database: the same on both, so that one of the two runs is enough.

Such a test stands in `tests/rules` or is `test_tidy.py`, and asks for no database. While it runs there is none for it:
it cannot even ask which one there would be.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from django.db.utils import ConnectionHandler

_HERE = Path(__file__).parent
_PLACES = (_HERE / "rules", _HERE / "test_tidy.py")
_FIXTURES = {"django_db_setup", "command", "live_server"}
"""What leads to a database: a test's own, or that of a process which it starts."""


class DatabaseRefusedError(Exception):
    """A test that does not ask for a database has reached for one."""


def is_pure(item: pytest.Item) -> bool:
    """Whether the test may not touch a database."""
    if item.get_closest_marker("django_db") or _FIXTURES & {*getattr(item, "fixturenames", ())}:
        return False
    return any(item.path.is_relative_to(place) for place in _PLACES)


@contextmanager
def no_database() -> Iterator[None]:
    """Refuse whatever is asked of a connection."""

    def refuse(_: ConnectionHandler, alias: str) -> NoReturn:
        raise DatabaseRefusedError(alias)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ConnectionHandler, "__getitem__", refuse)
        yield
