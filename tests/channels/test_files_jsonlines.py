"""Receipt files as JSON lines, and telling formats apart."""

import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.channels.files.jsonlines import read_jsonlines
from onebasket.channels.files.messages import Message, Parsed, Unreadable, storable
from onebasket.channels.files.sniff import sniff

SALE = (
    b'{"key":"12/3/2026-03-02/1187","place":"12","till":"3","number":"1187","kind":"sale","currency":"USD",'
    b'"occurred_at":"2026-03-02T10:15:00-05:00","lines":[{"code":"4006381333931","quantity":2,"list_amount":500,'
    b'"paid_amount":450,"discounts":[{"kind":"loyalty","funder":"retailer","amount":50}]}],'
    b'"tenders":[{"kind":"cash","amount":500}],"change":50}\n'
)


def read(content: bytes, limit: int = 10_000) -> list[Message]:
    return list(read_jsonlines(io.BytesIO(content), limit=limit))


def test_a_line_is_a_receipt_with_its_bytes_and_place_in_the_file() -> None:
    first, second = read(b"\xef\xbb\xbf" + SALE + b"\n" + SALE.rstrip())
    assert isinstance(first, Parsed)
    assert isinstance(second, Parsed)
    assert first.receipt == second.receipt
    assert first.receipt.lines[0].paid_amount == 450
    assert (first.line, first.offset) == (1, 0)
    assert (second.line, second.offset) == (3, 3 + len(SALE) + 1)
    assert second.raw == SALE.rstrip()


@pytest.mark.parametrize(
    ("line", "reason", "words", "key"),
    [
        (SALE[:80], "not-json", "cut off", "12/3/2026-03-02/1187"),
        (b"nonsense", "not-json", "no complete JSON object", ""),
        (b'{"key":"k\xff"}', "encoding", "UTF-8", ""),
        (b'{"key":"k"}', "missing-field", "The field place is missing.", "k"),
        (b'{"key":"k","plaice":"12"}', "unknown-field", "no field plaice", "k"),
        (SALE.replace(b'"quantity":2', b'"quantity":"2"'), "bad-value", "In lines[0].quantity: Expected a whole", None),
        (SALE.replace(b'"quantity":2', b'"quantity":1' + b"0" * 30), "bad-value", "In lines[0].quantity", None),
        (SALE.replace(b'"quantity":2', b'"quantity":0.5'), "bad-value", "a number with a decimal point", None),
        (SALE.replace(b'"sale"', b'"gift"'), "bad-value", "In kind: 'gift' is not one of", None),
        (SALE.replace(b"-05:00", b""), "bad-value", "In occurred_at", None),
        (b"[" * 50_000, "too-large", "longer than 10000 bytes", ""),
        (b"[" * 9_000, "bad-value", "Expected an object", ""),
        (b"12", "bad-value", "Expected an object {…}, got a whole number.", ""),
    ],
)
def test_what_is_no_receipt_says_why_and_its_neighbours_go_on(
    line: bytes, reason: str, words: str, key: str | None
) -> None:
    first, *between, last = read(SALE + line.rstrip(b"\n") + b"\n" + SALE)
    assert isinstance(first, Parsed)
    assert isinstance(last, Parsed)
    assert between
    assert b"".join(message.raw for message in between) == line.rstrip(b"\n") + b"\n"
    for bad in between:
        assert isinstance(bad, Unreadable)
        assert bad.reason == reason
        assert words in bad.explanation
    assert isinstance(between[0], Unreadable)
    assert between[0].key == ("12/3/2026-03-02/1187" if key is None else key)


def test_a_line_over_the_limit_comes_in_pieces() -> None:
    long = b'{"key":"long","x":"' + b"y" * 25_000 + b'"}\n'
    pieces = read(long + SALE)
    assert [len(piece.raw) for piece in pieces[:-1]] == [10_000, 10_000, len(long) - 20_000]
    assert [(piece.line, piece.offset) for piece in pieces] == [(1, 0), (1, 10_000), (1, 20_000), (2, len(long))]
    assert isinstance(pieces[0], Unreadable)
    assert pieces[0].key == "long"


def test_unreadable_bytes_are_kept_as_text_that_a_database_takes() -> None:
    assert storable(b"a\xff\x00b") == "a\\xff\\x00b"


@given(st.lists(st.one_of(st.binary(max_size=60), st.just(SALE), st.just(SALE[:-1]), st.just(b"\n")), max_size=8))
def test_any_bytes_are_accounted_for(parts: list[bytes]) -> None:
    content = b"".join(parts)
    messages = read(content, limit=400)
    kept = b"".join(message.raw for message in messages)
    blank = [line for line in content.split(b"\n") if not line.strip()]
    assert len(kept) >= len(content) - sum(len(line) + 1 for line in blank) - 3
    assert all(content[message.offset : message.offset + len(message.raw)] == message.raw for message in messages)
    assert [message.offset for message in messages] == sorted({message.offset for message in messages})


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_value_in_any_field_is_a_receipt_or_unreadable(value: object) -> None:
    whole = msgspec.json.decode(SALE)
    for field in (*whole, "lines.0.code", "lines.0.quantity", "tenders.0.amount", "original"):
        odd = msgspec.json.decode(SALE)
        target, *path = field.split(".")
        if path:
            odd[target][0][path[1]] = value
        else:
            odd[target] = value
        try:
            line = msgspec.json.encode(odd)
        except (OverflowError, UnicodeEncodeError):
            continue
        (message,) = read(line)
        assert isinstance(message, Parsed | Unreadable)


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("sales.jsonl", b"", "jsonlines"),
        ("sales.NDJSON", b"", "jsonlines"),
        ("sales.csv", b"{", "csv"),
        ("sales.xml", b"", "poslog"),
        ("sales.txt", b'\xef\xbb\xbf\n {"key"', "jsonlines"),
        ("sales.dat", b"  <?xml", "poslog"),
        ("sales", b"store;till", "csv"),
    ],
)
def test_the_format_is_told_by_extension_else_by_content(name: str, head: bytes, expected: str) -> None:
    assert sniff(name, head) == expected
