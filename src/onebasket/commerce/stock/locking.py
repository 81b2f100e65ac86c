"""The stock's only row locks: shelves in key order (place, state, product), and the hold lines met on them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

from onebasket.base import bulk
from onebasket.base.columns import Row, as_instant, as_uuid
from onebasket.base.instants import instant_parameter
from onebasket.base.locking import require_transaction
from onebasket.commerce.stock.models import Hold, HoldLine, Shelf
from onebasket.commerce.stock.rules.book import Figures, ShelfKey
from onebasket.commerce.stock.rules.promises import HeldLine

FEW_PLACES = 3
_KEY = ("place", "state", "product")
_COLUMNS = (
    "s.place_id, s.state, s.product_id, s.id, s.version, s.on_hand, s.reserved, s.held, s.counted_at, s.breach_id, "
    "s.discrepancy_id"
)


def lock_shelves(keys: Iterable[ShelfKey], *, make: bool = False) -> dict[ShelfKey, Figures]:
    """Lock shelves in key order, a statement per place and state, and return their figures.

    `make` makes those that are missing, in key order too, as facts need. Where another transaction has just made one,
    everything is given back and looked at again: nobody waits for an existing shelf while others wait for a new one,
    so there is no circle.
    """
    require_transaction()
    wanted = sorted(set(keys))
    if not make:
        return _lock(wanted)
    if bulk.is_postgresql():
        # Never released: what locks a row and what then writes it must be one subtransaction, or PostgreSQL keeps
        # a set of lockers for each row.
        bulk.execute("SAVEPOINT shelves")
    while True:
        locked = _lock(wanted)
        missing = [key for key in wanted if key not in locked]
        made = _make(missing)
        if len(made) == len(missing):
            return locked | made
        bulk.execute("ROLLBACK TO SAVEPOINT shelves")


def ask_shelves(keys: Iterable[ShelfKey]) -> bulk.Later[dict[ShelfKey, Figures]]:
    """Lock existing shelves as `lock_shelves` does, after what was asked for so far; their figures when wanted."""
    require_transaction()
    asked = _ask_locks(sorted(set(keys)))
    return lambda: {key: shelf for one in asked for key, shelf in _figures(one.rows()).items()}


def _make(missing: Sequence[ShelfKey]) -> dict[ShelfKey, Figures]:
    rows = [(key.place_id, key.product_id, key.state, 0, 0, 0, 0) for key in missing]
    names = ("place", "product", "state", "on_hand", "reserved", "held", "version")
    made = bulk.insert_missing(Shelf, names, rows, ("place", "state", "product", "id"))
    return _figures([(*key_and_id, 0, 0, 0, 0, None, None, None) for key_and_id in made])


def _lock(ordered: Sequence[ShelfKey]) -> dict[ShelfKey, Figures]:
    return {key: shelf for one in _ask_locks(ordered) for key, shelf in _figures(one.rows()).items()}


def _ask_locks(ordered: Sequence[ShelfKey]) -> list[bulk.Asked]:
    """Lock existing shelves: a statement per place and state where these are few, else one for all, in key order."""
    groups = [(key, list(group)) for key, group in groupby(ordered, key=lambda key: key[:2])]
    if len(groups) > FEW_PLACES:
        source, parameters = bulk.as_relation(Shelf, _KEY, ordered)
        sql = (
            f"SELECT {_COLUMNS} FROM ({source}) AS k JOIN stock_shelf s "  # noqa: S608 - constants
            # "+ 0": by place, or each key would touch a page of its own in the index by product.
            "ON s.place_id = k.c0 AND s.product_id = k.c2 AND s.state + 0 = k.c1 "
            f"ORDER BY s.place_id, s.state, s.product_id{bulk.for_update('s')}"
        )
        return [bulk.ask(sql, parameters)]
    sql = (
        f"SELECT {_COLUMNS} FROM stock_shelf s WHERE s.place_id = %s AND s.state = %s "  # noqa: S608 - constants
        f"AND {bulk.in_list('s.product_id')} ORDER BY s.product_id{bulk.for_update('s')}"
    )
    return [
        bulk.ask(sql, [place, state, bulk.list_parameter([key.product_id for key in keys])])
        for (place, state), keys in groups
    ]


def _figures(rows: Iterable[Row]) -> dict[ShelfKey, Figures]:
    return {
        ShelfKey(place, state, product): Figures(
            identity, version, on_hand, reserved, held, as_instant(counted) if counted else None, breach, discrepancy
        )
        for place, state, product, identity, version, on_hand, reserved, held, counted, breach, discrepancy in rows
    }


def lock_holds(ids: Sequence[UUID]) -> dict[UUID, list[HeldLine]]:
    """Lock holds in id order and return their active lines, expired ones included."""
    require_transaction()
    if not ids:
        return {}
    wanted = bulk.list_parameter(sorted(set(ids)))
    bulk.fetch(f"SELECT id FROM {bulk.table(Hold)} WHERE {bulk.in_list('id')} ORDER BY id{bulk.for_update()}", [wanted])  # noqa: S608
    sql = (
        "SELECT hold_id, id, place_id, product_id, quantity, expires_at FROM stock_holdline "  # noqa: S608
        f"WHERE state = 'active' AND {bulk.in_list('hold_id')} ORDER BY id"
    )
    found: dict[UUID, list[HeldLine]] = {}
    for hold, identity, place, product, quantity, expires in bulk.fetch(sql, [wanted]):
        line = HeldLine(as_uuid(hold), identity, place, product, quantity, _instant(expires))
        found.setdefault(line.hold_id, []).append(line)
    return found


def ask_expired_lines(keys: Iterable[ShelfKey], *, now: datetime) -> bulk.Later[list[HeldLine]]:
    """Ask for the active hold lines on shelves whose time is over at `now` (half-open: at it, they are).

    To be asked after the shelves' locks: what was read before a wait for them may be given back already.
    """
    require_transaction()
    pairs = sorted({(key.place_id, key.product_id) for key in keys})
    if not pairs:
        return list
    source, parameters = bulk.as_relation(HoldLine, ("place", "product"), pairs)
    sql = (
        "SELECT h.hold_id, h.id, h.place_id, h.product_id, h.quantity, h.expires_at "  # noqa: S608 - constants
        f"FROM ({source}) AS k JOIN stock_holdline h ON h.place_id = k.c0 AND h.product_id = k.c1 "
        "WHERE h.state = 'active' AND h.expires_at <= %s ORDER BY h.id"
    )
    asked = bulk.ask(sql, [*parameters, instant_parameter(now)])
    return lambda: [
        HeldLine(as_uuid(hold), identity, place, product, quantity, _instant(expires))
        for hold, identity, place, product, quantity, expires in asked.rows()
    ]


def _instant(value: datetime | str) -> datetime:
    instant = as_instant(value)
    assert instant is not None  # noqa: S101 - the column is not null
    return instant
