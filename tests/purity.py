"""Tests that touch no database: the same on both, so that one of the two runs is enough.

Such a test stands in `tests/rules`, looks at the repository or the suite, or is about what has no database of ours
(gateways, the sandbox partner), and asks for none. While it runs there is none for it: it cannot even ask which one
there would be.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from django.db.utils import ConnectionHandler

_HERE = Path(__file__).parent
_PLACES = (_HERE / "rules", _HERE / "test_tidy.py", _HERE / "test_scheduling.py")
_APART = (
    _HERE / "gateways",
    *(_HERE / "channels" / f"test_sandbox{part}.py" for part in ("", "_clients", "_faults", "_shop")),
    _HERE / "browser" / "test_sandbox.py",
    _HERE / "project" / "test_partner_sandbox.py",
)
"""Where processes that are started have books of their own, and never ours."""
_FIXTURES = {"django_db_setup", "live_server", "spare_databases"}
"""What leads to a database: a test's own, or that of a process which it starts."""


_BROWSER = _HERE / "browser"
_WALKS = (
    "test_kiosk.py::test_touch_alone_finds_compares_buys_and_prints[portrait-light]",
    "test_partner_walk.py",
    "test_shop.py::test_a_shopper_buys_and_takes_it_back[phone-light]",
    "test_store.py::test_an_order_is_picked_staged_handed_over_and_comes_back[phone-light]",
)
"""What people do with goods and money, which is done on both databases. Other tests in the browser are about how pages
look and are worked with, on which screen and by which light: which database stands behind them makes no difference."""
_RIGHTS = _HERE / "channels" / "test_desk_rights.py"
"""Every work and table by every role: who may is decided in Python, and refused before a row is looked at."""


class DatabaseRefusedError(Exception):
    """A test that does not ask for a database has reached for one."""


def is_pure(item: pytest.Item) -> bool:
    """Whether the test may not touch a database."""
    asked = {*getattr(item, "fixturenames", ())}
    if item.get_closest_marker("django_db") or _FIXTURES & asked:
        return False
    if any(item.path.is_relative_to(place) for place in _APART):
        return True
    return "command" not in asked and any(item.path.is_relative_to(place) for place in _PLACES)


def is_once(item: pytest.Item) -> bool:
    """Whether one of the two runs is enough: it is about no database, or about pages and rights, not what they do."""
    return is_pure(item) or item.path == _RIGHTS or (item.path.is_relative_to(_BROWSER) and not _is_walk(item))


def _is_walk(item: pytest.Item) -> bool:
    return item.nodeid.removeprefix("tests/browser/").startswith(_WALKS)


@contextmanager
def no_database() -> Iterator[None]:
    """Refuse whatever is asked of a connection."""

    def refuse(_: ConnectionHandler, alias: str) -> NoReturn:
        raise DatabaseRefusedError(alias)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ConnectionHandler, "__getitem__", refuse)
        yield
