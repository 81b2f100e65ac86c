"""Catalogues read by cursor, and single offers asked for again, at a sandbox that is a process of its own."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction

from onebasket.base.clock import database_now
from onebasket.base.outside import InsideTransactionError
from onebasket.commerce.partners.actions import reading, refreshing
from onebasket.commerce.partners.actions.importing import prepare_offers
from onebasket.commerce.partners.actions.oddities import settle_odd
from onebasket.commerce.partners.actions.reading import read_catalogues
from onebasket.commerce.partners.actions.refreshing import MOST_AT_ONCE, Refreshed, refresh_offers
from onebasket.commerce.partners.models import Oddity, Offer, OfferImport, Partner, PartnerCursor
from onebasket.commerce.partners.queries.partners import gateway_account
from tests.cataloguing import (
    DETAILS,
    FEED,
    FIRST,
    goods_file,
    let_a_day_pass,
    let_in,
    partner_at,
    passes,
    read_now,
    standing,
)
from tests.gateways.serving import served, silent, trickle
from tests.partnering import add_offers, make_partner
from tests.sandboxing import SandboxProcess, sandbox_process

GOODS = 130
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def running(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    options = ("--no-own-goods", "--goods", str(goods_file(folder, GOODS)))
    with sandbox_process(command, folder, *options) as found:
        yield found


@pytest.fixture
def sandbox(running: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> SandboxProcess:
    """Return the sandbox with its goods as they were, and no partner that is left alone."""
    monkeypatch.setattr(refreshing, "_PATIENCE", refreshing._Patience())
    running.done("POST", "forget", {})
    for number in range(5):
        running.done("POST", f"goods/{FIRST + number}", {"price": 200 + number, "stock": 10, "gone": False})
    return running


def change(sandbox: SandboxProcess, number: int, **more: Any) -> None:
    """Change one of the goods at the partner."""
    sandbox.done("POST", f"goods/{FIRST + number}", more)


def kept(number: int) -> Offer:
    """Return an offer as it is kept."""
    return Offer.objects.get(reference=str(FIRST + number))


def identity(number: int) -> int:
    """Return an offer's id."""
    return int(kept(number).pk)


def test_a_catalogue_is_read_whole_and_then_what_changes(sandbox: SandboxProcess) -> None:
    partner_at(sandbox)
    assert read_catalogues() == 3
    assert standing() == (GOODS, 0, [])
    assert passes() == [("done", GOODS, GOODS, 0, 0)]
    offer = kept(7)
    assert (offer.title, offer.price, offer.currency, offer.stock) == ("Thing 7", 207, "GBP", 10)
    assert read_catalogues() == 0  # it rests
    change(sandbox, 0, price=199)
    change(sandbox, 1, gone=True)
    assert read_now() == 1
    assert (kept(0).price, kept(1).gone, standing()) == (199, True, (GOODS - 1, 1, []))
    assert len(passes()) == 1
    change(sandbox, 1, gone=False)
    read_now()
    assert standing() == (GOODS, 0, [])


def test_what_a_whole_pass_does_not_show_any_more_ends(sandbox: SandboxProcess) -> None:
    partner = partner_at(sandbox)
    read_catalogues()
    add_offers(partner, {"99": {"currency": "GBP"}})
    other = make_partner("harbour", gateway="feed")
    add_offers(other, {"99": {}})
    let_a_day_pass()
    assert read_catalogues() == 3
    assert standing() == (GOODS + 1, 1, [])
    assert Offer.objects.get(partner_id=partner.id, reference="99").gone
    assert not Offer.objects.get(partner_id=other.id, reference="99").gone
    assert passes()[1] == ("done", GOODS, 0, 0, 1)


def test_more_than_a_fifth_do_not_end_at_once_before_a_person_says_so(sandbox: SandboxProcess) -> None:
    partner = partner_at(sandbox)
    add_offers(partner, {str(number): {"currency": "GBP"} for number in range(GOODS + 1)})
    Offer.objects.update(seen_at=database_now() - timedelta(days=1))
    read_catalogues()
    assert standing() == (2 * GOODS + 1, 0, ["many_gone"])
    settle_odd(Oddity.objects.get().pk, actor="ada", note="They gave up lamps.")
    let_a_day_pass()
    read_catalogues()
    assert standing() == (GOODS, GOODS + 1, [])


def test_a_cursor_that_repeats_is_told_and_read_on_later(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner_at(sandbox)
    with monkeypatch.context() as patched:  # the turn's clock goes on by a second whenever somebody looks at it
        patched.setattr(reading, "time", SimpleNamespace(monotonic=count().__next__))
        assert read_catalogues(seconds=1.5) == 1
    sandbox.fault("cursor_repeat", FEED)
    assert read_catalogues() == 1
    (row,) = PartnerCursor.objects.all()
    assert (row.failures, row.claimed_until, standing()[2]) == (1, None, ["cursor_repeats"])
    assert row.next_at is not None
    assert row.next_at > database_now()
    read_now()
    assert standing() == (GOODS, 0, ["cursor_repeats"])
    assert passes()[0][0] == "done"
    assert PartnerCursor.objects.get().failures == 0


def test_a_cursor_that_repeats_for_ever_ends_the_pass_and_no_offer(sandbox: SandboxProcess) -> None:
    partner = partner_at(sandbox)
    add_offers(partner, {"99": {"currency": "GBP"}})
    sandbox.fault("cursor_repeat", FEED, times=0)
    for _ in range(5):
        read_now()
    assert passes()[0][0] == "failed"
    assert PartnerCursor.objects.get().since is None
    sandbox.done("DELETE", "faults")
    Offer.objects.filter(reference="99").update(seen_at=database_now() - timedelta(days=1))
    read_now()
    assert passes()[1][0] == "done"
    assert standing() == (GOODS, 1, ["cursor_repeats"])


def test_a_cursor_that_skips_ends_nothing_and_is_read_whole_again(sandbox: SandboxProcess) -> None:
    partner_at(sandbox)
    read_catalogues()
    let_a_day_pass()
    sandbox.fault("cursor_skip", FEED)
    read_catalogues()
    assert standing() == (GOODS, 0, ["cursor_skips"])
    assert [one[0] for one in passes()] == ["done", "failed"]
    assert passes()[1][1] < GOODS
    read_now()
    assert standing() == (GOODS, 0, ["cursor_skips"])
    assert passes()[2] == ("done", GOODS, 0, 0, 0)


@pytest.mark.parametrize("fault", ["down", "garbage", "timeout_before", "call_limit", "wrong_signature"])
@pytest.mark.parametrize("method", [FEED, DETAILS])
def test_a_partner_that_fails_is_asked_again_later(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch, fault: str, method: str
) -> None:
    monkeypatch.setattr(reading, "CALL_SECONDS", 1.0)
    partner_at(sandbox)
    sandbox.fault(fault, method, seconds=1)
    assert read_catalogues() == 0
    row = PartnerCursor.objects.get()
    assert (row.failures, row.claimed_until, row.cursor) == (1, None, "")
    assert standing() == (0, 0, ["unauthorised"] if fault == "wrong_signature" else [])
    assert read_catalogues() == 0
    read_now()
    assert standing()[0] == GOODS


def test_what_lasts_is_told_once(sandbox: SandboxProcess) -> None:
    partner_at(sandbox)
    sandbox.fault("down", FEED, times=0)
    for _ in range(6):
        read_now()
    (odd,) = Oddity.objects.all()
    assert (odd.kind, odd.times) == ("catalogue", 2)
    assert PartnerCursor.objects.get().failures == 6


def test_a_cursor_that_the_partner_forgot_is_given_up(sandbox: SandboxProcess) -> None:
    partner_at(sandbox)
    read_catalogues()
    PartnerCursor.objects.update(cursor="of yesteryear")
    for _ in range(6):
        read_now()
    assert [one[0] for one in passes()] == ["done", "done"]


def test_renewed_tokens_are_kept(sandbox: SandboxProcess) -> None:
    partner = partner_at(sandbox)
    sandbox.fault("token_expired", FEED)
    before = gateway_account(partner.id)[1].tokens
    assert read_catalogues() == 3
    after = gateway_account(partner.id)[1].tokens
    assert after.access not in {"", before.access}
    assert after.refresh != before.refresh
    assert Partner.objects.get(pk=partner.id).tokens_until == after.access_until


def test_a_catalogue_is_read_by_one_at_a_time(sandbox: SandboxProcess) -> None:
    partner_at(sandbox)
    sandbox.fault("slow", FEED, seconds=1)
    pages: list[int] = []

    def read() -> None:
        try:
            pages.append(read_catalogues())
        finally:
            connection.close()

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(pages) == [0, 0, 3]
    assert standing() == (GOODS, 0, [])


def test_who_lost_the_claim_writes_nothing(sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was held up for longer than its claim must not move the cursor that another one moves."""
    partner_at(sandbox)

    def taken(*arguments: Any, **more: Any) -> Any:
        PartnerCursor.objects.update(claimed_until=database_now() + timedelta(minutes=5))
        return prepare_offers(*arguments, **more)

    monkeypatch.setattr(reading, "prepare_offers", taken)
    assert read_catalogues() == 0
    assert standing() == (0, 0, [])
    assert PartnerCursor.objects.get().cursor == ""


def test_a_claim_of_a_worker_that_is_gone_runs_out(sandbox: SandboxProcess) -> None:
    partner_at(sandbox)
    read_catalogues(seconds=-1)
    PartnerCursor.objects.update(claimed_until=database_now() + timedelta(seconds=60))
    assert read_catalogues() == 0
    PartnerCursor.objects.update(claimed_until=database_now())
    assert read_catalogues() == 3


def test_partners_without_a_catalogue_or_at_rest_are_not_read(sandbox: SandboxProcess) -> None:
    make_partner("harbour", gateway="feed")
    partner = partner_at(sandbox)
    Partner.objects.filter(pk=partner.id).update(active=False)
    assert read_catalogues() == 0
    assert not PartnerCursor.objects.exists()
    Partner.objects.filter(pk=partner.id).update(active=True, options={"without": "catalogue"})
    assert read_catalogues() == 0
    assert not PartnerCursor.objects.exists()


def test_nobody_is_asked_inside_a_transaction(sandbox: SandboxProcess) -> None:
    del sandbox
    with transaction.atomic(), pytest.raises(InsideTransactionError):
        read_catalogues()
    with transaction.atomic(), pytest.raises(InsideTransactionError):
        refresh_offers([1])


def test_single_offers_are_asked_for_again(sandbox: SandboxProcess) -> None:
    partner_at(sandbox)
    read_catalogues()
    hours = database_now() - timedelta(hours=9)
    Offer.objects.update(stated_at=hours)
    change(sandbox, 0, price=231)
    change(sandbox, 1, gone=True)
    ids = [identity(number) for number in range(3)]
    assert refresh_offers(ids) == Refreshed(3, 2, frozenset())
    assert [(kept(n).price, kept(n).gone) for n in range(3)] == [(231, False), (201, True), (202, False)]
    assert all(kept(n).stated_at > hours + timedelta(hours=8) for n in range(3))
    assert kept(3).stated_at == hours
    assert refresh_offers([]) == Refreshed(0, 0, frozenset())
    unknown = max(Offer.objects.values_list("id", flat=True)) + 1
    assert refresh_offers([unknown]) == Refreshed(0, 0, frozenset({unknown}))


@pytest.mark.parametrize("fault", ["down", "garbage", "slow", "timeout_before", "call_limit"])
def test_a_partner_that_does_not_answer_is_silent_and_what_is_kept_stays(sandbox: SandboxProcess, fault: str) -> None:
    partner_at(sandbox)
    read_catalogues()
    change(sandbox, 0, price=231)
    sandbox.fault(fault, DETAILS, seconds=5)
    one = identity(0)
    began = time.monotonic()
    assert refresh_offers([one], seconds=0.7) == Refreshed(1, 0, frozenset({one}))
    assert time.monotonic() - began < 1.3
    assert kept(0).price == 200
    began = time.monotonic()
    assert refresh_offers([one]) == Refreshed(0, 0, frozenset({one}))  # left alone for a while
    assert time.monotonic() - began < 0.2


def test_a_partner_of_files_is_silent(sandbox: SandboxProcess) -> None:
    del sandbox
    ids = add_offers(make_partner("harbour", gateway="feed"), {"lamp": {}})
    assert refresh_offers(ids.values()) == Refreshed(0, 0, frozenset(ids.values()))


def test_a_slow_partner_keeps_no_other_from_being_asked(sandbox: SandboxProcess) -> None:
    partner_at(sandbox)
    read_catalogues()
    change(sandbox, 0, price=231)
    with served(trickle(b"x" * 1000)) as slow:
        tardy = make_partner("tardy", gateway="iop", endpoint=slow.url)
        let_in(sandbox, "tardy")
        late = add_offers(tardy, {"77": {}})["77"]
        began = time.monotonic()
        assert refresh_offers([identity(0), late], seconds=1.0) == Refreshed(2, 1, frozenset({late}))
        assert time.monotonic() - began < 1.8
    assert kept(0).price == 231


@pytest.mark.parametrize("most", [MOST_AT_ONCE, 100])
def test_few_ask_a_slow_partner_at_once(sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Every request of the shop would else wait for it, as the control does, and the grocer's own pages with them."""
    monkeypatch.setattr(refreshing, "MOST_AT_ONCE", most)
    with served(silent(3)) as slow:
        tardy = make_partner("tardy", gateway="iop", endpoint=slow.url)
        let_in(sandbox, "tardy")
        late = add_offers(tardy, {"77": {}})["77"]
        times: list[float] = []

        def ask() -> None:
            began = time.monotonic()
            try:
                refresh_offers([late], seconds=1.5)
            finally:
                connection.close()
            times.append(time.monotonic() - began)

        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    waited = sum(took > 1.2 for took in times)
    assert waited
    assert (waited <= MOST_AT_ONCE) is (most == MOST_AT_ONCE)


def test_a_partner_that_is_not_there_costs_nothing(sandbox: SandboxProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    partner = make_partner("gone", gateway="iop", endpoint=url)
    let_in(sandbox, "gone")
    ids = add_offers(partner, {"1": {}})
    assert refresh_offers(ids.values()) == Refreshed(1, 0, frozenset(ids.values()))
    assert OfferImport.objects.count() == 0
