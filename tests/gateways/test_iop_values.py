"""How single values, and the things in lists, are read: whichever way they are written, and what is odd set apart."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.partners.gateways.iop.answers import Complaint, Result, Unreadable, decoded, open_answer
from onebasket.commerce.partners.gateways.iop.commissions import line_of, read_page
from onebasket.commerce.partners.gateways.iop.offers import offer_of, read_offers
from onebasket.commerce.partners.gateways.iop.orders import order_of, orders_of
from onebasket.commerce.partners.gateways.iop.pushes import LARGEST_PUSH, read_push
from onebasket.commerce.partners.gateways.iop.signing import sign_push
from onebasket.commerce.partners.gateways.iop.values import Fields, OddValueError
from onebasket.commerce.partners.rules.port import (
    CommissionPage,
    Forged,
    NotDone,
    OddItem,
    OfferStated,
    PushStated,
    TheirLine,
    TheirOrder,
    Tracking,
)
from tests.gateways.accounts import SECRET, account, affiliate, their_order

AT = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
ODD = object()


def read(fields: dict[str, object], how: Callable[[Fields], object]) -> object:
    """Return what is read, ODD where it cannot be."""
    try:
        return how(Fields(fields))
    except OddValueError:
        return ODD


@pytest.mark.parametrize(
    ("stated", "amount"),
    [
        ("12.34", 1234), (Decimal("12.34"), 1234), (12, 1200), ("12", 1200), ("USD 12.34", 1234), ("12.34 USD", 1234),
        ("USD12.34", 1234), (" 12.3 ", 1230), ("0", 0), (None, None), ("", None), ("12.345", ODD), ("GBP 12.34", ODD),
        ("-1", ODD), ("1e3", 100000), ("1,234.50", ODD), ("NaN", ODD), ("Infinity", ODD), ("١٢", ODD), ("1_0", ODD),
        (True, ODD), ([], ODD), ({}, ODD), ("9" * 40, ODD), (10**30, ODD), ("US $12.34", ODD), ("12.34\x00", ODD),
    ],
)  # fmt: skip
def test_a_price_in_major_units(stated: object, amount: object) -> None:
    assert read({"p": stated}, lambda fields: fields.price("p", currency="USD")) is ODD or amount is not ODD
    assert read({"p": stated}, lambda fields: fields.price("p", currency="USD")) == amount


@pytest.mark.parametrize(
    ("stated", "amount"),
    [(1234, 1234), ("1234", 1234), ("1234.0", 1234), (Decimal("12.34"), ODD), ("12.34", ODD), (-1, ODD), (10**16, ODD)],
)
def test_an_amount_in_minor_units(stated: object, amount: object) -> None:
    assert read({"c": stated}, lambda fields: fields.cents("c")) == amount


@pytest.mark.parametrize(
    ("stated", "rate"),
    [
        ("7.00%", 70_000), ("7%", 70_000), ("0.07", 70_000), (Decimal("0.07"), 70_000), ("100%", 1_000_000), ("0%", 0),
        ("8.1234%", 81_234), ("101%", ODD), ("-1%", ODD), ("%", ODD), ("seven", ODD), (None, None),
    ],
)  # fmt: skip
def test_a_rate(stated: object, rate: object) -> None:
    assert read({"r": stated}, lambda fields: fields.rate("r")) == rate


@pytest.mark.parametrize(
    ("stated", "instant"),
    [
        ("2026-01-01 04:00:00", AT), (1767268800000, AT), ("1767268800000", AT), (1767268800, AT), ("1767268800", AT),
        ("2026-07-01 05:00:00", datetime(2026, 7, 1, 13, 0, tzinfo=UTC)),  # PST all year
        ("", None), (None, None), (5, ODD), (10**17, ODD), ("soon", ODD), ("2026-02-30 00:00:00", ODD), (True, ODD),
        ("0001-01-01 00:00:00", datetime(1, 1, 1, 8, tzinfo=UTC)), ("9999-12-31 23:00:00", ODD),
    ],
)  # fmt: skip
def test_an_instant(stated: object, instant: object) -> None:
    assert read({"t": stated}, lambda fields: fields.instant("t")) == instant


PRODUCT: dict[str, object] = {
    "product_id": 1001, "product_title": "White hanging heart", "sale_price": "2.55", "sale_price_currency": "GBP",
    "original_price": "2.95", "original_price_currency": "GBP", "product_detail_url": "https://shop.example/item/1.html",
    "shop_name": "Brass & Bramble", "category_path": "Home > Candles", "available_stock": "42", "is_available": "Y",
    "shipping_fee": "3.50", "shipping_fee_currency": "GBP", "min_delivery_days": 3, "max_delivery_days": "6",
    "ean_code": "5012345678900", "model": "85123A", "brand": "", "new_field": {"never": ["seen"]},
}  # fmt: skip
OFFER = OfferStated(
    reference="1001", title="White hanging heart", price=255, currency="GBP", list_price=295, stock=42,
    seller="Brass & Bramble", gtin="05012345678900", model="85123A", category="Home > Candles",
    url="https://shop.example/item/1.html", shipping_amount=350, days_from=3, days_to=6,
)  # fmt: skip


def offers_in(products: object, *asked: str) -> tuple[list[OfferStated], list[OddItem]]:
    """Read an answer about products."""
    found = read_offers(Result({"products": products}), asked)
    assert isinstance(found, tuple)
    return found


def test_an_offer_as_stated() -> None:
    assert offer_of(Fields(PRODUCT)) == OFFER


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"product_id": "1001"}, {}),
        ({"available_stock": None}, {"stock": None}),
        ({"available_stock": 0}, {"stock": 0}),
        ({"is_available": "N"}, {"available": False}),
        ({"is_available": False}, {"available": False}),
        ({"is_available": None}, {"available": True}),
        ({"promotion_link": "https://s.example/e/_a"}, {"url": "https://s.example/e/_a"}),
        ({"target_sale_price": "3.00", "target_sale_price_currency": "USD", "shipping_fee_currency": "USD",
          "target_original_price": "4.00"}, {"price": 300, "currency": "USD", "list_price": 400}),
        ({"category_path": "", "first_level_category_name": "Home", "second_level_category_name": "Lamps"},
         {"category": "Home > Lamps"}),
        ({"category_path": None}, {"category": ""}),
        ({"ean_code": "5012345678901"}, {"gtin": ""}),
        ({"ean_code": "0212345678905"}, {"gtin": ""}),  # a number for restricted circulation names nothing elsewhere
        ({"product_title": "x" * 999}, {"title": "x" * 300}),
    ],
)  # fmt: skip
def test_an_offer_stated_otherwise(changes: dict[str, object], expected: dict[str, object]) -> None:
    assert offer_of(Fields(PRODUCT | changes)) == msgspec.structs.replace(OFFER, **expected)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sale_price": "cheap"}, "amount"), ({"sale_price": ""}, "amount"), ({"sale_price": "-1"}, "amount"),
        ({"sale_price": "9" * 50}, "amount"), ({"sale_price_currency": "XXQ"}, "currency"),
        ({"sale_price_currency": None}, "currency"), ({"sale_price_currency": ["GBP"]}, "currency"),
        ({"shipping_fee_currency": "EUR"}, "currency"), ({"available_stock": -3}, "number"),
        ({"available_stock": 10**12}, "number"), ({"available_stock": "many"}, "number"),
        ({"product_title": ""}, "title"), ({"product_title": "a\x00b"}, "characters"),
        ({"product_title": "a\ud800b"}, "characters"), ({"product_title": "caf\ufffd"}, "encoding"),
        ({"product_title": ["a"]}, "shape"), ({"product_id": "a/../b"}, "reference"),
        ({"product_id": None}, "reference"), ({"product_id": 1.5}, "reference"), ({"product_id": True}, "reference"),
        ({"promotion_link": "javascript:alert(1)"}, "url"), ({"promotion_link": "https://a b"}, "url"),
        ({"promotion_link": "https://u:p@host/"}, "url"), ({"promotion_link": "https://" + "a" * 2000}, "url"),
    ],
)  # fmt: skip
def test_an_odd_offer_is_set_apart_and_its_neighbours_go_on(changes: dict[str, object], reason: str) -> None:
    products = [PRODUCT | changes, PRODUCT | {"product_id": 1002}]
    found, odd = offers_in({"product": products}, "1001", "1002")
    assert found == [msgspec.structs.replace(OFFER, reference="1002")]
    assert [item.reason for item in odd] == [reason]
    assert "\x00" not in odd[0].content
    msgspec.json.encode(odd)


@pytest.mark.parametrize("odd", [None, 5, "text", [], True])
def test_what_is_no_object_is_odd(odd: object) -> None:
    found, items = offers_in({"product": [odd, PRODUCT]}, "1001", "1002")
    assert found == [OFFER]  # 1002 is not called gone: the odd one may be it
    assert [item.reason for item in items] == ["shape"]


def test_what_is_not_mentioned_is_gone_and_what_was_not_asked_for_is_odd() -> None:
    products = [PRODUCT, PRODUCT | {"product_title": "again"}, PRODUCT | {"product_id": 66}]
    for shape in ({"product": products}, products):
        found, odd = offers_in(shape, "1001", "7")
        assert found == [OFFER, OfferStated(reference="7", gone=True)]
        assert [(item.reference, item.reason) for item in odd] == [("66", "not_asked")]
    assert read_offers(Result({"products": {"product": PRODUCT}}), ["1001"]) == ([OFFER], [])


@pytest.mark.parametrize("content", [{}, {"products": None}, {"products": {}}, {"products": "x"}, {"products": 5}])
def test_nothing_is_gone_where_no_products_are_stated(content: dict[str, object]) -> None:
    assert isinstance(read_offers(Result(content), ["1001"]), NotDone)
    gone: object = ([OfferStated(reference="1001", gone=True)], [])
    assert read_offers(Result(content | {"products": {"product": []}}), ["1001"]) == gone
    assert read_offers(Result({"current_record_count": 0}), ["1001"]) == gone
    assert isinstance(read_page(Result({"orders": {}}), "1:"), NotDone)


def test_a_barcode_that_is_none_is_told_and_the_offer_stands() -> None:
    found, odd = offers_in([PRODUCT | {"ean_code": "5012345678901"}], "1001")
    assert found == [msgspec.structs.replace(OFFER, gtin="")]
    assert [(item.reference, item.reason) for item in odd] == [("1001", "gtin")]


ONE_POUND, ONE_DOLLAR = ({"amount": "1", "currency_code": code} for code in ("GBP", "USD"))


def test_an_order_of_theirs() -> None:
    parcels = [{"logistics_no": "SB1", "logistics_service": "Fernway", "tracking_url": "javascript:x"}, {"no": 1}, 5]
    stated = their_order(8001, logistics_info_list=parcels, order_status="QUANTUM_HOLD")
    assert order_of(Fields(stated)) == TheirOrder(
        reference="8001", ours="ours-1", status="QUANTUM_HOLD", currency="GBP", amount=605,
        lines=(TheirLine("1001", 1, 255),), placed_at=datetime(2026, 1, 1, 0, 0, tzinfo=UTC),
        changed_at=datetime(2026, 1, 1, 12, 0, tzinfo=UTC), tracking=(Tracking("Fernway", "SB1", ""),),
    )  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"order_amount": None}, {"order_amount": {"amount": "6.05", "currency_code": "ZZZ"}}, {"order_amount": "6.05"},
        {"child_order_list": {}}, {"child_order_list": {"ae_child_order_info": [{}]}}, {"order_status": ""},
        {"order_id": ""}, {"create_time": "now"},
        {"child_order_list": [{"product_id": 1, "product_count": 0, "product_price": ONE_POUND}]},
        {"child_order_list": [{"product_id": 1, "product_count": 1, "product_price": ONE_DOLLAR}]},
    ],
)  # fmt: skip
def test_one_odd_order_spoils_a_list_that_has_to_be_sure(changes: dict[str, Any]) -> None:
    good, bad = their_order(1), their_order(2, **changes)
    listing = orders_of(Result({"orders": {"order": [good, bad]}, "total_count": 2}))
    assert isinstance(listing, NotDone)
    assert isinstance(orders_of(Result({"orders": {"order": [good]}, "total_count": 1})), tuple)


@pytest.mark.parametrize(
    ("content", "is_sure"),
    [
        ({"orders": {"order": []}}, True), ({"orders": []}, True),
        ({"total_count": "0"}, True),
        ({"total_count": 0}, True), ({"orders": {}, "total_count": 0}, True), ({}, False),
        ({"orders": {}}, False), ({"orders": None}, False),
        ({"orders": "none"}, False), ({"orders": {}, "total_count": "none"}, False),
    ],
)  # fmt: skip
def test_a_list_is_only_empty_where_it_says_so(content: dict[str, object], *, is_sure: bool) -> None:
    assert (orders_of(Result(content)) == ([], 0)) is is_sure


CLICKS = ",".join(f"{number:032x}" for number in range(20))
"""Click ids as we give them out: 32 digits each."""
LINE: dict[str, object] = {
    "sub_order_id": 9001, "order_id": 8101, "order_status": "Payment Completed", "effect_detail_status": "",
    "settled_currency": "GBP", "paid_amount": 510, "estimated_paid_commission": 36, "finished_amount": 400,
    "estimated_finished_commission": 28, "commission_rate": "7.00%", "estimated_incentive_paid_commission": 2,
    "estimated_incentive_finished_commission": 1, "new_buyer_bonus_commission": 0,
    "created_time": "2026-01-01 03:00:00", "paid_time": "2026-01-01 04:00:00", "finished_time": "",
    "modified_time": "2026-01-01 04:00:00",
    "product_id": 1001, "product_count": 2, "custom_parameters": '{"dp":"click-1"}',
}  # fmt: skip


def test_a_line_of_commission() -> None:
    line = line_of(Fields(LINE))
    assert (line.key, line.order, line.status, line.currency) == ("9001", "8101", "Payment Completed", "GBP")
    assert (line.amount, line.commission, line.rate) == (510, 38, 70_000)
    assert (line.click, line.ours, line.reference, line.quantity) == ("click-1", "", "1001", 2)
    assert (line.bought_at, line.changed_at, line.reason) == (AT, AT, "")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"order_status": "Buyer Confirmed Receipt"}, (400, 29)),
        ({"order_status": "Completed Settlement"}, (400, 29)),
        ({"order_status": "Invalid", "finished_amount": 0, "estimated_finished_commission": 0,
          "estimated_incentive_finished_commission": 0}, (0, 0)),
        ({"order_status": "QUANTUM_HOLD"}, (510, 38)),
        ({"order_status": "QUANTUM_HOLD", "finished_time": "2026-01-02 04:00:00"}, (400, 29)),
    ],
)  # fmt: skip
def test_which_amounts_count(changes: dict[str, object], expected: tuple[int, int]) -> None:
    line = line_of(Fields(LINE | changes))
    assert (line.amount, line.commission) == expected
    assert line.status == changes["order_status"]


@pytest.mark.parametrize(
    ("stated", "click", "ours"),
    [
        ('{"dp":"c1"}', "c1", ""), ({"dp": "c1"}, "c1", ""), ("dp=c1", "c1", ""), ('{"out_order_id":"o1"}', "", "o1"),
        ("", "", ""), (None, "", ""), ("{", "", ""), ("[1]", "", ""), ('{"dp":5}', "", ""),
        ('{"dp":"a\\u0000"}', "", ""),
        ('{"dp":"' + CLICKS + '"}', CLICKS, ""), ('{"dp":"' + "x" * 1001 + '"}', "", ""),
        ('{"out_order_id":"' + "x" * 65 + '"}', "", ""), ("[" * 100_000, "", ""),
    ],
)  # fmt: skip
def test_what_of_ours_a_line_bears(stated: object, click: str, ours: str) -> None:
    line = line_of(Fields(LINE | {"custom_parameters": stated}))
    assert (line.click, line.ours) == (click, ours)


def test_a_cursor_goes_through_the_statuses_in_turn() -> None:
    def page(count: int, cursor: str, reached: object = "") -> object:
        lines = [LINE | {"sub_order_id": number} for number in range(1, count + 1)]
        return read_page(Result({"orders": {"order": lines}, "max_query_index_id": reached}), cursor)

    first = page(50, "", "50")
    assert isinstance(first, CommissionPage)
    assert (first.cursor, first.has_more, len(first.lines)) == ("0:50", True, 50)
    steps = []
    cursor, has_more = first.cursor, True
    while has_more:
        found = page(3, cursor)
        assert isinstance(found, CommissionPage)
        cursor, has_more = found.cursor, found.has_more
        steps.append(cursor)
    assert steps == ["1:", "2:", "3:", ""]
    for stuck in ("50", "49", "", None, "x"):
        assert isinstance(page(50, "0:50", stuck), NotDone)  # a cursor that repeats would be read for ever


def push(content: object, **headers: str) -> PushStated | OddItem | Forged:
    """Read a push, signed unless stated otherwise."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    signed = {"authorization": sign_push("12345678", SECRET, body)} | headers
    return read_push(account("http://127.0.0.1:1"), signed, body)


PUSH = {
    "message_id": "m-1", "message_type": 0, "timestamp": 1767268800,
    "data": {"order_id": "8001", "order_status": "NEW_WORD", "status_update_time": 1767268800},
}  # fmt: skip


def test_a_push_is_read() -> None:
    assert push(PUSH) == PushStated(key="m-1", kind="order", reference="8001", status="NEW_WORD", occurred_at=AT)
    offer = PUSH | {"message_type": 1, "data": {"product_id": 1001, "change": "price"}}
    assert push(offer) == PushStated(key="m-1", kind="offer", reference="1001", status="price", occurred_at=AT)
    line = PUSH | {"message_type": "2", "data": {"sub_order_id": "9001", "order_status": "Invalid"}}
    assert push(line) == PushStated(key="m-1", kind="commission", reference="9001", status="Invalid", occurred_at=AT)
    nameless = push(PUSH | {"message_id": ""})
    assert isinstance(nameless, PushStated)
    assert (len(nameless.key), push(PUSH | {"message_id": ""})) == (64, nameless)


def test_a_forged_push_is_not_read() -> None:
    for forged in ("", "0" * 64, sign_push("12345678", "another", msgspec.json.encode(PUSH)), "ß"):
        assert isinstance(push(PUSH, authorization=forged), Forged)
    body = msgspec.json.encode(PUSH)
    signed = {"authorization": sign_push("12345678", SECRET, body)}
    known = account("http://127.0.0.1:1")
    assert isinstance(read_push(known, signed, body + b" "), Forged)
    assert isinstance(read_push(known, {}, body), Forged)
    secretless = msgspec.structs.replace(known, secret="")
    assert isinstance(read_push(secretless, {"authorization": sign_push("12345678", "", body)}, body), Forged)
    assert isinstance(read_push(known, {"authorization": signed["authorization"].upper()}, body), PushStated)


def test_a_push_that_is_too_large_is_refused_however_it_is_signed() -> None:
    assert isinstance(push(b" " * (LARGEST_PUSH + 1)), Forged)
    assert isinstance(push(b" " * LARGEST_PUSH), OddItem)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[1]", b"\xff\xfe", b"{}", b"[" * 60_000, PUSH | {"data": {}}, PUSH | {"data": 5},
        PUSH | {"message_type": 99}, PUSH | {"message_type": "x"}, PUSH | {"data": {"order_id": "a b"}},
        PUSH | {"message_id": "a\x00"}, PUSH | {"data": {"order_id": "x" * 65}},
    ],
)  # fmt: skip
def test_a_signed_push_that_cannot_be_read_is_odd(content: object) -> None:
    found = push(content)
    assert isinstance(found, OddItem)
    assert found.reason


@pytest.mark.parametrize(
    ("stated", "text"),
    [
        ("1.50", "1.50"), ("1e3", "1000"), ("1e-5", "0.00001"), ("-2.5e1", "-25"), ("1e63", "1" + "0" * 63),
        ("1e64", ODD), ("0e999999999", ODD), ("1e9999", ODD), ("1e-9999", ODD),
        ("1e999999999", ODD), ("1e-999999999", ODD),
    ],
)  # fmt: skip
def test_a_number_in_the_place_of_a_text(stated: str, text: object) -> None:
    """Nine digits would fill a gigabyte, written out."""
    found = decoded(b'{"t": %s}' % stated.encode())
    assert isinstance(found, dict)
    assert read(found, lambda fields: fields.text("t", most=100)) == text


def test_a_push_named_by_a_number_that_fills_the_memory_is_odd() -> None:
    found = push(b'{"message_id": 1e999999999, "message_type": 0, "data": {"order_id": "8001"}}')
    assert isinstance(found, OddItem)
    assert (found.reason, found.explanation) == ("number", "message_id: Decimal('1E+999999999') has too many digits")


def test_answers_are_opened_by_any_of_their_wrappings() -> None:
    method = "aliexpress.affiliate.productdetail.get"
    assert open_answer(msgspec.json.encode(affiliate(method, {"a": 1})), method) == Result({"a": 1}, "200", "m")
    renamed = msgspec.json.encode({"another_name_response": {"result": {"a": 1}, "rsp_code": 0}})
    assert open_answer(b"\xef\xbb\xbf" + renamed, method) == Result({"a": 1}, "0", "")
    found = open_answer(b'{"x_response":{"result":{"t":"caf\xe9 \\ud800", "n": 1.10}}}', method)
    assert found == Result({"t": "caf\ufffd \ud800", "n": Decimal("1.10")})
    assert isinstance(open_answer(b'{"error_response": "no"}', method), Unreadable)
    assert open_answer(b'{"error_response": {"code": 27, "msg": "x"}}', method) == Complaint("IllegalAccessToken", "x")
    for bad in (b"", b"null", b"[]", b"{}", b'{"x_response": 5}', b'{"a": NaN}', b'{"a":' + b"9" * 9000 + b"}"):
        assert isinstance(open_answer(bad, method), Unreadable)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False).map(Decimal) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*PRODUCT, *LINE]) | st.text(), inner),
    max_leaves=8,
)


@given(
    changes=st.dictionaries(st.sampled_from([*PRODUCT, *LINE, "order_amount", "child_order_list"]), anything),
    replaced=st.booleans(),
)
def test_nothing_that_a_partner_says_breaks_anything(changes: dict[str, object], *, replaced: bool) -> None:
    """Whatever stands in a product, a line or an order: it is read, or set apart as odd."""
    for base, how in ((PRODUCT, offer_of), (LINE, line_of), (their_order(1), order_of)):
        stated = changes if replaced else dict(base) | changes
        found = read(stated, how)
        if found is not ODD:
            msgspec.json.encode(found)
    read_offers(Result({"products": {"product": [changes]}}), ["1001"])
