"""The rows of one receipt, by a mapping, to the message."""

import re
from collections.abc import Mapping as Cells

from onebasket.channels.files.csvmapping import Mapping
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
from onebasket.commerce.sales.rules.receipt import Receipt

Row = Cells[str, str]
_FIELD = re.compile(r"{(\w+)}")
_ORIGINAL = {"place": "place", "till": "till", "day": "business_day", "number": "number"}


class RowReader:
    """Reads the rows of a file by one mapping."""

    def __init__(self, mapping: Mapping, reading: Reading) -> None:
        self._mapping = mapping
        self._reading = reading
        self._dates = tuple(mapping.date_formats)
        self._times = tuple(mapping.time_formats)

    def receipt(self, rows: list[Row]) -> Receipt:
        """Make a receipt of its rows; Refusal says what is wrong."""
        fields = self._head(rows[0])
        currency = str(fields["currency"])
        lines = [self._line(row, currency) for row in rows]
        fields["lines"] = lines
        self._prove_total(rows[0], fields, lines)
        fields["tenders"] = self._tenders(rows[0], fields, lines)
        fields["key"] = self._key(fields)
        return to_receipt(fields)

    def key(self, row: Row) -> str:
        """Tell the key of a receipt from its first row, though the receipt cannot be read; else nothing."""
        try:
            return self._key(self._head(row))
        except Refusal:
            return ""

    def _key(self, fields: dict[str, object]) -> str:
        return _FIELD.sub(lambda found: str(fields.get(found[1]) or ""), self._mapping.key)

    def _head(self, row: Row) -> dict[str, object]:
        columns = self._mapping.receipt
        names = ("place", "till", "number", "kind", "currency", "operator", "loyalty_number")
        fields: dict[str, object] = {name: self._text(row, name, getattr(columns, name)) for name in names}
        fields["kind"] = fields["kind"] or "sale"
        fields["currency"] = fields["currency"] or self._reading.currency
        time_zone = self._mapping.time_zone or self._reading.zone_of(str(fields["place"]))
        if not is_zone(time_zone):
            raise Refusal("time-zone", f"There is no time zone {time_zone!r}.")
        stated = columns.occurred_at
        parts = stated if isinstance(stated, list) else [stated]
        occurred_at = instant_of(" ".join(row.get(part, "").strip() for part in parts), time_zone, self._times)
        fields["occurred_at"] = occurred_at
        day = self._text(row, "business_day", columns.business_day)
        fields["business_day"] = day_of(day, self._dates) if day else occurred_at.date()
        for name in ("change", "rounding"):
            fields[name] = self._amount(row, getattr(columns, name), str(fields["currency"])) or 0
        fields["original"] = self._original(row)
        fields["tax_included"] = self._reading.tax_included
        return fields

    def _original(self, row: Row) -> dict[str, object] | None:
        columns = self._mapping.receipt
        found: dict[str, object] = {
            field: self._text(row, f"original_{name}", getattr(columns, f"original_{name}"))
            for name, field in _ORIGINAL.items()
        }
        if not found["number"]:
            return None
        found["business_day"] = day_of(str(found["business_day"]), self._dates)
        return found

    def _line(self, row: Row, currency: str) -> dict[str, object]:
        columns = self._mapping.line
        discounts = [
            {"kind": entry.kind, "funder": entry.funder, "amount": amount, "reference": row.get(entry.reference, "")}
            for entry in self._mapping.discounts
            if (amount := self._amount(row, entry.amount, currency))
        ]
        reduced = sum(int(str(entry["amount"])) for entry in discounts)
        list_amount = self._amount(row, columns.list_amount, currency)
        paid_amount = self._amount(row, columns.paid_amount, currency)
        if list_amount is None and paid_amount is None:
            raise Refusal("missing-field", "A row has no amount.")
        list_amount = (paid_amount or 0) + reduced if list_amount is None else list_amount
        paid_amount = list_amount - reduced if paid_amount is None else paid_amount
        unit = unit_of(self._text(row, "unit", columns.unit), self._reading)
        quantity = self._text(row, "quantity", columns.quantity) or "1"
        fields: dict[str, object] = {
            "code": self._text(row, "code", columns.code),
            "sku": self._text(row, "sku", columns.sku),
            "unit": unit.code,
            "quantity": quantity_of(self._plain(quantity, "quantity"), unit),
            "list_amount": list_amount,
            "paid_amount": paid_amount,
            "discounts": discounts,
            "taxes": self._taxes(row, currency, paid_amount),
            "disposition": self._text(row, "disposition", columns.disposition) or None,
        }
        return fields

    def _taxes(self, row: Row, currency: str, paid_amount: int) -> list[dict[str, object]]:
        taxes: list[dict[str, object]] = []
        for entry in self._mapping.taxes:
            amount = self._amount(row, entry.amount, currency)
            if amount is None:
                continue
            base = self._amount(row, entry.base, currency)
            if base is None:
                base = paid_amount - amount if self._reading.tax_included else paid_amount
            rate = rate_of(self._plain(row.get(entry.rate, "").strip().removesuffix("%") or "0", "tax rate"))
            taxes.append({"rate": rate, "base": base, "amount": amount, "code": row.get(entry.code, "")})
        return taxes

    def _tenders(self, row: Row, fields: dict[str, object], lines: list[dict[str, object]]) -> list[dict[str, object]]:
        currency = str(fields["currency"])
        if self._mapping.derived_tender:
            due = self._due(lines) + int(str(fields["change"])) + int(str(fields["rounding"]))
            return [{"kind": self._mapping.derived_tender, "amount": due}] if lines else []
        return [
            {"kind": entry.kind, "amount": amount, "reference": row.get(entry.reference, "")}
            for entry in self._mapping.tenders
            if (amount := self._amount(row, entry.amount, currency))
        ]

    def _prove_total(self, row: Row, fields: dict[str, object], lines: list[dict[str, object]]) -> None:
        total = self._amount(row, self._mapping.receipt.total, str(fields["currency"]))
        if total is not None and total != self._due(lines):
            raise Refusal(
                "total", f"The rows come to {self._due(lines)}, but the receipt's total is {total} (minor units)."
            )

    def _due(self, lines: list[dict[str, object]]) -> int:
        """What the lines come to: paid amounts, and tax where it is not included."""
        due = sum(int(str(line["paid_amount"])) for line in lines)
        if not self._reading.tax_included:
            taxes = [tax for line in lines for tax in line["taxes"]]  # type: ignore[attr-defined]
            due += sum(tax["amount"] for tax in taxes)
        return due

    def _text(self, row: Row, name: str, column: str) -> str:
        text = row[column].strip() if column else ""
        text = self._mapping.values.get(name, {}).get(text, text)
        return text or self._mapping.constants.get(name, "")

    def _plain(self, text: str, what: str) -> str:
        return plain_decimal(text, decimal=self._mapping.decimal, thousands=self._mapping.thousands, what=what)

    def _amount(self, row: Row, column: str, currency: str) -> int | None:
        text = row[column].strip() if column else ""
        if not text:
            return None
        return amount_of(self._plain(text, f"amount in column {column}"), currency, f"amount in column {column}")
