"""The stock's part of the audit: shelves equal their movements, promises equal what is open, nothing is orphaned."""

from datetime import datetime

from onebasket.base.audit import Check, Finding, prove
from onebasket.base.instants import instant_parameter

_SHELVES = "SELECT COUNT(*) FROM stock_shelf"
_MOVEMENTS = "SELECT COUNT(*) FROM stock_movement"
_ENDS = (
    "SELECT place_id, product_id, target AS state, quantity AS moved, 0 AS on_hand, 0 AS shelves "
    "FROM stock_movement WHERE target <= 4 "
    "UNION ALL SELECT place_id, product_id, origin, -quantity, 0, 0 FROM stock_movement WHERE origin <= 4 "
)
_CONSERVED = (
    "SELECT * FROM (SELECT "
    "(SELECT SUM(on_hand) FROM stock_shelf) AS on_shelves, "
    "SUM(CASE WHEN origin > 4 THEN quantity ELSE 0 END) - SUM(CASE WHEN target > 4 THEN quantity ELSE 0 END) AS came, "
    "SUM(CASE WHEN origin IN (1, 2, 3, 4, 11, 12, 13, 14, 15) AND target IN (1, 2, 3, 4, 11, 12, 13, 14, 15) "
    "AND origin <> target AND (origin <= 4 OR target <= 4) AND quantity > 0 THEN 0 ELSE 1 END) AS malformed "
    "FROM stock_movement) AS totals WHERE COALESCE(on_shelves, 0) <> COALESCE(came, 0) OR malformed > 0"
)
_LEDGER = (
    Check(
        "stock.shelves",
        "Every shelf's on hand is the net of its movements, in every state; no movement lacks its shelf",
        _SHELVES,
        "SELECT place_id AS place, product_id AS product, state, "  # noqa: S608 - constants
        "CASE WHEN SUM(shelves) = 0 THEN NULL ELSE SUM(on_hand) END AS on_hand, SUM(moved) AS movements FROM ("
        f"{_ENDS}UNION ALL SELECT place_id, product_id, state, 0, on_hand, 1 FROM stock_shelf) AS ends "
        "GROUP BY place_id, product_id, state HAVING SUM(moved) <> SUM(on_hand) OR SUM(shelves) <> 1",
    ),
    Check(
        "stock.conserved",
        "What lies on shelves is what came in from outside less what went out; both ends of each movement count",
        _MOVEMENTS,
        _CONSERVED,
    ),
    Check(
        "stock.transfers",
        "What one place sent to another has come out of nowhere and gone nowhere",
        "SELECT COUNT(*) FROM stock_movement WHERE origin = 15 OR target = 15",
        "SELECT product_id AS product, entry_id AS entry, "
        "SUM(CASE WHEN target = 15 THEN quantity ELSE -quantity END) AS adrift "
        "FROM stock_movement WHERE origin = 15 OR target = 15 GROUP BY product_id, entry_id "
        "HAVING SUM(CASE WHEN target = 15 THEN quantity ELSE -quantity END) <> 0",
    ),
    Check(
        "stock.entries",
        "Every movement traces to the inbox entry of the fact that caused it",
        _MOVEMENTS,
        "SELECT DISTINCT m.place_id AS place, m.entry_id AS entry, i.kind FROM stock_movement m "
        "LEFT JOIN base_inboxentry i ON i.id = m.entry_id "
        "WHERE i.id IS NULL OR i.kind NOT IN ('receipt', 'stock', 'order-step', 'mend')",
    ),
    Check(
        "stock.orphans",
        "Every shelf, movement, count and promise names a place and a product that exist",
        _MOVEMENTS,
        " UNION ALL ".join(
            f"SELECT DISTINCT '{table}' AS kind, d.place_id AS place, d.product_id AS product FROM stock_{table} d "  # noqa: S608
            "LEFT JOIN places_place p ON p.id = d.place_id LEFT JOIN catalogue_product c ON c.id = d.product_id "
            "WHERE p.id IS NULL OR c.id IS NULL"
            for table in ("movement", "count", "reservation", "holdline", "shelf")
        ),
    ),
)


def _promised(name: str, claim: str, *, table: str, condition: str) -> Check:
    return Check(
        f"stock.{name}",
        claim,
        f"SELECT COUNT(*) FROM {table} WHERE {condition}",  # noqa: S608 - constants
        f"SELECT place_id AS place, product_id AS product, SUM(figure) AS {name}, SUM(promised) AS promises FROM ("  # noqa: S608
        f"SELECT place_id, product_id, 0 AS figure, quantity AS promised FROM {table} WHERE {condition} "
        f"UNION ALL SELECT place_id, product_id, {name}, 0 FROM stock_shelf WHERE {name} <> 0) AS promises "
        "GROUP BY place_id, product_id HAVING SUM(figure) <> SUM(promised)",
    )


_PROMISES = (
    _promised(
        "reserved", "Reserved is the sum of the open reservations", table="stock_reservation", condition="state = 1"
    ),
    _promised("held", "Held is the sum of the active hold lines", table="stock_holdline", condition="state = 'active'"),
)
_HOLDS = Check(
    "stock.holds",
    "Every hold of a source traces to the one inbox entry that it answered, and every such entry to its hold",
    "SELECT COUNT(*) FROM stock_hold WHERE source_id <> 0",
    "SELECT hold, SUM(holds) AS holds, SUM(entries) AS entries FROM ("
    "SELECT REPLACE(CAST(id AS text), '-', '') AS hold, 1 AS holds, 0 AS entries FROM stock_hold "
    "WHERE source_id <> 0 "
    "UNION ALL SELECT REPLACE(SUBSTR(outcome, 25, 36), '-', ''), 0, 1 FROM base_inboxentry "
    "WHERE kind = 'hold' AND outcome LIKE %s) AS pairs "
    "GROUP BY hold HAVING SUM(holds) <> 1 OR SUM(entries) <> 1",
    ('{"outcome":"held","id":"%',),
)
_BREACHES = Check(
    "stock.breaches",
    "A breach is open exactly where something is reserved and on hand is below it, with that shortfall",
    "SELECT COUNT(*) FROM stock_breach WHERE closed_at IS NULL",
    "SELECT s.place_id AS place, s.product_id AS product, s.reserved - s.on_hand AS short, b.shortfall, b.id AS breach "
    "FROM stock_shelf s LEFT JOIN stock_breach b ON b.id = s.breach_id AND b.closed_at IS NULL "
    "AND b.place_id = s.place_id AND b.product_id = s.product_id "
    "WHERE (s.breach_id IS NOT NULL OR (s.reserved > 0 AND s.on_hand < s.reserved)) "
    "AND (s.state <> 1 OR s.breach_id IS NULL OR b.id IS NULL "
    "OR b.shortfall <> s.reserved - s.on_hand OR s.on_hand >= s.reserved OR s.reserved = 0) "
    "AND (s.state = 1 OR s.breach_id IS NOT NULL) "
    "UNION ALL SELECT b.place_id, b.product_id, NULL, b.shortfall, b.id FROM stock_breach b "
    "LEFT JOIN stock_shelf s ON s.place_id = b.place_id AND s.product_id = b.product_id AND s.state = 1 "
    "WHERE b.closed_at IS NULL AND (s.id IS NULL OR s.breach_id IS NULL OR s.breach_id <> b.id)",
)
_DISCREPANCIES = Check(
    "stock.discrepancies",
    "A discrepancy is open exactly where on hand is below zero, with that figure",
    "SELECT COUNT(*) FROM stock_discrepancy WHERE closed_at IS NULL",
    "SELECT s.place_id AS place, s.product_id AS product, s.state, s.on_hand, d.quantity, d.id AS discrepancy "
    "FROM stock_shelf s LEFT JOIN stock_discrepancy d ON d.id = s.discrepancy_id AND d.closed_at IS NULL "
    "AND d.place_id = s.place_id AND d.product_id = s.product_id AND d.state = s.state "
    "WHERE (s.discrepancy_id IS NOT NULL OR s.on_hand < 0) "
    "AND (s.discrepancy_id IS NULL OR d.id IS NULL OR d.quantity <> s.on_hand OR s.on_hand >= 0) "
    "UNION ALL SELECT d.place_id, d.product_id, d.state, NULL, d.quantity, d.id FROM stock_discrepancy d "
    "LEFT JOIN stock_shelf s ON s.place_id = d.place_id AND s.product_id = d.product_id AND s.state = d.state "
    "WHERE d.closed_at IS NULL AND (s.id IS NULL OR s.discrepancy_id IS NULL OR s.discrepancy_id <> d.id)",
)


def audit_stock(*, now: datetime) -> list[Finding]:
    """Prove the ledger, the promises and what is at odds; `now` tells which holds have expired unreleased."""
    expired = Check(
        "stock.expired_holds",
        "Hold lines whose time is over, not released yet (counted among the held)",
        "SELECT COUNT(*) FROM stock_holdline WHERE state = 'active' AND expires_at <= %s",
        counted_parameters=(instant_parameter(now),),
    )
    return prove((*_LEDGER, *_PROMISES, expired, _HOLDS, _BREACHES, _DISCREPANCIES))
