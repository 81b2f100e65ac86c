"""Receipt files as ARTS POSLog XML."""

import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.channels.files.messages import Message, Parsed, Reading, Unreadable
from onebasket.channels.files.poslog import read_poslog
from onebasket.commerce.sales.rules.receipt import Discount, Funder, Kind, Line, Original, Receipt, Tax, Tender
from onebasket.kernel.quantity import Unit

READING = Reading(
    units={"kg": Unit("kg", 3)}, currency="USD", time_zones={"12": "America/New_York"}, tax_included=False, limit=4_000
)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/">\n'
TAIL = "\n</POSLog>\n"
SALE = """<LineItem><SequenceNumber>1</SequenceNumber><Sale>
<POSIdentity><POSItemID>2104711008426</POSItemID></POSIdentity>
<Quantity UnitOfMeasureCode="KGM">0.842</Quantity><ExtendedAmount>1.50</ExtendedAmount>
<RetailPriceModifier MethodCode="Promotion"><Amount Action="Subtract">0.50</Amount><PromotionID>P7</PromotionID>
</RetailPriceModifier><Tax TaxType="Sales"><Amount>0.13</Amount><Percent>8.875</Percent></Tax></Sale></LineItem>"""
CASH = """<LineItem><Tender TenderType="Cash"><Amount>2.00</Amount>
<TenderChange><Amount>0.37</Amount></TenderChange></Tender></LineItem>"""
BACK = """<LineItem><Return><ItemID>SKU-9</ItemID><Quantity>1</Quantity><ExtendedAmount>2.00</ExtendedAmount>
</Return></LineItem>"""
REFUND = '<LineItem><Tender TenderType="Cash" TypeCode="Refund"><Amount>2.00</Amount></Tender></LineItem>'
LINK = """<TransactionLink ReasonCode="{}"><WorkstationID>4</WorkstationID><BusinessDayDate>2026-03-01</BusinessDayDate>
<SequenceNumber>900</SequenceNumber></TransactionLink>"""


def transaction(number: int, body: str = SALE + CASH, *, attributes: str = "", state: str = "") -> str:
    return f"""<Transaction {attributes}><RetailStoreID>12</RetailStoreID><WorkstationID>3</WorkstationID>
<SequenceNumber>{number}</SequenceNumber><BusinessDayDate>2026-03-02</BusinessDayDate>
<BeginDateTime>2026-03-02T10:15:00</BeginDateTime><OperatorID>17</OperatorID>
<RetailTransaction TransactionStatus="{state}">{body}</RetailTransaction></Transaction>"""


def read(content: str | bytes) -> list[Message]:
    raw = content if isinstance(content, bytes) else content.encode()
    messages = list(read_poslog(io.BytesIO(raw), reading=READING))
    assert all(raw[message.offset : message.offset + len(message.raw)] == message.raw for message in messages)
    assert all(raw[: message.offset].count(b"\n") + 1 == message.line for message in messages)
    return messages


def receipt(body: str, *, attributes: str = "", state: str = "") -> Receipt:
    (message,) = read(HEAD + transaction(1, body, attributes=attributes, state=state) + TAIL)
    assert isinstance(message, Parsed), message
    return message.receipt


def test_a_sale_is_read_exactly() -> None:
    card = "<LoyaltyAccount><LoyaltyAccountID>777</LoyaltyAccountID></LoyaltyAccount>"
    sale = receipt(f"{SALE}{CASH}<Customer>{card}</Customer>")
    assert (sale.key, sale.place, sale.till, sale.number) == ("12/3/2026-03-02/1", "12", "3", "1")
    assert (sale.kind, sale.operator, sale.loyalty_number) == (Kind.SALE, "17", "777")
    assert (sale.business_day, sale.currency, sale.change) == (date(2026, 3, 2), "USD", 37)
    assert sale.occurred_at.astimezone(UTC) == datetime(2026, 3, 2, 15, 15, tzinfo=UTC)
    assert sale.lines == (
        Line(
            code="2104711008426",
            quantity=842,
            unit="kg",
            list_amount=200,
            paid_amount=150,
            discounts=(Discount("promotion", Funder.RETAILER, 50, "P7"),),
            taxes=(Tax(88_750, 150, 13, "Sales"),),
        ),
    )
    assert sale.tenders == (Tender("cash", 200),)


def test_a_return_states_positive_amounts_and_its_original() -> None:
    back = receipt(BACK + REFUND + LINK.format("Return"))
    assert back.kind is Kind.RETURN
    assert back.lines == (Line(code="SKU-9", sku="SKU-9", quantity=1, unit="each", list_amount=200, paid_amount=200),)
    assert back.tenders == (Tender("cash", 200),)
    assert back.original == Original("12", "4", date(2026, 3, 1), "900")


def test_goods_that_come_back_within_a_sale_are_negative() -> None:
    mixed = receipt(SALE + BACK + REFUND)
    assert mixed.kind is Kind.SALE
    assert [(line.quantity, line.paid_amount) for line in mixed.lines] == [(842, 150), (-1, -200)]
    assert mixed.tenders == (Tender("cash", -200),)


def test_a_post_void_is_a_void_with_its_original() -> None:
    void = receipt(SALE + CASH + LINK.format("PostVoid"))
    assert void.kind is Kind.VOID
    assert void.original == Original("12", "4", date(2026, 3, 1), "900")
    assert len(void.lines) == 1


@pytest.mark.parametrize(
    ("attributes", "state"),
    [('CancelFlag="true"', ""), ('TrainingModeFlag="1"', ""), ("", "Voided"), ("", "Suspended")],
)
def test_what_was_cancelled_sold_nothing(attributes: str, state: str) -> None:
    nothing = receipt(SALE + CASH, attributes=attributes, state=state)
    assert (nothing.kind, nothing.lines, nothing.tenders) == (Kind.NO_SALE, (), ())


def test_a_voided_line_does_not_count() -> None:
    assert len(receipt(SALE + SALE.replace("<LineItem>", '<LineItem VoidFlag="true">') + CASH).lines) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (SALE.replace("1.50", "1.5x"), "bad-number"),
        (SALE.replace("1.50", "1.505"), "bad-number"),
        (SALE.replace("1.50", "1E9"), "bad-number"),
        (SALE.replace("KGM", "BUSHEL"), "unknown-unit"),
        (SALE.replace("<ExtendedAmount>1.50</ExtendedAmount>", ""), "missing-field"),
        (SALE.replace("2104711008426", ""), "missing-field"),
        (SALE.replace("Subtract", "Replace"), "outside-subset"),
        ("<LineItem><Tax><Amount>1.00</Amount></Tax></LineItem>", "outside-subset"),
        (SALE + "<x>" * 70 + "</x>" * 70, "too-deep"),
    ],
)
def test_a_bad_transaction_says_why_and_its_neighbours_go_on(body: str, reason: str) -> None:
    bad_one = transaction(2, body)
    first, bad, last = read(HEAD + transaction(1) + bad_one + transaction(3) + TAIL)
    assert isinstance(first, Parsed)
    assert isinstance(bad, Unreadable)
    assert bad.reason == reason
    assert bad.raw == bad_one.encode()
    assert bad.key == ("" if reason == "too-deep" else "12/3/2026-03-02/2")
    assert isinstance(last, Parsed)


@pytest.mark.parametrize(
    "broken",
    [
        "<Transaction><foo></Transaction>",
        transaction(2)[:-14],
        "<Transaction><RetailStoreID>1 & 2</RetailStoreID></Transaction>",
        "&unknown;",
        "<Transaction <Transaction",
        "</stray>",
    ],
)
def test_broken_xml_is_kept_and_reading_goes_on_at_the_next_transaction(broken: str) -> None:
    content = HEAD + transaction(1) + broken + "\n" + transaction(3) + transaction(4) + TAIL
    messages = read(content)
    numbers = [message.receipt.number for message in messages if isinstance(message, Parsed)]
    assert numbers == ["1", "3", "4"]
    lost = b"".join(message.raw for message in messages if isinstance(message, Unreadable))
    assert lost == (broken + "\n").encode()


def test_a_file_that_breaks_off_keeps_its_last_piece() -> None:
    first, rest = read(HEAD + transaction(1) + transaction(2)[:200])
    assert isinstance(first, Parsed)
    assert isinstance(rest, Unreadable)
    assert rest.raw == transaction(2)[:200].encode()
    assert [type(message) for message in read(HEAD + transaction(1))] == [Parsed]


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><POSLog>&b;</POSLog>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><POSLog>&a;</POSLog>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (BOMB.encode(), "forbidden-xml"),
        (OUTSIDE.encode(), "forbidden-xml"),
        (b'<!DOCTYPE x SYSTEM "http://example.org/x.dtd"><POSLog/>', "forbidden-xml"),
        (b"<html><Transaction/></html>", "not-poslog"),
        ("<POSLog/>".encode("utf-16"), "encoding"),
        (b'<?xml version="1.0" encoding="klingon"?><POSLog/>', "encoding"),
        (b"store;till", "not-xml"),
    ],
)
def test_a_file_that_is_no_poslog_is_refused_whole(content: bytes, reason: str) -> None:
    messages = read(content + b" " * 9_000)
    assert b"".join(message.raw for message in messages).rstrip() == content
    assert {message.reason for message in messages if isinstance(message, Unreadable)} == {reason}
    assert not [message for message in messages if isinstance(message, Parsed)]


def test_a_transaction_over_the_limit_comes_in_pieces() -> None:
    large = transaction(2, "<Note>" + "x" * 300_000 + "</Note>")
    messages = read(HEAD + transaction(1) + large + transaction(3) + TAIL)
    assert isinstance(messages[0], Parsed)
    assert isinstance(messages[-1], Parsed)
    assert b"".join(message.raw for message in messages[1:-1]) == large.encode()
    assert {message.reason for message in messages[1:-1] if isinstance(message, Unreadable)} == {"too-large"}


def test_many_transactions_are_streamed() -> None:
    content = HEAD + "".join(transaction(number) for number in range(500)) + TAIL
    numbers = [message.receipt.number for message in read(content) if isinstance(message, Parsed)]
    assert numbers == [str(number) for number in range(500)]


def test_nothing_is_read_from_an_empty_log() -> None:
    assert read(b"") == []
    assert read(HEAD + TAIL) == []


_PARTS = st.sampled_from(
    [SALE, CASH, BACK, "<LineItem>", "</LineItem>", "<Transaction>", "</Transaction>", "<!-- x -->", "<![CDATA[<a>]]>",
     "&amp;", "&x;", "<a b='>'/>", "\n", "<", "]]>", transaction(5), transaction(6)]
)  # fmt: skip


@given(st.lists(st.one_of(_PARTS, st.text(max_size=10)), max_size=10))
def test_any_xml_is_read_without_a_fault(parts: list[str]) -> None:
    content = HEAD + transaction(1) + "".join(parts) + TAIL
    for message in read(content.encode("utf-8", "surrogatepass")):
        assert isinstance(message, Parsed | Unreadable)


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_kept(content: bytes, after: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    raw = (HEAD + transaction(1)).encode() + content if after else content
    for message in read(raw):
        assert isinstance(message, Parsed | Unreadable)
