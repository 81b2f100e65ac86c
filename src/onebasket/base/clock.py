"""The database's clock: the one time that promises and bookings go by."""

from datetime import UTC, datetime

from onebasket.base import bulk

_POSTGRESQL = "SELECT clock_timestamp()"
_SQLITE = "SELECT strftime('%%Y-%%m-%%dT%%H:%%M:%%f', 'now')"


def database_now() -> datetime:
    """Return the database's present time in UTC; on PostgreSQL the time of the statement, not of the transaction."""
    if bulk.is_postgresql():
        ((now,),) = bulk.fetch(_POSTGRESQL)
        return now.astimezone(UTC)  # type: ignore[no-any-return]
    ((text,),) = bulk.fetch(_SQLITE)
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
