"""The control calls as a page, for people: who has entered the token may break things with a click."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from onebasket.channels.sandbox.control import Control, MissingError, UnreadableError
from onebasket.channels.sandbox.faults import ANY, PUSH, Fault
from onebasket.channels.sandbox.gate import Request
from onebasket.channels.sandbox.methods import ADDRESSES, METHODS
from onebasket.channels.sandbox.orders import NEXT
from onebasket.channels.sandbox.web import Page, fields_of, page, to

COOKIE = "sandbox-control"
SHOWN, MOST_SESSIONS = 12, 20
STATUSES = (*NEXT, "FINISH", "IN_CANCEL", "RISK_CONTROL", "FUND_PROCESSING", "IN_ISSUE", "IN_FROZEN")
ACTS = ("confirm", "settle", "refund", "invalidate")


@dataclass(frozen=True, slots=True)
class ControlPage:
    """The page, and who has entered the token in this process."""

    control: Control
    sessions: list[str] = field(default_factory=list)

    def answer(self, request: Request, cookies: Mapping[str, str], origin: str) -> Page:
        """Show the page, or do what a form on it asks for."""
        form = fields_of(request.body.decode("utf-8", "replace"))
        if request.verb == "POST" and origin and origin != self.control.platform.house.base:
            return page("missing", 403)
        if cookies.get(COOKIE, "") not in self.sessions:
            return self._enter(form) if request.verb == "POST" else page("token")
        if request.verb == "POST":
            return self._do(form)
        return self._shown()

    def _enter(self, form: Mapping[str, str]) -> Page:
        if not self.control.knows(form.get("token", "")):
            return page("token", 403, wrong=True)
        session = secrets.token_urlsafe(24)
        self.sessions.append(session)
        del self.sessions[:-MOST_SESSIONS]
        return to("/control/", cookie=f"{COOKIE}={session}; HttpOnly; SameSite=Strict; Path=/control")

    def _do(self, form: Mapping[str, str]) -> Page:
        try:
            self.control.perform(_request(form))
        except (MissingError, UnreadableError, msgspec.MsgspecError, ValueError) as error:
            return self._shown(f"That could not be done. {error}".strip(), 422)
        return to("/control/")

    def _shown(self, trouble: str = "", status: int = 200) -> Page:
        control = self.control
        return page(
            "control",
            status,
            trouble=trouble,
            faults=control.faults()["faults"],
            kinds=[fault.value for fault in Fault],
            methods=[ANY, *METHODS, *ADDRESSES, PUSH],
            orders=control.orders({}, most=SHOWN)["orders"][::-1],
            statuses=STATUSES,
            lines=control.commissions({}, most=SHOWN)["lines"][::-1],
            acts=ACTS,
            counts=control.counts(),
        )


def _request(form: Mapping[str, str]) -> Request:
    """Return the control call that a form stands for.

    Raises:
        ValueError: a figure is none.
    """
    kind, key = form.get("do", ""), form.get("id", "")
    if kind == "clear":
        return _call("DELETE", "faults", {})
    if kind == "fault":
        stated = {"fault": form.get("fault", ""), "method": form.get("method", ANY), "value": form.get("value", "")}
        seconds = {"seconds": float(form["seconds"])} if form.get("seconds") else {}
        return _call("POST", "faults", {**stated, **seconds, "times": int(form.get("times") or 1)})
    if kind == "order":
        status = form.get("status", "")
        return _call("POST", f"orders/{key}", {"status": status} if status else {"step": True})
    if kind == "commission":
        return _call("POST", f"commissions/{key}", {"do": form.get("act", "")})
    return _call("POST", "", {})


def _call(verb: str, name: str, content: Mapping[str, object]) -> Request:
    return Request(verb, f"/control/{name}", "", msgspec.json.encode(content), "application/json")
