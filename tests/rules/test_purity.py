"""The tests of rules are run once for both databases: they cannot reach for either."""

import pytest
from django.db import connection

from tests.purity import DatabaseRefusedError, is_pure


def test_a_test_of_rules_has_no_database(request: pytest.FixtureRequest) -> None:
    assert is_pure(request.node)
    with pytest.raises(DatabaseRefusedError):
        connection.cursor()
    with pytest.raises(DatabaseRefusedError):
        assert connection.vendor


@pytest.mark.django_db
def test_one_that_asks_for_a_database_is_run_on_both(request: pytest.FixtureRequest) -> None:
    assert not is_pure(request.node)
    assert connection.vendor in {"sqlite", "postgresql"}


def test_whoever_starts_the_program_is_run_on_both(request: pytest.FixtureRequest, command: tuple[str, ...]) -> None:
    assert not is_pure(request.node)
