"""The mapping that says what the columns of a CSV file mean, itself a TOML file (`docs/files.md`)."""

import codecs
from typing import Annotated

import msgspec
from msgspec import Meta

from onebasket.commerce.sales.rules.receipt import Funder

Column = str
Character = Annotated[str, Meta(min_length=1, max_length=1)]


class DiscountColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column with a reduction of the line, with its kind and funder."""

    kind: str
    amount: Column
    funder: Funder = Funder.RETAILER
    reference: Column = ""


class TaxColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Columns with a tax of the line: rate in percent, amount, and base (else worked out from what is paid)."""

    rate: Column
    amount: Column
    base: Column = ""
    code: Column = ""


class TenderColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column with what was paid by one means, read from the receipt's first row; empty or 0 is none."""

    amount: Column
    kind: str
    reference: Column = ""


class ReceiptColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Columns that hold for the whole receipt, read from its first row; `total` proves that no row is missing."""

    place: Column = ""
    till: Column = ""
    number: Column = ""
    kind: Column = ""
    currency: Column = ""
    occurred_at: Column | list[Column] = ""
    operator: Column = ""
    business_day: Column = ""
    loyalty_number: Column = ""
    change: Column = ""
    rounding: Column = ""
    total: Column = ""
    original_place: Column = ""
    original_till: Column = ""
    original_day: Column = ""
    original_number: Column = ""


class LineColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Columns of each row; where only one of list and paid amount is there, the other follows from the discounts."""

    code: Column
    quantity: Column = ""
    list_amount: Column = ""
    paid_amount: Column = ""
    sku: Column = ""
    unit: Column = ""
    disposition: Column = ""


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a CSV file is read: signs, formats, columns, constants and the columns whose values make one receipt."""

    group: Annotated[list[Column], Meta(min_length=1)]
    receipt: ReceiptColumns
    line: LineColumns
    delimiter: Character = ","
    quote: Character = '"'
    encoding: str = "utf-8"
    decimal: Character = "."
    thousands: Annotated[str, Meta(max_length=1)] = ""
    date_formats: list[str] = []
    time_formats: list[str] = []
    time_zone: str = ""
    key: str = "{place}/{till}/{business_day}/{number}"
    discounts: list[DiscountColumns] = []
    taxes: list[TaxColumns] = []
    tenders: list[TenderColumns] = []
    derived_tender: str = ""
    constants: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}

    def columns(self) -> list[Column]:
        """Return every column that the mapping names."""
        named: list[str | list[str]] = [*self.group]
        for part in (self.receipt, self.line):
            named += [getattr(part, field) for field in part.__struct_fields__]
        for discount in self.discounts:
            named += [discount.amount, discount.reference]
        for tax in self.taxes:
            named += [tax.rate, tax.amount, tax.base, tax.code]
        for tender in self.tenders:
            named += [tender.amount, tender.reference]
        flat = [column for entry in named for column in (entry if isinstance(entry, list) else [entry])]
        return [column for column in dict.fromkeys(flat) if column]


def read_mapping(content: bytes) -> Mapping:
    """Read a mapping file; ValueError says what is wrong with it."""
    mapping = msgspec.toml.decode(content, type=Mapping)
    try:
        codecs.lookup(mapping.encoding)
        separable = "\n,A".encode(mapping.encoding) == b"\n,A"
    except (LookupError, UnicodeError) as error:
        raise ValueError(f"encoding {mapping.encoding!r} is not known") from error
    if not separable:
        raise ValueError(f"encoding {mapping.encoding!r} cannot be read line by line; convert the file to UTF-8")
    if not (mapping.line.list_amount or mapping.line.paid_amount):
        raise ValueError("[line] names neither list_amount nor paid_amount")
    if mapping.decimal == mapping.thousands:
        raise ValueError("decimal and thousands are the same sign")
    return mapping
