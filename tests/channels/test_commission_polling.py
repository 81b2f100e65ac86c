"""Commission as a real sandbox partner states it over HTTP: polled, booked, restated, taken back; and its faults."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.base.outside import InsideTransactionError, run
from onebasket.commerce.partners.actions import polling
from onebasket.commerce.partners.actions.polling import poll_commissions
from onebasket.commerce.partners.actions.referring import follow_links
from onebasket.commerce.partners.actions.registering import set_credentials
from onebasket.commerce.partners.models import CommissionEntry, CommissionLine, Oddity, Partner, PartnerCursor, Referral
from onebasket.commerce.partners.queries.commissions_audit import audit_commissions
from onebasket.commerce.partners.queries.partners import Credentials, partner_by_code
from onebasket.commerce.partners.rules.commissions import SWEEPS
from onebasket.commerce.partners.rules.referrals import FollowLink
from tests.partnering import add_offers, make_partner
from tests.sandboxing import APP_KEY, SECRET, SandboxProcess, exchange, sandbox_process

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def sandbox(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with sandbox_process(command, tmp_path_factory.mktemp("sandbox")) as one:
        yield one


@pytest.fixture
def partner(sandbox: SandboxProcess) -> Partner:
    sandbox.done("POST", "forget", {})
    found = make_partner("lantern", gateway="iop", endpoint=sandbox.url, partner_currency="GBP", currency="GBP")
    set_credentials("lantern", Credentials(APP_KEY, SECRET), actor="tests")
    Partner.objects.filter(pk=found.id).update(options={"hosts": sandbox.url, "tracking_id": "store"})
    return Partner.objects.get(pk=found.id)


def again(partner: Partner) -> int:
    """Poll as if the time had come."""
    PartnerCursor.objects.filter(partner=partner).update(next_at=None)
    return poll_commissions(seconds=30)


def buy(sandbox: SandboxProcess, partner: Partner, click: str) -> tuple[int, str]:
    """Follow a link and buy on the partner's page; return the commission line's key and the referral's click."""
    good = sandbox.done("GET", "goods?limit=1")["goods"][0]["id"]
    offer = _offer(partner, str(good), f"{sandbox.url}/item/{good}.html")
    now = database_now()
    call = FollowLink(
        offer_id=offer, channel="shop", place_id=0, associate="", shown_at=now, serial=f"t-{click}", click=click,
        clicked_at=now,
    )  # fmt: skip
    (led,) = follow_links([call])
    assert led.address == f"{sandbox.url}/item/{good}.html?dp={click}"
    body = f"form={click:->24}&dp={click}&name=Ada&quantity=2".encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    status, headers, _ = exchange(sandbox.port, "POST", f"/item/{good}.html", body, kind)
    assert status == 303, headers
    (line,) = sandbox.done("GET", f"commissions?dp={click}")["lines"]
    return int(line["sub_order_id"]), click


def _offer(partner: Partner, reference: str, url: str) -> int:
    found = partner.offer_set.filter(reference=reference).first()
    if found:
        return int(found.pk)
    facts = partner_by_code(partner.code, at=database_now())
    assert facts is not None
    return add_offers(facts, {reference: {"url": url, "currency": "GBP"}})[reference]


def test_a_purchase_on_the_partners_page_becomes_commission_that_is_taken_back(
    sandbox: SandboxProcess, partner: Partner
) -> None:
    key, click = buy(sandbox, partner, "c1")
    assert poll_commissions(seconds=30) == len(SWEEPS)
    line = CommissionLine.objects.get()
    assert (line.key, line.standing, line.attribution, line.currency) == (str(key), "expected", "last_click", "GBP")
    assert line.commission == line.expected
    assert line.commission > 0
    lives = []
    acts = ({"do": "confirm"}, {"do": "restate", "amount": 1000, "commission": 70}, {"do": "settle"}, {"do": "refund"})
    first = line.commission
    for act in acts:
        sandbox.done("POST", f"commissions/{key}", act)
        again(partner)
        line.refresh_from_db()
        lives.append((line.standing, line.commission, Referral.objects.get(click=click).status))
    assert lives == [
        ("confirmed", first, "restated"), ("confirmed", 70, "restated"), ("settled", 70, "settled"),
        ("clawed_back", 0, "clawed_back"),
    ]  # fmt: skip
    kinds = list(CommissionEntry.objects.order_by("number").values_list("kind", flat=True))
    assert kinds == ["expected", "restated", "restated", "settled", "clawed_back"]
    assert [one for one in audit_commissions() if one.differences] == []


def test_sweeps_rest_as_they_should(sandbox: SandboxProcess, partner: Partner) -> None:
    assert poll_commissions(seconds=30) == 0
    assert poll_commissions(seconds=30) == 0
    rows = PartnerCursor.objects.filter(partner=partner, next_at__isnull=False, moved_at__isnull=False)
    rests = {row.kind: row.next_at - row.moved_at for row in rows if row.next_at and row.moved_at}
    assert rests == {sweep.kind: sweep.every for sweep in SWEEPS}
    assert set(PartnerCursor.objects.values_list("cursor", "claimed_until")) == {("", None)}


def test_many_pages_are_read_in_turns_that_go_on_where_the_last_one_stopped(
    sandbox: SandboxProcess, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.done("POST", "commissions", {"make": 230})
    monkeypatch.setattr(polling, "AT_ONCE", 100)
    counts: list[int] = []
    while (count := poll_commissions(seconds=0.001)) or not counts:
        counts.append(count)
    assert (sum(counts), CommissionLine.objects.count()) == (230 * len(SWEEPS), 230)
    assert len(counts) > 3
    assert CommissionEntry.objects.count() == 230
    assert [one for one in audit_commissions() if one.differences] == []


@pytest.mark.parametrize(
    ("fault", "told"),
    [("down", []), ("garbage", []), ("call_limit", []), ("wrong_signature", ["unauthorised"]), ("timeout_before", [])],
)
def test_a_partner_in_trouble_is_left_alone_for_a_while_and_read_then(
    sandbox: SandboxProcess, partner: Partner, monkeypatch: pytest.MonkeyPatch, fault: str, told: list[str]
) -> None:
    buy(sandbox, partner, f"c-{fault}")
    monkeypatch.setattr(polling, "CALL_SECONDS", 1.0)
    sandbox.fault(fault, "aliexpress.affiliate.order.listbyindex", times=len(SWEEPS), seconds=2)
    assert poll_commissions(seconds=30) == 0
    row = PartnerCursor.objects.get(partner=partner, kind="commission")
    assert (row.failures, row.claimed_until) == (1, None)
    assert row.next_at is not None
    assert row.next_at - database_now() > timedelta(seconds=10)
    assert list(Oddity.objects.values_list("reason", flat=True)) == told
    sandbox.done("DELETE", "faults")
    assert again(partner) == len(SWEEPS)
    assert CommissionLine.objects.count() == 1
    assert PartnerCursor.objects.get(pk=row.pk).failures == 0


def test_a_status_that_nobody_knows_waits_in_the_queue(sandbox: SandboxProcess, partner: Partner) -> None:
    key, _ = buy(sandbox, partner, "c1")
    sandbox.fault("unknown_status", "aliexpress.affiliate.order.listbyindex", times=0)
    poll_commissions(seconds=30)
    assert list(Oddity.objects.values_list("reference", "reason")) == [(str(key), "status_unknown")]
    assert CommissionLine.objects.count() == 0
    assert Referral.objects.get().status == "bought"
    sandbox.done("DELETE", "faults")
    again(partner)
    assert CommissionLine.objects.get().standing == "expected"


def test_a_partner_of_files_is_not_asked() -> None:
    make_partner("harbour", gateway="feed")
    assert poll_commissions(seconds=30) == 0
    assert PartnerCursor.objects.count() == 0


def test_nobody_is_asked_inside_a_transaction() -> None:
    with transaction.atomic(), pytest.raises(InsideTransactionError):
        poll_commissions()


def test_a_claim_that_was_lost_writes_no_cursor(sandbox: SandboxProcess, partner: Partner) -> None:
    """A worker that was away for longer than its claim leaves the cursor to the one that took over."""
    polling._meet_partners()
    claimed = run(lambda: polling._claim(["commission"]))
    assert claimed is not None
    PartnerCursor.objects.filter(pk=claimed.id).update(claimed_until=database_now() + timedelta(hours=1), cursor="1:7")
    assert polling._move(claimed, rest=None, failures=0, cursor="9:9") is None
    assert PartnerCursor.objects.get(pk=claimed.id).cursor == "1:7"


def test_every_span_of_the_sweeps_is_covered_by_the_next() -> None:
    assert [sweep.days for sweep in SWEEPS] == sorted(sweep.days for sweep in SWEEPS)
    assert SWEEPS[-1].days >= 180
