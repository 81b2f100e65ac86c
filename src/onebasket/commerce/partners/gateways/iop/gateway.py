"""A partner on the open platform: each call of the port, made of the platform's own."""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

from onebasket.commerce.partners.gateways.iop import commissions, offers, orders
from onebasket.commerce.partners.gateways.iop.answers import RESULT_CODES, Complaint, Result
from onebasket.commerce.partners.gateways.iop.calling import Caller
from onebasket.commerce.partners.gateways.iop.envelopes import Code, Method, listed
from onebasket.commerce.partners.gateways.iop.pushes import read_push
from onebasket.commerce.partners.gateways.iop.values import MOST_PIECES, Fields, OddValueError, is_address
from onebasket.commerce.partners.rules.port import (
    Capability,
    CommissionPage,
    Forged,
    GatewayAccount,
    Lost,
    NotDone,
    OddItem,
    OfferPage,
    OfferStated,
    OrderAsked,
    Placed,
    PushStated,
    Refused,
    TheirOrder,
    Tokens,
    Trouble,
)

WITHOUT, TRACKING = "without", "tracking_id"
"""Options: what the platform does not do for this partner, such as "orders pushes"; by which id it knows our links."""
_CLICK = "dp"
_ITEM_PAGE = "/item/"
_MARGIN = timedelta(days=1)
"""Orders are looked for so much before and after: which clock made their times is not known."""
_UNKNOWN_ORDER = frozenset({"404", "ORDER_NOT_EXIST"})
_MOST_LINKS = 10_000
_NOT_ABLE = NotDone("the platform does not do this for this partner", "not_able")


class IopGateway:
    """One partner on the open platform."""

    def __init__(self, account: GatewayAccount) -> None:
        """Keep how we are known; nothing is asked yet."""
        self._account = account
        self._caller = Caller(account)
        without = set(re.split(r"[\s,]+", account.options.get(WITHOUT, "")))
        self.capabilities = frozenset(one for one in Capability if one.value not in without)

    def list_offers(self, cursor: str, *, seconds: float) -> OfferPage | Trouble:
        """Return the next offers in the order in which they changed; those that the platform names no more are gone."""
        until = time.monotonic() + seconds
        asked = {"page_size": str(offers.AT_ONCE), "search_id": cursor}
        listing = self._ask(Capability.CATALOGUE, Method.FEED, asked, seconds)
        if not isinstance(listing, Result):
            return listing
        fields = Fields(listing.content)
        try:
            following = fields.text("search_id", most=4000) or cursor
            total = fields.whole("total", most=MOST_PIECES)
        except OddValueError as error:
            return NotDone(error.explanation, "turned_away")
        named = offers.listed_ids(listing)
        if isinstance(named, NotDone):
            return named
        ids, odd = named
        found: list[OfferStated] = []
        for start in range(0, len(ids), offers.AT_ONCE):
            details = self._details(Capability.CATALOGUE, ids[start : start + offers.AT_ONCE], until)
            if not isinstance(details, tuple):
                return details
            found += details[0]
            odd += details[1]
        finished = fields.get("is_finished")
        has_more = bool(ids or odd) if finished is None else str(finished).lower() != "true"
        return OfferPage(tuple(found), following, has_more, tuple(odd), total)

    def read_offers(self, references: Sequence[str], *, seconds: float) -> tuple[OfferStated, ...] | Trouble:
        """Return single offers as they are now; one whose statement cannot be read is left out."""
        until = time.monotonic() + seconds
        asked = list(dict.fromkeys(references))
        found: list[OfferStated] = []
        for start in range(0, len(asked), offers.AT_ONCE):
            details = self._details(Capability.DETAILS, asked[start : start + offers.AT_ONCE], until)
            if not isinstance(details, tuple):
                return details
            found += details[0]
        return tuple(found)

    def link(self, url: str, click: str, *, seconds: float) -> str | Trouble:
        """Return the address at which the partner's page knows our click.

        Only for an item's own page is the platform asked, and once: the link that it makes serves all clicks.
        """
        if Capability.LINKS not in self.capabilities:
            return _NOT_ABLE
        tracking = self._account.options.get(TRACKING, "")
        if not is_address(url):
            return NotDone("the offer's address is none", "turned_away")
        if not tracking or _ITEM_PAGE not in urlsplit(url).path:
            return _with_click(url, click)
        key = (self._account.endpoint, tracking, url)
        known = _links.get(key)
        if known is None:
            asked = {"source_values": url, "tracking_id": tracking, "promotion_link_type": "0"}
            result = self._ask(Capability.LINKS, Method.LINK, asked, seconds)
            if not isinstance(result, Result):
                return result
            known = _promotion_link(result)
            if known is None:
                return NotDone("the platform made no link of the address", "turned_away")
            _links.keep(key, known)
        return _with_click(known, click)

    def place_order(self, asked: OrderAsked, *, seconds: float) -> Placed | Refused | Trouble:
        """Place an order, and read what was taken in. Where that cannot be read, the answer is Lost: the list tells."""
        if Capability.ORDERS not in self.capabilities:
            return _NOT_ABLE
        until = time.monotonic() + seconds
        began = self._caller.now()
        answer = self._caller.ask(Method.PLACE, orders.order_parameters(asked), seconds=seconds, once=True)
        if isinstance(answer, Complaint):
            return orders.complained(answer, asked)
        ids = orders.placed_ids(answer, asked) if isinstance(answer, Result) else answer
        return self._placed(asked.ours, ids, began, until) if isinstance(ids, frozenset) else ids

    def find_orders(self, ours: str, *, since: datetime, seconds: float) -> tuple[TheirOrder, ...] | Trouble:
        """Return the partner's orders that bear our reference; an empty answer is a sure no."""
        if Capability.ORDER_LIST not in self.capabilities:
            return _NOT_ABLE
        return self._found(ours, since, time.monotonic() + seconds)

    def read_order(self, reference: str, *, seconds: float) -> TheirOrder | Refused | Trouble:
        """Return one order of theirs as it stands now."""
        answer = self._caller.ask(Method.ORDER, {"order_id": reference}, seconds=seconds)
        if isinstance(answer, Result) and answer.code in _UNKNOWN_ORDER:
            return Refused(answer.code, answer.message or "there is no such order")
        result = _result(answer)
        if not isinstance(result, Result):
            return result
        try:
            order = orders.order_of(Fields(result.content))
        except OddValueError as error:
            return NotDone(f"the order cannot be read: {error.explanation}", "turned_away")
        if order.reference != reference:
            return NotDone(f"asked for {reference}, and told of {order.reference}", "turned_away")
        return order

    def list_commissions(
        self, cursor: str, *, since: datetime, until: datetime, seconds: float
    ) -> CommissionPage | Trouble:
        """Return commission lines that were paid for in [since, until), status by status."""
        try:
            asked = commissions.page_parameters(cursor, since, until)
        except commissions.BadCursorError:
            return NotDone(f"{cursor[:40]!r} is no cursor of commissions", "turned_away")
        result = self._ask(Capability.COMMISSION, Method.COMMISSION_INDEX, asked, seconds)
        return commissions.read_page(result, cursor) if isinstance(result, Result) else result

    def read_push(self, headers: Mapping[str, str], body: bytes) -> PushStated | OddItem | Forged:
        """Read what the partner sent by itself, once it is proved to be the partner's."""
        return read_push(self._account, headers, body)

    def renewed_tokens(self) -> Tokens | None:
        """Return tokens that a call renewed, None when they are as they were."""
        return self._caller.renewed

    def authorise(self, code: str, *, seconds: float) -> Tokens | NotDone:
        """Return the tokens for the code that the platform shows to who lets us sell in its name."""
        return self._caller.authorise(code, seconds=seconds)

    def _ask(
        self, capability: Capability, method: Method, parameters: Mapping[str, str], seconds: float
    ) -> Result | Trouble:
        """Make a call that changes nothing."""
        if capability not in self.capabilities:
            return _NOT_ABLE
        return _result(self._caller.ask(method, parameters, seconds=seconds))

    def _details(
        self, capability: Capability, ids: Sequence[str], until: float
    ) -> tuple[list[OfferStated], list[OddItem]] | Trouble:
        asked = {"product_ids": ",".join(ids), TRACKING: self._account.options.get(TRACKING, "")}
        result = self._ask(capability, Method.DETAILS, asked, until - time.monotonic())
        return offers.read_offers(result, ids) if isinstance(result, Result) else result

    def _placed(self, ours: str, ids: frozenset[str], began: datetime, until: float) -> Placed | Lost:
        """Return what an order of ours became: all of it, or nothing that could be taken for all."""
        found = self._found(ours, began, until)
        numbers = ", ".join(sorted(ids))
        if not isinstance(found, tuple):
            return Lost(f"taken in as {numbers}, which cannot be read: {found.reason}")
        named = tuple(one for one in found if one.reference in ids)
        if len(named) != len(ids):
            return Lost(f"taken in as {numbers}, of which the list has {len(named)}")
        return Placed(named)

    def _found(self, ours: str, since: datetime, until: float) -> tuple[TheirOrder, ...] | Trouble:
        """Return all orders that bear our reference, whatever else a list holds."""
        between = (since - _MARGIN, self._caller.now() + _MARGIN)
        found: dict[str, TheirOrder] = {}
        page = seen = 0
        while True:
            page += 1
            asked = orders.list_parameters(ours, *between, page)
            result = self._caller.ask(Method.ORDERS, asked, seconds=until - time.monotonic())
            known = _result(result)
            listing = orders.orders_of(known) if isinstance(known, Result) else known
            if not isinstance(listing, tuple):
                return listing
            seen += len(listing[0])
            if any(not one.ours for one in listing[0]):
                return NotDone("the orders listed do not say which of ours they serve", "turned_away")
            found |= {one.reference: one for one in listing[0] if one.ours == ours}
            if seen >= listing[1]:
                return tuple(found.values())
            if not listing[0]:
                return NotDone(f"{listing[1]} orders are counted, and {seen} are listed", "turned_away")


class _Links:
    """Links that the platform made for items of its own, so that each is asked for once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str, str], str] = OrderedDict()

    def get(self, key: tuple[str, str, str]) -> str | None:
        return self._known.get(key)

    def keep(self, key: tuple[str, str, str], link: str) -> None:
        with self._lock:
            self._known[key] = link
            while len(self._known) > _MOST_LINKS:
                self._known.popitem(last=False)


_links = _Links()


def _result(answer: Result | Complaint | Trouble) -> Result | Trouble:
    """Return the result of a call that changes nothing; whatever else was answered means that nothing was done."""
    if isinstance(answer, Complaint):
        is_away = answer.code == Code.SERVICE_UNAVAILABLE
        code: Literal["unreachable", "turned_away"] = "unreachable" if is_away else "turned_away"
        return NotDone(f"{answer.code}: {answer.message}", code, answer.ban_seconds)
    if isinstance(answer, Result) and answer.code not in RESULT_CODES:
        return NotDone(f"{answer.code}: {answer.message}", "turned_away")
    return answer


def _promotion_link(result: Result) -> str | None:
    for item in listed(result.content.get("promotion_links"), "promotion_link"):
        link = item.get("promotion_link") if isinstance(item, Mapping) else None
        if isinstance(link, str) and is_address(link):
            return link
    return None


def _with_click(url: str, click: str) -> str:
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode({_CLICK: click}))))
    return urlunsplit(parts._replace(query=query))
