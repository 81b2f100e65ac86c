"""The sandbox's shop page, and the commission that comes of it, through its life."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from onebasket.channels.sandbox.books import Books
from onebasket.channels.sandbox.goods import change_share, own_goods, page_of, stock_up
from onebasket.commerce.partners.gateways.iop.envelopes import Method
from tests.sandboxing import CONTROL, SandboxProcess, exchange, good, sandbox_process, write_goods

LAMP, KETTLE = 7_000_001, 7_000_002
FORM = "form-0123456789abcdef"


@pytest.fixture(scope="module")
def one(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    goods = write_goods(
        folder / "goods.jsonl",
        good("Brass <desk> lamp", 3400, id=LAMP, category="Home > Lighting & clocks", list_price=4000),
        good("Sold-out kettle", 2000, id=KETTLE, stock=0),
    )
    with sandbox_process(command, folder, "--no-own-goods", "--goods", str(goods)) as found:
        yield found


@pytest.fixture(autouse=True)
def as_at_first(one: SandboxProcess) -> None:
    one.done("POST", "forget", {})
    one.done("POST", f"goods/{LAMP}", {"stock": 10, "gone": False})


def get(one: SandboxProcess, path: str) -> tuple[int, str]:
    status, headers, body = exchange(one.port, "GET", path)
    assert "default-src 'none'" in headers["content-security-policy"]
    return status, body.decode()


def buy(one: SandboxProcess, *, form: str = FORM, name: str = "Ada", quantity: str = "2", dp: str = "click-1") -> Any:
    stated = {"name": name, "quantity": quantity, "form": form, "dp": dp, "tid": "shop"}
    status, headers, body = exchange(one.port, "POST", f"/item/{LAMP}.html", urlencode(stated).encode())
    return status, headers.get("location", ""), body.decode()


def test_a_referred_shopper_lands_buys_and_has_a_number(one: SandboxProcess) -> None:
    status, shown = get(one, f"/item/{LAMP}.html?dp=click-1&tid=shop")
    assert status == 200
    assert "Brass &lt;desk&gt; lamp" in shown
    assert '<input type="hidden" name="dp" value="click-1">' in shown
    form = re.search(r'name="form" value="([^"]+)"', shown)
    assert form is not None
    status, location, _ = buy(one, form=form[1])
    assert status == 303
    status, thanks = get(one, location)
    assert (status, "£71.50 with delivery" in thanks) == (200, True)
    number = re.search(r'<output id="order-number">(\d+)</output>', thanks)
    assert number is not None
    (line,) = one.lines()
    assert (line["order_id"], line["custom_parameters"], line["tracking_id"]) == (
        int(number[1]),
        '{"dp":"click-1"}',
        "shop",
    )
    assert (line["paid_amount"], line["estimated_paid_commission"], line["product_count"]) == (6800, 476, 2)
    assert get(one, f"/bought/{number[1]}?form=guessed")[0] == 404


def test_the_same_form_buys_once(one: SandboxProcess) -> None:
    first, second = buy(one), buy(one)
    assert first == second
    assert len(one.lines()) == 1
    assert buy(one, form=FORM + "2")[1] != first[1]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"name": " "}, "Please enter your name."),
        ({"name": "x" * 81}, "Please enter your name."),
        ({"name": "a\x00b"}, "Please enter your name."),
        ({"quantity": "0"}, "Please choose 1 to 9 pieces."),
        ({"quantity": "many"}, "Please choose 1 to 9 pieces."),
        ({"form": "x"}, "Please send the form once more."),
    ],
)
def test_forms_that_cannot_be(one: SandboxProcess, changed: dict[str, str], expected: str) -> None:
    status, _, shown = buy(one, **changed)
    assert (status, expected in shown) == (422, True)
    assert one.lines() == []


def test_more_than_there_is(one: SandboxProcess) -> None:
    one.done("POST", f"goods/{LAMP}", {"stock": 1})
    status, _, shown = buy(one)
    assert (status, "There are not so many left." in shown) == (422, True)
    assert "Sold out for now." in get(one, f"/item/{KETTLE}.html")[1]
    one.done("POST", f"goods/{LAMP}", {"gone": True})
    assert get(one, f"/item/{LAMP}.html")[0] == 404


def test_nobody_is_credited_whom_nobody_sent(one: SandboxProcess) -> None:
    status, headers, _ = exchange(one.port, "POST", f"/item/{LAMP}.html", f"name=Ada&quantity=1&form={FORM}".encode())
    assert (status, headers["location"].startswith("/bought/")) == (303, True)
    assert one.lines() == []


def test_finding_and_what_is_not_there(one: SandboxProcess) -> None:
    assert "2 items" in get(one, "/")[1]
    found = get(one, "/?q=desk+LAMP&dp=click-1")[1]
    assert ("1 item" in found, f'href="/item/{LAMP}.html?dp=click-1"' in found) == (True, True)
    assert "Nothing here has these words" in get(one, "/?q=%25")[1]
    assert "Brass &amp; Bramble" in get(one, "/shop/11")[1]
    assert get(one, f"/picture/{LAMP}.svg")[1].startswith("<svg ")
    for path in (
        "/item/5.html",
        "/shop/999",
        "/s/none-such",
        "/track/SBX0",
        "/picture/5.svg",
        "/../etc",
        "/x",
        "/item/1e9.html",
    ):
        assert get(one, path)[0] == 404


def act(one: SandboxProcess, line: int, do: str, **more: int) -> tuple[Any, ...]:
    stated = one.done("POST", f"commissions/{line}", {"do": do, **more})
    names = ("order_status", "effect_detail_status", "finished_amount", "estimated_finished_commission")
    return tuple(stated[name] for name in names)


def test_commission_through_its_life_and_back(one: SandboxProcess) -> None:
    buy(one)
    (line,) = [found["sub_order_id"] for found in one.lines()]
    assert act(one, line, "restate", amount=6000) == ("Payment Completed", "PartRefund", 0, 0)
    assert one.lines()[0]["estimated_paid_commission"] == 420
    assert act(one, line, "confirm") == ("Buyer Confirmed Receipt", "PartRefund", 6000, 420)
    assert one.lines() == []
    assert act(one, line, "restate", amount=6500, commission=450)[2:] == (6500, 450)
    assert act(one, line, "settle") == ("Completed Settlement", "PartRefund", 6500, 450)
    (settled,) = one.lines(status="Completed Settlement", time_type="Completed Settlement Time")
    assert (settled["sub_order_id"], settled["completed_settlement_time"] != "") == (line, True)
    assert act(one, line, "refund") == ("Invalid", "FullRefund", 0, 0)
    assert [found["effect_detail_status"] for found in one.lines(status="Invalid")] == ["FullRefund"]
    named = one.iop(Method.COMMISSION_LINES, order_ids=str(line))["aliexpress_affiliate_order_get_response"]
    assert named["resp_result"]["result"]["orders"]["order"][0]["customer_parameters"] == '{"dp":"click-1"}'


def test_commission_by_index_and_by_page(one: SandboxProcess) -> None:
    assert one.done("POST", "commissions", {"make": 120, "status": "Completed Settlement"}) == {"made": 120}
    span = {"start_time": "2020-01-01 00:00:00", "end_time": "2099-01-01 00:00:00", "status": "Completed Settlement"}
    seen, after = [], ""
    while True:
        answer = one.iop(Method.COMMISSION_INDEX, **span, **({"start_query_index_id": after} if after else {}))
        result = answer["aliexpress_affiliate_order_listbyindex_response"]["resp_result"]["result"]
        seen += [line["sub_order_id"] for line in result["orders"]["order"]]
        if result["current_record_count"] < 50:
            break
        after = result["max_query_index_id"]
    assert (len(seen), len(set(seen))) == (120, 120)
    paged = one.iop(Method.COMMISSION_PAGES, **span, page_no="3", page_size="50")
    result = paged["aliexpress_affiliate_order_list_response"]["resp_result"]["result"]
    assert (result["total_record_count"], result["total_page_no"], result["current_record_count"]) == (120, 3, 20)
    assert [line["sub_order_id"] for line in result["orders"]["order"]] == seen[100:]
    for wrong in ({"status": "Paid"}, {"time_type": "Lunch Time"}, {"start_time": "x"}, {"page_size": "51"}):
        answer = one.iop(Method.COMMISSION_INDEX, **(span | wrong))
        assert answer["error_response"]["code"] == "InvalidParameter"


def test_the_control_page_is_for_who_has_entered_the_token(one: SandboxProcess) -> None:
    assert "Control token" in get(one, "/control/")[1]
    assert exchange(one.port, "POST", "/control/", b"token=guess")[0] == 403
    status, headers, _ = exchange(one.port, "POST", "/control/", f"token={CONTROL}".encode())
    cookie = headers["set-cookie"]
    assert (status, "HttpOnly" in cookie, "SameSite=Strict" in cookie) == (303, True, True)
    session = {"Cookie": cookie.partition(";")[0]}
    stated = b"do=fault&fault=slow&method=*&times=1&seconds=0.1&value="
    foreign = session | {"Origin": "https://elsewhere.example"}
    assert exchange(one.port, "POST", "/control/", stated, foreign)[0] == 403
    assert one.done("GET", "faults") == {"faults": []}
    assert exchange(one.port, "POST", "/control/", stated, session | {"Origin": one.url})[0] == 303
    assert [planned["fault"] for planned in one.done("GET", "faults")["faults"]] == ["slow"]
    assert exchange(one.port, "POST", "/control/", b"do=fault&fault=none", session)[0] == 422
    assert b"Let something go wrong" in exchange(one.port, "GET", "/control/", headers=session)[2]


def test_a_person_gets_a_code(one: SandboxProcess) -> None:
    assert get(one, "/oauth/authorize?client_id=someone")[0] == 404
    assert "Give access" in get(one, f"/oauth/authorize?client_id={one.app_key}")[1]
    _, _, shown = exchange(one.port, "POST", "/oauth/authorize", f"client_id={one.app_key}".encode())
    code = re.search(rb"<output>([^<]+)</output>", shown)
    assert code is not None
    assert one.system("/auth/token/create", code=code[1].decode())["code"] == "0"


def test_its_own_goods_and_their_variants(tmp_path: Path) -> None:
    books = Books(tmp_path / "sandbox.sqlite3")
    own = list(own_goods())
    assert (len(own), len({one.id for one in own}), len({one.gtin for one in own})) == (3424, 3424, 3424)
    assert all(one.price > 0 and one.title and one.gtin.startswith("049") for one in own)
    assert stock_up(books, own) == 3424
    assert stock_up(books, own, vary=20_000) == 20_000
    assert stock_up(books, own, vary=20_000) == 20_000
    with books.reading() as session:
        rows = session.execute("SELECT count(DISTINCT title), min(price), count(DISTINCT changed) FROM good").fetchone()
        assert tuple(rows) == (20_000, min(one.price for one in own) * 4 // 5, 20_000)
        last = page_of(session, 0, 30_000)[-1][0]
    with books.writing() as session:
        changed = change_share(session, 1)
        assert 150 <= changed <= 250
        assert len(page_of(session, last, 30_000)) == changed


def test_variants_are_the_same_each_time(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        books = Books(tmp_path / f"{name}.sqlite3")
        stock_up(books, own_goods(), vary=8000)
        with books.reading() as session:
            rows = session.execute("SELECT id, title, price, stock, changed FROM good ORDER BY id").fetchall()
            made.append([tuple(row) for row in rows])
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "line", [b"{", b'{"title": "A"}', b'{"title": "A", "price": -1}', b'{"title": "A", "price": 1, "x": 2}', b"\xff"]
)
def test_goods_that_cannot_be_read(command: tuple[str, ...], tmp_path: Path, line: bytes) -> None:
    goods = tmp_path / "goods.jsonl"
    goods.write_bytes(b'{"title": "B", "price": 1}\n' + line + b"\n")
    other = SandboxProcess(command, tmp_path, ("--no-own-goods", "--goods", str(goods)))
    with pytest.raises(AssertionError):
        other.start()
    assert other.process is not None
    assert other.process.wait(20) == 1
    other.kill()
