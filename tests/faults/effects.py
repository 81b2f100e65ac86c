"""What the senders were told, held against the rows: each key exactly one effect, each step on the shelf."""

import json
from collections import Counter
from uuid import UUID

from tests.faults.house import House, opening
from tests.faults.sending import Books

_EFFECTS = {
    "orders": "SELECT e.key, o.id FROM orders_order o JOIN base_inboxentry e ON e.id = o.entry_id",
    "receipts": "SELECT e.key, r.id FROM sales_receipt r JOIN base_inboxentry e ON e.id = r.entry_id",
    "stock/facts": "SELECT e.key, '' FROM stock_movement m JOIN base_inboxentry e ON e.id = m.entry_id "
    "WHERE m.kind = 1 AND e.key NOT LIKE 'opening%'",
}
_HOLDS = "SELECT key, outcome FROM base_inboxentry WHERE kind = 'hold'"
_SHELVES = (
    "SELECT p.sku, s.on_hand, s.reserved, s.held FROM stock_shelf s JOIN catalogue_product p ON p.id = s.product_id "
    "WHERE s.state = 1"
)


def wrong_effects(house: House, books: Books) -> list[str]:
    """Say where the rows differ from what was acknowledged, provided that nothing was left open; [] is as it should."""
    assert books.unanswered == []
    faults = []
    for path in (*_EFFECTS, "holds"):
        found = _found(house, path)
        for key in books.keys(path).keys() | found.keys():
            wanted = [plain(books.ids[key])] if key in books.ids else []
            if found.get(key, []) != wanted:
                faults.append(f"{path} {key}: told {wanted}, there are {found.get(key, [])}")
    return faults + _wrong_shelves(house, books)


def _found(house: House, path: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, identity in _holds(house) if path == "holds" else house.rows(_EFFECTS[path]):
        found.setdefault(key, []).append(plain(str(identity)))
    return found


def _holds(house: House) -> list[tuple[str, str]]:
    """The holds that are there, each by the key that was answered with it; one that no key names has the key ""."""
    keys = {plain(json.loads(outcome)["id"]): key for key, outcome in house.rows(_HOLDS)}
    rows = house.rows("SELECT h.id FROM stock_hold h JOIN stock_holdline l ON l.hold_id = h.id")
    return [(keys.get(plain(str(identity)), ""), str(identity)) for (identity,) in rows]


def _wrong_shelves(house: House, books: Books) -> list[str]:
    steps = {path: sum(books.keys(path).values()) for path in (*_EFFECTS, "holds")}
    expected = {
        "milk": (opening("milk"), steps["orders"], steps["holds"]),
        "bread": (opening("bread") - steps["receipts"] + steps["stock/facts"], 0, 0),
    }
    found = {sku: tuple(figures) for sku, *figures in house.rows(_SHELVES)}
    return [
        f"{sku}: {found[sku]} on the shelf, {expected[sku]} told" for sku in expected if found[sku] != expected[sku]
    ]


def missing_from_the_api(house: House, books: Books) -> list[str]:
    """Say which acknowledged orders and receipts the API's lists do not show exactly once."""
    faults = []
    for path in ("orders", "receipts"):
        shown = Counter(plain(str(item["id"])) for item in house.every(path))
        told = Counter(plain(books.ids[key]) for key in books.keys(path))
        faults += [f"{path}: {identity} is shown {shown[identity]} times" for identity in told if shown[identity] != 1]
        faults += [f"{path}: {identity} was never told" for identity in shown if identity not in told]
    return faults


def wrong_positions(house: House) -> list[str]:
    """Say where the events' positions have a gap, a double or an event without one; [] is as it should."""
    events, unnumbered, first, last = house.rows(
        "SELECT COUNT(*), COUNT(*) - COUNT(position), MIN(position), MAX(position) FROM base_event"
    )[0]
    ((told,),) = house.rows("SELECT COUNT(DISTINCT event_id) FROM base_event")
    ((orders,),) = house.rows("SELECT COUNT(DISTINCT subject) FROM base_event WHERE type = 'order.placed'")
    ((placed,),) = house.rows("SELECT COUNT(*) FROM orders_order")
    faults = [f"{unnumbered} events without a position"] if unnumbered else []
    if (first, last) != (1, events):
        faults.append(f"{events} events from {first} to {last}")
    if told != events or orders != placed:
        faults.append(f"{events} events of which {told} differ; {orders} orders told, {placed} placed")
    return faults


def plain(identity: str) -> str:
    """Return an id as both databases can be compared by: a UUID's 32 digits."""
    return UUID(identity).hex if len(identity) >= 32 else identity
