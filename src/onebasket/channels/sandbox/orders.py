"""Drop-ship orders: taken in by shop, told by our number or by time, and moved through their statuses."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from onebasket.channels.sandbox.answering import ANSWERED, Answer, Asked, House, percent_of, whole_number
from onebasket.channels.sandbox.books import Session, now_ms, number
from onebasket.channels.sandbox.commissions import add_commission, of_millis
from onebasket.channels.sandbox.faults import Fault
from onebasket.channels.sandbox.gate import TurnedAwayError
from onebasket.channels.sandbox.pushing import push_order
from onebasket.commerce.partners.gateways.iop.envelopes import PLACE_REQUEST, Code, instant_of, written

FIRST_ORDER, FIRST_PURCHASE, FIRST_LINE = 8_000_000_000_000_001, 8_100_000_000_000_001, 9_000_000_000_000_001
"""Where the numbers of drop-ship orders, of purchases on the shop page, and of their lines begin."""
PLACED, TO_SEND, PART_SENT, SENT, FINISHED = (
    "PLACE_ORDER_SUCCESS", "WAIT_SELLER_SEND_GOODS", "SELLER_PART_SEND_GOODS", "WAIT_BUYER_ACCEPT_GOODS", "FINISH",
)  # fmt: skip
NEXT = {PLACED: TO_SEND, TO_SEND: SENT, PART_SENT: SENT, SENT: FINISHED}
SERVICES = frozenset({"", "STANDARD", "EXPRESS"})
BLACKLISTED = "Blacklisted Buyer"
MOST_ITEMS, MOST_PIECES, LONGEST_OURS, MOST_PAGE = 50, 999, 64, 50
CARRIER = "Fernway Post"
_NOT_SERVED = frozenset({"AQ", "KP", "ZZ"})
_COUNTRY = re.compile(r"[A-Z]{2}")


class Item(msgspec.Struct, frozen=True):
    """What is ordered of one good."""

    product_id: int
    product_count: int
    sku_attr: str | None = None
    logistics_service_name: str | None = None
    order_memo: str | None = None


class Wanted(msgspec.Struct, frozen=True):
    """An order as it is asked for."""

    logistics_address: dict[str, Any] = {}
    product_items: tuple[Item, ...] = ()
    out_order_id: str = ""


class Payment(msgspec.Struct, frozen=True):
    """How it is to be paid."""

    pay_currency: str = ""


class Extended(msgspec.Struct, frozen=True):
    """What may stand beside an order."""

    payment: Payment = Payment()


class RefusedError(Exception):
    """The order is not taken in: why, in the platform's word."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code, self.message = code, message


Taken = tuple[Mapping[str, Any], int, int]
"""A good, how many of it, and what one costs."""


def place(asked: Asked) -> Answer:
    """Take an order in: one of ours for each shop, without what is not there. The same again is another order."""
    wanted: Wanted = asked.json(PLACE_REQUEST, Wanted)
    extended: Extended = asked.json("ds_extend_request", Extended)
    try:
        _check(wanted, extended, asked)
        with asked.house.books.writing() as session:
            taken = _take(session, asked, wanted.product_items)
            made = [_write(session, asked.house, wanted, lines) for lines in _by_shop(taken)]
    except RefusedError as refused:
        return {"result": {"is_success": False, "error_code": refused.code, "error_msg": refused.message}}
    return {"result": {"is_success": True, "order_list": asked.listed("number", made)}}


def _check(wanted: Wanted, extended: Extended, asked: Asked) -> None:
    if code := asked.wrong(Fault.REFUSE):
        raise RefusedError(code, "Refused on demand.")
    ids = [item.product_id for item in wanted.product_items]
    counts = all(0 < item.product_count <= MOST_PIECES for item in wanted.product_items)
    if (
        not 0 < len(ids) <= MOST_ITEMS
        or len(set(ids)) < len(ids)
        or not counts
        or len(wanted.out_order_id) > LONGEST_OURS
    ):
        raise RefusedError(
            "A001_ORDER_CANNOT_BE_PLACED", f"1 to {MOST_ITEMS} goods, 1 to {MOST_PIECES} pieces of each."
        )
    address = {name: str(value or "").strip() for name, value in wanted.logistics_address.items()}
    name = address.get("full_name") or address.get("contact_person")
    if not name or not all(address.get(part) for part in ("address", "city", "zip", "country")):
        raise RefusedError(
            "B_DROPSHIPPER_DELIVERY_ADDRESS_VALIDATE_FAIL", "Name, address, city, zip and country are needed."
        )
    if not _COUNTRY.fullmatch(address["country"]) or address["country"] in _NOT_SERVED:
        raise RefusedError("A002_INVALID_ZONE", "We do not send there.")
    if name == BLACKLISTED:
        raise RefusedError("BLACKLIST_BUYER_IN_LIST", "We do not sell to this buyer.")
    if any((item.logistics_service_name or "") not in SERVICES for item in wanted.product_items):
        raise RefusedError("DELIVERY_METHOD_NOT_EXIST", "There is no such way of delivery.")
    if extended.payment.pay_currency not in {"", asked.house.currency}:
        raise RefusedError("PRICE_PAY_CURRENCY_ERROR", f"It is paid in {asked.house.currency}.")


def _take(session: Session, asked: Asked, items: Sequence[Item]) -> list[Taken]:
    """Take the goods out of our stock, as far as they are there."""
    taken: list[Taken] = []
    if asked.wrong(Fault.PARTIAL):
        items = items[:-1]
    for item in items:
        pieces = item.product_count - (1 if asked.wrong(Fault.PART_QUANTITY) and item.product_count > 1 else 0)
        sql = "UPDATE good SET stock = stock - ?1 WHERE id = ?2 AND gone = 0 AND stock >= ?1 RETURNING *"
        row = session.execute(sql, [pieces, item.product_id]).fetchone()
        if row is not None:
            percent = asked.wrong(Fault.PRICE_CHANGE)
            taken.append((row, pieces, percent_of(row["price"], percent) if percent else row["price"]))
    if not taken:
        raise RefusedError("INVENTORY_HOLD_ERROR", "Nothing of it is in stock.")
    return taken


def _by_shop(taken: Sequence[Taken]) -> list[list[Taken]]:
    shops: dict[int, list[Taken]] = {}
    for one in taken:
        shops.setdefault(one[0]["shop"], []).append(one)
    return list(shops.values())


def _write(session: Session, house: House, wanted: Wanted, lines: Sequence[Taken]) -> int:
    address = msgspec.json.encode(wanted.logistics_address).decode()
    shipping = max(row["shipping"] for row, _, _ in lines)
    ours = wanted.out_order_id
    key = write_purchase(session, house, Bought("ds", ours, lines[0][0]["shop"], shipping, address=address))
    country = str(wanted.logistics_address.get("country", ""))
    custom = msgspec.json.encode({"out_order_id": ours}).decode()
    for line, taken in write_lines(session, key, lines):
        add_commission(session, house, line, taken, purchase=key, stated=("ds", "", custom, country))
    push_order(session, key)
    return key


class Bought(msgspec.Struct, frozen=True):
    """A purchase to write down; `form` is the page's that made it, which makes no other."""

    kind: str
    ours: str
    shop: int
    shipping: int
    address: str = ""
    form: str | None = None


def write_purchase(session: Session, house: House, bought: Bought) -> int:
    """Write a purchase down, and return its number."""
    first, last = (FIRST_ORDER, FIRST_PURCHASE - 1) if bought.kind == "ds" else (FIRST_PURCHASE, FIRST_LINE - 1)
    key = max(first, number(session, "SELECT max(id) FROM purchase WHERE id BETWEEN ? AND ?", [first, last]) + 1)
    at = now_ms()
    due = at + round(house.pace * 1000) if house.pace else None
    session.execute(
        "INSERT INTO purchase VALUES (?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?)",
        [key, bought.kind, bought.ours, bought.shop, PLACED, bought.shipping, bought.address, bought.form, at, at, due],
    )
    return key


def write_lines(session: Session, purchase: int, lines: Sequence[Taken]) -> list[tuple[int, Taken]]:
    """Write a purchase's lines down, and return each with its number."""
    key = max(FIRST_LINE, number(session, "SELECT max(id) FROM line") + 1)
    made = []
    for index, taken in enumerate(lines):
        row, pieces, price = taken
        values = [key + index, purchase, row["id"], row["title"], pieces, price]
        session.execute("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?)", values)
        made.append((key + index, taken))
    return made


def orders(asked: Asked) -> Answer:
    """List orders by our number, by time, or both; newest last."""
    size, page = asked.whole("page_size", 20, least=1, most=MOST_PAGE), asked.whole("page_no", 1, least=1, most=10**6)
    conditions, values = ["kind = 'ds'"], []
    if ours := asked.text("out_order_id"):
        conditions.append("ours = ?")
        values.append(ours)
    for name, sign in (("start_time", ">="), ("end_time", "<")):
        if stated := asked.text(name):
            conditions.append(f"created_ms {sign} ?")
            values.append(str(millis_of(stated)))
    if not values:
        raise TurnedAwayError(Code.MISSING_PARAMETER, "out_order_id, or start_time and end_time.")
    where = " AND ".join(conditions)
    with asked.house.books.reading() as session:
        total = number(session, f"SELECT count(*) FROM purchase WHERE {where}", [*values])  # noqa: S608 - of our own
        sql = f"SELECT id FROM purchase WHERE {where} ORDER BY id LIMIT ? OFFSET ?"  # noqa: S608 - of our own
        keys = [row["id"] for row in session.execute(sql, [*values, size, (page - 1) * size])]
        found = [stated_order(session, asked.house, key, asked) for key in keys]
    result = {"orders": asked.listed("order", found), "total_count": total, "page_no": page, "page_size": size}
    return {"result": result, **ANSWERED}


def order(asked: Asked) -> Answer:
    """Tell where one order stands."""
    stated = asked.text("order_id") or str(asked.json("single_order_query", dict[str, Any]).get("order_id", ""))
    with asked.house.books.reading() as session:
        found = stated_order(session, asked.house, whole_number(stated) or 0, asked)
    if not found:
        return {"rsp_code": "404", "rsp_msg": "There is no such order."}
    return {"result": found, **ANSWERED}


def plain_order(asked: Asked) -> Answer:
    """Tell where one order stands, as platforms do whose methods are addresses."""
    with asked.house.books.reading() as session:
        found = stated_order(session, asked.house, asked.whole("order_id", 0), asked)
    if not found:
        raise TurnedAwayError(Code.INVALID_PARAMETER, "There is no such order.")
    return {"data": found}


def millis_of(text: str) -> int:
    """Return an instant that a text states, in milliseconds since 1970.

    Raises:
        TurnedAwayError: it states none.
    """
    try:
        return round(instant_of(text).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise TurnedAwayError(Code.INVALID_PARAMETER, "A time is written as 2026-01-31 13:45:00.") from error


def stated_order(session: Session, house: House, key: int, asked: Asked | None = None) -> dict[str, Any]:
    """Return an order as we state it; nothing where there is none."""
    row = session.execute(
        "SELECT purchase.*, shop.name FROM purchase JOIN shop ON shop.id = purchase.shop WHERE purchase.id = ?", [key]
    ).fetchone()
    if row is None:
        return {}
    lines = session.execute("SELECT * FROM line WHERE purchase = ? ORDER BY id", [key]).fetchall()
    listed = asked.listed if asked else lambda name, items: {name: items}
    status = (asked.wrong(Fault.UNKNOWN_STATUS) if asked else "") or row["status"]
    parcel = {
        "logistics_no": row["tracking"],
        "logistics_service": CARRIER,
        "tracking_url": f"{house.base}/track/{row['tracking']}",
    }
    children = [
        {
            "product_id": line["good"], "product_name": line["title"], "product_count": line["quantity"],
            "product_price": house.money(line["price"]), "sub_order_id": line["id"],
        }
        for line in lines
    ]  # fmt: skip
    return {
        "order_id": row["id"],
        "out_order_id": row["ours"],
        "gmt_create": written(of_millis(row["created_ms"])),
        "gmt_modified": written(of_millis(row["modified_ms"])),
        "create_time": row["created_ms"],
        "modified_time": row["modified_ms"],
        "order_status": status,
        "logistics_status": _logistics(row["status"], row["tracking"]),
        "order_amount": house.money(sum(line["quantity"] * line["price"] for line in lines) + row["shipping"]),
        "shipping_amount": house.money(row["shipping"]),
        "child_order_list": listed("ae_child_order_info", children),
        "logistics_info_list": listed("ae_order_logistics_info", [parcel] if row["tracking"] else []),
        "store_info": {
            "store_id": row["shop"],
            "store_name": row["name"],
            "store_url": f"{house.base}/shop/{row['shop']}",
        },
    }


def _logistics(status: str, tracking: str) -> str:
    if status == FINISHED:
        return "BUYER_ACCEPT_GOODS"
    if tracking:
        return "SELLER_SEND_GOODS"
    return "WAIT_SELLER_SEND_GOODS" if status in {PLACED, TO_SEND} else "NO_LOGISTICS"


def set_status(session: Session, house: House, key: int, status: str) -> bool:
    """Bring an order to a status, and tell it; False where there is no such order."""
    at = now_ms()
    due = at + round(house.pace * 1000) if house.pace and status in NEXT else None
    tracking = f"SBX{key % 10**10:010d}GB" if status in {PART_SENT, SENT, FINISHED} else ""
    done = session.execute(
        "UPDATE purchase SET status = ?1, modified_ms = ?2, due_ms = ?3, "
        "tracking = CASE WHEN tracking = '' THEN ?4 ELSE tracking END WHERE id = ?5",
        [status, at, due, tracking, key],
    )
    if done.rowcount == 1:
        push_order(session, key)
    return done.rowcount == 1


def step(session: Session, house: House, key: int) -> str:
    """Let an order take its next step; return where it stands, empty where there is no such order."""
    found = session.execute("SELECT status FROM purchase WHERE id = ?", [key]).fetchone()
    if found is None:
        return ""
    status = str(found["status"])
    if status in NEXT:
        set_status(session, house, key, NEXT[status])
    return NEXT.get(status, status)


def due_orders(session: Session) -> list[int]:
    """Return the orders whose next step is due."""
    rows = session.execute("SELECT id FROM purchase WHERE due_ms <= ? ORDER BY due_ms LIMIT 100", [now_ms()])
    return [row["id"] for row in rows]
