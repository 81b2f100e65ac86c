"""Receipt files as CSV with a mapping."""

import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.channels.files.csvfile import read_csv
from onebasket.channels.files.csvmapping import Mapping, read_mapping
from onebasket.channels.files.messages import Message, Parsed, Reading, Unreadable
from onebasket.commerce.sales.rules.receipt import Discount, Funder, Kind, Line, Original, Tax, Tender
from onebasket.kernel.quantity import Unit

MAPPING = """
delimiter = ";"
decimal = ","
thousands = "."
date_formats = ["%d.%m.%Y"]
time_formats = ["%d.%m.%Y %H:%M"]
time_zone = "Europe/Berlin"
group = ["Filiale", "Kasse", "Datum", "Bon"]

[receipt]
place = "Filiale"
till = "Kasse"
number = "Bon"
kind = "Art"
business_day = "Datum"
occurred_at = ["Datum", "Zeit"]
loyalty_number = "Karte"
original_number = "ZuBon"
original_day = "ZuDatum"
original_place = "Filiale"
original_till = "Kasse"

[line]
code = "EAN"
quantity = "Menge"
unit = "Einheit"
paid_amount = "Betrag"

[[discounts]]
kind = "loyalty"
amount = "Rabatt"

[[taxes]]
rate = "MwSt"
amount = "Steuer"

[[tenders]]
kind = "cash"
amount = "Bar"

[constants]
currency = "EUR"

[values.kind]
V = "sale"
R = "return"
"""
HEADER = "Filiale;Kasse;Datum;Bon;Zeit;Art;Karte;EAN;Menge;Einheit;Betrag;Rabatt;MwSt;Steuer;Bar;ZuBon;ZuDatum\n"
FIRST = "12;3;02.03.2026;1187;10:15;V;777;4006381333931;2;;4,50;0,50;7,00;0,29;1.004,50;;\n"
SECOND = "12;3;02.03.2026;1187;10:15;V;777;2104711008426;0,842;kg;1.000,00;;;;;;\n"
RETURN = "12;3;02.03.2026;1188;10:20;R;;4006381333931;1;;2,25;;;;2,25;1187;02.03.2026\n"
READING = Reading(units={"kg": Unit("kg", 3)}, limit=5_000)


def mapping(changes: str = "") -> Mapping:
    return read_mapping((changes + MAPPING).encode())


def read(text: str | bytes, changes: str = "") -> list[Message]:
    content = text if isinstance(text, bytes) else text.encode()
    return list(read_csv(io.BytesIO(content), mapping(changes), reading=READING))


def test_neighbouring_rows_of_a_group_are_one_receipt() -> None:
    sale, back = read(HEADER + FIRST + SECOND + RETURN)
    assert isinstance(sale, Parsed)
    receipt = sale.receipt
    assert receipt.key == "12/3/2026-03-02/1187"
    assert receipt.occurred_at.astimezone(UTC) == datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
    assert receipt.lines == (
        Line(
            code="4006381333931",
            quantity=2,
            unit="each",
            list_amount=500,
            paid_amount=450,
            discounts=(Discount("loyalty", Funder.RETAILER, 50),),
            taxes=(Tax(70_000, 421, 29),),
        ),
        Line(code="2104711008426", quantity=842, unit="kg", list_amount=100_000, paid_amount=100_000),
    )
    assert receipt.tenders == (Tender("cash", 100_450),)
    assert (receipt.currency, receipt.loyalty_number) == ("EUR", "777")
    assert sale.raw == (FIRST + SECOND).encode()
    assert (sale.line, sale.offset) == (2, len(HEADER))
    assert isinstance(back, Parsed)
    assert back.receipt.kind is Kind.RETURN
    assert back.receipt.original == Original("12", "3", date(2026, 3, 2), "1187")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (FIRST.replace("4,50;0", "4,505;0"), "bad-number"),
        (FIRST.replace("4,50;0", "4e2;0"), "bad-number"),
        (FIRST.replace("4,50;0", "NaN;0"), "bad-number"),
        (FIRST.replace(";2;;", ";0,5;;"), "bad-number"),
        (FIRST.replace(";2;;", ";2;bushel;"), "unknown-unit"),
        (FIRST.replace("10:15", "25:15"), "bad-date"),
        (FIRST.replace(";V;", ";X;"), "bad-value"),
        (FIRST.replace("4006381333931", ""), "bad-value"),
        (FIRST.replace(";4,50;0,50", ";;0,50"), "missing-field"),
        (FIRST.replace("1187;10:15", "1187;10:15;more"), "columns"),
        (FIRST.replace("777", '"77'), "columns"),
    ],
)
def test_a_bad_row_makes_its_receipt_unreadable_and_no_other(row: str, reason: str) -> None:
    bad, good = read(HEADER + row + RETURN)
    assert isinstance(bad, Unreadable)
    assert bad.reason == reason
    assert bad.raw == row.encode()
    assert bad.key == ("" if reason == "columns" or "25:15" in row else "12/3/2026-03-02/1187")
    assert isinstance(good, Parsed)


def test_a_bad_row_inside_a_receipt_spoils_it_whole() -> None:
    bad, good = read(HEADER + FIRST + "??\n" + SECOND + RETURN)
    assert isinstance(bad, Unreadable)
    assert bad.reason == "row"
    assert bad.raw == (FIRST + "??\n" + SECOND).encode()
    assert isinstance(good, Parsed)


def test_a_bad_row_between_receipts_stands_alone() -> None:
    messages = read((HEADER + FIRST).encode() + b"\xff\n" + RETURN.encode())
    assert [type(message) for message in messages] == [Parsed, Unreadable, Parsed]
    assert isinstance(messages[1], Unreadable)
    assert (messages[1].raw, messages[1].reason) == (b"\xff\n", "encoding")


def test_a_total_proves_that_no_row_is_missing() -> None:
    text = MAPPING.replace('place = "Filiale"\ntill', 'total = "Bar"\nplace = "Filiale"\ntill')
    content = io.BytesIO((HEADER + FIRST + RETURN).encode())
    short, good = read_csv(content, read_mapping(text.encode()), reading=READING)
    assert isinstance(short, Unreadable)
    assert short.reason == "total"
    assert isinstance(good, Parsed)


def test_a_derived_tender_ties() -> None:
    (sale,) = read(HEADER + FIRST + SECOND, 'derived_tender = "unstated"\n')
    assert isinstance(sale, Parsed)
    assert sale.receipt.tenders == (Tender("unstated", 100_450),)


def test_a_heading_that_does_not_fit_leaves_the_whole_file_unreadable() -> None:
    content = (HEADER.replace("Bon", "Beleg", 1) + FIRST * 100).encode()
    messages = read(content)
    assert {message.reason for message in messages if isinstance(message, Unreadable)} == {"columns"}
    assert b"".join(message.raw for message in messages) == content
    assert len(messages) < 6


def test_a_receipt_that_is_too_large_is_unreadable_in_pieces() -> None:
    content = HEADER + FIRST + SECOND * 200 + RETURN
    *pieces, last = read(content)
    assert {piece.reason for piece in pieces if isinstance(piece, Unreadable)} == {"too-large"}
    assert b"".join(piece.raw for piece in pieces) == (FIRST + SECOND * 200).encode()
    assert isinstance(last, Parsed)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('encoding = "utf-16"\n', "line by line"),
        ('encoding = "klingon"\n', "not known"),
        ('surprise = "x"\n', "surprise"),
        ("group = [", "TOML|toml|Invalid|invalid|Unclosed|Cannot"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(change: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        mapping(change)


_ODD = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=30)


@given(st.lists(st.one_of(st.sampled_from([FIRST, SECOND, RETURN]), _ODD.map(lambda text: text + "\n")), max_size=8))
def test_any_rows_are_accounted_for(rows: list[str]) -> None:
    messages = read(HEADER + "".join(rows))
    expected = [row.encode() for row in rows if row.encode().strip()]
    assert b"".join(message.raw for message in messages) == b"".join(expected)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_a_fault(content: bytes) -> None:
    assert all(isinstance(message, Unreadable) for message in read(content))
    for message in read(HEADER.encode() + content):
        assert isinstance(message, Parsed | Unreadable)


@given(st.lists(_ODD, min_size=17, max_size=17))
def test_any_cells_are_a_receipt_or_unreadable(cells: list[str]) -> None:
    for position in range(17):
        row = FIRST.rstrip("\n").split(";")
        row[position] = cells[position].replace(";", "").replace('"', "")
        (message,) = read(HEADER + ";".join(row) + "\n")
        assert isinstance(message, Parsed | Unreadable)
