"""The database's clock: the one time that promises and bookings go by."""

from datetime import datetime

from onebasket.base import bulk
from onebasket.base.columns import as_instant

_POSTGRESQL = "SELECT clock_timestamp()"
_SQLITE = "SELECT strftime('%%Y-%%m-%%dT%%H:%%M:%%f', 'now')"


def database_now() -> datetime:
    """Return the database's present time in UTC; on PostgreSQL the time of the statement, not of the transaction."""
    return ask_now()()


def ask_now() -> bulk.Later[datetime]:
    """Ask for the time at which the database comes to this question."""
    asked = bulk.ask(_POSTGRESQL if bulk.is_postgresql() else _SQLITE)

    def now() -> datetime:
        ((found,),) = asked.rows()
        instant = as_instant(found)
        assert instant is not None  # noqa: S101 - the clock says something
        return instant

    return now
