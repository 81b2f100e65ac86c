"""`onebasket migrate`: bring the database's tables up to this version."""

from django.core.management import call_command
from django.db import connections


def run() -> None:
    """Bring the database's tables up to this version. Safe to run again."""
    bring_up_to_date(verbosity=1)


def bring_up_to_date(*, verbosity: int) -> None:
    """Apply what is missing and let go of the connection, so that processes started later share nothing."""
    call_command("migrate", interactive=False, verbosity=verbosity)
    connections.close_all()
