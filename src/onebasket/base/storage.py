"""How tables lie on disk, where a database lets us say it."""

from typing import Any

from django.db.migrations import RunPython


def leave_room(table: str, *, percent: int) -> RunPython:
    """Return a migration that leaves so much of each page of a table free on PostgreSQL; SQLite updates rows in place.

    PostgreSQL writes a new version of a row for each update. On the same page it needs no new entry in any index
    (a heap-only tuple), and what it leaves is swept up by the next visitor. Pages written before stay as they are.
    """

    def leave(_: object, schema_editor: Any) -> None:  # noqa: ANN401 - of either database
        _alter(schema_editor, table, f"SET (fillfactor = {100 - percent})")

    def fill(_: object, schema_editor: Any) -> None:  # noqa: ANN401 - of either database
        _alter(schema_editor, table, "RESET (fillfactor)")

    return RunPython(leave, fill)


def _alter(schema_editor: Any, table: str, how: str) -> None:  # noqa: ANN401 - of either database
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE {schema_editor.quote_name(table)} {how}")
