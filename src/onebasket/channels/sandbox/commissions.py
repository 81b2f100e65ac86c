"""Commission lines: one for each line that was bought, through its life, restated, and taken back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from onebasket.channels.sandbox.answering import COMMISSION_RATE, Answer, Asked, House, percent_text, whole_number
from onebasket.channels.sandbox.books import Session, now_ms, number
from onebasket.channels.sandbox.faults import Fault
from onebasket.channels.sandbox.gate import TurnedAwayError
from onebasket.channels.sandbox.pushing import push_commission
from onebasket.commerce.partners.gateways.iop.envelopes import Code, affiliate, instant_of, written
from onebasket.kernel.money import PPM, divide_half_up

PAID, RECEIVED, SETTLED, INVALID = "Payment Completed", "Buyer Confirmed Receipt", "Completed Settlement", "Invalid"
STATUSES = (PAID, RECEIVED, SETTLED, INVALID)
FULL_REFUND, PART_REFUND, RISK = "FullRefund", "PartRefund", "Risk"
MOST_PAGE = 50
_TIMES = {
    "": "paid_ms",
    "Payment Completed Time": "paid_ms",
    "Buyer Confirmed Receipt Time": "finished_ms",
    "Completed Settlement Time": "settled_ms",
    "Modified Time": "modified_ms",
}


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to become of a commission line; the figures are for `restate` alone."""

    do: Literal["confirm", "settle", "invalidate", "refund", "restate"]
    amount: int | None = None
    commission: int | None = None


def add_commission(
    session: Session,
    house: House,
    line: int,
    taken: tuple[Mapping[str, Any], int, int],
    *,
    purchase: int,
    stated: tuple[str, str, str, str],
) -> None:
    """Expect commission on a line that was bought; `stated` is kind, tracking id, custom parameters and country."""
    row, pieces, price = taken
    kind, tracking, custom, country = stated
    at, amount = now_ms(), pieces * price
    due = at + round(house.commission_pace * 1000) if house.commission_pace else None
    session.execute(
        "INSERT INTO commission (line, purchase, status, paid, paid_commission, rate, good, title, quantity, category, "
        "kind, tracking, custom, country, paid_ms, modified_ms, due_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *(line, purchase, PAID, amount, divide_half_up(amount * COMMISSION_RATE, PPM), COMMISSION_RATE),
            *(row["id"], row["title"], pieces, row["category"], kind, tracking, custom, country, at, at, due),
        ],
    )


def make_lines(session: Session, count: int, status: str) -> int:
    """Make lines that nobody bought, for measuring; return how many."""
    at, first = now_ms(), max(9_000_000_000_000_001, number(session, "SELECT max(line) FROM commission") + 1)
    finished = 0 if status in {PAID, INVALID} else 1
    session.execute(
        "WITH RECURSIVE made (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM made WHERE n + 1 < ?1) "
        "INSERT INTO commission (line, purchase, status, paid, paid_commission, finished, finished_commission, rate, "
        "good, title, quantity, category, kind, tracking, custom, country, paid_ms, finished_ms, settled_ms, "
        "modified_ms) "
        "SELECT ?2 + n, 8900000000000001 + ?2 % 1000000000 + n, ?3, 100 + n % 5000, ((100 + n % 5000) * 7 + 50) / 100, "
        "?4 * (100 + n % 5000), ?4 * (((100 + n % 5000) * 7 + 50) / 100), 70000, (SELECT min(id) FROM good), "
        "'Made', 1, 1, 'affiliate', '', json_object('dp', 'made-' || n), 'GB', ?5, CASE ?4 WHEN 1 THEN ?5 END, "
        "CASE ?3 WHEN 'Completed Settlement' THEN ?5 END, ?5 FROM made",
        [count, first, status, finished, at],
    )
    return count


def by_index(asked: Asked) -> Answer:
    """List lines of one status from a place in their order on."""
    where, values = _asked_for(asked)
    size = asked.whole("page_size", MOST_PAGE, least=1, most=MOST_PAGE)
    after = asked.whole("start_query_index_id", 0)
    sql = f"SELECT * FROM commission WHERE {where} AND id > ? ORDER BY id LIMIT ?"  # noqa: S608 - of our own
    with asked.house.books.reading() as session:
        rows = session.execute(sql, [*values, after, size]).fetchall()
    found = [stated_line(asked.house, row, asked) for row in rows]
    result = {
        "current_record_count": len(found),
        "min_query_index_id": str(rows[0]["id"]) if rows else "",
        "max_query_index_id": str(rows[-1]["id"]) if rows else "",
    }
    return affiliate({**result, "orders": asked.listed("order", found)})


def by_page(asked: Asked) -> Answer:
    """List lines of one status page by page."""
    where, values = _asked_for(asked)
    size = asked.whole("page_size", 20, least=1, most=MOST_PAGE)
    page = asked.whole("page_no", 1, least=1, most=10**6)
    sql = f"SELECT * FROM commission WHERE {where} ORDER BY id LIMIT ? OFFSET ?"  # noqa: S608 - of our own
    with asked.house.books.reading() as session:
        total = number(session, f"SELECT count(*) FROM commission WHERE {where}", [*values])  # noqa: S608
        rows = session.execute(sql, [*values, size, (page - 1) * size]).fetchall()
    found = [stated_line(asked.house, row, asked) for row in rows]
    result = {
        "total_record_count": total,
        "current_record_count": len(found),
        "total_page_no": -(-total // size),
        "current_page_no": page,
    }
    return affiliate({**result, "orders": asked.listed("order", found)})


def by_number(asked: Asked) -> Answer:
    """Tell single lines; here the platform has another name for what the caller had us carry."""
    keys = [whole_number(one.strip()) or 0 for one in asked.needed("order_ids", most=2000).split(",")][:MOST_PAGE]
    marks = ", ".join("?" * len(keys))
    with asked.house.books.reading() as session:
        rows = session.execute(f"SELECT * FROM commission WHERE line IN ({marks}) ORDER BY id", keys).fetchall()  # noqa: S608
    found = [stated_line(asked.house, row, asked) for row in rows]
    for line in found:
        line["customer_parameters"] = line.pop("custom_parameters")
    return affiliate({"current_record_count": len(found), "orders": asked.listed("order", found)})


def _asked_for(asked: Asked) -> tuple[str, list[object]]:
    status = asked.needed("status")
    column = _TIMES.get(asked.text("time_type"))
    if status not in STATUSES or column is None:
        raise TurnedAwayError(Code.INVALID_PARAMETER, "There is no such status or time_type.")
    try:
        bounds = [round(instant_of(asked.needed(name)).timestamp() * 1000) for name in ("start_time", "end_time")]
    except (ValueError, OverflowError) as error:
        raise TurnedAwayError(Code.INVALID_PARAMETER, "A time is written as 2026-01-31 13:45:00.") from error
    return f"status = ? AND {column} >= ? AND {column} < ?", [status, *bounds]


def stated_line(house: House, row: Mapping[str, Any], asked: Asked | None = None) -> dict[str, Any]:
    """Return a line as we state it."""
    unknown = asked.wrong(Fault.UNKNOWN_STATUS) if asked else ""
    return {
        "sub_order_id": row["line"],
        "order_id": row["purchase"],
        "order_number": row["line"],
        "parent_order_number": row["purchase"],
        "order_status": unknown or row["status"],
        "effect_detail_status": row["detail"],
        "settled_currency": house.currency,
        "paid_amount": row["paid"],
        "estimated_paid_commission": row["paid_commission"],
        "finished_amount": row["finished"],
        "estimated_finished_commission": row["finished_commission"],
        "commission_rate": percent_text(row["rate"]),
        "incentive_commission_rate": "0.00%",
        "new_buyer_bonus_commission": 0,
        "estimated_incentive_paid_commission": 0,
        "estimated_incentive_finished_commission": 0,
        "created_time": _time(row["paid_ms"]),
        "paid_time": _time(row["paid_ms"]),
        "finished_time": _time(row["finished_ms"]),
        "completed_settlement_time": _time(row["settled_ms"]),
        "modified_time": _time(row["modified_ms"]),
        "product_id": row["good"],
        "product_title": row["title"],
        "product_count": row["quantity"],
        "product_detail_url": house.item_url(row["good"]),
        "product_main_image_url": f"{house.base}/picture/{row['good']}.svg",
        "category_id": row["category"],
        "order_type": row["kind"],
        "order_platform": "sandbox",
        "tracking_id": row["tracking"],
        "custom_parameters": row["custom"],
        "ship_to_country": row["country"],
        "is_hot_product": "N",
        "is_new_buyer": "N",
        "is_affiliate_product": "Y",
    }


def of_millis(millis: int) -> datetime:
    """Return milliseconds since 1970 as an instant."""
    return datetime.fromtimestamp(millis / 1000, UTC)


def _time(millis: int | None) -> str:
    return "" if millis is None else written(of_millis(millis))


def act(session: Session, house: House, line: int, act: Act) -> bool:
    """Let something become of a line, and tell it; False where there is no such line."""
    row = session.execute("SELECT * FROM commission WHERE line = ?", [line]).fetchone()
    if row is None:
        return False
    changed = _changed(row, act, now_ms())
    due = now_ms() + round(house.commission_pace * 1000) if house.commission_pace and act.do == "confirm" else None
    settings = ", ".join(f"{name} = :{name}" for name in changed)
    session.execute(
        f"UPDATE commission SET {settings}, modified_ms = :at, due_ms = :due WHERE line = :line",  # noqa: S608 - of our own
        {**changed, "at": now_ms(), "due": due, "line": line},
    )
    push_commission(session, line)
    return True


def _changed(row: Mapping[str, Any], act: Act, at: int) -> dict[str, Any]:
    """Return the columns that an act changes."""
    if act.do == "confirm":
        finished = {"finished": row["paid"], "finished_commission": row["paid_commission"]}
        return {"status": RECEIVED, "finished_ms": at, **finished}
    if act.do == "settle":
        received = row["finished_ms"] is not None
        finished = {
            "finished": row["finished"] if received else row["paid"],
            "finished_commission": row["finished_commission"] if received else row["paid_commission"],
        }
        return {"status": SETTLED, "settled_ms": at, "finished_ms": row["finished_ms"] or at, **finished}
    if act.do == "restate":
        names = ("paid", "paid_commission") if row["status"] == PAID else ("finished", "finished_commission")
        amount = row[names[0]] if act.amount is None else act.amount
        due = divide_half_up(amount * row["rate"], PPM) if act.commission is None else act.commission
        return {names[0]: amount, names[1]: due, "detail": PART_REFUND if amount < row[names[0]] else row["detail"]}
    detail = FULL_REFUND if act.do == "refund" else RISK
    return {"status": INVALID, "detail": detail, "finished": 0, "finished_commission": 0}


def due_lines(session: Session) -> list[tuple[int, Act]]:
    """Return the lines whose next step is due, and the step."""
    sql = "SELECT line, status FROM commission WHERE due_ms <= ? ORDER BY due_ms LIMIT 200"
    rows = session.execute(sql, [now_ms()])
    return [(row["line"], Act("confirm" if row["status"] == PAID else "settle")) for row in rows]
