"""Orders: how one of ours is asked for, and what theirs say. What is not certain is never taken for a refusal."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from onebasket.commerce.partners.gateways.iop.answers import Complaint, Result, states_list
from onebasket.commerce.partners.gateways.iop.envelopes import PLACE_REQUEST, listed, written
from onebasket.commerce.partners.gateways.iop.values import (
    MOST_PIECES,
    REFERENCE,
    Fields,
    OddValueError,
    is_address,
    read_each,
)
from onebasket.commerce.partners.rules.port import (
    Address,
    Lost,
    NotDone,
    OrderAsked,
    Refused,
    TheirLine,
    TheirOrder,
    Tracking,
)

PAGE_SIZE = 50
REFUSALS = frozenset(
    {
        "A001_ORDER_CANNOT_BE_PLACED", "A002_INVALID_ZONE", "A003_SUSPECTED_AS_HACKER", "A004_CANNOT_USER_COUPON",
        "A005_INVALID_CURRENCY", "A006_CANNOT_CREATE_ORDER", "B_DROPSHIPPER_DELIVERY_ADDRESS_VALIDATE_FAIL",
        "B_DROPSHIPPER_DELIVERY_ADDRESS_CPF_EMPTY", "BLACKLIST_BUYER_IN_LIST", "DELIVERY_METHOD_NOT_EXIST",
        "INVENTORY_HOLD_ERROR", "PRICE_PAY_CURRENCY_ERROR", "PRODUCT_NOT_EXIST", "SKU_NOT_EXIST",
        "USER_ACCOUNT_DISABLED",
    }
)  # fmt: skip
"""Codes by which the platform says, before it does anything, that it will not place an order.

Any other code, and REPEATED_ORDER_ERROR, leaves open whether there is one: the list of orders tells.
"""
_MOST_STATUS = 64
_DIGITS = re.compile(r"\d{1,18}", re.ASCII)
_SHORTEST_HIDDEN = 3


def order_parameters(asked: OrderAsked) -> dict[str, str]:
    """Return what places an order; lines of the same product are one, since the platform takes each once."""
    counts: dict[str, int] = {}
    for line in asked.lines:
        counts[line.reference] = counts.get(line.reference, 0) + line.quantity
    request = {
        "out_order_id": asked.ours,
        "logistics_address": _address(asked.address),
        "product_items": [
            {"product_id": int(one) if _DIGITS.fullmatch(one) else one, "product_count": count}
            for one, count in counts.items()
        ],
    }
    payment = {"payment": {"pay_currency": asked.currency, "try_to_pay": "true"}}
    return {PLACE_REQUEST: _written(request), "ds_extend_request": _written(payment)}


def list_parameters(ours: str, since: datetime, until: datetime, page: int) -> dict[str, str]:
    """Return what lists the orders that bear our reference and were made between two instants."""
    return {
        "out_order_id": ours,
        "start_time": written(since),
        "end_time": written(until),
        "page_no": str(page),
        "page_size": str(PAGE_SIZE),
    }


def placed_ids(result: Result, asked: OrderAsked) -> frozenset[str] | Refused | Lost:
    """Return the numbers of the orders that were made, or that there are none, or that this is not certain."""
    fields = Fields(result.content)
    done = fields.get("is_success")
    if str(done).lower() == "true":
        numbers = listed(fields.get("order_list"), "number")
        ids = frozenset(str(one) for one in numbers if type(one) is int or isinstance(one, str))
        if not ids or len(ids) != len(numbers) or not all(REFERENCE.fullmatch(one) for one in ids):
            return Lost("the order was taken in, and its numbers cannot be read")
        return ids
    if str(done).lower() != "false":
        return Lost("the answer does not say whether the order was taken in")
    try:
        code, message = fields.text("error_code", most=60), fields.text("error_msg", most=200)
    except OddValueError as error:
        return Lost(f"the order was turned away for an unreadable reason: {error.explanation}")
    return refusal(code, _without_address(message, asked.address))


def refusal(code: str, message: str) -> Refused | Lost:
    """Return a refusal where the code is one for certain."""
    if code in REFUSALS:
        return Refused(code, message)
    return Lost(f"{code or 'no code'}: {message}")


def complained(complaint: Complaint, asked: OrderAsked) -> Refused | Lost:
    """Return what a complaint about a call for an order means: refusals can come as complaints too."""
    found = refusal(complaint.sub_code or complaint.code, _without_address(complaint.message, asked.address))
    return found if isinstance(found, Refused) else refusal(complaint.code, found.reason)


def order_of(fields: Fields) -> TheirOrder:
    """Return one of their orders.

    Raises:
        OddValueError: it cannot be read.
    """
    amount = fields.within("order_amount")
    currency = amount.currency("currency_code")
    total = amount.price("amount", currency=currency)
    if total is None:
        raise OddValueError("amount", "order_amount: none is stated")
    lines = [_line_of(Fields(item), currency) for item in listed(fields.get("child_order_list"), "ae_child_order_info")]
    if not lines:
        raise OddValueError("lines", "child_order_list: none is stated")
    status = fields.text("order_status", most=_MOST_STATUS)
    if not status:
        raise OddValueError("status", "order_status: none is stated")
    return TheirOrder(
        reference=fields.reference("order_id"),
        ours=fields.text("out_order_id", most=_MOST_STATUS),
        status=status,
        currency=currency,
        amount=total,
        lines=tuple(lines),
        placed_at=fields.instant("create_time", "gmt_create"),
        changed_at=fields.instant("modified_time", "gmt_modified"),
        tracking=_tracking(fields),
    )


def orders_of(result: Result) -> tuple[list[TheirOrder], int] | NotDone:
    """Return the orders of a page of the list and how many there are in all.

    One that cannot be read spoils the page: it could be the one that is looked for.
    """
    fields = Fields(result.content)
    if not states_list(result, "orders", "total_count"):
        return NotDone("the answer lists no orders, and does not say that there are none", "turned_away")
    try:
        count = fields.whole("total_count", most=MOST_PIECES)
    except OddValueError as error:
        return NotDone(error.explanation, "turned_away")
    orders, odd = read_each(listed(fields.get("orders"), "order"), order_of, named="order_id")
    if odd:
        return NotDone(f"an order of theirs cannot be read: {odd[0].explanation}", "turned_away")
    return orders, len(orders) if count is None else count


def _line_of(fields: Fields, currency: str) -> TheirLine:
    price = fields.within("product_price")
    if (stated := price.currency("currency_code")) != currency:
        raise OddValueError("currency", f"a line is in {stated}, its order in {currency}")
    amount, quantity = price.price("amount", currency=currency), fields.whole("product_count", most=MOST_PIECES)
    if amount is None or not quantity:
        raise OddValueError("lines", "a line states no price or no quantity")
    return TheirLine(fields.reference("product_id"), quantity, amount)


def _tracking(fields: Fields) -> tuple[Tracking, ...]:
    """Return where parcels are followed; what cannot be read of it keeps no order from being known."""
    good, _odd = read_each(
        listed(fields.get("logistics_info_list"), "ae_order_logistics_info"), _parcel_of, named="logistics_no"
    )
    return tuple(good)


def _parcel_of(fields: Fields) -> Tracking:
    number = fields.text("logistics_no", most=80)
    if not number:
        raise OddValueError("tracking", "logistics_no: none is stated")
    url = fields.text("tracking_url", most=1000)
    return Tracking(fields.text("logistics_service", most=80), number, url if is_address(url) else "")


def _address(address: Address) -> dict[str, str]:
    stated = {
        "full_name": address.name,
        "contact_person": address.name,
        "address": address.street,
        "city": address.city,
        "province": address.region,
        "zip": address.postcode,
        "country": address.country,
        "mobile_no": address.phone,
        "email": address.email,
    }
    return {key: value for key, value in stated.items() if value}


def _without_address(message: str, address: Address) -> str:
    """Return a message without what it repeats of an address: messages are kept for longer than addresses."""
    parts = (address.street, address.name, address.email, address.phone, address.city, address.postcode)
    for part in sorted((one for one in parts if len(one) >= _SHORTEST_HIDDEN), key=len, reverse=True):
        message = re.sub(re.escape(part), "…", message, flags=re.IGNORECASE)
    return message


def _written(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
