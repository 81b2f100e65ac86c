"""The sandbox's platform: who is let in, what it lists, what it takes in, and what it says of it."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onebasket.commerce.partners.gateways.iop.envelopes import PLACE_REQUEST, Method
from onebasket.commerce.partners.gateways.iop.signing import sign_iop, sign_top
from tests.rules.test_iop_signing import IOP, SYNC, TOP
from tests.sandboxing import SandboxProcess, exchange, gmt8, good, millis, sandbox_process, write_goods

LAMP, TRAY, GLOBE, SOLD_OUT = 7_000_001, 7_000_002, 7_000_003, 7_000_004
FEED = "aliexpress_ds_feed_itemids_get_response"
DETAILS = "aliexpress_affiliate_productdetail_get_response"


@pytest.fixture(scope="module")
def one(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    goods = write_goods(
        folder / "goods.jsonl",
        good("Brass desk lamp", 3400, id=LAMP, category="Home > Lighting & clocks", gtin="0490000000016", model="L1"),
        good("Teak tray", 1250, id=TRAY, category="Kitchen & dining > Tableware", shop="Fernway Table", shipping=0),
        good("Tin globe", 999, id=GLOBE, category="Toys & children > Toys & games", shipping=450),
        good("Sold-out kettle", 2000, id=SOLD_OUT, stock=0),
    )
    with sandbox_process(command, folder, "--no-own-goods", "--goods", str(goods), secret="helloworld") as found:
        yield found


@pytest.fixture(autouse=True)
def as_at_first(one: SandboxProcess) -> None:
    one.done("POST", "forget", {})
    for key in (LAMP, TRAY, GLOBE):
        one.done("POST", f"goods/{key}", {"stock": 10, "gone": False})


def code_of(answer: Any) -> str:
    return str(answer.get("error_response", {}).get("code", "let in"))


def test_the_vectors_variants_are_let_in_but_for_their_age(one: SandboxProcess) -> None:
    """The published vectors as they are: their signatures stand, their timestamps are of years ago."""
    top = TOP | {"sign": sign_top(TOP, "helloworld")}
    assert top["sign"] == "66987CB115214E59E6EC978214934FB8"
    assert code_of(one.send("/router/rest", top)[1]) == "IllegalTimestamp"
    assert code_of(one.send("/router/rest", top | {"num_iid": "1"})[1]) == "IncompleteSignature"
    sync = SYNC | {"sign": sign_iop(SYNC, "helloworld")}
    assert sync["sign"] == "70D6127F24BD80B1EEE615269220603CBA7DB8A79A6FEC91C955834853978FF7"
    assert code_of(one.send("/sync", sync)[1]) == "IllegalTimestamp"
    ours = IOP | {"timestamp": "1517820392000", "app_key": one.app_key}
    signed = ours | {"sign": sign_iop(ours, "helloworld", path="/order/get")}
    assert code_of(one.send("/rest/order/get", signed)[1]) == "IllegalTimestamp"
    assert (
        code_of(one.send("/rest/order/get", ours | {"sign": sign_iop(ours, "helloworld")})[1]) == "IncompleteSignature"
    )


@pytest.mark.parametrize("path", ["/router/rest", "/sync"])
@pytest.mark.parametrize("how", ["md5", "hmac", "hmac-sha256"])
def test_every_older_signature(one: SandboxProcess, path: str, how: str) -> None:
    answer = one.top(Method.CATEGORIES, path, how=how, simplify="true", note="Größe")
    result = answer["aliexpress_affiliate_category_get_response"]["resp_result"]["result"]
    assert [each["category_name"] for each in result["categories"]][:2] == ["Home", "Lighting & clocks"]


def test_newer_signatures_with_query_and_body(one: SandboxProcess) -> None:
    stated = {
        "method": str(Method.CATEGORIES),
        "app_key": one.app_key,
        "sign_method": "sha256",
        "timestamp": millis(),
        "z": "é",
    }
    sign = sign_iop(stated, one.secret)
    query = f"method={stated['method']}&app_key={one.app_key}&timestamp={stated['timestamp']}&sign={sign}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    _, _, said = exchange(one.port, "POST", f"/sync?{query}", b"sign_method=sha256&z=%C3%A9&empty=", form)
    assert said.startswith(b'{"aliexpress_affiliate_category_get_response"')
    _, _, said = exchange(one.port, "POST", f"/sync?{query}", b"sign_method=sha256&z=%C3%A8", form)
    assert b"IncompleteSignature" in said
    _, _, said = exchange(one.port, "POST", f"/sync?{query}&z=a", b"sign_method=sha256&z=%C3%A9", form)
    assert b"InvalidParameter" in said


def test_a_json_body_is_signed_behind_the_parameters(one: SandboxProcess) -> None:
    stated = {"app_key": one.app_key, "sign_method": "sha256", "timestamp": millis(), "refresh_token": "none"}
    body = '{"a":"é"}'
    json = {"Content-Type": "application/json"}
    for signed, expected in ((body, b"IllegalRefreshToken"), ("", b"IncompleteSignature")):
        sign = sign_iop(stated, one.secret, path="/auth/token/refresh", body=signed)
        query = "&".join(f"{name}={value}" for name, value in (stated | {"sign": sign}).items())
        _, _, said = exchange(one.port, "POST", f"/rest/auth/token/refresh?{query}", body.encode(), json)
        assert expected in said


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"timestamp": ""}, "MissingParameter"),
        ({"method": ""}, "MissingParameter"),
        ({"app_key": "someone"}, "InvalidAppKey"),
        ({"timestamp": "-7300 s"}, "IllegalTimestamp"),
        ({"timestamp": "7300 s"}, "IllegalTimestamp"),
        ({"timestamp": "-7000 s"}, "let in"),
        ({"timestamp": "as TOP writes it"}, "IllegalTimestamp"),
        ({"timestamp": "9" * 40}, "IllegalTimestamp"),
        ({"sign_method": "md4"}, "InvalidParameter"),
        ({"method": "aliexpress.no.such"}, "InvalidApi"),
        ({"method": str(Method.FEED)}, "IllegalAccessToken"),
        ({"method": str(Method.FEED), "session": "none"}, "IllegalAccessToken"),
        ({"session": "none"}, "IllegalAccessToken"),
        ({"session": ""}, "let in"),
    ],
)
def test_who_is_turned_away(one: SandboxProcess, changed: dict[str, str], expected: str) -> None:
    stated = {"method": str(Method.CATEGORIES), "app_key": one.app_key, "sign_method": "sha256", "timestamp": millis()}
    stated |= changed
    if (seconds := stated["timestamp"].removesuffix(" s")) != stated["timestamp"]:
        stated["timestamp"] = millis(int(seconds))  # from now, not from when the tests were gathered
    elif stated["timestamp"] == "as TOP writes it":
        stated["timestamp"] = gmt8()
    assert code_of(one.send("/sync", stated | {"sign": sign_iop(stated, one.secret)})[1]) == expected


@pytest.mark.parametrize(
    ("ahead", "expected"), [(-601, "IllegalTimestamp"), (-590, "let in"), (602, "IllegalTimestamp")]
)
def test_older_calls_have_ten_minutes(one: SandboxProcess, ahead: float, expected: str) -> None:
    assert code_of(one.top(Method.CATEGORIES, timestamp=gmt8(ahead))) == expected


def test_bytes_that_are_no_call(one: SandboxProcess) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"\xff\xfe", b"method=%FF", b"&".join(b"p%d=1" % index for index in range(300)), b"=1"):
        status, _, said = exchange(one.port, "POST", "/sync", body, form)
        assert status == 200
        assert b'"error_response"' in said
    assert exchange(one.port, "POST", "/sync", b"a" * 300_000, form)[0] == 413
    assert exchange(one.port, "PUT", "/sync")[0] == 405


def test_tokens_rotate_and_end(one: SandboxProcess) -> None:
    code = one.done("POST", "codes")["code"]
    made = one.system("/auth/token/create", code=code)
    assert (made["code"], made["expires_in"], made["refresh_expires_in"]) == ("0", 3600, 86_400)
    assert one.system("/auth/token/create", code=code)["code"] == "IllegalCode"
    renewed = one.system("/auth/token/refresh", refresh_token=made["refresh_token"])
    assert renewed["code"] == "0"
    assert renewed["access_token"] != made["access_token"]
    again = one.system("/auth/token/refresh", refresh_token=made["refresh_token"])
    assert (again["code"], again["type"], again["error_response"]["code"]) == (
        "IllegalRefreshToken",
        "ISV",
        again["code"],
    )
    for token in (made["access_token"], renewed["access_token"]):
        assert code_of(one.iop(Method.FEED, session=token)) == "let in"
    one.done("POST", "expire", {})
    assert code_of(one.iop(Method.FEED, session=renewed["access_token"])) == "IllegalAccessToken"
    one.token = ""
    assert one.system("/auth/token/refresh", refresh_token=renewed["refresh_token"])["code"] == "0"


def test_an_access_token_ends_by_itself(command: tuple[str, ...], tmp_path: Path) -> None:
    options = ("--no-own-goods", "--access-seconds", "1", "--refresh-seconds", "1", "--quota", "3")
    with sandbox_process(command, tmp_path, *options) as short:
        pair = short.done("POST", "tokens", {})
        while code_of(short.iop(Method.FEED, session=pair["access_token"])) in {"let in", "ApiCallLimit"}:
            pass
        assert code_of(short.iop(Method.FEED, session=pair["access_token"])) in {"IllegalAccessToken", "ApiCallLimit"}
        limited = [short.top(Method.CATEGORIES) for _ in range(8)]
    assert "ApiCallLimit" in {code_of(answer) for answer in limited}
    (stated, *_) = [answer["error_response"] for answer in limited if "error_response" in answer]
    assert (stated["type"], stated["sub_code"]) == ("SYSTEM", "accesscontrol.limited-by-api-access-count")


def feed(one: SandboxProcess, **parameters: str) -> Any:
    return one.iop(Method.FEED, **parameters)[FEED]["result"]


def details(one: SandboxProcess, *keys: int, **parameters: str) -> list[Any]:
    answer = one.iop(Method.DETAILS, product_ids=",".join(map(str, keys)), **parameters)
    return list(answer[DETAILS]["resp_result"]["result"]["products"]["product"])


def test_the_catalogue_by_cursor_goes_on_with_what_changes(one: SandboxProcess) -> None:
    seen, cursor, finished = [], "", False
    while not finished:
        page = feed(one, page_size="2", **({"search_id": cursor} if cursor else {}))
        seen += page["products"]["number"]
        cursor, finished = page["search_id"], page["is_finished"]
    assert sorted(seen) == [LAMP, TRAY, GLOBE, SOLD_OUT]
    assert feed(one, search_id=cursor)["products"]["number"] == []
    one.done("POST", f"goods/{TRAY}", {"price": 1300})
    one.done("POST", f"goods/{LAMP}", {"gone": True})
    later = feed(one, search_id=cursor)
    assert (later["products"]["number"], later["is_finished"], later["total"]) == ([TRAY, LAMP], True, 4)
    assert [product["sale_price"] for product in details(one, TRAY, LAMP)] == ["13.00"]
    one.done("POST", f"goods/{TRAY}", {"price": 1250})


def test_cursors_that_are_not_ours(one: SandboxProcess) -> None:
    good_one = feed(one, page_size="1")["search_id"]
    forged = base64.urlsafe_b64encode(base64.urlsafe_b64decode(good_one + "==")[:6] + b"9").decode().rstrip("=")
    for cursor in (forged, "x", "é", "AAAA", good_one + "A"):
        assert code_of(one.iop(Method.FEED, search_id=cursor)) == "InvalidParameter"
    assert code_of(one.iop(Method.FEED, page_size="0")) == "InvalidParameter"
    assert code_of(one.iop(Method.FEED, page_size="many")) == "InvalidParameter"


def test_single_offers(one: SandboxProcess) -> None:
    lamp, kettle = details(one, LAMP, 5, SOLD_OUT, LAMP)
    expected = {
        "product_title": "Brass desk lamp", "sale_price": "34.00", "sale_price_currency": "GBP", "available_stock": 10,
        "shop_name": "Brass & Bramble", "category_path": "Home > Lighting & clocks", "ean_code": "0490000000016",
        "model": "L1", "shipping_fee": "3.50", "min_delivery_days": 3, "max_delivery_days": 6, "is_available": "Y",
        "product_detail_url": f"{one.url}/item/{LAMP}.html",
    }  # fmt: skip
    assert {name: lamp[name] for name in expected} == expected
    assert "promotion_link" not in lamp
    assert (kettle["available_stock"], kettle["is_available"]) == (0, "N")
    too_many = one.iop(Method.DETAILS, product_ids=",".join(["1"] * 51))[DETAILS]["resp_result"]
    assert too_many["resp_code"] == 402
    assert details(one, 5) == []


def test_links_name_who_sent_the_shopper_and_nothing_else(one: SandboxProcess) -> None:
    asked = ",".join([f"{one.url}/item/{LAMP}.html", "https://elsewhere.example/item/1.html", f"{one.url}/item/5.html"])
    answer = one.iop(Method.LINK, source_values=asked, tracking_id="shop")
    result = answer["aliexpress_affiliate_link_generate_response"]["resp_result"]["result"]
    made, foreign, unknown = result["promotion_links"]["promotion_link"]
    assert made["promotion_link"] == details(one, LAMP, tracking_id="shop")[0]["promotion_link"]
    assert "promotion_link" not in foreign
    assert "promotion_link" not in unknown
    path = made["promotion_link"].removeprefix(one.url)
    status, headers, _ = exchange(one.port, "GET", f"{path}?dp=click-9")
    assert (status, headers["location"]) == (302, f"/item/{LAMP}.html?dp=click-9&tid=shop")
    _, headers, _ = exchange(one.port, "GET", f"{path}?dp=%0d%0aSet-Cookie:x")
    assert headers["location"] == f"/item/{LAMP}.html?tid=shop"
    assert code_of(one.iop(Method.LINK, source_values=asked)) == "MissingParameter"


def test_one_order_becomes_one_for_each_shop(one: SandboxProcess) -> None:
    placed = one.place({LAMP: 2, TRAY: 1, GLOBE: 3}, ours="ours-7")
    assert placed["is_success"] is True
    brass, fernway = placed["order_list"]["number"]
    listed = one.iop(Method.ORDERS, out_order_id="ours-7")["aliexpress_ds_order_list_response"]["result"]
    first, second = listed["orders"]["order"]
    assert (first["order_id"], second["order_id"], listed["total_count"]) == (brass, fernway, 2)
    children = [
        (line["product_id"], line["product_count"], line["product_price"]["amount"])
        for line in first["child_order_list"]["ae_child_order_info"]
    ]
    assert children == [(LAMP, 2, "34.00"), (GLOBE, 3, "9.99")]
    assert (first["order_amount"], first["shipping_amount"]["amount"]) == (
        {"amount": "102.47", "currency_code": "GBP"},
        "4.50",
    )
    assert (second["order_amount"]["amount"], second["store_info"]["store_name"]) == ("12.50", "Fernway Table")
    single = one.iop(Method.ORDER, single_order_query=f'{{"order_id": {brass}}}')[
        "aliexpress_trade_ds_order_get_response"
    ]
    assert single["result"] == first
    assert one.iop(Method.ORDER, order_id="5")["aliexpress_trade_ds_order_get_response"]["rsp_code"] == "404"
    assert [product["available_stock"] for product in details(one, LAMP, GLOBE)] == [8, 7]
    assert [line["custom_parameters"] for line in one.lines()] == ['{"out_order_id":"ours-7"}'] * 3


def test_the_same_again_is_another_order(one: SandboxProcess) -> None:
    """There is no key by which it would know: who asks twice has two."""
    assert one.place({LAMP: 1})["order_list"] != one.place({LAMP: 1})["order_list"]
    assert len(one.orders()) == 2


def test_what_is_not_there_is_left_out(one: SandboxProcess) -> None:
    assert one.place({LAMP: 1, SOLD_OUT: 1, TRAY: 11, 5: 1})["is_success"] is True
    (order,) = one.orders()
    assert [line["product_id"] for line in order["child_order_list"]["ae_child_order_info"]] == [LAMP]
    assert one.place({SOLD_OUT: 1}, ours="ours-2")["error_code"] == "INVENTORY_HOLD_ERROR"
    assert one.orders("ours-2") == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"address": {"city": ""}}, "B_DROPSHIPPER_DELIVERY_ADDRESS_VALIDATE_FAIL"),
        ({"address": {"full_name": None}}, "B_DROPSHIPPER_DELIVERY_ADDRESS_VALIDATE_FAIL"),
        ({"address": {"country": "AQ"}}, "A002_INVALID_ZONE"),
        ({"address": {"country": "usa"}}, "A002_INVALID_ZONE"),
        ({"address": {"full_name": "Blacklisted Buyer"}}, "BLACKLIST_BUYER_IN_LIST"),
        ({"logistics_service_name": "DOVE"}, "DELIVERY_METHOD_NOT_EXIST"),
        ({"ours": "x" * 65}, "A001_ORDER_CANNOT_BE_PLACED"),
    ],
)
def test_orders_that_are_refused(one: SandboxProcess, more: dict[str, Any], expected: str) -> None:
    ours = {"ours": "ours-3"} | more
    assert one.place({LAMP: 1}, **ours)["error_code"] == expected
    assert one.orders(ours["ours"]) == []
    assert details(one, LAMP)[0]["available_stock"] == 10


def test_orders_that_cannot_be(one: SandboxProcess) -> None:
    for items in ({}, {LAMP: 0}, {LAMP: 1000}):
        assert one.place(items)["error_code"] == "A001_ORDER_CANNOT_BE_PLACED"
    for text in ("{", "[]", '{"product_items": [{"product_id": "x"}]}', '{"logistics_address": 5}'):
        assert code_of(one.iop(Method.PLACE, **{PLACE_REQUEST: text})) == "InvalidParameter"
    order = '{"product_items": [{"product_id": 7000001, "product_count": 1}], "logistics_address": {"full_name": "A", '
    order += '"address": "B", "city": "C", "zip": "1", "country": "US"}}'
    wrong = one.iop(Method.PLACE, **{PLACE_REQUEST: order, "ds_extend_request": '{"payment": {"pay_currency": "USD"}}'})
    assert wrong["aliexpress_trade_buy_placeorder_response"]["result"]["error_code"] == "PRICE_PAY_CURRENCY_ERROR"
    assert one.done("GET", "orders")["count"] == 0


def test_orders_are_listed_by_time(one: SandboxProcess) -> None:
    one.place({LAMP: 1})
    one.place({TRAY: 1}, ours="ours-2")
    listed = one.iop(
        Method.ORDERS, start_time="2020-01-01 00:00:00", end_time="2099-01-01 00:00:00", page_size="1", page_no="2"
    )
    result = listed["aliexpress_ds_order_list_response"]["result"]
    assert [order["out_order_id"] for order in result["orders"]["order"]] == ["ours-2"]
    none = one.iop(Method.ORDERS, start_time="2099-01-01 00:00:00")["aliexpress_ds_order_list_response"]["result"]
    assert none["orders"]["order"] == []
    assert code_of(one.iop(Method.ORDERS)) == "MissingParameter"
    assert code_of(one.iop(Method.ORDERS, start_time="yesterday")) == "InvalidParameter"


def test_statuses_by_control(one: SandboxProcess) -> None:
    (order,) = one.place({LAMP: 1})["order_list"]["number"]
    seen = []
    for _ in range(4):
        stated = one.done("POST", f"orders/{order}", {"step": True})
        seen.append((stated["order_status"], stated["logistics_status"]))
    assert seen == [
        ("WAIT_SELLER_SEND_GOODS", "WAIT_SELLER_SEND_GOODS"),
        ("WAIT_BUYER_ACCEPT_GOODS", "SELLER_SEND_GOODS"),
        ("FINISH", "BUYER_ACCEPT_GOODS"),
        ("FINISH", "BUYER_ACCEPT_GOODS"),
    ]
    (parcel,) = one.orders()[0]["logistics_info_list"]["ae_order_logistics_info"]
    assert parcel["tracking_url"] == f"{one.url}/track/{parcel['logistics_no']}"
    assert exchange(one.port, "GET", f"/track/{parcel['logistics_no']}")[0] == 200
    assert one.done("POST", f"orders/{order}", {"status": "QUANTUM"})["order_status"] == "QUANTUM"


def test_statuses_by_time(command: tuple[str, ...], tmp_path: Path) -> None:
    goods = write_goods(tmp_path / "goods.jsonl", good("Tray", id=TRAY))
    options = ("--no-own-goods", "--goods", str(goods), "--pace", "0.2", "--commission-pace", "0.2")
    with sandbox_process(command, tmp_path, *options) as quick:
        quick.place({TRAY: 1})
        while quick.orders()[0]["order_status"] != "FINISH" or not quick.lines(status="Completed Settlement"):
            pass
        (line,) = quick.lines(status="Completed Settlement")
    assert (line["finished_amount"], line["estimated_finished_commission"]) == (250, 18)


def test_control_is_for_those_with_the_token(one: SandboxProcess) -> None:
    for token in ("", "guess", one.secret):
        assert one.control("GET", "faults", token=token)[0] == 401
    assert one.control("POST", "faults", {"fault": "no_such"})[0] == 422
    assert one.control("POST", "faults", {"fault": "lying_stock", "value": "many"})[0] == 422
    assert one.control("POST", "faults", {"fault": "slow", "seconds": -1})[0] == 422
    assert one.control("POST", "orders/5", {"step": True})[0] == 404
    assert one.control("POST", f"goods/{LAMP}", {"price": -1})[0] == 422
    assert one.control("GET", "no-such")[0] == 404
    assert one.done("GET", "faults") == {"faults": []}
