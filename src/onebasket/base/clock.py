"""The database's clock: the one time that promises and bookings go by."""

from datetime import datetime

from onebasket.base import bulk
from onebasket.base.columns import as_instant

_POSTGRESQL = "clock_timestamp()"
_SQLITE = "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"


def database_now() -> datetime:
    """Return the database's present time in UTC; on PostgreSQL the time of the statement, not of the transaction."""
    return ask_now()()


def now_sql() -> str:
    """Return the SQL for the database's present time, as its columns of times take it."""
    return _POSTGRESQL if bulk.is_postgresql() else _SQLITE


def ask_now() -> bulk.Later[datetime]:
    """Ask for the time at which the database comes to this question."""
    asked = bulk.ask(f"SELECT {now_sql()}")

    def now() -> datetime:
        ((found,),) = asked.rows()
        instant = as_instant(found)
        assert instant is not None  # noqa: S101 - the clock says something
        return instant

    return now
