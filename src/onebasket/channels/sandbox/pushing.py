"""News that the sandbox sends by itself: signed, at least once, and on demand doubled, out of order, old or forged."""

import http.client
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

from onebasket.channels.sandbox.books import Books, Session, keep, known, now_ms, number
from onebasket.channels.sandbox.faults import PUSH, Fault, Faults, Planned
from onebasket.commerce.partners.gateways.iop.signing import sign_push

ORDER, OFFER, COMMISSION = 0, 1, 2
SECONDS_TO_WAIT = 5.0
LONGEST_PAUSE = 60
_LISTENED = "pushes are listened to"
_IDLE_SECONDS = 0.05


def listen(books: Books, *, somebody: bool) -> None:
    """Note whether there is an address to push to: otherwise no push is written down."""
    with books.writing() as session:
        keep(session, _LISTENED, "yes" if somebody else "")


def push_order(session: Session, key: int) -> None:
    """Tell where an order stands."""
    row = session.execute("SELECT ours, status, kind FROM purchase WHERE id = ?", [key]).fetchone()
    if row["kind"] == "ds":
        _push(session, ORDER, {"order_id": str(key), "out_order_id": row["ours"], "order_status": row["status"]})


def push_offer(session: Session, key: int, change: str) -> None:
    """Tell that an offer has changed."""
    _push(session, OFFER, {"product_id": str(key), "change": change})


def push_commission(session: Session, line: int) -> None:
    """Tell that a commission line has changed."""
    row = session.execute("SELECT purchase, status FROM commission WHERE line = ?", [line]).fetchone()
    stated = {"sub_order_id": str(line), "order_id": str(row["purchase"]), "order_status": row["status"]}
    _push(session, COMMISSION, stated)


def _push(session: Session, kind: int, data: Mapping[str, Any]) -> None:
    if not known(session, _LISTENED):
        return
    at = int(time.time())
    body = {
        "message_id": uuid4().hex, "message_type": kind, "seller_id": "sandbox", "site": "sandbox", "timestamp": at,
        "data": {**data, "status_update_time": at},
    }  # fmt: skip
    session.execute("INSERT INTO push (body, due_ms) VALUES (?, ?)", [msgspec.json.encode(body), now_ms()])


def counted(session: Session) -> dict[str, int]:
    """Return how many pushes were sent, and how many wait."""
    return {
        "sent": number(session, "SELECT count(*) FROM push WHERE sent = 1"),
        "waiting": number(session, "SELECT count(*) FROM push WHERE sent = 0"),
    }


@dataclass(slots=True)
class Pusher:
    """Sends what is due, oldest first, until it is stopped; what is not taken is sent again later."""

    books: Books
    faults: Faults
    address: str
    app_key: str
    secret: str
    stopping: Event = field(default_factory=Event)

    def run(self) -> None:
        """Send until stopped."""
        while not self.stopping.is_set():
            try:
                idle = not self.turn()
            except sqlite3.OperationalError:  # somebody writes for long: the push is still there
                idle = True
            if idle:
                self.stopping.wait(_IDLE_SECONDS)

    def turn(self) -> bool:
        """Send the push that is due first; False where none is."""
        sql = "SELECT * FROM push WHERE sent = 0 AND held = 0 AND due_ms <= ? ORDER BY due_ms, id LIMIT 1"
        with self.books.reading() as session:
            row = session.execute(sql, [now_ms()]).fetchone()
        if row is None:
            return False
        self._send(row, self.faults.take(PUSH))
        return True

    def _send(self, row: Mapping[str, Any], planned: Planned | None) -> None:
        fault = planned.fault if planned else None
        if fault is Fault.PUSH_REORDER:
            self._note("UPDATE push SET held = 1 WHERE id = ?", [row["id"]])
            return
        body = _spoilt(row["body"], planned)
        if fault is Fault.PUSH_FORGE:
            self._post(body, sign_push(self.app_key, f"{self.secret} forged", body))
        signature = sign_push(self.app_key, self.secret, body)
        taken = fault is Fault.PUSH_DROP or self._post(body, signature)
        if fault is Fault.PUSH_DOUBLE:
            self._post(body, signature)
        if taken:
            self._note("UPDATE push SET sent = 1, tries = tries + 1 WHERE id = ?", [row["id"]])
            self._note("UPDATE push SET held = 0 WHERE held = 1 AND id <> ?", [row["id"]])
        else:
            pause = min(2 ** row["tries"], LONGEST_PAUSE) * 1000
            self._note("UPDATE push SET tries = tries + 1, due_ms = ? WHERE id = ?", [now_ms() + pause, row["id"]])

    def _note(self, sql: str, values: list[object]) -> None:
        with self.books.writing() as session:
            session.execute(sql, values)

    def _post(self, body: bytes, signature: str) -> bool:
        """Send a push; whether it was taken."""
        to = urlsplit(self.address)
        kind = http.client.HTTPSConnection if to.scheme == "https" else http.client.HTTPConnection
        link = kind(to.hostname or "", to.port, timeout=SECONDS_TO_WAIT)
        try:
            path = f"{to.path or '/'}?{to.query}" if to.query else to.path or "/"
            link.request("POST", path, body, {"Content-Type": "application/json", "Authorization": signature})
            answer = link.getresponse()
            answer.read(1000)
        except (OSError, http.client.HTTPException):
            return False
        finally:
            link.close()
        return 200 <= answer.status < 300  # noqa: PLR2004 - any success


def _spoilt(body: bytes, planned: Planned | None) -> bytes:
    """Return a push as a fault changes it: old, or with a status that nobody knows."""
    if planned is None or planned.fault not in {Fault.PUSH_OLD, Fault.UNKNOWN_STATUS}:
        return body
    stated = msgspec.json.decode(body)
    if planned.fault is Fault.PUSH_OLD:
        stated["timestamp"] -= round(planned.seconds or 0)
    elif "order_status" in stated["data"]:
        stated["data"]["order_status"] = planned.value
    return msgspec.json.encode(stated)
