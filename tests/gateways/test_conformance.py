"""What every gateway holds to, asked of each by its capabilities: a new one is added to `CASES`, and passes this.

One that speaks over a network is asked at a platform that works, at an address where nobody is, and at servers that
say nothing, a byte at a time, too much, or what is no answer.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from onebasket.commerce.partners.gateways.iop.gateway import WITHOUT
from onebasket.commerce.partners.gateways.registry import GATEWAYS
from onebasket.commerce.partners.rules.port import (
    Address,
    AskedLine,
    Capability,
    CommissionPage,
    CommissionStated,
    Forged,
    Gateway,
    GatewayAccount,
    Lost,
    NotDone,
    OddItem,
    OfferPage,
    OfferStated,
    OrderAsked,
    Placed,
    PushStated,
    Refused,
    Tokens,
)
from tests.gateways.serving import answer, cut, served, silent, trickle
from tests.sandboxing import APP_KEY, SECRET, SandboxProcess, good, sandbox_process, write_goods

GOODS = 120
FIRST = 1005000000001
HOME = Address(
    name="Ada Example", street="1 High Street", city="Springfield", postcode="62701", country="US", region="IL"
)
NOW = datetime.now(UTC)
Open = Callable[..., Gateway]


@dataclass(frozen=True)
class Case:
    """A gateway, how it is opened at an address, and what its account is to be told to be able to do nothing."""

    open: Open
    speaks: bool
    nothing: Mapping[str, str] = field(default_factory=dict)
    item: str = "https://partner.example/item/1.html"


def iop_at(endpoint: str, *, access: str = "access", **options: str) -> Gateway:
    """Open the open platform's gateway."""
    tokens = Tokens(access, "refresh", datetime.now(UTC) + timedelta(hours=1))
    account = GatewayAccount(
        partner="lantern", endpoint=endpoint, app_key=APP_KEY, secret=SECRET, tokens=tokens, options=options
    )
    return GATEWAYS["iop"](account)


def feed_at(endpoint: str, **options: str) -> Gateway:
    """Open the gateway of files."""
    options = {"link_template": "{plain}?click={click}"} | options
    return GATEWAYS["feed"](GatewayAccount(partner="harbour", endpoint=endpoint, options=options))


CASES: dict[str, Case] = {
    "feed": Case(feed_at, speaks=False),
    "iop": Case(iop_at, speaks=True, nothing={WITHOUT: " ".join(Capability)}),
}

CALLS: dict[Capability, Callable[[Gateway, float], object]] = {
    Capability.CATALOGUE: lambda one, seconds: one.list_offers("", seconds=seconds),
    Capability.DETAILS: lambda one, seconds: one.read_offers([str(FIRST)], seconds=seconds),
    Capability.LINKS: lambda one, seconds: one.link("https://partner.example/item/1.html", "c", seconds=seconds),
    Capability.ORDERS: lambda one, seconds: one.place_order(asked("conformance"), seconds=seconds),
    Capability.ORDER_LIST: lambda one, seconds: one.find_orders("x", since=NOW, seconds=seconds),
    Capability.COMMISSION: lambda one, seconds: one.list_commissions("", since=NOW, until=NOW, seconds=seconds),
}


def asked(ours: str, **quantities: int) -> OrderAsked:
    """Return an order, of one piece of the first goods unless stated."""
    lines = quantities or {f"p{FIRST}": 1}
    return OrderAsked(
        ours,
        tuple(AskedLine(n, name[1:], count, 200, "GBP") for n, (name, count) in enumerate(lines.items(), 1)),
        HOME,
        "GBP",
    )


@pytest.fixture(params=sorted(GATEWAYS))
def case(request: pytest.FixtureRequest) -> Case:
    """Return one gateway after the other; whoever adds one adds its case."""
    return CASES[request.param]


@pytest.fixture(scope="module")
def sandbox(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """Run a platform that works."""
    folder = tmp_path_factory.mktemp("sandbox")
    goods = [good(f"Thing {n}", 200 + n, id=FIRST + n, shop=f"Shop {n % 2}") for n in range(GOODS)]
    path = write_goods(folder / "goods.jsonl", *goods)
    with sandbox_process(command, folder, "--no-own-goods", "--goods", str(path)) as found:
        yield found


@pytest.fixture
def live(case: Case, request: pytest.FixtureRequest) -> Gateway:
    """Return the gateway, open at a platform that works."""
    if not case.speaks:
        return case.open("")
    running: SandboxProcess = request.getfixturevalue("sandbox")
    running.done("POST", "forget", {})
    return case.open(running.url, access=running.access())


def needs(live: Gateway, *capabilities: Capability) -> None:
    """Leave a test out for a gateway that cannot do what it is about."""
    if not live.capabilities >= set(capabilities):
        pytest.skip("the platform cannot")


def test_what_a_platform_cannot_do_is_not_able(case: Case) -> None:
    for gateway in (case.open(""), case.open("", **case.nothing)):
        for capability, call in CALLS.items():
            found = call(gateway, 1)
            is_able = not (isinstance(found, NotDone) and found.code == "not_able")
            assert is_able == (capability in gateway.capabilities), capability
        assert isinstance(gateway.read_push({}, b"{}"), Forged)
        assert gateway.renewed_tokens() is None


def test_a_catalogue_is_read_to_its_end_and_then_tells_what_changed(live: Gateway) -> None:
    needs(live, Capability.CATALOGUE)
    cursor, has_more = "", True
    found: list[OfferStated] = []
    while has_more:
        page = live.list_offers(cursor, seconds=10)
        assert isinstance(page, OfferPage)
        assert page.odd == ()
        assert page.cursor != cursor
        found += page.offers
        cursor, has_more = page.cursor, page.has_more
        assert page.total in {None, GOODS}
    assert len({one.reference for one in found}) == len(found) == GOODS
    assert all(one.title and one.price > 0 and one.currency and not one.gone for one in found)
    again = live.list_offers(cursor, seconds=10)
    assert isinstance(again, OfferPage)
    assert (again.offers, again.has_more) == ((), False)


def test_single_offers_are_told_and_what_is_not_known_is_gone(live: Gateway) -> None:
    needs(live, Capability.DETAILS)
    wanted = [str(FIRST + n) for n in range(GOODS)]
    found = live.read_offers([*wanted, "404404"], seconds=10)
    assert isinstance(found, tuple)
    assert {one.reference: one.gone for one in found} == dict.fromkeys(wanted, False) | {"404404": True}
    assert live.read_offers([], seconds=10) == ()


def test_a_link_bears_the_click_and_leads_to_a_page(case: Case, live: Gateway) -> None:
    needs(live, Capability.LINKS)
    click = "c~l.i-c_k 1/&?#"
    found = live.link(case.item, click, seconds=10)
    assert isinstance(found, str)
    assert found.startswith(case.item)
    assert not set(found) & set(' "<>\\^`{|}\n')
    assert found.count("?") == 1
    assert found.isascii()


def test_an_order_is_placed_found_and_read(live: Gateway) -> None:
    needs(live, Capability.ORDERS, Capability.ORDER_LIST)
    began = datetime.now(UTC)
    sure = live.find_orders("conform-1", since=began, seconds=10)
    assert sure == ()
    placed = live.place_order(asked("conform-1", **{f"p{FIRST}": 2, f"p{FIRST + 1}": 1}), seconds=10)
    assert isinstance(placed, Placed)
    lines = [(line.reference, line.quantity) for one in placed.orders for line in one.lines]
    assert sorted(lines) == [(str(FIRST), 2), (str(FIRST + 1), 1)]
    assert {one.ours for one in placed.orders} == {"conform-1"}
    listed = live.find_orders("conform-1", since=began, seconds=10)
    assert isinstance(listed, tuple)
    assert {one.reference for one in listed} == {one.reference for one in placed.orders}
    for one in placed.orders:
        assert live.read_order(one.reference, seconds=10) == one
    assert isinstance(live.read_order("404404", seconds=10), Refused)
    assert live.find_orders("conform-2", since=began, seconds=10) == ()


def test_a_sure_refusal_is_one(live: Gateway) -> None:
    needs(live, Capability.ORDERS, Capability.ORDER_LIST)
    found = live.place_order(asked("conform-3", p404404=1), seconds=10)
    assert isinstance(found, Refused)
    assert found.code
    assert live.find_orders("conform-3", since=NOW, seconds=10) == ()


def test_commission_is_listed_to_its_end(live: Gateway) -> None:
    needs(live, Capability.COMMISSION, Capability.ORDERS)
    assert isinstance(live.place_order(asked("conform-4"), seconds=10), Placed)
    since, until = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)
    cursor, has_more = "", True
    found: list[CommissionStated] = []
    while has_more:
        page = live.list_commissions(cursor, since=since, until=until, seconds=10)
        assert isinstance(page, CommissionPage)
        assert not page.has_more or page.cursor != cursor
        found += page.lines
        cursor, has_more = page.cursor, page.has_more
    assert [(one.ours, one.reference, one.commission > 0) for one in found] == [("conform-4", str(FIRST), True)]


@pytest.mark.parametrize("cursor", ["nonsense", "\x00", "9" * 5000, "é", "\ud800"])
def test_a_cursor_that_is_none_is_turned_away(live: Gateway, cursor: str) -> None:
    for call in (
        lambda: live.list_offers(cursor, seconds=10),
        lambda: live.list_commissions(cursor, since=NOW, until=NOW, seconds=10),
    ):
        assert isinstance(call(), NotDone)


def test_no_push_that_is_not_signed_is_read(live: Gateway) -> None:
    for body in (b"", b"{}", os.urandom(100), b" " * 1_000_000):
        for headers in ({}, {"authorization": ""}, {"authorization": "0" * 64}, {"authorization": "é"}):
            assert isinstance(live.read_push(headers, body), Forged)


def test_nobody_there_is_told_at_once(case: Case) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = case.open(f"http://127.0.0.1:{closed.getsockname()[1]}")
    for capability in sorted(nowhere.capabilities & CALLS.keys() - {Capability.LINKS}):
        assert isinstance(CALLS[capability](nowhere, 5), NotDone), capability
    for address in ("", "nonsense", "ftp://x", "http://[::1", "http://x:99999"):
        gateway = case.open(address)
        for capability in sorted(gateway.capabilities & CALLS.keys() - {Capability.LINKS}):
            assert isinstance(CALLS[capability](gateway, 5), NotDone), (address, capability)


@pytest.mark.parametrize("script", [silent(), trickle(answer(b'{"a":1}' * 99)), cut(b"HTTP/1.1 200 OK\r\n"), cut()])
def test_a_deadline_holds_whatever_the_platform_does(case: Case, script: Callable[[socket.socket], None]) -> None:
    if not case.speaks:
        pytest.skip("it asks nobody")
    with served(script) as server:
        gateway = case.open(server.url)
        for capability in sorted(gateway.capabilities & CALLS.keys() - {Capability.LINKS}):
            began = time.monotonic()
            assert isinstance(CALLS[capability](gateway, 0.3), Lost | NotDone), capability
            assert time.monotonic() - began < 1.5


NONSENSE: list[bytes] = [
    b"", b"null", b"[]", b"{}", b"<!doctype html><title>Sign in to the wireless</title>", b"\x00" * 50,
    b"\xff\xfe{\x00}", b'{"a_response":{"result":{}}}', b'{"a_response":{"result":{"total":5,"is_finished":true}}}',
    b"[" * 50_000, b'{"error_response":5}', b'{"error_response":{}}', b'{"a_response":{"result":[]}}', os.urandom(500),
]  # fmt: skip


def test_what_is_no_answer_is_none(case: Case) -> None:
    if not case.speaks:
        pytest.skip("it asks nobody")
    for status in ("200 OK", "404 Not Found", "500 Broken", "503 Busy", "301 Moved"):
        with served(*(answer(body, status) for body in NONSENSE for _ in CALLS)) as server:
            gateway = case.open(server.url)
            for capability in sorted(gateway.capabilities & CALLS.keys() - {Capability.LINKS}):
                for _ in NONSENSE:
                    found = CALLS[capability](gateway, 5)
                    assert isinstance(found, Lost | NotDone), (capability, found)


def test_what_a_gateway_says_can_be_kept_as_it_is(live: Gateway) -> None:
    for capability in sorted(live.capabilities & CALLS.keys()):
        assert b"\\u0000" not in msgspec.json.encode(CALLS[capability](live, 10))
    found = live.read_push({}, b"\x00")
    assert isinstance(found, PushStated | OddItem | Forged)
