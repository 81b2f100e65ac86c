"""How a test that commits leaves the database: as empty as Django's `flush` does, in a fraction of the time.

`flush` empties every table (PostgreSQL truncates it, which makes new files for it and all its indexes), and has content
types and permissions made anew. A test touches a few tables: those alone are emptied here, and types and permissions
stay. Where a test has changed these, `flush` it is.
"""
# ruff: noqa: S608 - the tables are those of the models

from dataclasses import dataclass

from django.core.management import call_command
from django.db import connection, transaction

KEPT = ("django_content_type", "auth_permission")
"""What is there from the start, as Django makes it for the models there are."""


@dataclass(frozen=True)
class Emptying:
    """What to empty, and what is to stay as it is."""

    tables: tuple[str, ...]
    kept: tuple[object, ...]

    @classmethod
    def of_new_database(cls) -> "Emptying":
        """Note what there is before the first test."""
        names = connection.introspection.django_table_names(only_existing=True, include_views=False)
        return cls(tuple(sorted({*names} - {*KEPT})), _rows(KEPT) if names else ())

    def empty(self) -> None:
        """Empty every table that has rows. On PostgreSQL this waits for sessions under way, as TRUNCATE does."""
        assert not connection.in_atomic_block, "a test that commits has no rows standing around it"
        if _rows(KEPT) != self.kept:
            call_command("flush", verbosity=0, interactive=False, reset_sequences=False)
            return
        with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(f"LOCK TABLE {', '.join(map(_quoted, self.tables))} IN ACCESS EXCLUSIVE MODE")
                cursor.execute("SET LOCAL session_replication_role = replica")  # nothing left can dangle
            for table in self.touched():
                cursor.execute(f"DELETE FROM {_quoted(table)}")

    def touched(self) -> list[str]:
        """Return the tables that have rows."""
        with connection.cursor() as cursor:
            cursor.execute(
                " UNION ALL ".join(f"SELECT '{t}' WHERE EXISTS (SELECT 1 FROM {_quoted(t)})" for t in self.tables)
            )
            return [name for (name,) in cursor.fetchall()]


def _rows(tables: tuple[str, ...]) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        found = list[object]()
        for table in tables:
            cursor.execute(f"SELECT * FROM {_quoted(table)} ORDER BY id")
            found.append(cursor.fetchall())
    return tuple(found)


def _quoted(name: str) -> str:
    return str(connection.ops.quote_name(name))
