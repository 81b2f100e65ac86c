"""The commission ledger on the database: appended, exact, credited with a reason, and odd things told."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onebasket.base.audit import Finding
from onebasket.base.models import Event
from onebasket.base.subscriptions import Heard
from onebasket.channels.workers.parting import lower_commission
from onebasket.commerce.partners.actions.commissions import MOST_ODD, Booked, book_commissions, note_returns
from onebasket.commerce.partners.actions.referring import follow_links
from onebasket.commerce.partners.models import (
    CommissionEntry,
    CommissionLine,
    Oddity,
    Partner,
    PartnerPart,
    PartnerPartLine,
    Referral,
)
from onebasket.commerce.partners.queries.commissions_audit import audit_commissions
from onebasket.commerce.partners.rules.messages import PartReturnNews
from onebasket.commerce.partners.rules.partners import CommissionTermItem, PartnerFacts
from onebasket.commerce.partners.rules.port import CommissionStated
from onebasket.commerce.partners.rules.referrals import FollowLink
from onebasket.kernel.identity import new_id
from tests.partnering import add_offers, make_partner

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PAID, SETTLED, INVALID = "Payment Completed", "Completed Settlement", "Invalid"


@pytest.fixture
def partner() -> PartnerFacts:
    terms = (CommissionTermItem(70_000), CommissionTermItem(100_000, "Home"))
    found = make_partner(commission=terms)
    Partner.objects.filter(pk=found.id).update(options={"hosts": "lantern.example"})
    add_offers(found, {"lamp": {"category": "Home > Lighting"}, "loom": {}})
    return found


def click(partner: PartnerFacts, name: str, *, hours: int = 0, offer: str = "loom") -> Referral:
    """Have a shopper follow a link: the referral is named by its click."""
    at = AT + timedelta(hours=hours)
    call = FollowLink(
        offer_id=add_offers_id(partner, offer), channel="kiosk", place_id=0, associate="paula", shown_at=at,
        serial=f"ticket-{name}", click=name, clicked_at=at,
    )  # fmt: skip
    assert follow_links([call])[0].address
    return Referral.objects.get(click=name)


def add_offers_id(partner: PartnerFacts, reference: str) -> int:
    return int(Partner.objects.get(pk=partner.id).offer_set.get(reference=reference).pk)


def stated(
    key: str = "1", status: str = PAID, commission: int = 70, minutes: int = 60, **more: Any
) -> CommissionStated:
    told: dict[str, Any] = {"order": "o1", "currency": "USD", "amount": 1000, "reference": "loom"}
    told["bought_at"] = AT + timedelta(hours=1)
    return CommissionStated(
        key=key, status=status, commission=commission, changed_at=AT + timedelta(minutes=minutes), **(told | more)
    )


def line(key: str = "1") -> CommissionLine:
    return CommissionLine.objects.get(key=key)


def entries(key: str = "1") -> list[tuple[int, str, int]]:
    rows = CommissionEntry.objects.filter(key=key).order_by("number")
    return list(rows.values_list("number", "kind", "change"))


def faults() -> list[Finding]:
    return [one for one in audit_commissions() if one.differences]


def odd() -> list[tuple[str, str]]:
    return list(Oddity.objects.order_by("reference", "reason").values_list("reference", "reason"))


def test_a_referrals_life_from_click_to_clawback(partner: PartnerFacts) -> None:
    referral = click(partner, "c1")
    lives = []
    for one in (
        stated(click="c1"),
        stated(click="c1"),
        stated(click="c1", commission=69, minutes=70),
        stated(click="c1", status=SETTLED, commission=69, minutes=80),
        stated(click="c1", status=INVALID, commission=0, minutes=90, reason="FullRefund"),
    ):
        book_commissions(partner.id, [one])
        referral.refresh_from_db()
        lives.append(referral.status)
    assert lives == ["expected", "expected", "restated", "settled", "clawed_back"]
    assert entries() == [(1, "expected", 70), (2, "restated", -1), (3, "settled", 0), (4, "clawed_back", -69)]
    assert (line().commission, line().standing, line().referral_id) == (0, "clawed_back", referral.pk)
    assert (line().attribution, line().entries) == ("last_click", 4)
    assert (referral.bought_at, referral.ended_at is not None) == (AT + timedelta(hours=1), True)
    assert referral.reason == {"why": "last_click", "order": "o1", "looked_at": {"c1": "last_click"}}
    assert odd() == []
    assert faults() == []
    told = list(Event.objects.filter(type__in=["referral.bought", "commission.changed"]).order_by("id"))
    assert [(one.type, one.subject) for one in told[:2]] == [
        ("commission.changed", "commission/lantern/1"), ("referral.bought", f"referral/{referral.pk}"),
    ]  # fmt: skip
    said = [json.loads(one.data) for one in told]
    assert [one["change"] for one in said if "change" in one] == [70, -1, 0, -69]
    assert said[1] == {
        "referral": str(referral.pk), "partner": "lantern", "offer": "loom", "channel": "kiosk", "place": "",
        "status": "expected", "order": "o1", "reason": "last_click",
    }  # fmt: skip


def test_the_same_again_changes_nothing(partner: PartnerFacts) -> None:
    click(partner, "c1")
    every = [stated(str(number), click="c1") for number in range(5)]
    assert book_commissions(partner.id, [*every, *every]) == Booked(5, 0, 5, 0)
    before = Event.objects.count()
    assert book_commissions(partner.id, every) == Booked(0, 0, 5, 0)
    assert (CommissionEntry.objects.count(), Event.objects.count()) == (5, before)


def test_an_older_statement_that_comes_late_changes_nothing(partner: PartnerFacts) -> None:
    assert book_commissions(partner.id, [stated(status=SETTLED, minutes=90)]).created == 1
    assert book_commissions(partner.id, [stated(minutes=60)]) == Booked(0, 0, 1, 0)
    assert entries() == [(1, "settled", 70)]


def test_a_statement_from_the_future_bars_no_later_one(partner: PartnerFacts) -> None:
    """It counts as one from now; what is more than a day ahead is told."""
    now = AT + timedelta(days=1)
    near, far = stated(minutes=2 * 24 * 60 - 1), stated("2", minutes=60 * 24 * 365)
    click(partner, "c1")
    booked = book_commissions(
        partner.id, [msgspec.structs.replace(one, click="c1") for one in (near, far)], now=now
    )  # fmt: skip
    assert booked == Booked(2, 0, 0, 1)
    assert [line(key).stated_at for key in "12"] == [now, now]
    assert odd() == [("2", "stated_ahead")]
    assert json.loads(Oddity.objects.get().content)["changed_at"] == "2027-03-02T12:00:00Z"
    later = [stated(key, INVALID, minutes=24 * 60 + 5) for key in "12"]
    book_commissions(partner.id, later, now=now + timedelta(hours=1))
    assert [line(key).standing for key in "12"] == ["clawed_back", "clawed_back"]


def test_a_line_that_was_stated_in_the_future_moves_on(partner: PartnerFacts) -> None:
    book_commissions(partner.id, [stated()])
    CommissionLine.objects.update(stated_at=datetime(2200, 1, 1, tzinfo=UTC))
    book_commissions(partner.id, [stated(status=INVALID, minutes=120)])
    assert (line().standing, line().stated_at) == ("clawed_back", AT + timedelta(minutes=120))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, "no_click"),
        ({"click": "nobody's"}, "unknown_click"),
        ({"click": "z"}, "other_partner"),
        ({"click": "c1", "bought_at": AT - timedelta(hours=1)}, "bought_before_click"),
        ({"click": "c1", "bought_at": AT + timedelta(days=4)}, "too_late"),
        ({"ours": "part-of-nobody"}, "unknown_part"),
    ],
)
def test_what_is_credited_to_nobody_is_booked_and_told(partner: PartnerFacts, more: dict[str, Any], why: str) -> None:
    click(partner, "c1")
    other = make_partner("harbour")
    Partner.objects.filter(pk=other.id).update(options={"hosts": "harbour.example"})
    add_offers(other, {"loom": {}})
    click(other, "z")
    assert book_commissions(partner.id, [stated(**more)]) == Booked(1, 0, 0, 1)
    assert (line().attribution, line().referral_id, line().commission) == (why, None, 70)
    assert odd() == [("1", why)]
    assert set(Referral.objects.values_list("status", flat=True)) == {"clicked"}
    assert faults() == []


def test_a_click_that_was_booked_later_is_found_by_the_same_statement(partner: PartnerFacts) -> None:
    """The click waited in the spool while the partner's statement came."""
    one = stated(click="c1")
    book_commissions(partner.id, [one])
    assert line().attribution == "unknown_click"
    referral = click(partner, "c1")
    assert book_commissions(partner.id, [one]) == Booked(0, 0, 1, 0)
    assert (line().attribution, line().referral_id) == ("last_click", referral.pk)
    referral.refresh_from_db()
    assert referral.status == "expected"
    assert entries() == [(1, "expected", 70)]


def test_the_last_of_several_clicks_is_credited(partner: PartnerFacts) -> None:
    one, two = f"{1:032x}", f"{2:032x}"
    click(partner, one)
    last = click(partner, two, hours=2)
    book_commissions(partner.id, [stated(click=f"{two},{one}", bought_at=AT + timedelta(hours=3), minutes=300)])
    assert (line().referral_id, line().attribution) == (last.pk, "last_of_several")
    book_commissions(partner.id, [stated("2", click=two, order="o2", bought_at=AT + timedelta(hours=4), minutes=300)])
    assert line("2").attribution == "bought_again"


def test_words_and_currencies_that_nobody_knows_wait(partner: PartnerFacts) -> None:
    referral = click(partner, "c1")
    assert book_commissions(
        partner.id, [stated(status="QUANTUM_HOLD", click="c1"), stated("2", currency="XQQ"), stated("3")]
    ) == Booked(1, 0, 0, 3)  # fmt: skip
    assert odd() == [("1", "status_unknown"), ("2", "currency_unknown"), ("3", "no_click")]
    assert "QUANTUM_HOLD" in Oddity.objects.get(reference="1").content
    assert list(CommissionLine.objects.values_list("key", flat=True)) == ["3"]
    referral.refresh_from_db()
    assert referral.status == "bought"
    book_commissions(partner.id, [stated(click="c1", minutes=70)])
    referral.refresh_from_db()
    assert referral.status == "expected"
    assert Event.objects.filter(type="referral.bought").count() == 1


@pytest.mark.parametrize("name", ["order", "click", "ours", "reference", "reason"])
def test_what_no_database_keeps_stops_no_other(partner: PartnerFacts, name: str) -> None:
    broken: CommissionStated = msgspec.structs.replace(stated(status="QUANTUM_HOLD"), **{name: "a\x00b"})
    assert book_commissions(partner.id, [broken, stated("2")]) == Booked(1, 0, 0, 2)
    assert odd() == [("1", "text_odd"), ("2", "no_click")]


def test_a_line_in_another_currency_than_before_stays(partner: PartnerFacts) -> None:
    book_commissions(partner.id, [stated()])
    assert book_commissions(partner.id, [stated(currency="GBP", minutes=70)]).odd == 1
    assert (line().currency, line().commission, line().entries) == ("USD", 70, 1)
    assert faults() == []


def test_what_does_not_tie_to_the_agreement_is_told(partner: PartnerFacts) -> None:
    click(partner, "c1")
    book_commissions(partner.id, [stated(click="c1", reference="lamp"), stated("2", click="c1")])
    assert [(line(key).expected, line(key).category) for key in ("1", "2")] == [(100, "Home > Lighting"), (70, "")]
    assert odd() == [("1", "commission_differs")]
    assert Oddity.objects.get().explanation == "Stated 70, by our agreement 100, on 1000 USD."


def test_before_any_agreement_nothing_is_expected(partner: PartnerFacts) -> None:
    early = datetime(2019, 12, 31, tzinfo=UTC)
    book_commissions(partner.id, [stated(bought_at=early)])
    assert line().expected is None
    assert ("1", "no_agreement") in odd()


def test_many_oddities_of_a_kind_are_told_as_a_number(partner: PartnerFacts) -> None:
    book_commissions(partner.id, [stated(str(number)) for number in range(MOST_ODD + 30)])
    assert Oddity.objects.count() == MOST_ODD + 1
    assert "And 30 more lines" in Oddity.objects.get(reference="").explanation
    assert CommissionLine.objects.filter(attribution="no_click").count() == MOST_ODD + 30


def _part(partner: PartnerFacts) -> PartnerPart:
    part = PartnerPart.objects.create(
        id=new_id(), order_id=new_id(), number=1, partner_id=partner.id, place_id=partner.place_id, agreement_id=1,
        merchant="agent", ours="part-1", channel="shop", associate="", status="placed", currency="USD", total=3000,
        cost=3000, cost_currency="USD", opened_at=AT, changed_at=AT,
    )  # fmt: skip
    PartnerPartLine.objects.create(
        part=part, number=1, offer_id=1, reference="lamp", title="Lamp", category="Home", quantity=3, unit_amount=1000,
        amount=3000, unit_cost=1000, commission_rate=80_000, exchange_billionths=10**9, stated_at=AT,
    )  # fmt: skip
    return part


def _returned(part: PartnerPart) -> Heard:
    """Return the news that goods of a part came back; what came back stands in its lines."""
    told = PartReturnNews(
        number="P-1", part=str(part.pk), order=str(part.order_id), partner="lantern", place="p1", merchant="agent",
        owner="partner", currency="USD", total=1000, tax_total=0, claim=1000, claim_currency="USD", commission=80,
        lines=[(1, "lamp", 1, 1000)],
    )  # fmt: skip
    return Heard(new_id(), 1, "part.returned", f"part/{part.pk}", "p1", AT, msgspec.json.encode(told).decode(), 1)


def test_a_parts_commission_is_expected_by_what_was_agreed_when_it_was_bought(partner: PartnerFacts) -> None:
    part = _part(partner)
    book_commissions(partner.id, [stated(ours="part-1", reference="lamp", amount=3000, commission=240)])
    assert (line().part_id, line().attribution, line().expected) == (part.pk, "own_part", 240)
    assert (odd(), faults()) == ([], [])
    PartnerPartLine.objects.update(returned=1)
    lower_commission([_returned(part)])
    assert (line().expected, line().commission) == (160, 240)
    assert odd() == [("1", "returned")]
    assert note_returns([part.pk]) == 0
    again = stated(ours="part-1", reference="lamp", amount=2000, commission=160, minutes=90, reason="PartRefund")
    book_commissions(partner.id, [again])
    assert (line().expected, line().commission) == (160, 160)


def test_the_audit_finds_a_line_that_does_not_add_up(partner: PartnerFacts) -> None:
    """The negative control of the ledger's exactness."""
    click(partner, "c1")
    book_commissions(partner.id, [stated(click="c1"), stated("2")])
    assert faults() == []
    CommissionLine.objects.filter(key="1").update(commission=71)
    CommissionEntry.objects.filter(key="2").delete()
    Referral.objects.update(status="clicked")
    assert [(one.check, one.differences) for one in faults()] == [
        ("partners.commission", 2), ("partners.referrals", 1),
    ]  # fmt: skip
    Referral.objects.all().delete()
    assert ("partners.credited", 1) in [(one.check, one.differences) for one in faults()]


def test_many_lines_take_as_few_statements_as_few(partner: PartnerFacts) -> None:
    for number in range(40):
        click(partner, f"c{number}")
    book_commissions(partner.id, [stated()])
    counts = []
    for size in (2, 35):
        every = [stated(f"{size}-{number}", click=f"c{number}", order=f"{size}-{number}") for number in range(size)]
        with CaptureQueriesContext(connection) as asked:
            book_commissions(partner.id, every)
        counts.append(len(asked))
    assert counts[0] == counts[1]


histories = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([PAID, SETTLED, INVALID]), st.integers(0, 500)),
    min_size=1,
    max_size=14,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(history=histories, seed=st.integers(0, 2**16), size=st.integers(1, 6))
def test_in_any_order_and_batches_every_line_ends_in_the_newest(
    partner: PartnerFacts, history: list[tuple[int, str, int]], seed: int, size: int
) -> None:
    for table in (CommissionEntry, CommissionLine, Referral):
        table.objects.all().delete()
    click(partner, "c1")
    every = [
        stated(str(key), status, commission, minutes, click="c1")
        for minutes, (key, status, commission) in enumerate(history)
    ]
    sent = every + every[: len(every) // 2]
    random.Random(seed).shuffle(sent)  # noqa: S311 - no secret
    for start in range(0, len(sent), size):
        book_commissions(partner.id, sent[start : start + size])
    _assert_newest(every)


def _assert_newest(every: Sequence[CommissionStated]) -> None:
    newest = {one.key: one for one in every}
    stand = {row.key: (row.status, row.commission) for row in CommissionLine.objects.all()}
    assert stand == {
        key: (one.status, 0 if one.status == INVALID else one.commission) for key, one in newest.items()
    }  # fmt: skip
    assert faults() == []
