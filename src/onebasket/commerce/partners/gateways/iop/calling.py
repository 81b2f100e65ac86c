"""A signed call to the platform, and what is done about a clock that differs, a token that ended, and a quota.

Called again, once for each cause, only where the platform said that it turned the call away: then nothing was done.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from onebasket.commerce.partners.gateways.iop.answers import (
    Complaint,
    Result,
    Unreadable,
    open_answer,
    open_system_answer,
)
from onebasket.commerce.partners.gateways.iop.envelopes import TOKEN_CREATE, TOKEN_REFRESH, Code
from onebasket.commerce.partners.gateways.iop.signing import SIGN, sign_iop
from onebasket.commerce.partners.gateways.iop.tokens import Renewals, is_ending, is_over, tokens_from
from onebasket.commerce.partners.gateways.iop.values import OddValueError
from onebasket.commerce.partners.gateways.transport import Answered, Post, Server, Silent, Unsent
from onebasket.commerce.partners.rules.port import GatewayAccount, Lost, NotDone, Tokens, Trouble

BUSINESS, SYSTEM = "/sync", "/rest"
_FORM = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
_PUBLIC = "aliexpress.affiliate."
"""Methods of this family are asked without a token, so that one that ended does not stand in their way."""
_SURE = frozenset(Code) - {Code.SERVICE_UNAVAILABLE}
_UNAUTHORISED = frozenset(
    {Code.INVALID_APP_KEY, Code.INCOMPLETE_SIGNATURE, Code.ILLEGAL_ACCESS_TOKEN, Code.ILLEGAL_REFRESH_TOKEN}
)
_MENDABLE = frozenset({Code.ILLEGAL_TIMESTAMP, Code.ILLEGAL_ACCESS_TOKEN})
_TURNED_AWAY = {401: "unauthorised", 403: "unauthorised", 429: "throttled"} | dict.fromkeys(
    (400, 404, 405, 411, 413, 414, 415, 431), "turned_away"
)
"""Statuses by which a server says that it has not taken a request in."""
_BUSY = 503
_USUAL_BAN = 1
_MOST_OFFSET = timedelta(days=400)

_offsets: dict[tuple[str, str], timedelta] = {}
"""How far each platform's clock is from ours, as far as one has complained."""
_renewals = Renewals()


class Caller:
    """Calls one platform in one account's name."""

    def __init__(self, account: GatewayAccount) -> None:
        """Keep how we are known; an address that is none shows when a call is made."""
        self._account = account
        self._tokens = account.tokens
        self._place = (account.endpoint, account.app_key)
        try:
            self._server: Server | None = Server(account.endpoint)
        except ValueError:
            self._server = None

    @property
    def renewed(self) -> Tokens | None:
        """The tokens, where a call renewed them."""
        return None if self._tokens == self._account.tokens else self._tokens

    def now(self) -> datetime:
        """Return the time by the platform's clock."""
        return datetime.now(UTC) + _offsets.get(self._place, timedelta(0))

    def ask(
        self, method: str, parameters: Mapping[str, str], *, seconds: float, once: bool = False
    ) -> Result | Complaint | Trouble:
        """Make a business call; `seconds` bounds all of it. A Complaint is of a kind that only the caller can judge.

        `once`: it must not be done twice, so it is sent once on a connection of its own.
        """
        until = time.monotonic() + seconds
        if (trouble := self._problem(parameters)) is not None:
            return trouble
        with_token = not method.startswith(_PUBLIC)
        if with_token and (trouble := self._prepare(until)) is not None:
            return trouble
        call = _Call(method, parameters, once, with_token)
        answer = self._asked(call, until)
        causes = set(_MENDABLE)
        while isinstance(answer, _Turned) and answer.complaint.code in causes:
            cause = Code(answer.complaint.code)
            causes.remove(cause)
            if (trouble := self._mended(cause, answer, until)) is not None:
                return trouble
            call = call._replace(with_token=call.with_token or cause == Code.ILLEGAL_ACCESS_TOKEN)
            answer = self._asked(call, until)
        return _judged(answer.complaint) if isinstance(answer, _Turned) else answer

    def authorise(self, code: str, *, seconds: float) -> Tokens | NotDone:
        """Return the tokens for a code that the partner's owner was shown after agreeing."""
        if (trouble := self._problem({"code": code})) is not None:
            return trouble
        found = self._system(TOKEN_CREATE, {"code": code}, Tokens(), time.monotonic() + seconds)
        if isinstance(found, Tokens):
            self._tokens = found
        return found

    def _problem(self, parameters: Mapping[str, str]) -> NotDone | None:
        """Say why a call cannot even be written."""
        if self._server is None:
            return NotDone("its address is no http or https address")
        if not self._account.app_key or not self._account.secret:
            return NotDone("no app key and secret are kept", "unauthorised")
        try:
            "".join(parameters.values()).encode()
        except UnicodeEncodeError:
            return NotDone("what is to be sent holds characters that are none", "turned_away")
        return None

    def _prepare(self, until: float) -> NotDone | None:
        """Renew a token that is about to end; one that is still good serves where that fails."""
        # Tokens last by our own clock, whatever the platform's says.
        if not is_ending(self._tokens, datetime.now(UTC)):
            return None
        trouble = self._renew(until)
        return trouble if is_over(self._tokens, datetime.now(UTC)) else None

    def _renew(self, until: float) -> NotDone | None:
        before = self._tokens
        found = _renewals.renewed(
            "\n".join(self._place),
            before,
            lambda: self._system(TOKEN_REFRESH, {"refresh_token": before.refresh}, before, until),
            seconds=max(0.0, until - time.monotonic()),
        )
        if isinstance(found, NotDone):
            return found
        self._tokens = found
        return None

    def _mended(self, cause: Code, answer: "_Turned", until: float) -> NotDone | None:
        """Do away with the cause of a complaint, or say that this cannot be done."""
        return self._renew(until) if cause == Code.ILLEGAL_ACCESS_TOKEN else self._set_clock(answer)

    def _set_clock(self, answer: "_Turned") -> NotDone | None:
        """Go by the platform's clock from now on, or say that it does not tell it."""
        theirs = answer.clock()
        if theirs is None or abs(offset := theirs - datetime.now(UTC)) > _MOST_OFFSET:
            return NotDone("its clock differs from ours, and it does not say by how much", "turned_away")
        _offsets[self._place] = offset
        return None

    def _asked(self, call: "_Call", until: float) -> "Result | _Turned | Trouble":
        business = {key: value for key, value in call.parameters.items() if value}
        system = {"method": call.method} | self._system_parameters()
        if call.with_token:
            system["session"] = self._tokens.access
        system[SIGN] = sign_iop(business | system, self._account.secret)
        target = f"{BUSINESS}?{urlencode(system)}"
        sent = self._send(target, business, until, once=call.once)
        if not isinstance(sent, Answered):
            return sent
        found = open_answer(sent.body, call.method)
        if isinstance(found, Complaint):
            return _Turned(found, sent)
        if isinstance(found, Unreadable):
            return _unread(sent, found, once=call.once)
        return found

    def _system(
        self, path: str, parameters: Mapping[str, str], before: Tokens, until: float, *, again: bool = False
    ) -> Tokens | NotDone:
        """Make a call for tokens; the clock is set right once here too."""
        system = self._system_parameters()
        system[SIGN] = sign_iop({**parameters, **system}, self._account.secret, path=path)
        sent = self._send(f"{SYSTEM}{path}?{urlencode(system)}", parameters, until, once=True)
        if not isinstance(sent, Answered):
            return NotDone(sent.reason)
        found = open_system_answer(sent.body)
        if isinstance(found, Unreadable):
            return NotDone(f"answered {sent.status}: {found.reason}")
        if isinstance(found, Result):
            try:
                return tokens_from(found.content, before, datetime.now(UTC))
            except OddValueError as error:
                return NotDone(f"no tokens came: {error.explanation}", "unauthorised")
        if not again and found.code == Code.ILLEGAL_TIMESTAMP and self._set_clock(_Turned(found, sent)) is None:
            return self._system(path, parameters, before, until, again=True)
        judged = _judged(found)
        return judged if isinstance(judged, NotDone) else NotDone(_reason(found), "unauthorised")

    def _system_parameters(self) -> dict[str, str]:
        stamp = int(self.now().timestamp() * 1000)
        return {"app_key": self._account.app_key, "timestamp": str(stamp), "sign_method": "sha256", "format": "json"}

    def _send(self, target: str, form: Mapping[str, str], until: float, *, once: bool) -> Answered | Trouble:
        if self._server is None:
            return NotDone("its address is no http or https address")
        left = until - time.monotonic()
        if left <= 0:
            return NotDone("there was no time left to ask")
        sent = self._server.post(Post(target, urlencode(form).encode(), _FORM), seconds=left, once=once)
        if isinstance(sent, Unsent):
            return NotDone(sent.reason)
        return Lost(sent.reason) if isinstance(sent, Silent) else sent


class _Call(NamedTuple):
    method: str
    parameters: Mapping[str, str]
    once: bool
    with_token: bool


class _Turned(NamedTuple):
    """A complaint, with the answer that it came in."""

    complaint: Complaint
    answer: Answered

    def clock(self) -> datetime | None:
        """Return the platform's time, as its complaint or its server states it."""
        if self.complaint.clock is None:
            return self.answer.date
        return datetime.fromtimestamp(self.complaint.clock / 1000, UTC)


def _judged(complaint: Complaint) -> Complaint | NotDone:
    """Return what a complaint means wherever that is the same for every call."""
    if complaint.code == Code.API_CALL_LIMIT:
        return NotDone(_reason(complaint), "throttled", complaint.ban_seconds or _USUAL_BAN)
    if complaint.code in _UNAUTHORISED:
        return NotDone(_reason(complaint), "unauthorised")
    if complaint.code in _SURE:
        return NotDone(_reason(complaint), "turned_away")
    return complaint


def _unread(sent: Answered, found: Unreadable, *, once: bool) -> Trouble:
    """Return what an answer outside the protocol means: a proxy's or a broken one."""
    reason = f"answered {sent.status}: {found.reason}"
    if sent.status in _TURNED_AWAY:
        return NotDone(reason, _TURNED_AWAY[sent.status], sent.retry_seconds)  # type: ignore[arg-type] # of the codes
    if sent.status == _BUSY and not once:
        return NotDone(reason, "unreachable", sent.retry_seconds)
    return Lost(reason)


def _reason(complaint: Complaint) -> str:
    return " ".join(filter(None, (complaint.code, complaint.sub_code, complaint.message)))[:300]
