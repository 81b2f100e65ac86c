"""One POSLog Transaction to the message, in the subset of `docs/files.md`."""

from xml.etree.ElementTree import Element

from onebasket.channels.files.exact import (
    amount_of,
    day_of,
    instant_of,
    is_zone,
    plain_decimal,
    quantity_of,
    rate_of,
    to_receipt,
    unit_of,
)
from onebasket.channels.files.messages import Reading, Refusal
from onebasket.commerce.sales.rules.receipt import Funder, Receipt

# Transactions with these states sold nothing; they are kept as no-sale so that a till's numbers have no gap.
UNSOLD = frozenset({"voided", "suspended", "suspendeddeleted", "failed", "canceled", "cancelled"})
SOLD = frozenset({"", "delivered", "finished", "completed", "tendered", "totaled", "postvoided", "reintegrated"})
VOIDING = frozenset({"void", "voided", "postvoid", "postvoided"})
# Parts of a line item that carry neither goods nor money.
SILENT = frozenset(
    {
        "AgeRestriction",
        "BeginDateTime",
        "Comment",
        "ElectronicSignature",
        "EndDateTime",
        "ItemNotFound",
        "SequenceNumber",
    }
)
MANUFACTURER = ("manufacturer", "vendor")


def transaction_key(transaction: Element) -> str:
    """Return store/till/day/sequence, which names a transaction for ever; empty when a part is missing."""
    names = ("RetailStoreID", "WorkstationID", "BusinessDayDate", "SequenceNumber")
    parts = [_text(transaction, name) for name in names]
    return "/".join(parts) if all(parts) else ""


def read_transaction(transaction: Element, reading: Reading) -> Receipt:
    """Read one Transaction; Refusal says what lies outside the subset or is wrong."""
    fields = _head(transaction, reading)
    retail = transaction.find("RetailTransaction")
    if retail is None or _is_unsold(transaction, retail):
        return to_receipt(fields | {"kind": "no-sale"})
    link = retail.find(".//TransactionLink")
    goods = [(item, part) for item in _items(retail) for part in item if part.tag in {"Sale", "Return"}]
    kind = "sale"
    if link is not None and link.get("ReasonCode", "").lower() in VOIDING:
        kind = "void"
    elif goods and all(part.tag == "Return" for _, part in goods):
        kind = "return"
    currency = str(fields["currency"])
    lines = [_line(part, currency, reading, back=kind == "sale" and part.tag == "Return") for _, part in goods]
    tenders, change = _tenders(retail, currency, back=kind != "sale")
    loyalty = retail.find(".//LoyaltyAccount")
    return to_receipt(
        fields
        | {
            "kind": kind,
            "lines": lines,
            "tenders": tenders,
            "change": change,
            "original": _original(link, fields) if link is not None else None,
            "loyalty_number": _text(loyalty, "LoyaltyAccountID") if loyalty is not None else "",
        }
    )


def _head(transaction: Element, reading: Reading) -> dict[str, object]:
    place = _needed(transaction, "RetailStoreID")
    time_zone = reading.zone_of(place)
    if not is_zone(time_zone):
        raise Refusal("time-zone", f"There is no time zone {time_zone!r}.")
    stated = _text(transaction, "EndDateTime") or _needed(transaction, "BeginDateTime")
    return {
        "place": place,
        "till": _needed(transaction, "WorkstationID"),
        "number": _needed(transaction, "SequenceNumber"),
        "business_day": day_of(_needed(transaction, "BusinessDayDate")),
        "occurred_at": instant_of(stated, time_zone),
        "operator": _text(transaction, "OperatorID"),
        "currency": _text(transaction, "CurrencyCode") or reading.currency,
        "tax_included": reading.tax_included,
        "key": transaction_key(transaction),
    }


def _is_unsold(transaction: Element, retail: Element) -> bool:
    """Whether the transaction was cancelled, suspended or only training; Refusal for a state outside the subset."""
    if _is_true(transaction, "CancelFlag") or _is_true(transaction, "TrainingModeFlag"):
        return True
    state = (retail.get("TransactionStatus") or transaction.get("TransactionStatus") or "").lower()
    if state not in UNSOLD | SOLD:
        raise Refusal("outside-subset", f"The transaction's state {state!r} is not one that is read.")
    return state in UNSOLD


def _items(retail: Element) -> list[Element]:
    """Return the line items that count; Refusal for one that carries what the subset does not know."""
    items = [item for item in retail.findall("LineItem") if not _is_true(item, "VoidFlag")]
    for item in items:
        for part in item:
            if part.tag not in SILENT and part.tag not in {"Sale", "Return", "Tender"}:
                raise Refusal("outside-subset", f"A line item with <{part.tag}> is not read.")
    return items


def _line(part: Element, currency: str, reading: Reading, *, back: bool) -> dict[str, object]:
    """Read Sale or Return; `back` turns the signs, for goods that come back within a sale."""
    sign = -1 if back else 1
    scanned, item_id = _text(part, "POSIdentity/POSItemID"), _text(part, "ItemID")
    if not scanned and not item_id:
        raise Refusal("missing-field", f"A <{part.tag}> has neither POSItemID nor ItemID.")
    paid = _amount(part, "ExtendedAmount", currency)
    discounts = [_discount(modifier, currency, sign) for modifier in part.findall("RetailPriceModifier")]
    taxes = [_tax(tax, paid, currency, reading) for tax in part.findall("Tax")]
    return {
        "code": scanned or item_id,
        "sku": "" if scanned else item_id,
        **_quantity(part, reading, sign),
        "paid_amount": sign * paid,
        "list_amount": sign * paid + sum(int(str(discount["amount"])) for discount in discounts),
        "discounts": discounts,
        "taxes": [tax | {name: sign * int(str(tax[name])) for name in ("base", "amount")} for tax in taxes],
        "disposition": (_text(part, "Disposal") or "").lower() or None,
    }


def _quantity(part: Element, reading: Reading, sign: int) -> dict[str, object]:
    stated = part.find("Quantity")
    code = stated.get("UnitOfMeasureCode", "").strip() if stated is not None else ""
    unit = unit_of(code, reading)
    plain = plain_decimal(_text(part, "Quantity") or "1", what="quantity")
    return {"unit": unit.code, "quantity": sign * quantity_of(plain, unit)}


def _discount(modifier: Element, currency: str, sign: int) -> dict[str, object]:
    amount = modifier.find("Amount")
    action = (amount.get("Action", "Subtract") if amount is not None else "").lower()
    if action not in {"subtract", "add"}:
        raise Refusal("outside-subset", f"A price modifier that does {action or 'nothing'!r} is not read.")
    kind = (modifier.get("MethodCode") or "promotion").lower()
    funder = Funder.MANUFACTURER if any(word in kind for word in MANUFACTURER) else Funder.RETAILER
    reduced = _amount(modifier, "Amount", currency) * (sign if action == "subtract" else -sign)
    return {"kind": kind, "funder": funder, "amount": reduced, "reference": _text(modifier, "PromotionID")}


def _tax(tax: Element, paid: int, currency: str, reading: Reading) -> dict[str, object]:
    amount = _amount(tax, "Amount", currency)
    rate = rate_of(plain_decimal(_text(tax, "Percent") or "0", what="tax rate"))
    if _text(tax, "TaxableAmount"):
        base = _amount(tax, "TaxableAmount", currency)
    else:
        base = paid - amount if reading.tax_included else paid
    return {"rate": rate, "base": base, "amount": amount, "code": tax.get("TaxType", "")}


def _tenders(retail: Element, currency: str, *, back: bool) -> tuple[list[dict[str, object]], int]:
    """Read the tenders and the change; in a sale a refunded tender is negative. Card numbers are never read."""
    tenders: list[dict[str, object]] = []
    change = 0
    for item in _items(retail):
        for tender in item.findall("Tender"):
            amount = _amount(tender, "Amount", currency)
            refunds = tender.get("TypeCode", "").lower() == "refund" and not back
            kind = tender.get("TenderType", "other").lower()
            tenders.append({"kind": kind, "amount": -amount if refunds else amount})
            if tender.find("TenderChange") is not None:
                change += _amount(tender, "TenderChange/Amount", currency)
    return tenders, change


def _original(link: Element, fields: dict[str, object]) -> dict[str, object]:
    """Read the receipt that a return or void refers to; what the link does not say is as in the transaction."""
    day = _text(link, "BusinessDayDate")
    return {
        "place": _text(link, "RetailStoreID") or fields["place"],
        "till": _text(link, "WorkstationID") or fields["till"],
        "business_day": day_of(day) if day else fields["business_day"],
        "number": _needed(link, "SequenceNumber"),
    }


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _needed(element: Element, path: str) -> str:
    text = _text(element, path)
    if not text:
        raise Refusal("missing-field", f"<{element.tag}> lacks <{path}>.")
    return text


def _amount(element: Element, path: str, currency: str) -> int:
    return amount_of(plain_decimal(_needed(element, path), what=path), currency, path)


def _is_true(element: Element, attribute: str) -> bool:
    return element.get(attribute, "").strip().lower() in {"true", "1"}
