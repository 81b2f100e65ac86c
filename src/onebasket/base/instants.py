"""Instants as parameters of statements that are written by hand."""

from datetime import UTC, datetime

from onebasket.base.columns import is_postgresql


def instant_parameter(value: datetime) -> datetime | str:
    """Return what the driver compares with a column of times: SQLite keeps them as text in UTC."""
    return value if is_postgresql() else value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
