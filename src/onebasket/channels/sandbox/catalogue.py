"""The methods that list and describe what the sandbox sells, and link to it."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from onebasket.channels.sandbox.answering import (
    ANSWERED,
    COMMISSION_RATE,
    Answer,
    Asked,
    House,
    path_of,
    percent_of,
    percent_text,
    whole_number,
)
from onebasket.channels.sandbox.books import Session, known, number
from onebasket.channels.sandbox.faults import Fault
from onebasket.channels.sandbox.gate import TurnedAwayError
from onebasket.channels.sandbox.goods import page_before, page_of
from onebasket.commerce.partners.gateways.iop.envelopes import Code, affiliate

MOST_IDS, MOST_LISTED, MOST_PAGE, MOST_LINKS = 50, 1000, 50, 50
CLICK = re.compile(r"[A-Za-z0-9._~-]{1,64}")
ITEM = re.compile(r"/item/([0-9]{1,16})\.html")
_GOOD = (
    "SELECT good.*, shop.name AS shop_name, category.name AS category_name, category.path, category.parent, "
    "coalesce(above.name, category.name) AS parent_name "
    "FROM good JOIN shop ON shop.id = good.shop JOIN category ON category.id = good.category "
    "LEFT JOIN category AS above ON above.id = category.parent"
)
Row = Mapping[str, Any]


def feed(asked: Asked) -> Answer:
    """List ids in the order of change, by a cursor that only we can write; it goes on for ever."""
    size = asked.whole("page_size", 200, least=1, most=MOST_LISTED)
    category = asked.whole("category_id", 0)
    with asked.house.books.reading() as session:
        key = known(session, "cursor key")
        after = _read_cursor(key, asked.text("search_id"))
        if asked.wrong(Fault.CURSOR_REPEAT):
            page, more, last = page_before(session, after, size), True, after
            page = page or page_of(session, 0, size, category=category)
        else:
            if asked.wrong(Fault.CURSOR_SKIP):
                skipped = page_of(session, after, size, category=category)
                after = skipped[-1][0] if skipped else after
            page = page_of(session, after, size + 1, category=category)
            page, more = page[:size], len(page) > size
            last = page[-1][0] if page else after
        total = int(known(session, "goods", "0"))
    ids = asked.listed("number", [good for _, good in page])
    result = {"products": ids, "search_id": _write_cursor(key, last), "total": total, "is_finished": not more}
    return {"result": result, **ANSWERED}


def _write_cursor(key: str, after: int) -> str:
    body = str(after).encode()
    return base64.urlsafe_b64encode(hmac.digest(key.encode(), body, hashlib.sha256)[:6] + body).decode().rstrip("=")


def _read_cursor(key: str, stated: str) -> int:
    if not stated:
        return 0
    try:
        after = whole_number(base64.urlsafe_b64decode(stated + "=" * (-len(stated) % 4))[6:].decode("ascii"))
    except ValueError:
        after = None
    if after is None or not hmac.compare_digest(_write_cursor(key, after).encode(), stated.encode()):
        raise TurnedAwayError(Code.INVALID_PARAMETER, "This search_id is none of ours.")
    return after


def details(asked: Asked) -> Answer:
    """Describe single goods as they are now; those that there are no more are missing."""
    stated = asked.needed("product_ids", most=5000).split(",")
    ids = [whole_number(one.strip()) or 0 for one in stated]
    if len(ids) > MOST_IDS:
        return affiliate({}, code=402, message=f"At most {MOST_IDS} product_ids in a call.")
    with asked.house.books.reading() as session:
        marks = ", ".join("?" * len(ids))
        found = {row["id"]: row for row in session.execute(f"{_GOOD} WHERE good.id IN ({marks}) AND gone = 0", ids)}
    rows = [found[key] for key in dict.fromkeys(ids) if key in found]
    return _stated(asked, rows)


def query(asked: Asked) -> Answer:
    """Find goods by words in their titles, page by page."""
    page, size = asked.whole("page_no", 1, least=1, most=1000), asked.whole("page_size", 20, least=1, most=MOST_PAGE)
    with asked.house.books.reading() as session:
        rows, total = search(session, asked.text("keywords", most=200), skip=(page - 1) * size, size=size)
    pages = {"total_record_count": total, "current_page_no": page, "total_page_no": -(-total // size)}
    return _stated(asked, rows, **pages, is_finished=page * size >= total)


def find_good(session: Session, key: int) -> Row | None:
    """Return a good with its shop and category; None where it is not sold."""
    found: Row | None = session.execute(f"{_GOOD} WHERE good.id = ? AND gone = 0", [key]).fetchone()
    return found


def search(session: Session, words: str, *, skip: int, size: int, shop: int = 0) -> tuple[list[Row], int]:
    """Return goods that have all words in their titles, in stock first, and how many there are; no words find all."""
    conditions, values = ["gone = 0"], []
    for word in words.lower().split()[:6]:
        conditions.append("title LIKE ? ESCAPE '\\'")
        values.append("%" + re.sub(r"([%_\\])", r"\\\1", word) + "%")
    if shop:
        conditions.append("shop = ?")
        values.append(str(shop))
    where = " AND ".join(conditions)
    total = number(session, f"SELECT count(*) FROM good WHERE {where}", [*values])  # noqa: S608 - conditions of our own
    order = "stock = 0, good.id" if values else "good.id"  # all of them are not sorted for one page
    sql = f"{_GOOD} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
    return session.execute(sql, [*values, size, skip]).fetchall(), total


def _stated(asked: Asked, rows: Sequence[Row], **more: object) -> Answer:
    tracking = asked.text("tracking_id", most=64)
    links = _links(asked.house, [(row["id"], "") for row in rows], tracking) if tracking and rows else {}
    products = [_product(asked, row, links.get((row["id"], ""), "")) for row in rows]
    result = {"current_record_count": len(products), "products": asked.listed("product", products), **more}
    return affiliate(result)


def _product(asked: Asked, row: Row, link: str) -> dict[str, Any]:
    house = asked.house
    price, list_price, stock, currency = told(asked, row)
    sale, original = house.text(price), house.text(max(list_price, price))
    picture = f"{house.base}/picture/{row['id']}.svg"
    prices: dict[str, str] = {}
    for name, amount in (("sale", sale), ("app_sale", sale), ("original", original)):
        for prefix in ("", "target_"):
            prices |= {f"{prefix}{name}_price": amount, f"{prefix}{name}_price_currency": currency}
    return {
        "product_id": row["id"],
        "product_title": row["title"],
        "product_detail_url": house.item_url(row["id"]),
        **({"promotion_link": link} if link else {}),
        **prices,
        "discount": f"{round(100 - 100 * price / max(list_price, price, 1))}%",
        "shop_id": row["shop"],
        "shop_name": row["shop_name"],
        "shop_url": f"{house.base}/shop/{row['shop']}",
        "first_level_category_id": row["parent"] or row["category"],
        "first_level_category_name": row["parent_name"],
        "second_level_category_id": row["category"],
        "second_level_category_name": row["category_name"],
        "category_path": row["path"],
        "available_stock": stock,
        "is_available": "Y" if stock else "N",
        "shipping_fee": house.text(row["shipping"]),
        "shipping_fee_currency": currency,
        "min_delivery_days": row["days_from"],
        "max_delivery_days": row["days_to"],
        "ship_to_days": f"ship to GB in {row['days_to']} days",
        "ean_code": row["gtin"],
        "model": row["model"],
        "brand": row["brand"],
        "commission_rate": percent_text(COMMISSION_RATE),
        "evaluate_rate": f"{90 + row['id'] % 10}.0%",
        "lastest_volume": row["id"] * 37 % 400,
        "product_main_image_url": picture,
        "product_small_image_urls": asked.listed("string", [picture]),
        "stated_time": row["stated_ms"],
    }


def told(asked: Asked, row: Row) -> tuple[int, int, int, str]:
    """Return price, list price, stock and currency as we say them, which a fault may make a lie."""
    price, stock, currency = row["price"], row["stock"], asked.house.currency
    if percent := asked.wrong(Fault.LYING_PRICE):
        price = percent_of(price, percent)
    if lie := asked.wrong(Fault.LYING_STOCK):
        stock = int(lie)
    return price, row["list_price"], stock, asked.wrong(Fault.LYING_CURRENCY) or currency


def ds_product(asked: Asked) -> Answer:
    """Describe one good to those who place orders."""
    with asked.house.books.reading() as session:
        row = find_good(session, asked.whole("product_id", 0))
    if row is None:
        return {"rsp_code": "404", "rsp_msg": "There is no such product."}
    house = asked.house
    price, list_price, stock, currency = told(asked, row)
    sku = {
        "id": "<none>",
        "sku_id": str(row["id"]),
        "sku_code": row["model"],
        "barcode": row["gtin"],
        "sku_stock": stock > 0,
        "sku_available_stock": stock,
        "ipm_sku_stock": stock,
        "sku_price": house.text(max(list_price, price)),
        "offer_sale_price": house.text(price),
        "offer_bulk_sale_price": house.text(price),
        "sku_bulk_order": 1,
        "currency_code": currency,
        "ae_sku_property_dtos": asked.listed("ae_sku_property_d_t_o", []),
    }
    base = {
        "product_id": row["id"],
        "category_id": row["category"],
        "subject": row["title"],
        "currency_code": currency,
        "product_status_type": "onSelling",
        "detail": row["title"],
        "avg_evaluation_rating": "4.8",
        "evaluation_count": "0",
    }
    result = {
        "ae_item_sku_info_dtos": asked.listed("ae_item_sku_info_d_t_o", [sku]),
        "ae_item_base_info_dto": base,
        "ae_item_properties": asked.listed("ae_item_property", []),
        "ae_multimedia_info_dto": {"image_urls": f"{house.base}/picture/{row['id']}.svg"},
        "logistics_info_dto": {"delivery_time": row["days_to"], "ship_to_country": "GB"},
        "ae_store_info": {"store_id": row["shop"], "store_name": row["shop_name"]},
    }
    return {"result": result, **ANSWERED}


def categories(asked: Asked) -> Answer:
    """List the categories; one without a parent names none."""
    with asked.house.books.reading() as session:
        rows = session.execute("SELECT id, name, parent FROM category ORDER BY id").fetchall()
    found = [
        {"category_id": row["id"], "category_name": row["name"]}
        | ({"parent_category_id": row["parent"]} if row["parent"] else {})
        for row in rows
    ]
    return affiliate({"total_result_count": len(found), "categories": asked.listed("category", found)})


def links(asked: Asked) -> Answer:
    """Return the addresses by which we know who sent a shopper."""
    tracking = asked.needed("tracking_id", most=64)
    stated = asked.needed("source_values", most=20_000).split(",")
    if len(stated) > MOST_LINKS:
        return affiliate({}, code=402, message=f"At most {MOST_LINKS} source_values in a call.")
    wanted = {url: key for url in stated if (key := _item_of(asked.house, url.strip())) is not None}
    made = _links(asked.house, list(wanted.values()), tracking)
    found = [
        {"source_value": url, "promotion_link": made[wanted[url]]}
        if url in wanted and wanted[url] in made
        else {"source_value": url, "message": "This address is no item of ours."}
        for url in stated
    ]
    result = {"tracking_id": tracking, "total_result_count": len(found)}
    return affiliate({**result, "promotion_links": asked.listed("promotion_link", found)})


def _item_of(house: House, url: str) -> tuple[int, str] | None:
    """Return the good that an address of ours shows, and the click that stands in it."""
    found = ITEM.fullmatch(path_of(url))
    if found is None or not url.startswith(f"{house.base}/"):
        return None
    click = dict(parse_qsl(urlsplit(url).query)).get("dp", "")
    return int(found[1]), click if CLICK.fullmatch(click) else ""


def _links(house: House, wanted: Sequence[tuple[int, str]], tracking: str) -> dict[tuple[int, str], str]:
    """Return links to goods that we sell: the same (good, tracking id, click) has always the same."""
    with house.books.reading() as session:
        made = _known_links(session, wanted, tracking)
    if len(made) < len(set(wanted)):
        with house.books.writing() as session:
            for good, click in dict.fromkeys(wanted):
                session.execute(
                    "INSERT OR IGNORE INTO link SELECT ?, id, ?, ? FROM good WHERE id = ? AND gone = 0",
                    [secrets.token_urlsafe(8), tracking, click, good],
                )
            made = _known_links(session, wanted, tracking)
    return {one: f"{house.base}/s/{code}" for one, code in made.items()}


def _known_links(session: Session, wanted: Sequence[tuple[int, str]], tracking: str) -> dict[tuple[int, str], str]:
    sql = (
        "SELECT code FROM link JOIN good ON good.id = link.good AND good.gone = 0 "
        "WHERE link.good = ? AND tracking = ? AND click = ?"
    )
    found = {(good, click): session.execute(sql, [good, tracking, click]).fetchone() for good, click in set(wanted)}
    return {one: str(row["code"]) for one, row in found.items() if row is not None}
