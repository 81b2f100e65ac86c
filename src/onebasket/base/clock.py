"""The database's clock: the one time that promises and bookings go by."""

from datetime import UTC, datetime

from django.db import connection


def database_now() -> datetime:
    """Return the database's present time in UTC; on PostgreSQL the time of the statement, not of the transaction."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT clock_timestamp()")
            (now,) = cursor.fetchone()
            return now.astimezone(UTC)  # type: ignore[no-any-return]
        cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
        (text,) = cursor.fetchone()
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
