"""Picking: which line a scanned code is, how much of it has been found, and what comes first."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID


class Wait(NamedTuple):
    """An order as it waits at its place: when it is to be collected, and how far its picking is."""

    order_id: UUID
    number: str
    place: str
    status: str
    lines: int
    done: int
    placed_at: datetime
    starts_at: datetime | None
    ends_at: datetime | None
    spot: str
    name: str


class PickLine(NamedTuple):
    """A line to pick, quantities in steps; `found` is how much has been scanned, `picked` None until it is picked."""

    line: int
    product_id: int
    sku: str
    name: str
    unit: str
    decimals: int
    department: str
    category: str
    promised: int
    found: int
    picked: int | None

    @property
    def missing(self) -> int:
        """Return how much of it is yet to be found."""
        return max(0, self.promised - self.found) if self.picked is None else 0


class Scanned(NamedTuple):
    """What a scan comes to: the line and how much of it is found now, or why it is none of the order's."""

    outcome: Literal["found", "complete", "picked_before", "too_much", "other_product", "unknown_code"]
    line: int = 0
    found: int = 0
    name: str = ""


def in_shelf_order(lines: list[PickLine]) -> list[PickLine]:
    """Return lines as one walks the store: by department, category and name, what is picked already last."""
    return sorted(lines, key=lambda line: (line.picked is not None, line.department, line.category, line.name))


def scan(lines: list[PickLine], product_id: int | None, steps: int, name: str) -> Scanned:
    """Say which line a scanned product is of, with so many steps more of it found."""
    if product_id is None:
        return Scanned("unknown_code")
    line = next((line for line in lines if line.product_id == product_id), None)
    if line is None:
        return Scanned("other_product", name=name)
    if line.picked is not None:
        return Scanned("picked_before", line.line, line.found, line.name)
    if line.found >= line.promised:
        return Scanned("picked_before", line.line, line.found, line.name)
    if line.found + steps > line.promised:
        return Scanned("too_much", line.line, line.found, line.name)
    found = line.found + steps
    return Scanned("complete" if found == line.promised else "found", line.line, found, line.name)


def is_no_show(ends_at: datetime | None, ready_at: datetime | None, *, now: datetime, hours: int) -> bool:
    """Whether a ready order was not collected: so many hours after its slot, or without one after it was ready."""
    since = ends_at or ready_at
    return since is not None and (now - since).total_seconds() >= hours * 3_600
