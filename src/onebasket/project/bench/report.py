"""Figures beside their limits, the machine they were taken on, and how they are printed."""

import platform
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import psutil
from django.db import connection
from rich.console import Console
from rich.table import Table

from onebasket.base.bulk import fetch, is_postgresql


class Figure(msgspec.Struct, frozen=True):
    """One measured figure; `limit` is what the same run measured as the most that could be reached."""

    name: str
    what: str
    value: float
    unit: str
    limit: float | None = None
    limit_is: str = ""
    ratio: float | None = None
    details: dict[str, Any] = {}


def share(value: float, limit: float) -> float:
    """Return the value as a share of its limit."""
    return value / limit if limit else 0.0


def machine() -> dict[str, str]:
    """Return what the figures were taken on."""
    if is_postgresql():
        database = "PostgreSQL " + str(fetch("SHOW server_version")[0][0])
    else:
        database = f"SQLite {sqlite3.sqlite_version}"
    return {
        "cores": str(psutil.cpu_count() or 0),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "database": database,
        "vendor": connection.vendor,
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def show(figures: list[Figure], on: dict[str, str], console: Console) -> None:
    """Print the figures as a table."""
    title = f"onebasket bench: {on['database']}, {on['cores']} cores, {on['memory']}, Python {on['python']}"
    table = Table(title=title, show_lines=True)
    for heading in ("what", "measured", "limit in this run", "ratio", "details"):
        table.add_column(heading, justify="right" if heading in {"measured", "limit in this run", "ratio"} else "left")
    for figure in figures:
        table.add_row(
            f"{figure.name}: {figure.what}",
            f"{number(figure.value)} {figure.unit}",
            f"{number(figure.limit)} ({figure.limit_is})" if figure.limit is not None else "",
            f"{figure.ratio:.2f}" if figure.ratio is not None else "",
            "\n".join(f"{name}: {_text(value)}" for name, value in figure.details.items()),
        )
    console.print(table)


def number(value: float) -> str:
    """Write a figure with as many digits as it deserves."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"  # noqa: PLR2004 - digits, not a rule


def _text(value: object) -> str:
    return number(value) if isinstance(value, float) else str(value)
