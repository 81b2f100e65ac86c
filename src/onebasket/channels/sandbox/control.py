"""What a person or a test has the sandbox do: faults, statuses, commission, goods, tokens. Guarded by a token."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from onebasket.base.guesses import Guesses
from onebasket.channels.sandbox.answering import whole_number
from onebasket.channels.sandbox.books import Session, number
from onebasket.channels.sandbox.commissions import STATUSES, Act, act, make_lines, stated_line
from onebasket.channels.sandbox.faults import NUMERIC, Planned
from onebasket.channels.sandbox.gate import Request
from onebasket.channels.sandbox.goods import Change, change_good, change_share
from onebasket.channels.sandbox.methods import Platform, Reply
from onebasket.channels.sandbox.orders import set_status, stated_order, step
from onebasket.channels.sandbox.pushing import counted, push_offer
from onebasket.channels.sandbox.tokens import end_all, make_code, make_pair
from onebasket.channels.sandbox.web import fields_of
from onebasket.commerce.partners.gateways.iop.signing import is_signed

MOST_MADE, MOST_SHOWN, LONGEST_STATUS = 1_000_000, 500, 64
LARGEST_VALUE = 1_000_000
_ONE = re.compile(r"(orders|commissions|goods)/([0-9]{1,16})")


class Stand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an order is to stand, or that it takes its next step."""

    status: str = ""
    step: bool = False


class Made(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many commission lines to make, and of which status."""

    make: int
    status: str = STATUSES[0]


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many per cent of the goods are to change."""

    change_percent: float


class UnreadableError(Exception):
    """What was sent cannot be read; the message says why."""


class MissingError(Exception):
    """There is no such thing, or no such address."""


Stated = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Control:
    """The control calls; `token` opens them."""

    platform: Platform
    token: str
    guesses: Guesses

    def knows(self, token: str) -> bool:
        """Whether it is the control token; who guesses too often has to wait."""
        if self.guesses.is_blocked("control"):
            return False
        if is_signed(self.token, token):
            return True
        self.guesses.note_wrong("control")
        return False

    def answer(self, request: Request, authorization: str) -> Reply:
        """Do what is asked, in JSON."""
        if not self.knows(authorization.removeprefix("Bearer ")):
            return _reply(401, {"detail": "Send Authorization: Bearer and the control token."})
        try:
            return _reply(200, self.perform(request))
        except (UnreadableError, msgspec.MsgspecError) as error:
            return _reply(422, {"detail": str(error)})
        except MissingError:
            return _reply(404, {"detail": "There is nothing of that name."})

    def perform(self, request: Request) -> Stated:
        """Do what a request asks for.

        Raises:
            UnreadableError: it says what cannot be.
            msgspec.MsgspecError: it cannot be read.
            MissingError: there is no such thing.
        """
        name = request.path.removeprefix("/control/").strip("/")
        if found := _ONE.fullmatch(name):
            if request.verb != "POST":
                raise MissingError
            return self._change(found[1], int(found[2]), request.body or b"{}")
        works: Mapping[tuple[str, str], Callable[[Request], Stated]] = {
            ("GET", "faults"): lambda _: self.faults(),
            ("POST", "faults"): lambda asked: self.plan(msgspec.json.decode(asked.body, type=Planned)),
            ("DELETE", "faults"): lambda _: self.clear(),
            ("POST", "codes"): lambda _: self._write(lambda session: {"code": make_code(session)}),
            ("POST", "tokens"): lambda _: self._write(self._tokens),
            ("POST", "expire"): lambda _: self._write(lambda session: {"ended": end_all(session)}),
            ("POST", "forget"): lambda _: self._forget(),
            ("GET", "calls"): lambda _: self.counts(),
            ("GET", "orders"): lambda asked: self.orders(fields_of(asked.query)),
            ("GET", "commissions"): lambda asked: self.commissions(fields_of(asked.query)),
            ("POST", "commissions"): lambda asked: self._make(msgspec.json.decode(asked.body, type=Made)),
            ("GET", "goods"): lambda asked: self._goods(fields_of(asked.query)),
            ("POST", "goods"): lambda asked: self._share(msgspec.json.decode(asked.body, type=Share)),
        }
        work = works.get((request.verb, name))
        if work is None:
            raise MissingError
        return work(request)

    def _write(self, work: Callable[[Session], Stated]) -> Stated:
        with self.platform.house.books.writing() as session:
            return work(session)

    def _tokens(self, session: Session) -> Stated:
        return msgspec.structs.asdict(make_pair(session, self.platform.house.lives))

    def plan(self, planned: Planned) -> Stated:
        """Order a fault.

        Raises:
            UnreadableError: its figures are out of range.
        """
        if planned.fault in NUMERIC and planned.value:
            figure = whole_number(planned.value)
            if figure is None or figure > LARGEST_VALUE:
                raise UnreadableError(f"value is a whole number from 0 to {LARGEST_VALUE}")
        if not 0 <= planned.times <= LARGEST_VALUE:
            raise UnreadableError(f"times is a whole number from 0 to {LARGEST_VALUE}")
        if planned.seconds is not None and not 0 <= planned.seconds <= 10_000_000:  # noqa: PLR2004 - 116 days
            raise UnreadableError("seconds is a number from 0 to 10000000")
        if len(planned.value) > LONGEST_STATUS:
            raise UnreadableError(f"value has at most {LONGEST_STATUS} characters")
        stated: Stated = msgspec.to_builtins(self.platform.faults.plan(planned))
        return stated

    def faults(self) -> Stated:
        """Return the faults that wait."""
        return {"faults": msgspec.to_builtins(self.platform.faults.waiting())}

    def clear(self) -> Stated:
        """Forget all faults."""
        self.platform.faults.clear()
        return self.faults()

    def counts(self) -> Stated:
        """Return how often each method was called, and what of pushes."""
        with self.platform.house.books.reading() as session:
            return {"calls": self.platform.counts(), "pushes": counted(session)}

    def orders(self, stated: Mapping[str, str], *, most: int = MOST_SHOWN) -> Stated:
        """Return the newest drop-ship orders, all or those of one number of ours."""
        ours = stated.get("out_order_id")
        where, values = ("AND ours = ?", [ours]) if ours is not None else ("", [])
        sql = f"SELECT id FROM purchase WHERE kind = 'ds' {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - of our own
        with self.platform.house.books.reading() as session:
            keys = [row["id"] for row in session.execute(sql, [*values, most])][::-1]
            found = [stated_order(session, self.platform.house, key) for key in keys]
        return {"orders": found, "count": len(found)}

    def commissions(self, stated: Mapping[str, str], *, most: int = MOST_SHOWN) -> Stated:
        """Return the newest commission lines, all, of one order, or of one click."""
        where, values = "1 = 1", []
        if "order_id" in stated:
            where, values = "purchase = ?", [stated["order_id"]]
        elif "dp" in stated:
            where, values = "custom = ?", [msgspec.json.encode({"dp": stated["dp"]}).decode()]
        sql = f"SELECT * FROM commission WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - of our own
        with self.platform.house.books.reading() as session:
            rows = session.execute(sql, [*values, most]).fetchall()[::-1]
        lines = [stated_line(self.platform.house, row) for row in rows]
        return {"lines": lines, "count": len(lines)}

    def _make(self, made: Made) -> Stated:
        if made.status not in STATUSES or not 1 <= made.make <= MOST_MADE:
            raise UnreadableError(f"make is 1 to {MOST_MADE}, status one of {', '.join(STATUSES)}")
        return self._write(lambda session: {"made": make_lines(session, made.make, made.status)})

    def _goods(self, stated: Mapping[str, str]) -> Stated:
        limit, after = whole_number(stated.get("limit", "20")), whole_number(stated.get("after", "0"))
        if limit is None or after is None:
            raise UnreadableError("limit and after are whole numbers")
        sql = "SELECT *, shop AS shop_id FROM good WHERE id > ? ORDER BY id LIMIT ?"
        with self.platform.house.books.reading() as session:
            rows = session.execute(sql, [after, min(limit, MOST_SHOWN)]).fetchall()
        return {"goods": [dict(row) for row in rows]}

    def _share(self, share: Share) -> Stated:
        if not 0 < share.change_percent <= 100:  # noqa: PLR2004 - per cent
            raise UnreadableError("change_percent is more than 0, and at most 100")
        return self._write(lambda session: {"changed": change_share(session, share.change_percent)})

    def _change(self, what: str, key: int, body: bytes) -> Stated:
        """Change one order, commission line or good."""
        house = self.platform.house
        with house.books.writing() as session:
            if what == "orders":
                return self._stand(session, key, msgspec.json.decode(body, type=Stand))
            if what == "commissions":
                wanted = msgspec.json.decode(body, type=Act)
                if min(wanted.amount or 0, wanted.commission or 0) < 0 or not act(session, house, key, wanted):
                    raise MissingError
                row = session.execute("SELECT * FROM commission WHERE line = ?", [key]).fetchone()
                return stated_line(house, row)
            change = msgspec.json.decode(body, type=Change)
            if any(isinstance(part, int) and not 0 <= part < 10**12 for part in (change.price, change.stock)):
                raise UnreadableError("price and stock are at least 0")
            if not change_good(session, key, change):
                raise MissingError
            push_offer(session, key, _said(change))
            return dict(session.execute("SELECT * FROM good WHERE id = ?", [key]).fetchone())

    def _stand(self, session: Session, key: int, stand: Stand) -> Stated:
        house = self.platform.house
        if bool(stand.status) == stand.step or len(stand.status) > LONGEST_STATUS:
            raise UnreadableError('{"status": "…"} or {"step": true}')
        if not number(session, "SELECT count(*) FROM purchase WHERE id = ?", [key]):
            raise MissingError
        if stand.step:
            step(session, house, key)
        else:
            set_status(session, house, key, stand.status)
        return stated_order(session, house, key)

    def _forget(self) -> Stated:
        self.platform.faults.clear()
        self.platform.forget_counts()
        with self.platform.house.books.writing() as session:
            for table in ("push", "commission", "line", "purchase"):
                session.execute(f"DELETE FROM {table}")  # noqa: S608 - tables of our own
        return {"forgotten": True}


def _said(change: Change) -> str:
    for name in ("gone", "price", "stock"):
        if getattr(change, name) is not msgspec.UNSET:
            return name
    return "changed"


def _reply(status: int, content: Stated) -> Reply:
    return Reply(status, msgspec.json.encode(content))
