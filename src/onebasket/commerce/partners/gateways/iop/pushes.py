"""Pushes: proved to be the platform's before anything in them is looked at."""

import hashlib
from collections.abc import Mapping

from onebasket.commerce.partners.gateways.iop.answers import Unreadable, decoded
from onebasket.commerce.partners.gateways.iop.signing import is_signed, sign_push
from onebasket.commerce.partners.gateways.iop.values import Fields, OddValueError, visible
from onebasket.commerce.partners.rules.port import Forged, GatewayAccount, OddItem, PushKind, PushStated

LARGEST_PUSH = 65_536
_LONGEST_KEY = 80
_KINDS: Mapping[int, tuple[PushKind, str]] = {
    0: ("order", "order_id"),
    1: ("offer", "product_id"),
    2: ("commission", "sub_order_id"),
}
"""What each type of message is about, and which field names it."""


def read_push(account: GatewayAccount, headers: Mapping[str, str], body: bytes) -> PushStated | OddItem | Forged:
    """Read a push. One that is too large is not even looked at."""
    if len(body) > LARGEST_PUSH:
        return Forged(f"longer than {LARGEST_PUSH} bytes")
    if not account.app_key or not account.secret:
        return Forged("no secret is kept by which it could be proved")
    if not is_signed(
        sign_push(account.app_key, account.secret, body), headers.get("authorization", "").strip().lower()
    ):
        return Forged("it is not signed with our secret")
    found = decoded(body)
    if isinstance(found, Unreadable):
        return OddItem("", "unreadable", found.reason, _shown(body))
    try:
        return _push_of(Fields(found), body)
    except OddValueError as error:
        return OddItem("", error.reason, error.explanation, _shown(body))


def _push_of(fields: Fields, body: bytes) -> PushStated | OddItem:
    key = fields.text("message_id", most=_LONGEST_KEY + 1)
    if not key or len(key) > _LONGEST_KEY:
        # The same bytes are the same push.
        key = hashlib.sha256(body).hexdigest()
    data = fields.within("data")
    number = fields.whole("message_type", most=10**6)
    if number is None or number not in _KINDS:
        return OddItem(key, "kind", f"message_type: {number} is none that is known", _shown(body))
    kind, name = _KINDS[number]
    return PushStated(
        key=key,
        kind=kind,
        reference=data.reference(name, "trade_order_id"),
        status=data.text("order_status", "change", most=64),
        occurred_at=data.instant("status_update_time") or fields.instant("timestamp"),
    )


def _shown(body: bytes) -> str:
    return visible(body.decode("utf-8", "replace"))
