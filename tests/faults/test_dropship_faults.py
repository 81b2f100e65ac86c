"""A partner that is slow, down, lying or forging, by the sandbox's fault switches: nothing is ordered or paid twice.

What the partner has taken in is read in its own books, past us. Pushes come over HTTP to our own address.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from onebasket.base.clock import database_now
from onebasket.channels.partner import pushes
from onebasket.commerce.partners.actions import calling, driving, following, pushing
from onebasket.commerce.partners.actions.registering import set_credentials
from onebasket.commerce.partners.models import Partner, PartnerPart, ReceivedPush, TheirOrder
from onebasket.commerce.partners.queries.audit import audit_partners
from onebasket.commerce.partners.queries.partners import Credentials
from onebasket.commerce.partners.rules.partners import PartnerFacts
from onebasket.commerce.partners.rules.port import Tokens
from onebasket.commerce.payments.models import Payment
from tests.builders import make_chain
from tests.dropshipping import attempts, drive, follow, hear, make_parts_due, odd, part_stands, sell_part
from tests.partnering import add_offers, make_partner
from tests.sandboxing import APP_KEY, SECRET, SandboxProcess, good, sandbox_process, write_goods

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

PLACE, LIST, READ, DETAILS = (
    "aliexpress.ds.order.create", "aliexpress.ds.order.list", "aliexpress.trade.ds.order.get",
    "aliexpress.affiliate.productdetail.get",
)  # fmt: skip
LAMP, RUG = "1005000000000001", "1005000000000002"
PATIENCE = 20.0


@pytest.fixture(scope="module")
def process(
    command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory, live_server: Any
) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    goods = write_goods(
        folder / "goods.jsonl",
        good("Lamp", 1000, id=int(LAMP), stock=900, shop="Brass & Bramble", shipping=0),
        good("Rug", 2500, id=int(RUG), stock=900, shop="Loom", shipping=0),
    )
    push_to = f"{live_server.url}/partner/lantern/push"
    options = ("--goods", str(goods), "--no-own-goods", "--currency", "USD", "--quota", "0", "--push-to", push_to)
    with sandbox_process(command, folder, *options) as found:
        yield found


@pytest.fixture
def sandbox(process: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxProcess]:
    monkeypatch.setattr(calling, "PATIENCE", calling.Patience(place=1.5, read=1.5, lease=5.0, start=5.0))
    pushes.FORGED.forget()
    make_chain()
    process.done("POST", "forget", {})
    yield process
    process.done("DELETE", "faults")


@pytest.fixture
def partner(sandbox: SandboxProcess) -> PartnerFacts:
    made = make_partner("lantern", gateway="iop", endpoint=sandbox.url)
    Partner.objects.filter(pk=made.id).update(options={"settle_seconds": "2"})
    set_credentials("lantern", Credentials(APP_KEY, SECRET, Tokens(sandbox.access())), actor="tests")
    add_offers(made, {LAMP: {"price": 1000, "shipping_amount": 0}, RUG: {"price": 2500, "shipping_amount": 0}})
    return made


def ordered(sandbox: SandboxProcess, part: UUID) -> list[tuple[str, int]]:
    """Return what the partner has taken in for a part, by its own books."""
    ours = PartnerPart.objects.get(pk=part).ours
    lines = [line for one in sandbox.orders(ours) for line in one["child_order_list"]["ae_child_order_info"]]
    return sorted((str(line["product_id"]), line["product_count"]) for line in lines)


def settle() -> None:
    """Let two listings go by, with the settling time between them."""
    drive()
    time.sleep(2.1)
    drive()


def wait_until(comes: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not comes():
        assert time.monotonic() < until
        time.sleep(0.02)


def assert_right(sandbox: SandboxProcess, part: UUID) -> None:
    """Two lamps and a rug were taken in once, and the money is as it should be."""
    assert part_stands(part) == f"placed 4500 {LAMP}:2 {RUG}:1"
    assert ordered(sandbox, part) == [(LAMP, 2), (RUG, 1)]
    hear()
    (payment,) = Payment.objects.filter(order_id=part)
    assert (payment.due, payment.status) == (4500, "authorised")
    assert [f"{found.check} {found.examples}" for found in audit_partners() if found.differences] == []


@pytest.mark.parametrize("fault", ["timeout_after", "garbage"])
def test_an_answer_that_is_lost_is_found_in_the_list(
    sandbox: SandboxProcess, partner: PartnerFacts, fault: str
) -> None:
    sandbox.fault(fault, PLACE, seconds=3)
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    assert part_stands(part).startswith("unknown ")
    drive()
    assert attempts(part) == ["place lost", "find some"]
    assert_right(sandbox, part)


def test_without_the_list_there_is_a_second_order(
    sandbox: SandboxProcess, partner: PartnerFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: after a lost answer it is asked for again at once, and the partner has it twice."""

    def again(row: PartnerPart, *_given: object, **_named: object) -> None:
        row.status, row.next_at = "due", database_now()
        row.save()

    monkeypatch.setattr(driving, "learn_from_list", again)
    sandbox.fault("timeout_after", PLACE, seconds=3)
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    drive(3)
    assert ordered(sandbox, part) == [(LAMP, 2), (LAMP, 2), (RUG, 1), (RUG, 1)]


@pytest.mark.parametrize("fault", ["timeout_before", "down"])
def test_what_was_cut_before_it_was_done_is_ordered_once_the_list_is_sure(
    sandbox: SandboxProcess, partner: PartnerFacts, fault: str
) -> None:
    sandbox.fault(fault, PLACE, seconds=3)
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    settle()
    assert part_stands(part).startswith("due ")
    drive()
    assert attempts(part) == ["place lost", "find none", "find none", "place placed"]
    assert_right(sandbox, part)


@pytest.mark.parametrize("fault", ["call_limit", "wrong_signature", "token_expired", "clock_skew"])
def test_a_call_that_was_turned_away_is_made_again(sandbox: SandboxProcess, partner: PartnerFacts, fault: str) -> None:
    for _ in range(2):  # a gateway may try a second time by itself
        sandbox.fault(fault, PLACE, seconds=1 if fault == "call_limit" else 10_000)
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    for _ in range(8):
        drive()
        if part_stands(part).startswith("placed"):
            break
        time.sleep(0.5)
    assert_right(sandbox, part)


def test_a_slow_partner_is_waited_for(sandbox: SandboxProcess, partner: PartnerFacts) -> None:
    sandbox.fault("slow", PLACE, seconds=0.5)
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    assert_right(sandbox, part)


def test_a_partner_that_is_gone_keeps_the_part_until_it_is_back(sandbox: SandboxProcess, partner: PartnerFacts) -> None:
    Partner.objects.filter(pk=partner.id).update(endpoint="http://127.0.0.1:9")
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    drive(5)
    assert part_stands(part).startswith("due ")
    assert odd() == ["not_reached"]
    Partner.objects.filter(pk=partner.id).update(endpoint=sandbox.url)
    drive()
    assert_right(sandbox, part)


@pytest.mark.parametrize(
    ("fault", "stands", "took"),
    [
        ("partial", f"placed (left_out) 2000 {LAMP}:2 {RUG}:0", [(LAMP, 2)]),
        ("part_quantity", f"placed (left_out) 3500 {LAMP}:1 {RUG}:1", [(LAMP, 1), (RUG, 1)]),
    ],
)
def test_what_is_left_out_is_not_paid(
    sandbox: SandboxProcess, partner: PartnerFacts, fault: str, stands: str, took: list[tuple[str, int]]
) -> None:
    sandbox.fault(fault, PLACE)
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    assert part_stands(part) == stands
    assert ordered(sandbox, part) == took
    hear()
    assert Payment.objects.get(order_id=part).due == PartnerPart.objects.get(pk=part).total


def test_a_price_that_rises_in_the_order_itself_is_for_people(sandbox: SandboxProcess, partner: PartnerFacts) -> None:
    sandbox.fault("price_change", PLACE, value="110")
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    assert part_stands(part) == f"stuck (costs_more) 4500 {LAMP}:2 {RUG}:1"
    assert odd() == ["costs_more"]
    drive(3)
    assert ordered(sandbox, part) == [(LAMP, 2), (RUG, 1)]


@pytest.mark.parametrize(("fault", "value"), [("lying_price", "120"), ("lying_currency", "GBP")])
def test_what_costs_more_before_it_is_ordered_is_not_ordered(
    sandbox: SandboxProcess, partner: PartnerFacts, fault: str, value: str
) -> None:
    sandbox.fault(fault, DETAILS, value=value)
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    assert part_stands(part) == f"refused (price_changed) 0 {LAMP}:0 {RUG}:0"
    assert ordered(sandbox, part) == []
    hear()
    assert Payment.objects.get(order_id=part).status == "reversed"


def test_a_price_that_is_said_to_be_low_changes_nothing(sandbox: SandboxProcess, partner: PartnerFacts) -> None:
    sandbox.fault("lying_price", DETAILS, value="50")
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    assert_right(sandbox, part)


@pytest.mark.parametrize(
    ("code", "stands"),
    [
        ("INVENTORY_HOLD_ERROR", f"refused (out_of_stock) 0 {LAMP}:0 {RUG}:0"),
        ("BLACKLIST_BUYER_IN_LIST", f"refused (turned_away) 0 {LAMP}:0 {RUG}:0"),
    ],
)
def test_refusals(sandbox: SandboxProcess, partner: PartnerFacts, code: str, stands: str) -> None:
    sandbox.fault("refuse", PLACE, value=code)
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    assert part_stands(part) == stands
    assert ordered(sandbox, part) == []


def test_a_refusal_that_nobody_understands_is_for_people_at_last(
    sandbox: SandboxProcess, partner: PartnerFacts
) -> None:
    """A word that we do not know may hide an order, so the list is asked each time; that ends."""
    sandbox.fault("refuse", PLACE, times=0, value="QUANTUM_ERROR")
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    for _ in range(3):
        drive()
        settle()
    assert part_stands(part) == f"stuck (never_answered) 4500 {LAMP}:2 {RUG}:1"
    assert attempts(part) == ["place lost", "find none", "find none"] * 3
    assert (ordered(sandbox, part), odd()) == ([], ["never_answered"])


def test_a_repeated_order_that_is_not_there_is_ordered_once_the_list_is_sure(
    sandbox: SandboxProcess, partner: PartnerFacts
) -> None:
    sandbox.fault("refuse", PLACE, value="REPEATED_ORDER_ERROR")
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    settle()
    drive()
    assert_right(sandbox, part)


@pytest.mark.parametrize("fault", ["down", "garbage", "timeout_before", "call_limit"])
def test_a_list_that_fails_says_nothing(sandbox: SandboxProcess, partner: PartnerFacts, fault: str) -> None:
    sandbox.fault("timeout_after", PLACE, seconds=3)
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    sandbox.fault(fault, LIST, times=3, seconds=2)
    drive(2)
    sandbox.done("DELETE", "faults")
    time.sleep(1.2 if fault == "call_limit" else 0)
    drive(2)
    assert_right(sandbox, part)


def step_all(sandbox: SandboxProcess, part: UUID, status: str) -> None:
    for one in sandbox.orders(PartnerPart.objects.get(pk=part).ours):
        sandbox.done("POST", f"orders/{one['order_id']}", {"status": status})


def test_a_word_that_nobody_knows_moves_nothing(sandbox: SandboxProcess, partner: PartnerFacts) -> None:
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    sandbox.fault("unknown_status", READ, times=2)
    follow()
    assert (part_stands(part), odd()) == (f"placed 4500 {LAMP}:2 {RUG}:1", ["unknown_status"])
    step_all(sandbox, part, "WAIT_BUYER_ACCEPT_GOODS")
    follow()
    assert part_stands(part) == f"shipped 4500 {LAMP}:2 {RUG}:1"
    assert all(row.tracking[0]["number"].startswith("SBX") for row in TheirOrder.objects.all())


def test_what_the_partner_cancels_goes_back(sandbox: SandboxProcess, partner: PartnerFacts) -> None:
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    step_all(sandbox, part, "IN_CANCEL")
    follow()
    assert part_stands(part).startswith("placed ")
    time.sleep(2.1)
    follow()
    assert part_stands(part) == f"refused (cancelled_by_partner) 0 {LAMP}:0 {RUG}:0"
    hear()
    assert Payment.objects.get(order_id=part).status == "reversed"


def looked_into(count: int) -> None:
    """Wait for so many pushes, and look into them; another may come meanwhile."""
    wait_until(lambda: ReceivedPush.objects.count() >= count)

    def nothing_left() -> bool:
        pushing.look_into_pushes()
        return not ReceivedPush.objects.filter(done_at=None).exists()

    wait_until(nothing_left)


@pytest.mark.parametrize("fault", ["push_double", "push_forge", "push_old"])
def test_pushes_that_are_doubled_forged_or_old(sandbox: SandboxProcess, partner: PartnerFacts, fault: str) -> None:
    part = sell_part(partner, {LAMP: 2})
    driving.place_parts()
    wait_until(lambda: ReceivedPush.objects.count() == 1)
    sandbox.fault(fault, "push")
    step_all(sandbox, part, "WAIT_BUYER_ACCEPT_GOODS")
    looked_into(2)
    following.follow_parts()
    assert part_stands(part) == f"shipped 2000 {LAMP}:2"
    wait_until(lambda: sandbox.done("GET", "calls")["pushes"]["waiting"] == 0)
    assert ReceivedPush.objects.count() == 2
    assert odd() == []


def test_pushes_out_of_order_move_nothing_back(sandbox: SandboxProcess, partner: PartnerFacts) -> None:
    part = sell_part(partner, {LAMP: 2})
    driving.place_parts()
    wait_until(lambda: ReceivedPush.objects.count() == 1)
    sandbox.fault("push_reorder", "push")
    step_all(sandbox, part, "WAIT_BUYER_ACCEPT_GOODS")
    step_all(sandbox, part, "FINISH")
    for count in (2, 3):
        looked_into(count)
        make_parts_due()
        following.follow_parts()
        assert part_stands(part) == f"delivered 2000 {LAMP}:2"
    assert odd() == []


def test_a_push_that_never_comes_is_made_up_for_by_asking(sandbox: SandboxProcess, partner: PartnerFacts) -> None:
    part = sell_part(partner, {LAMP: 2})
    driving.place_parts()
    wait_until(lambda: ReceivedPush.objects.count() == 1)
    sandbox.fault("push_drop", "push", times=0)
    step_all(sandbox, part, "FINISH")
    follow()
    assert part_stands(part) == f"delivered 2000 {LAMP}:2"
