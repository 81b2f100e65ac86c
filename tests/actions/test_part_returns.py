"""A partner's goods brought back over a counter: paid back once by the right owner, never more than was sent."""

import threading
from collections.abc import Sequence
from datetime import date, timedelta
from importlib import import_module
from uuid import UUID

import msgspec
import pytest
from django.apps import apps
from django.db import connection, connections

from onebasket.base.clock import database_now
from onebasket.base.models import Event
from onebasket.commerce.partners.actions import returning
from onebasket.commerce.partners.actions.registering import upsert_agreements
from onebasket.commerce.partners.actions.returning import PartReturnCall, accept_part_returns, preview_part_return
from onebasket.commerce.partners.models import Agreement, PartnerPart, PartnerPartLine, PartnerReturn
from onebasket.commerce.partners.queries.audit import audit_partners
from onebasket.commerce.partners.queries.partners import all_partners, partners_by_id
from onebasket.commerce.partners.rules.partners import AgreementItem, Merchant, PartnerFacts
from onebasket.commerce.partners.rules.returns import (
    PartBackLine,
    PartReturnAccepted,
    PartReturnConflict,
    PartReturnOutcome,
    PartReturnRefused,
    PartReturnRequest,
    Returned,
    SoldNow,
)
from onebasket.commerce.payments.models import Payment
from onebasket.commerce.stock.models import Movement
from onebasket.kernel.identity import new_id
from tests.builders import make_chain
from tests.dropshipping import Platform, deliver_part, drive, follow, hear, make_platform, part_stands, sell_part
from tests.paying import Pay, balance, gift_card, stands

pytestmark = pytest.mark.django_db(transaction=True)
RACERS = 8


@pytest.fixture
def source() -> int:
    return make_chain()


@pytest.fixture
def there(source: int) -> Platform:
    return Platform(prices={"lamp": 1000, "rug": 2500})


@pytest.fixture
def partner(there: Platform, monkeypatch: pytest.MonkeyPatch) -> PartnerFacts:
    return make_platform(there, monkeypatch)


def asked(part: UUID, *lines: tuple[int, int], key: str = "r1", **more: object) -> PartReturnRequest:
    back = tuple(PartBackLine(*line) for line in lines or [(1, 1)])
    return PartReturnRequest(key, "p1", "anna", part, back, **more)  # type: ignore[arg-type]


def take(source: int, request: PartReturnRequest, places: Sequence[str] | None = None) -> PartReturnOutcome:
    call = PartReturnCall(source, request, None if places is None else frozenset(places))
    (outcome,) = accept_part_returns([call])
    return outcome


def code(outcome: PartReturnOutcome) -> str:
    return outcome.code if isinstance(outcome, PartReturnRefused) else outcome.__class__.__name__


def returned(part: UUID) -> list[int]:
    return list(PartnerPartLine.objects.filter(part=part).order_by("number").values_list("returned", flat=True))


def test_goods_come_back_and_money_goes_back(source: int, there: Platform, partner: PartnerFacts) -> None:
    card = gift_card(source, 5000)
    part = sell_part(partner, {"lamp": 3}, Pay("gift_card", 3000, card.account))
    deliver_part(there, part)
    assert balance(card) == 2000
    before = Movement.objects.count()
    outcome = take(source, asked(part, (1, 2), reason="too bright"))
    assert isinstance(outcome, PartReturnAccepted)
    assert (outcome.total, outcome.owner, [(one.kind, one.amount) for one in outcome.tenders]) == (
        2000, "partner", [("gift_card", 2000)],
    )  # fmt: skip
    assert balance(card) == 4000
    assert returned(part) == [2]
    (row,) = PartnerReturn.objects.all()
    assert (row.amount, row.owner, row.claim, row.claim_currency, row.commission, row.disposition, row.why) == (
        2000, "partner", 2000, "USD", 140, "good", "too bright",
    )  # fmt: skip
    assert row.reason["rule"] == "the partner sold it, on its account"
    assert row.number == outcome.number
    # They are the partner's: nothing of our stock moves.
    assert Movement.objects.count() == before
    hear()
    assert [found.check for found in audit_partners() if found.differences] == []


def test_the_same_key_is_the_same_return(source: int, there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {"lamp": 3})
    deliver_part(there, part)
    first = take(source, asked(part, (1, 2)))
    assert isinstance(first, PartReturnAccepted)
    assert take(source, asked(part, (1, 2))) == first
    assert isinstance(take(source, asked(part, (1, 1))), PartReturnConflict)
    assert returned(part) == [2]
    (payment,) = Payment.objects.filter(order_id=part)
    assert stands(payment.pk) == "invoice captured due 3000 authorised 3000 captured 3000 refunded 2000"
    assert Event.objects.filter(type="part.returned").count() == 1


def test_no_more_comes_back_than_was_sent(source: int, there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {"lamp": 3})
    deliver_part(there, part)
    assert code(take(source, asked(part, (1, 2)))) == "PartReturnAccepted"
    assert code(take(source, asked(part, (1, 2), key="r2"))) == "too_much"
    assert code(take(source, asked(part, (1, 1), key="r3"))) == "PartReturnAccepted"
    assert code(take(source, asked(part, (1, 1), key="r4"))) == "too_much"
    assert returned(part) == [3]
    assert PartnerReturn.objects.count() == 2


def test_a_principal_claims_from_the_partner(there: Platform, source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    partner = make_platform(there, monkeypatch, merchant=Merchant.PRINCIPAL, markup=100_000, counter_returns=False)
    part = sell_part(partner, {"lamp": 2})
    deliver_part(there, part)
    outcome = take(source, asked(part, (1, 1)))
    assert isinstance(outcome, PartReturnAccepted)
    assert (outcome.total, outcome.owner, outcome.lines[0].claim, outcome.lines[0].commission) == (
        1100,
        "chain",
        1000,
        0,
    )


def test_what_the_agreement_leaves_to_the_partner_is_not_taken(
    there: Platform, source: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = make_platform(there, monkeypatch, counter_returns=False)
    part = sell_part(partner, {"lamp": 2})
    deliver_part(there, part)
    assert code(take(source, asked(part))) == "at_partner"
    assert returned(part) == [0]
    now = database_now()
    assert [one.agreement and one.agreement.counter_returns for one in all_partners(at=now)] == [False]
    assert all_partners(at=now) == list(partners_by_id([partner.id], at=now).values())


def test_an_agreement_that_is_restated_changes_nothing_of_what_was_sold(
    source: int, there: Platform, partner: PartnerFacts
) -> None:
    sold = sell_part(partner, {"lamp": 2})
    deliver_part(there, sold)
    PartnerPart.objects.update(delivered_at=database_now() - timedelta(days=20))
    restated = AgreementItem(
        key="a2", partner="lantern", starts_on=date(2020, 1, 1), currency="USD", merchant=Merchant.AGENT,
        return_days=7, counter_returns=False,
    )  # fmt: skip
    assert upsert_agreements(source, [restated])[0].outcome == "updated"
    assert code(take(source, asked(sold))) == "PartReturnAccepted"
    (now_known,) = partners_by_id([partner.id], at=database_now()).values()
    later = sell_part(now_known, {"lamp": 1})
    deliver_part(there, later)
    assert code(take(source, asked(later, key="r2"))) == "at_partner"
    assert (
        upsert_agreements(source, [msgspec.structs.replace(restated, key="a3", counter_returns=True)])[0].outcome
        == "updated"
    )
    assert code(take(source, asked(later, key="r3"))) == "at_partner"
    row = PartnerPart.objects.get(pk=later)
    assert (row.return_days, row.counter_returns) == (7, False)


def test_parts_of_before_have_the_terms_of_their_agreement(partner: PartnerFacts) -> None:
    """What the migration writes into parts that were sold before parts kept their terms."""
    known, unknown = sell_part(partner, {"lamp": 1}), sell_part(partner, {"lamp": 1})
    Agreement.objects.update(return_days=5, counter_returns=False)
    PartnerPart.objects.filter(pk=unknown).update(agreement_id=999_999)
    migration = import_module("onebasket.commerce.partners.migrations.0004_parts_sold_before")
    with connection.schema_editor() as editor:
        migration.copy_terms(apps, editor)
    terms = dict(PartnerPart.objects.values_list("pk", "return_days"))
    assert terms == {known: 5, unknown: 30}
    assert dict(PartnerPart.objects.values_list("pk", "counter_returns")) == {known: False, unknown: True}


def test_refusals_change_nothing(source: int, there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {"lamp": 3})
    drive()
    assert code(take(source, asked(part))) == "not_sent"
    deliver_part(there, part)
    assert code(take(source, asked(new_id(), key="a"))) == "unknown_part"
    assert code(take(source, asked(part, key="b"), places=["p2"])) == "unknown_place"
    assert code(take(source, asked(part, (9, 1), key="c"))) == "unknown_line"
    assert code(take(source, asked(part, key="d", expected_total=999))) == "other_total"
    PartnerPart.objects.update(delivered_at=database_now() - timedelta(days=32))
    assert code(take(source, asked(part, key="e"))) == "too_late"
    assert returned(part) == [0]
    assert PartnerReturn.objects.count() == 0
    assert Event.objects.filter(type__in=["part.returned", "payment.refunded"]).count() == 0
    # A refusal is kept under its key, as everything is.
    assert code(take(source, asked(part, key="c"))) == "PartReturnConflict"


def test_what_was_never_paid_is_not_paid_back(source: int, there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {"lamp": 3})
    deliver_part(there, part)
    Payment.objects.filter(order_id=part).update(refunded=2500)
    assert code(take(source, asked(part))) == "not_refundable"
    assert returned(part) == [0]


def test_what_it_comes_to_is_shown_before(source: int, there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {"lamp": 3, "rug": 1})
    deliver_part(there, part)
    shown = preview_part_return(PartReturnCall(source, asked(part, (1, 1), (2, 1))))
    assert isinstance(shown, Returned)
    assert shown.total == 3500
    assert returned(part) == [0, 0]
    assert code(take(source, asked(part, (1, 1), (2, 1), expected_total=3500))) == "PartReturnAccepted"
    assert returned(part) == [1, 1]


@pytest.mark.parametrize(
    ("pieces", "left"),
    [(1, "card authorised to capture due 2000 authorised 3000 captured 0"),
     (3, "card authorised to reverse due 0 authorised 3000 captured 0")],
)  # fmt: skip
def test_what_came_back_before_the_card_was_charged_is_not_charged_when_the_rest_arrives(
    source: int, there: Platform, partner: PartnerFacts, pieces: int, left: str
) -> None:
    """While the card's provider is down, nothing is captured at the sending."""
    part = sell_part(partner, {"lamp": 3}, Pay("card", 3000))
    Payment.objects.filter(order_id=part).update(status="authorised", authorised=3000)
    deliver_part(there, part, status="WAIT_BUYER_ACCEPT_GOODS")
    (payment,) = Payment.objects.filter(order_id=part)
    assert stands(payment.pk) == "card authorised to capture due 3000 authorised 3000 captured 0"
    assert code(take(source, asked(part, (1, pieces)))) == "PartReturnAccepted"
    assert stands(payment.pk) == left
    there.set_status("FINISH")
    follow()
    hear()
    assert part_stands(part) == "delivered 3000 lamp:3"
    assert stands(payment.pk) == left
    assert not Event.objects.filter(type="payment.uncovered").exists()
    assert [found.check for found in audit_partners() if found.differences] == []


def race(source: int, part: UUID) -> list[str]:
    """Let many counters take the same single piece back at once, each under a key of its own."""
    outcomes: list[str] = []
    start = threading.Barrier(RACERS)

    def one(number: int) -> None:
        try:
            start.wait(10)
            outcomes.append(code(take(source, asked(part, (1, 1), key=f"race-{number}"))))
        except Exception as error:  # noqa: BLE001 - what it was is asserted
            outcomes.append(error.__class__.__name__)
        finally:
            connections.close_all()

    counters = [threading.Thread(target=one, args=(number,)) for number in range(RACERS)]
    for counter in counters:
        counter.start()
    for counter in counters:
        counter.join(60)
    return sorted(outcomes)


def test_many_counters_take_one_piece_back_once(source: int, there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {"lamp": 1})
    deliver_part(there, part)
    assert race(source, part) == ["PartReturnAccepted", *["too_much"] * (RACERS - 1)]
    assert returned(part) == [1]
    assert PartnerReturn.objects.count() == 1
    (payment,) = Payment.objects.filter(order_id=part)
    assert payment.refunded == 1000


def test_without_what_has_come_back_it_is_paid_back_again(
    source: int, there: Platform, partner: PartnerFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: whoever decides without what came back before pays the same lamp back twice."""
    part = sell_part(partner, {"lamp": 1, "rug": 1})
    deliver_part(there, part)
    monkeypatch.setattr(returning, "SoldNow", lambda sold, sent, _returned: SoldNow(sold, sent, 0))
    monkeypatch.setattr(PartnerPartLine, "save", lambda *_given, **_named: None)
    assert code(take(source, asked(part, (1, 1), key="r1"))) == "PartReturnAccepted"
    assert code(take(source, asked(part, (1, 1), key="r2"))) == "PartReturnAccepted"
    assert Payment.objects.get(order_id=part).refunded == 2000
    # The audit sees it.
    assert [found.check for found in audit_partners() if found.differences] == ["partners.returns"]


def test_the_audit_sees_a_return_that_was_not_paid_back(source: int, there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {"lamp": 3})
    deliver_part(there, part)
    take(source, asked(part, (1, 2)))
    assert [found.check for found in audit_partners() if found.differences] == []
    PartnerReturn.objects.update(amount=1999)
    assert [found.check for found in audit_partners() if found.differences] == ["partners.returns"]
