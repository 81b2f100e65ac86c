"""What the sandbox sells: read from files, varied by rule, changed, and listed in the order of change."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from onebasket.channels.sandbox.books import Books, Session, keep, known, now_ms, number
from onebasket.channels.sandbox.deriving import FILE

FIRST_ID = 1_005_000_000_001
VARIANTS_APART = 10_000
"""How far the ids of a good's variants are apart: more than there are goods of its own."""
EXTRA_ID = 1_004_000_000_001
"""Where the ids of goods begin whose file states none."""
FIRST_SHOP, FIRST_CATEGORY = 11, 3
_EXTRA_KEY = "next extra id"


class Good(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goods as a file states them; amounts in minor units, `days` until they arrive."""

    title: str
    price: int
    id: int = 0
    stock: int = 25
    shop: str = "Lantern Market"
    category: str = "More > More"
    gtin: str = ""
    model: str = ""
    brand: str = ""
    shipping: int = 350
    days: tuple[int, int] = (3, 6)
    list_price: int = 0


class BadGoodsError(Exception):
    """A line of a file of goods cannot be read; the message says which, and why."""


def own_goods() -> Iterator[Good]:
    """Return the goods of goods.csv, derived from "Online Retail"."""
    with FILE.open(encoding="utf-8", newline="") as file:
        for index, row in enumerate(csv.DictReader(file)):
            price = int(row["price_gbp_pence"])
            days = 2 + index % 3
            yield Good(
                id=FIRST_ID + index,
                title=row["title"],
                price=price,
                list_price=price * 115 // 100 if index % 4 == 0 else 0,
                stock=int(row["derived_stock"]),
                shop=row["derived_shop"],
                category=row["derived_category"],
                gtin=row["made_gtin"],
                model=row["stock_code"],
                shipping=0 if price >= 2000 else 295 if price < 1000 else 395,  # noqa: PLR2004 - pence
                days=(days, days + 3),
            )


def stated_goods(path: Path) -> Iterator[Good]:
    """Return the goods of a file of JSON lines.

    Raises:
        BadGoodsError: a line is none.
    """
    with path.open("rb") as file:
        for line, content in enumerate(file, 1):
            if not content.strip():
                continue
            try:
                good = msgspec.json.decode(content, type=Good)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise BadGoodsError(f"{path.name}, line {line}: {error}") from error
            if not good.title.strip() or min(good.price, good.stock, good.shipping, good.list_price, *good.days) < 0:
                raise BadGoodsError(f"{path.name}, line {line}: a title, and figures of at least 0")
            yield good


def stock_up(books: Books, goods: Iterable[Good], *, vary: int = 0) -> int:
    """Write goods that are not there yet; those that are stay as they are. Return how many the sandbox has.

    `vary` makes variants of them, by rule, until there are that many.
    """
    with books.writing() as session:
        coming = iter(goods)
        while some := list(islice(coming, 1000)):
            _write(session, some)
        if vary:
            _vary(session, vary)
        total = number(session, "SELECT count(*) FROM good")
        keep(session, "goods", str(total))
    return total


def _write(session: Session, goods: Sequence[Good]) -> None:
    shops = {name: _shop(session, name) for name in dict.fromkeys(good.shop for good in goods)}
    categories = {path: _category(session, path) for path in dict.fromkeys(good.category for good in goods)}
    changed = number(session, "SELECT max(changed) FROM good")
    extra = int(known(session, _EXTRA_KEY, str(EXTRA_ID)))
    stated = now_ms()
    rows = []
    for good in goods:
        if not good.id and session.execute("SELECT 1 FROM good WHERE title = ?", [good.title]).fetchone():
            continue
        key, extra = (good.id, extra) if good.id else (extra, extra + 1)
        changed += 1
        rows.append(
            (
                *(key, good.title, good.price, max(good.list_price, good.price), good.stock, shops[good.shop]),
                *(categories[good.category], good.gtin, good.model, good.brand, good.shipping, *good.days),
                *(changed, stated),
            )
        )
    session.executemany(
        "INSERT OR IGNORE INTO good (id, title, price, list_price, stock, shop, category, gtin, model, brand, "
        "shipping, days_from, days_to, changed, stated_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    keep(session, _EXTRA_KEY, str(extra))


def _shop(session: Session, name: str) -> int:
    session.execute("INSERT OR IGNORE INTO shop SELECT coalesce(max(id) + 1, ?), ? FROM shop", [FIRST_SHOP, name])
    return number(session, "SELECT id FROM shop WHERE name = ?", [name])


def _category(session: Session, path: str) -> int:
    parent, above = 0, ""
    for name in path.split(" > "):
        above = f"{above} > {name}" if above else name
        session.execute(
            "INSERT OR IGNORE INTO category SELECT coalesce(max(id) + 1, ?), ?, ?, ? FROM category",
            [FIRST_CATEGORY, name, parent, above],
        )
        parent = number(session, "SELECT id FROM category WHERE path = ?", [above])
    return parent


def _vary(session: Session, wanted: int) -> None:
    """Make variants of the goods there are: another word in the title, a price and a stock that differ a little."""
    missing = wanted - number(session, "SELECT count(*) FROM good")
    base = number(
        session, "SELECT count(*) FROM good WHERE id BETWEEN ? AND ?", [FIRST_ID, FIRST_ID + VARIANTS_APART - 1]
    )
    if missing <= 0 or not base:
        return
    session.execute(
        "WITH RECURSIVE variant (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM variant WHERE k <= ?1 / ?2), "  # noqa: S608
        f"word (i, said) AS (VALUES {_WORDS}) "
        "INSERT OR IGNORE INTO good (id, title, price, list_price, stock, shop, category, gtin, model, brand, "
        "shipping, days_from, days_to, changed, stated_ms) "
        "SELECT good.id + k * ?3, good.title || ', ' || said || ' ' || k, "
        "max(1, good.price * (80 + (good.id * 31 + k * 7) % 41) / 100), "
        "max(good.list_price, good.price * 6 / 5), (good.stock + k * 13) % 200, good.shop, good.category, '', "
        "good.model || '-' || k, good.brand, good.shipping, good.days_from, good.days_to, "
        "(SELECT max(changed) FROM good) + row_number() OVER (ORDER BY k, good.id), good.stated_ms "
        "FROM variant JOIN word ON word.i = k % ?4 CROSS JOIN good WHERE good.id BETWEEN ?5 AND ?5 + ?3 - 1 "
        "ORDER BY k, good.id LIMIT ?1",
        [missing, base, VARIANTS_APART, len(_SAID), FIRST_ID],
    )


_SAID = ("sage", "ochre", "navy", "coral", "ivory", "slate", "plum", "teal", "amber", "rust", "pearl")
_WORDS = ", ".join(f"({index}, '{word}')" for index, word in enumerate(_SAID))


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a good is to be otherwise; what is not named stays."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    price: int | msgspec.UnsetType = msgspec.UNSET
    stock: int | msgspec.UnsetType = msgspec.UNSET
    gone: bool | msgspec.UnsetType = msgspec.UNSET


def change_good(session: Session, key: int, change: Change) -> bool:
    """Change a good, and put it behind all others in the order of change; False where there is none."""
    stated = {name: value for name in change.__struct_fields__ if (value := getattr(change, name)) is not msgspec.UNSET}
    settings = "".join(f"{name} = :{name}, " for name in stated)
    done = session.execute(
        f"UPDATE good SET {settings}changed = (SELECT max(changed) FROM good) + 1, stated_ms = :at "  # noqa: S608
        "WHERE id = :key",
        {**stated, "at": now_ms(), "key": key},
    )
    return done.rowcount == 1


def change_share(session: Session, percent: float) -> int:
    """Change the price of so many per cent of the goods, others each time; return how many."""
    last = number(session, "SELECT max(changed) FROM good")
    done = session.execute(
        "UPDATE good SET price = max(1, good.price + CASE WHEN good.id % 2 THEN 5 ELSE -5 END), "
        "stock = (good.stock + 7) % 200, stated_ms = ?1, changed = picked.position FROM ("
        "SELECT id, ?2 + row_number() OVER (ORDER BY id) AS position FROM good "
        "WHERE gone = 0 AND ((id % 1000003) * 7919 + ?2 * 40503) % 10000 < ?3) AS picked WHERE good.id = picked.id",
        [now_ms(), last, round(percent * 100)],
    )
    return done.rowcount


def page_of(session: Session, after: int, size: int, *, category: int = 0) -> list[tuple[int, int]]:
    """Return (changed, id) of the next goods in the order of change."""
    within = "AND category = ?3" if category else "AND ?3 = 0"
    rows = session.execute(
        f"SELECT changed, id FROM good WHERE changed > ?1 {within} ORDER BY changed LIMIT ?2",  # noqa: S608
        [after, size, category],
    )
    return [(row["changed"], row["id"]) for row in rows]


def page_before(session: Session, until: int, size: int) -> list[tuple[int, int]]:
    """Return (changed, id) of the goods up to a place in the order of change."""
    rows = session.execute(
        "SELECT changed, id FROM good WHERE changed <= ? ORDER BY changed DESC LIMIT ?", [until, size]
    )
    return [(row["changed"], row["id"]) for row in rows][::-1]
