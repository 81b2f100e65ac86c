"""Commission: the platform lists lines by status, so that one cursor of ours goes through its statuses in turn.

A line moves on from status to status. The statuses are read in that order, so that one that moves while they are read
is met again further on, and not missed.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime

from onebasket.commerce.partners.gateways.iop.answers import Result, states_list
from onebasket.commerce.partners.gateways.iop.envelopes import listed, written
from onebasket.commerce.partners.gateways.iop.values import MOST_PIECES, Fields, OddValueError, read_each
from onebasket.commerce.partners.rules.port import CommissionPage, CommissionStated, NotDone

PAGE_SIZE = 50
STATUSES = ("Payment Completed", "Buyer Confirmed Receipt", "Completed Settlement", "Invalid")
_PAID = STATUSES[0]
_CURSOR = re.compile(r"([0-3]):(\d{0,40})", re.ASCII)
_OURS = {"dp": 1_000, "out_order_id": 64}
"""What of ours a line bears, and how long it may be: of clicks there may be several."""
_NAMED = "sub_order_id"


class BadCursorError(ValueError):
    """The cursor is none of ours."""


def position_of(cursor: str) -> tuple[int, str]:
    """Return the status that is read and the index after which; an empty cursor begins.

    Raises:
        BadCursorError: it is none of ours.
    """
    found = _CURSOR.fullmatch(cursor or "0:")
    if found is None:
        raise BadCursorError(cursor)
    return int(found[1]), found[2]


def page_parameters(cursor: str, since: datetime, until: datetime) -> dict[str, str]:
    """Return what asks for the next lines that were paid for in [since, until).

    Raises:
        BadCursorError: the cursor is none of ours.
    """
    number, index = position_of(cursor)
    return {
        "start_time": written(since),
        "end_time": written(until),
        "status": STATUSES[number],
        "time_type": "Payment Completed Time",
        "page_size": str(PAGE_SIZE),
        "start_query_index_id": index,
    }


def read_page(result: Result, cursor: str) -> CommissionPage | NotDone:
    """Return the lines of an answer, and where to go on; an index that does not move on is turned away."""
    number, index = position_of(cursor)
    if not states_list(result, "orders", "current_record_count"):
        return NotDone("the answer states no lines, and does not say that there are none", "turned_away")
    items = listed(result.content.get("orders"), "order")
    lines, odd = read_each(items, line_of, named=_NAMED)
    if len(items) < PAGE_SIZE:
        following = number + 1
        has_more = following < len(STATUSES)
        return CommissionPage(tuple(lines), f"{following}:" if has_more else "", has_more, tuple(odd))
    try:
        reached = Fields(result.content).whole("max_query_index_id")
    except OddValueError as error:
        return NotDone(error.explanation, "turned_away")
    if reached is None or reached <= int(index or -1):
        return NotDone(f"max_query_index_id: {reached} does not go on from {index or 'the beginning'}", "turned_away")
    return CommissionPage(tuple(lines), f"{number}:{reached}", has_more=True, odd=tuple(odd))


def line_of(fields: Fields) -> CommissionStated:
    """Return one line as it stands: what was paid counts until the buyer has confirmed, what was finished from then on.

    Incentives and the bonus for a new buyer are commission too.

    Raises:
        OddValueError: it cannot be read.
    """
    status = fields.text("order_status", most=64)
    if not status:
        raise OddValueError("status", "order_status: none is stated")
    is_finished = status != _PAID and (status in STATUSES or fields.get("finished_time") is not None)
    kind = "finished" if is_finished else "paid"
    base = fields.cents(f"estimated_{kind}_commission")
    amount = fields.cents(f"{kind}_amount")
    if amount is None or base is None:
        raise OddValueError("amount", f"{kind}_amount or estimated_{kind}_commission: none is stated")
    more = (f"estimated_incentive_{kind}_commission", "new_buyer_bonus_commission")
    known = _known_by(fields.get("custom_parameters", "customer_parameters"))
    return CommissionStated(
        key=fields.reference(_NAMED),
        order=fields.reference("order_id", "order_number"),
        status=status,
        currency=fields.currency("settled_currency"),
        amount=amount,
        commission=base + sum(fields.cents(name) or 0 for name in more),
        rate=fields.rate("commission_rate"),
        click=known.get("dp", ""),
        ours=known.get("out_order_id", ""),
        reference=fields.text("product_id", most=64),
        quantity=fields.whole("product_count", most=MOST_PIECES) or 1,
        bought_at=fields.instant("paid_time", "created_time"),
        changed_at=fields.instant("modified_time"),
        reason=fields.text("effect_detail_status", most=64),
    )


def _known_by(stated: object) -> Mapping[str, str]:
    """Return what of ours a line bears: an object, one as JSON text, or `dp=...`."""
    if isinstance(stated, str):
        try:
            stated = json.loads(stated)
        except (ValueError, RecursionError):
            name, found, value = str(stated).partition("=")
            stated = {name: value} if found else {}
    if not isinstance(stated, Mapping):
        return {}
    return {key: stated[key] for key, most in _OURS.items() if _is_ours(stated.get(key), most)}


def _is_ours(value: object, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= most and value.isascii() and value.isprintable()
