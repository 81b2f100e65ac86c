"""The gateway against a platform that misbehaves on demand: nothing is taken for certain that is not."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from onebasket.commerce.partners.gateways.iop import calling
from onebasket.commerce.partners.gateways.iop.gateway import IopGateway
from onebasket.commerce.partners.gateways.iop.tokens import Renewals
from onebasket.commerce.partners.rules.port import (
    Forged,
    GatewayAccount,
    Lost,
    NotDone,
    OfferPage,
    OrderAsked,
    Placed,
    PushStated,
    Refused,
    TheirOrder,
    Tokens,
)
from tests.gateways.accounts import order
from tests.sandboxing import SandboxProcess, good, listener, sandbox_process, wait_until, write_goods

PLACE, LIST, READ = "aliexpress.ds.order.create", "aliexpress.ds.order.list", "aliexpress.trade.ds.order.get"
FEED, DETAILS = "aliexpress.ds.feed.itemids.get", "aliexpress.affiliate.productdetail.get"
FIRST = 1005000000001
BEGAN = datetime.now(UTC)


@pytest.fixture(scope="module")
def sandbox(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    goods = [good(f"Thing {n}", 200, id=FIRST + n, stock=500) for n in range(3)]
    path = write_goods(folder / "goods.jsonl", *goods)
    with (
        listener() as heard,
        sandbox_process(command, folder, "--no-own-goods", "--goods", str(path), "--push-to", heard.url) as found,
    ):
        found.heard = heard  # type: ignore[attr-defined]
        yield found


@pytest.fixture(autouse=True)
def fresh(sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Know of no clock, no renewal, no fault and no order."""
    monkeypatch.setattr(calling, "_offsets", {})
    monkeypatch.setattr(calling, "_renewals", Renewals())
    sandbox.done("POST", "forget", {})


@pytest.fixture
def gateway(sandbox: SandboxProcess) -> IopGateway:
    return opened(sandbox)


def opened(sandbox: SandboxProcess, tokens: Tokens | None = None) -> IopGateway:
    """Open the gateway at the sandbox."""
    held = tokens or Tokens(sandbox.access(), "", datetime.now(UTC) + timedelta(hours=1))
    return IopGateway(
        GatewayAccount(
            partner="lantern", endpoint=sandbox.url, app_key=sandbox.app_key, secret=sandbox.secret, tokens=held,
            options={"tracking_id": "onebasket"},
        )
    )  # fmt: skip


def wanted(ours: str, *counts: int) -> OrderAsked:
    """Return an order of so many pieces of each of the goods."""
    return order(ours, **{f"p{FIRST + n}": count for n, count in enumerate(counts)})


def calls(sandbox: SandboxProcess, method: str) -> int:
    """Return how often a method was called and taken up."""
    counted = sandbox.done("GET", "calls")["calls"].get(method, {})
    return int(counted.get("done", 0))


@pytest.mark.parametrize("fault", ["timeout_after", "garbage"])
def test_an_order_whose_answer_is_lost_is_found_in_the_list(
    sandbox: SandboxProcess, gateway: IopGateway, fault: str
) -> None:
    sandbox.fault(fault, PLACE, seconds=1)
    assert isinstance(gateway.place_order(wanted(fault, 1), seconds=3), Lost)
    found = gateway.find_orders(fault, since=BEGAN, seconds=5)
    assert isinstance(found, tuple)
    assert [(one.ours, one.amount, one.currency) for one in found] == [(fault, 550, "GBP")]
    assert len(sandbox.orders(fault)) == 1


@pytest.mark.parametrize("fault", ["timeout_before", "down"])
def test_an_order_that_was_not_done_is_lost_too_and_the_list_says_no(
    sandbox: SandboxProcess, gateway: IopGateway, fault: str
) -> None:
    sandbox.fault(fault, PLACE, seconds=1)
    assert isinstance(gateway.place_order(wanted(fault, 1), seconds=3), Lost)
    assert gateway.find_orders(fault, since=BEGAN, seconds=5) == ()
    assert sandbox.orders(fault) == []


@pytest.mark.parametrize("fault", ["timeout_after", "down", "garbage", "call_limit", "unknown_status"])
def test_an_order_that_was_taken_in_and_cannot_be_read_is_lost(
    sandbox: SandboxProcess, gateway: IopGateway, fault: str
) -> None:
    """Were it taken for placed without its lines, they would count as left out, and be paid back."""
    sandbox.fault(fault, LIST, seconds=1)
    found = gateway.place_order(wanted(f"read-{fault}", 1), seconds=2.5)
    if fault == "unknown_status":
        assert isinstance(found, Placed)
        assert found.orders[0].status == "QUANTUM_HOLD"
    else:
        assert isinstance(found, Lost)
        assert found.reason.startswith("taken in as 8")
    assert len(sandbox.orders(f"read-{fault}")) == 1


def test_a_deadline_holds_over_a_slow_platform(sandbox: SandboxProcess, gateway: IopGateway) -> None:
    sandbox.fault("slow", PLACE, seconds=3)
    began = time.monotonic()
    assert isinstance(gateway.place_order(wanted("slow", 1), seconds=0.5), Lost)
    assert time.monotonic() - began < 1
    wait_until(lambda: len(sandbox.orders("slow")) == 1)


def test_what_turned_a_call_away_is_mended_once(sandbox: SandboxProcess) -> None:
    pair = sandbox.done("POST", "tokens", {})
    tokens = Tokens(pair["access_token"], pair["refresh_token"], datetime.now(UTC) + timedelta(hours=1))
    gateway = opened(sandbox, tokens)
    sandbox.fault("token_expired", PLACE)
    sandbox.fault("clock_skew", PLACE)
    assert isinstance(gateway.place_order(wanted("mended", 1), seconds=5), Placed)
    assert len(sandbox.orders("mended")) == 1
    renewed = gateway.renewed_tokens()
    assert renewed is not None
    assert renewed.access != tokens.access
    assert renewed.refresh not in {"", tokens.refresh}


def test_tokens_that_ended_are_renewed_and_the_old_refresh_token_is_used_up(sandbox: SandboxProcess) -> None:
    code = sandbox.done("POST", "codes", {})["code"]
    first = opened(sandbox, Tokens("", "none")).authorise(code, seconds=5)
    assert isinstance(first, Tokens)
    sandbox.done("POST", "expire", {})
    sandbox.token = ""
    gateway = opened(sandbox, first)
    assert gateway.find_orders("x", since=BEGAN, seconds=5) == ()
    second = gateway.renewed_tokens()
    assert second is not None
    assert opened(sandbox, second).find_orders("x", since=BEGAN, seconds=5) == ()
    calling._renewals = Renewals()
    stale = opened(sandbox, Tokens("", first.refresh)).find_orders("x", since=BEGAN, seconds=5)
    assert isinstance(stale, NotDone)
    assert stale.code == "unauthorised"
    again = opened(sandbox, first).authorise(code, seconds=5)
    assert isinstance(again, NotDone)


@pytest.mark.parametrize(("fault", "code"), [("call_limit", "throttled"), ("wrong_signature", "unauthorised")])
def test_a_call_that_was_turned_away_was_not_done(
    sandbox: SandboxProcess, gateway: IopGateway, fault: str, code: str
) -> None:
    sandbox.fault(fault, PLACE, seconds=7)
    found = gateway.place_order(wanted(fault, 1), seconds=5)
    assert isinstance(found, NotDone)
    assert (found.code, found.retry_seconds) == (code, 7 if code == "throttled" else None)
    assert sandbox.orders(fault) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("INVENTORY_HOLD_ERROR", Refused), ("PRICE_PAY_CURRENCY_ERROR", Refused),
        ("DELIVERY_METHOD_NOT_EXIST", Refused), ("A002_INVALID_ZONE", Refused),
        ("B_DROPSHIPPER_DELIVERY_ADDRESS_VALIDATE_FAIL", Refused),
        ("BLACKLIST_BUYER_IN_LIST", Refused), ("REPEATED_ORDER_ERROR", Lost), ("WHATEVER_NEXT", Lost),
    ],
)  # fmt: skip
def test_only_what_is_known_to_refuse_refuses(
    sandbox: SandboxProcess, gateway: IopGateway, value: str, expected: type[object]
) -> None:
    sandbox.fault("refuse", PLACE, value=value)
    assert isinstance(gateway.place_order(wanted("refused", 1), seconds=5), expected)


def test_what_is_left_out_and_what_costs_more_shows(sandbox: SandboxProcess, gateway: IopGateway) -> None:
    sandbox.fault("partial", PLACE)
    sandbox.fault("price_change", PLACE, value="150")
    found = gateway.place_order(wanted("partly", 2, 1), seconds=5)
    assert isinstance(found, Placed)
    lines = [(line.reference, line.quantity) for one in found.orders for line in one.lines]
    assert lines == [(str(FIRST), 2)]
    sandbox.done("DELETE", "faults")
    sandbox.fault("price_change", PLACE, value="150")
    dearer = gateway.place_order(wanted("dearer", 1), seconds=5)
    assert isinstance(dearer, Placed)
    assert [line.unit_amount for one in dearer.orders for line in one.lines] == [300]


def test_a_status_that_nobody_knows_is_passed_on(sandbox: SandboxProcess, gateway: IopGateway) -> None:
    placed = gateway.place_order(wanted("unknown", 1), seconds=5)
    assert isinstance(placed, Placed)
    sandbox.fault("unknown_status", READ, value="QUANTUM_HOLD")
    found = gateway.read_order(placed.orders[0].reference, seconds=5)
    assert isinstance(found, TheirOrder)
    assert found.status == "QUANTUM_HOLD"


def test_a_shipped_order_says_where_it_is_followed(sandbox: SandboxProcess, gateway: IopGateway) -> None:
    placed = gateway.place_order(wanted("shipped", 1), seconds=5)
    assert isinstance(placed, Placed)
    sandbox.done("POST", f"orders/{placed.orders[0].reference}", {"status": "WAIT_BUYER_ACCEPT_GOODS"})
    found = gateway.read_order(placed.orders[0].reference, seconds=5)
    assert isinstance(found, TheirOrder)
    assert [(one.carrier, one.number[:3], one.url.startswith(sandbox.url)) for one in found.tracking] == [
        ("Fernway Post", "SBX", True)
    ]


def test_lies_are_passed_on_as_they_are_stated(sandbox: SandboxProcess, gateway: IopGateway) -> None:
    """What to make of them is the writer's: it knows what was stated before."""
    for fault, value, expected in (
        ("lying_stock", "999", (200, "GBP", 999)), ("lying_price", "50", (100, "GBP", 500)),
        ("lying_currency", "USD", (200, "USD", 500)),
    ):  # fmt: skip
        sandbox.fault(fault, DETAILS, value=value)
        found = gateway.read_offers([str(FIRST + 2)], seconds=5)
        assert isinstance(found, tuple)
        assert [(one.price, one.currency, one.stock) for one in found] == [expected]


def test_the_catalogue_says_how_many_there_are(sandbox: SandboxProcess, gateway: IopGateway) -> None:
    first = gateway.list_offers("", seconds=5)
    assert isinstance(first, OfferPage)
    assert (len(first.offers), first.has_more, first.total) == (3, False, 3)
    assert all(one.url.startswith(f"{sandbox.url}/s/") for one in first.offers)


def test_links_are_asked_for_once(sandbox: SandboxProcess, gateway: IopGateway) -> None:
    page = f"{sandbox.url}/item/{FIRST}.html"
    links = {gateway.link(page, click, seconds=5) for click in ("a", "b")}
    assert len({str(link).partition("?")[0] for link in links}) == 1
    assert all(str(link).startswith(f"{sandbox.url}/s/") for link in links)
    assert {str(link)[-5:] for link in links} == {"?dp=a", "?dp=b"}
    assert calls(sandbox, "aliexpress.affiliate.link.generate") == 1
    known = str(links.pop())
    assert gateway.link(known.partition("?")[0], "c", seconds=5) == known.partition("?")[0] + "?dp=c"
    assert calls(sandbox, "aliexpress.affiliate.link.generate") == 1
    assert isinstance(gateway.link("https://elsewhere.example/item/1.html", "c", seconds=5), NotDone)
    assert isinstance(gateway.link("javascript:alert(1)", "c", seconds=5), NotDone)


def test_pushes_are_proved(sandbox: SandboxProcess, gateway: IopGateway) -> None:
    heard = sandbox.heard  # type: ignore[attr-defined]
    heard.arrived.clear()
    sandbox.fault("push_forge", "push")
    placed = gateway.place_order(wanted("pushed", 1), seconds=5)
    assert isinstance(placed, Placed)
    wait_until(lambda: len(heard.arrived) >= 2)
    found = [gateway.read_push(headers, body) for headers, body in heard.arrived[:2]]
    assert isinstance(found[0], Forged)
    assert isinstance(found[1], PushStated)
    assert (found[1].kind, found[1].reference) == ("order", placed.orders[0].reference)
