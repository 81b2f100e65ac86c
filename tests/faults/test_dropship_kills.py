"""A worker killed outright at every step of a drop-ship order: one order at the partner, the shopper's money right.

The partner is the sandbox as a process of its own. What was asked of it is read in its own books, past us.
"""

import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection

from onebasket.channels.shop.own import shop_source
from onebasket.commerce.orders.rules.baskets import Contact
from onebasket.commerce.partners.actions.registering import set_credentials
from onebasket.commerce.partners.models import Partner, PartnerPart, TheirOrder
from onebasket.commerce.partners.queries.partners import Credentials
from onebasket.commerce.partners.rules.port import Tokens
from onebasket.project.auditing import audit
from tests.builders import make_chain
from tests.dropshipping import part_stands
from tests.faults.shipping import DELIVERING, LISTING, PLACING, SHIPPING, Workers
from tests.mixing import mixed, place
from tests.partnering import add_offers, make_partner
from tests.paying import balance, gift_card
from tests.sandboxing import APP_KEY, SECRET, SandboxProcess, good, sandbox_process, write_goods

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

LAMP, RUG = 1005000000000001, 1005000000000002
CARD, OWN, PART = 50_000, 199, 2 * 1000 + 300 + 2500 + 400
"""Cents: what is on the gift card, what the milk costs, and what the partner's goods cost with their shipping."""


@pytest.fixture(scope="module")
def sandbox(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    goods = write_goods(
        folder / "goods.jsonl",
        good("Lamp", 1000, id=LAMP, stock=900, shop="Brass & Bramble", shipping=300),
        good("Rug", 2500, id=RUG, stock=900, shop="Loom", shipping=400),
    )
    options = ("--goods", str(goods), "--no-own-goods", "--currency", "USD", "--quota", "0")
    with sandbox_process(command, folder, *options) as found:
        yield found


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    found = Workers(tmp_path)
    yield found
    found.close()


def buy(sandbox: SandboxProcess) -> tuple[UUID, int]:
    """Buy milk and the partner's goods in one basket with a gift card; return the part and the card's account."""
    make_chain(stock={"milk": 100})
    partner = make_partner("lantern", gateway="iop", endpoint=sandbox.url)
    Partner.objects.filter(pk=partner.id).update(options={"settle_seconds": "1", "poll_seconds": "1"})
    set_credentials("lantern", Credentials(APP_KEY, SECRET, Tokens(sandbox.access())), actor="tests")
    offers = add_offers(
        partner, {str(LAMP): {"price": 1000, "shipping_amount": 300}, str(RUG): {"price": 2500, "shipping_amount": 400}}
    )
    source = shop_source()
    card = gift_card(source, CARD)
    basket = mixed(source, {"milk": 1}, {offers[str(LAMP)]: 2, offers[str(RUG)]: 1})
    contact = Contact("Ada", "ada@example.org")
    place(source, basket, method="invoice", balances=(card.code,), accounts=(card.account,), contact=contact)
    assert balance(card) == CARD - OWN - PART
    part = PartnerPart.objects.get()
    assert part_stands(part.pk) == f"due {PART} {LAMP}:2 {RUG}:1"
    connection.close()
    return part.pk, card.account


def move(sandbox: SandboxProcess, part: UUID, status: str) -> None:
    """Let the partner's orders for a part stand otherwise."""
    for one in sandbox.orders(ours(part)):
        sandbox.done("POST", f"orders/{one['order_id']}", {"status": status})


def ours(part: UUID) -> str:
    return PartnerPart.objects.values_list("ours", flat=True).get(pk=part)


def ordered(sandbox: SandboxProcess, part: UUID) -> list[tuple[int, int]]:
    """Return what the partner has taken in for a part, by its own books: what, and how many."""
    lines = [line for one in sandbox.orders(ours(part)) for line in one["child_order_list"]["ae_child_order_info"]]
    return sorted((line["product_id"], line["product_count"]) for line in lines)


def letters(home: Path) -> list[str]:
    """Return the subjects of the mails that went out."""
    found = sorted((home / "mail").glob("*.eml"))
    return sorted(str(message_from_bytes(one.read_bytes(), policy=policy.default)["Subject"]) for one in found)


def assert_right(sandbox: SandboxProcess, part: UUID, account: int, home: Path) -> None:
    """One order with each seller, the whole of it paid once, each fact told once, and the books prove it."""
    assert part_stands(part) == f"delivered {PART} {LAMP}:2 {RUG}:1"
    assert ordered(sandbox, part) == [(LAMP, 2), (RUG, 1)]
    assert TheirOrder.objects.count() == 2
    assert balance(account) == CARD - OWN - PART
    assert letters(home) == [
        "Lantern has sent its part of your order p1-0001",
        "Lantern prepares its part of your order p1-0001",
        "Your order p1-0001",
    ]
    assert [f"{found.check} {found.examples}" for found in audit() if found.differences] == []


@pytest.mark.parametrize("step", PLACING)
def test_killed_while_it_places(step: str, sandbox: SandboxProcess, workers: Workers, tmp_path: Path) -> None:
    part, account = buy(sandbox)
    workers.kill_at(part, "placed", step)
    workers.finish(part, "placed")
    move(sandbox, part, "WAIT_BUYER_ACCEPT_GOODS")
    workers.finish(part, "shipped")
    move(sandbox, part, "FINISH")
    workers.finish(part, "delivered")
    assert_right(sandbox, part, account, tmp_path)


@pytest.mark.parametrize("step", LISTING)
def test_killed_while_it_finds_out(step: str, sandbox: SandboxProcess, workers: Workers, tmp_path: Path) -> None:
    """First it is killed while the partner, which has it in its books already, keeps it waiting for the answer."""
    part, account = buy(sandbox)
    sandbox.fault("timeout_after", "aliexpress.ds.order.create", seconds=20)
    worker = workers.begin(part, "placed")
    until = time.monotonic() + 20
    while len(ordered(sandbox, part)) < 2:
        assert time.monotonic() < until
        time.sleep(0.02)
    worker.kill()
    worker.communicate()
    assert part_stands(part).startswith("unknown ")
    workers.kill_at(part, "placed", step)
    workers.finish(part, "placed")
    move(sandbox, part, "WAIT_BUYER_ACCEPT_GOODS")
    workers.finish(part, "shipped")
    move(sandbox, part, "FINISH")
    workers.finish(part, "delivered")
    assert_right(sandbox, part, account, tmp_path)


@pytest.mark.parametrize("step", [*SHIPPING, *DELIVERING])
def test_killed_while_it_follows(step: str, sandbox: SandboxProcess, workers: Workers, tmp_path: Path) -> None:
    part, account = buy(sandbox)
    workers.finish(part, "placed")
    move(sandbox, part, "WAIT_BUYER_ACCEPT_GOODS")
    if step in SHIPPING:
        workers.kill_at(part, "shipped", step)
    workers.finish(part, "shipped")
    move(sandbox, part, "FINISH")
    if step in DELIVERING:
        workers.kill_at(part, "delivered", step)
    workers.finish(part, "delivered")
    assert_right(sandbox, part, account, tmp_path)


def test_there_are_twenty_steps_at_least() -> None:
    assert len({*PLACING, *LISTING, *SHIPPING, *DELIVERING}) >= 20
