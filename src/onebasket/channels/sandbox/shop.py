"""The sandbox's shop: where a referred shopper lands, looks at the goods, and buys with a name alone."""

import re
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec

from onebasket.channels.sandbox.answering import House, whole_number
from onebasket.channels.sandbox.books import Session, number
from onebasket.channels.sandbox.catalogue import CLICK, ITEM, find_good, search
from onebasket.channels.sandbox.commissions import add_commission
from onebasket.channels.sandbox.gate import Request
from onebasket.channels.sandbox.orders import CARRIER, Bought, write_lines, write_purchase
from onebasket.channels.sandbox.picturing import picture
from onebasket.channels.sandbox.tokens import make_code
from onebasket.channels.sandbox.web import SVG, Page, fields_of, kept_file, page, to
from onebasket.kernel.money import format_amount

PAGE_SIZE, MOST_PIECES, LONGEST_NAME = 24, 9, 80
NOT_FOUND = 404
_SHORT = re.compile(r"/s/([A-Za-z0-9_-]{4,32})")
_SHOP = re.compile(r"/shop/([0-9]{1,9})")
_BOUGHT = re.compile(r"/bought/([0-9]{1,16})")
_TRACK = re.compile(r"/track/([A-Z0-9]{1,20})")
_PICTURE = re.compile(r"/picture/([0-9]{1,16})\.svg")
_FORM = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True)
class Shop:
    """The pages; `app_key` names the app that may be granted access."""

    house: House
    app_key: str

    def answer(self, request: Request) -> Page:
        """Return the page that is asked for."""
        stated = fields_of(request.query)
        trail = trail_of(stated)
        if request.verb == "POST":
            form = fields_of(request.body.decode("utf-8", "replace"))
            if found := ITEM.fullmatch(request.path):
                return self._buy(int(found[1]), form)
            return self._granted(form) if request.path == "/oauth/authorize" else self._missing()
        if request.path == "/oauth/authorize":
            known = stated.get("client_id") == self.app_key
            return page("code", app_key=self.app_key) if known else self._missing()
        if found := _BOUGHT.fullmatch(request.path):
            return self._bought(int(found[1]), stated.get("form", ""), trail)
        return self._shown(request.path, stated, trail)

    def _shown(self, path: str, stated: Mapping[str, str], trail: str) -> Page:
        if path == "/":
            return self._front(stated, trail)
        if file := kept_file(path):
            return file
        showing: tuple[tuple[re.Pattern[str], Callable[[str], Page]], ...] = (
            (ITEM, lambda key: self._item(int(key), stated, trail)),
            (_SHORT, lambda code: self._short(code, stated)),
            (_SHOP, lambda key: self._front(stated, trail, shop=int(key))),
            (_TRACK, self._track),
            (_PICTURE, lambda key: self._picture(int(key))),
        )
        for pattern, show in showing:
            if found := pattern.fullmatch(path):
                return show(found[1])
        return self._missing()

    def _missing(self) -> Page:
        return page("missing", NOT_FOUND)

    def _front(self, stated: Mapping[str, str], trail: str, *, shop: int = 0) -> Page:
        words = stated.get("q", "")[:100]
        number_of_page = min(max(whole_number(stated.get("page", "")) or 1, 1), 500)
        with self.house.books.reading() as session:
            rows, total = search(session, words, skip=(number_of_page - 1) * PAGE_SIZE, size=PAGE_SIZE, shop=shop)
            seller = session.execute("SELECT name FROM shop WHERE id = ?", [shop]).fetchone() if shop else None
        if shop and seller is None:
            return self._missing()
        more = number_of_page * PAGE_SIZE < total
        onward = urlencode({**({"q": words} if words else {}), "page": number_of_page + 1}) + trail.replace("?", "&")
        return page(
            "front",
            words=words,
            goods=[self._card(row) for row in rows],
            total=total,
            trail=trail,
            hidden=fields_of(trail.removeprefix("?")).items(),
            seller=seller["name"] if seller else "",
            onward=f"?{onward}" if more else "",
        )

    def _card(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": row["id"],
            "title": row["title"],
            "price": self._price(row["price"]),
            "was": self._price(row["list_price"]) if row["list_price"] > row["price"] else "",
            "shop": row["shop"],
            "seller": row["shop_name"],
            "stock": row["stock"],
            "path": row["path"],
            "days": f"{row['days_from']} to {row['days_to']}",
            "shipping": self._price(row["shipping"]) if row["shipping"] else "",
            "model": row["model"],
        }

    def _price(self, amount: int) -> str:
        return format_amount(amount, self.house.currency, "en_GB")

    def _item(self, key: int, stated: Mapping[str, str], trail: str, *, trouble: str = "") -> Page:
        with self.house.books.reading() as session:
            row = find_good(session, key)
        if row is None:
            return page("missing", NOT_FOUND, gone=True)
        return page(
            "item",
            422 if trouble else 200,
            good=self._card(row),
            trail=trail,
            hidden=fields_of(trail.removeprefix("?")).items(),
            form=stated.get("form") or secrets.token_urlsafe(18),
            name=stated.get("name", ""),
            quantity=stated.get("quantity", "1"),
            trouble=trouble,
        )

    def _short(self, code: str, stated: Mapping[str, str]) -> Page:
        with self.house.books.reading() as session:
            row = session.execute("SELECT * FROM link WHERE code = ?", [code]).fetchone()
        if row is None:
            return self._missing()
        click = stated.get("dp", "") or row["click"]
        return to(f"/item/{row['good']}.html{trail_of({'dp': click, 'tid': row['tracking']})}", status=302)

    def _buy(self, key: int, form: Mapping[str, str]) -> Page:
        trail = trail_of(form)
        name, pieces = form.get("name", "").strip(), whole_number(form.get("quantity", "")) or 0
        nonce = form.get("form", "")
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            return self._item(key, form, trail, trouble="Please enter your name.")
        if not 1 <= pieces <= MOST_PIECES:
            return self._item(key, form, trail, trouble=f"Please choose 1 to {MOST_PIECES} pieces.")
        if not _FORM.fullmatch(nonce):
            return self._item(key, {**form, "form": ""}, trail, trouble="Please send the form once more.")
        try:
            with self.house.books.writing() as session:
                bought = self._take(session, key, pieces, {**form, "name": name, "form": nonce})
        except sqlite3.IntegrityError:  # the same form again
            with self.house.books.reading() as session:
                bought = number(session, "SELECT id FROM purchase WHERE form = ?", [nonce])
        if not bought:
            return self._item(key, form, trail, trouble="There are not so many left.")
        return to(f"/bought/{bought}?form={nonce}{trail.replace('?', '&')}")

    def _take(self, session: Session, key: int, pieces: int, form: Mapping[str, str]) -> int:
        sql = "UPDATE good SET stock = stock - ?1 WHERE id = ?2 AND gone = 0 AND stock >= ?1 RETURNING *"
        row = session.execute(sql, [pieces, key]).fetchone()
        if row is None:
            return 0
        address = msgspec.json.encode({"full_name": form["name"]}).decode()
        bought = Bought("shop", "", row["shop"], row["shipping"], address=address, form=form["form"])
        purchase = write_purchase(session, self.house, bought)
        ((line, taken),) = write_lines(session, purchase, [(row, pieces, row["price"])])
        trail = fields_of(trail_of(form).removeprefix("?"))
        if trail:
            custom = msgspec.json.encode({"dp": trail["dp"]}).decode() if "dp" in trail else ""
            stated = ("affiliate", trail.get("tid", ""), custom, "GB")
            add_commission(session, self.house, line, taken, purchase=purchase, stated=stated)
        return purchase

    def _bought(self, key: int, form: str, trail: str) -> Page:
        """Show a purchase to who made it: whoever has the form's secret."""
        with self.house.books.reading() as session:
            row = session.execute("SELECT * FROM purchase WHERE id = ? AND form = ?", [key, form]).fetchone()
            line = session.execute("SELECT * FROM line WHERE purchase = ?", [key]).fetchone()
        if row is None:
            return self._missing()
        name = msgspec.json.decode(row["address"]).get("full_name", "")
        paid = self._price(line["quantity"] * line["price"] + row["shipping"])
        return page(
            "bought", key=key, name=name, title=line["title"], quantity=line["quantity"], paid=paid, trail=trail
        )

    def _track(self, parcel: str) -> Page:
        with self.house.books.reading() as session:
            row = session.execute("SELECT status FROM purchase WHERE tracking = ?", [parcel]).fetchone()
        if row is None:
            return self._missing()
        arrived = row["status"] == "FINISH"
        return page("track", parcel=parcel, carrier=CARRIER, arrived=arrived)

    def _picture(self, key: int) -> Page:
        with self.house.books.reading() as session:
            row = find_good(session, key)
        if row is None:
            return self._missing()
        return Page(picture(row["id"], row["path"]).encode(), kind=SVG, headers=(("Cache-Control", "max-age=3600"),))

    def _granted(self, form: Mapping[str, str]) -> Page:
        """Give a code to a person, to be copied: there is no address to be sent back to."""
        if form.get("client_id") != self.app_key:
            return self._missing()
        with self.house.books.writing() as session:
            return page("code", app_key=self.app_key, code=make_code(session))


def trail_of(stated: Mapping[str, str]) -> str:
    """Return the query that carries who sent a shopper from page to page; what has not its form is dropped."""
    kept = {name: stated[name] for name in ("dp", "tid") if CLICK.fullmatch(stated.get(name, ""))}
    return f"?{urlencode(kept)}" if kept else ""
