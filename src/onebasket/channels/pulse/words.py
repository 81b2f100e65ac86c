"""The words for codes: kinds, states, reasons, as people read them."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Word = str | Promise

CHANNELS: dict[str, Word] = {
    "till": _("till"), "web": _("web"), "kiosk": _("kiosk"), "partner": _("partner"), "phone": _("phone"),
}  # fmt: skip
RECEIPT_KINDS: dict[int, Word] = {1: _("sale"), 2: _("return"), 3: _("void"), 4: _("no sale")}
FUNDERS: dict[int, Word] = {1: _("retailer"), 2: _("manufacturer"), 3: _("partner")}
ORDER_STATUSES: dict[str, Word] = {
    "awaiting_payment": _("awaiting payment"), "placed": _("placed"), "picking": _("picking"), "ready": _("ready"),
    "handed_over": _("handed over"), "cancelled": _("cancelled"), "closed": _("completed"),
}  # fmt: skip
ENDS: dict[int, Word] = {
    1: _("sellable"), 2: _("staged"), 3: _("unsellable"), 4: _("in transit"), 11: _("supplier"), 12: _("customer"),
    13: _("loss"), 14: _("count"), 15: _("other place"),
}  # fmt: skip
MOVEMENT_KINDS: dict[int, Word] = {
    1: _("delivery"), 2: _("count"), 3: _("adjustment"), 4: _("transfer"), 5: _("sale"), 6: _("pick"),
    7: _("hand over"), 8: _("put back"), 9: _("return"), 10: _("count correction"), 11: _("mend"),
}  # fmt: skip
EXCEPTION_REASONS: dict[str, Word] = {
    "unknown_product": _("nobody knows this code"), "unit_mismatch": _("the unit is not the product's"),
}  # fmt: skip
EXCEPTION_STATES: dict[str, Word] = {"open": _("open"), "mended": _("mended"), "dismissed": _("dismissed")}
QUARANTINE_STATES: dict[str, Word] = {
    "open": _("open"), "replayed": _("replayed"), "discarded": _("discarded"), "superseded": _("superseded"),
}  # fmt: skip
QUARANTINE_KINDS: dict[str, Word] = {"receipt": _("till receipt"), "stock": _("stock fact")}
QUARANTINE_REASONS: dict[str, Word] = {
    "not_json": _("not JSON"), "encoding": _("not UTF-8"), "missing_field": _("a field is missing"),
    "unknown_field": _("unknown field"), "bad_value": _("bad value"), "bad_number": _("bad number"),
    "bad_date": _("bad date"), "unknown_unit": _("unknown unit"), "time_zone": _("no time zone"),
    "columns": _("columns"), "row": _("row"), "total": _("total"), "not_xml": _("not XML"),
    "not_poslog": _("not POSLog"), "forbidden_xml": _("forbidden XML"), "outside_subset": _("outside our subset"),
    "too_deep": _("nested too deeply"), "too_large": _("too large"), "unknown_place": _("unknown place"),
    "unknown_product": _("unknown product"), "does_not_tie": _("does not add up"), "conflict": _("key used before"),
    "nul": _("unreadable text"), "unreadable_text": _("unreadable text"), "unreadable": _("unreadable"),
    "failed": _("our fault"), "mended_meanwhile": _("mended meanwhile"), "other_place": _("another place"),
}  # fmt: skip
"""Files write them with hyphens, which are underscores here."""
PLACE_KINDS: dict[str, Word] = {"store": _("store"), "warehouse": _("warehouse"), "partner": _("partner")}
TENDERS: dict[str, Word] = {
    "cash": _("Cash"), "card": _("Card"), "voucher": _("Voucher"), "account": _("Account"),
    "gift_card": _("Gift card"), "store_credit": _("Store credit"), "points": _("Points"),
}  # fmt: skip
DISCOUNTS: dict[str, Word] = {
    "loyalty": _("with card"), "promotion": _("promotion"), "coupon": _("coupon"), "staff": _("staff"),
    "markdown": _("marked down"),
}  # fmt: skip
PROMISE_KINDS: dict[str, Word] = {"reservation": _("order"), "hold": _("basket")}


def word(words: dict[str, Word], code: str) -> str:
    """Return the word for a code; a code without one is shown as it is, with spaces."""
    return str(words.get(code, code.replace("_", " ")))
