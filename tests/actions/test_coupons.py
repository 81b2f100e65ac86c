"""Campaigns and coupons on the database: who is meant, how each is presented, and codes that are good once."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from onebasket.base.models import Event, InboxEntry
from onebasket.commerce.access.rules import CREATED, UNCHANGED, UPDATED, ItemOutcome
from onebasket.commerce.customers.actions import upsert_customers
from onebasket.commerce.customers.actions.merging import merge_customers
from onebasket.commerce.customers.rules.messages import CustomerItem
from onebasket.commerce.pricing.actions import add_serials, clip_coupons, end_coupons, set_campaigns, set_coupons
from onebasket.commerce.pricing.actions.forgetting import forget_numbers
from onebasket.commerce.pricing.actions.redeeming import claim_uses
from onebasket.commerce.pricing.models import Campaign, CampaignHousehold, CouponClip, CouponSerial
from onebasket.commerce.pricing.models import Coupon as Row
from onebasket.commerce.pricing.models import Use as UseRow
from onebasket.commerce.pricing.queries.audit import audit_pricing
from onebasket.commerce.pricing.queries.offers import offers_for
from onebasket.commerce.pricing.queries.personal import PersonalOffers, offers_of
from onebasket.commerce.pricing.queries.quoting import Unpriced, quote, quote_all
from onebasket.commerce.pricing.rules.messages import CampaignItem, ClipItem, CouponEnd, CouponItem, SerialsItem
from onebasket.commerce.pricing.rules.promotions import Audience, Limits, PercentOff
from onebasket.commerce.pricing.rules.uses import Use
from onebasket.commerce.pricing.rules.wording import reason_of
from tests.builders import MORNING, make_chain
from tests.offers import (
    ACTOR,
    ORDERS,
    SINCE,
    add_campaign,
    add_codes,
    add_coupon,
    add_customers,
    ask,
    card_prices,
    clip,
    promotion,
    put,
    quoted,
    reduced,
    worth,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> int:
    source = make_chain()
    add_customers(source, "1001", "1002")
    return source


def notes(coupon: str, **more: Any) -> list[tuple[str, str]]:
    """Present a coupon with a milk; return what the basket says of codes that count for nothing."""
    basket = quoted({"milk": 1}, coupons=(coupon,), **more).basket
    return [(note.reference, reason_of(note)) for note in basket.notes if not note.applied and note.cause == "coupon"]


def test_members_pay_the_card_price_where_it_is_less(source: int) -> None:
    card_prices(source, milk=149, bread=290)

    assert quoted({"milk": 2, "bread": 1}).basket.total == 648
    basket = quoted({"milk": 2, "bread": 1}, number="1001").basket
    assert (basket.list_total, basket.total) == (648, 548)
    assert reduced(basket) == [(1, "loyalty", reduced(basket)[0][2], "retailer", 100)]
    assert quoted({"milk": 2}, number="9999").basket.total == 398


def test_a_paper_coupon_is_scanned_or_typed(source: int) -> None:
    add_coupon(source, "c1", barcode="512345000123")
    put(source, worth("milk-off", "c1"))

    assert quoted({"milk": 2}).basket.total == 398
    for text in ("c1", "512345000123", " 512345 000123 "):
        basket = quoted({"milk": 2}, coupons=(text,)).basket
        assert (basket.total, reduced(basket)) == (348, [(1, "coupon", "milk-off", "manufacturer", 50)])
    assert quoted({"milk": 2}, coupons=("c1", "512345000123")).basket.total == 298


def test_a_barcode_of_several_campaigns_is_the_shoppers_own(source: int) -> None:
    add_campaign(source, "26", "1001")
    add_campaign(source, "27", "1002")
    for campaign, amount in (("26", 30), ("27", 40)):
        add_coupon(source, f"{campaign}-1", barcode="512345000123")
        put(source, worth(f"{campaign}-1", campaign=campaign, amount=amount))

    totals = {
        number: quoted({"milk": 1}, number=number, coupons=("512345000123",)).basket.total
        for number in ("1001", "1002", "")
    }
    assert totals == {"1001": 169, "1002": 159, "": 199}


def test_a_digital_coupon_applies_by_itself_once_it_is_on_the_card(source: int) -> None:
    add_coupon(source, "d1", "digital")
    put(source, worth("milk-off", "d1", uses=0))

    assert quoted({"milk": 2}, number="1001").basket.total == 398
    assert notes("d1", number="1001") == [
        ("d1", "This coupon is for the card: put it there, then it applies by itself.")
    ]
    assert [clip(source, "d1", "1001"), clip(source, "d1", "1001", "again")] == [CREATED, UNCHANGED]
    assert quoted({"milk": 2}, number="1001").basket.total == 298
    assert quoted({"milk": 2}, number="1002").basket.total == 398
    assert CouponClip.objects.count() == 1


def test_who_may_clip(source: int) -> None:
    add_campaign(source, "26", "1001")
    for code in ("d1", "d2", "d3"):
        add_coupon(source, code, "digital")
    add_coupon(source, "paper")
    past = datetime.now(UTC) - timedelta(days=2)
    put(source, worth("p1", "d1", campaign="26"), worth("p2", "d2", valid_to=past), worth("p3", "paper"))
    unknown = "coupon: there is no digital coupon {!r} for this customer now. Check the code."

    assert clip(source, "d1", "1001") == CREATED
    said = [clip(source, coupon, "1002").message for coupon in ("d1", "d2", "d3", "paper", "none")]
    assert said == [unknown.format(coupon) for coupon in ("d1", "d2", "d3", "paper", "none")]
    assert clip(source, "d1", "9999").message == "loyalty_number: nobody has '9999'. Check the number."
    assert CouponClip.objects.count() == 1


def test_a_campaigns_coupon_is_for_its_households_alone(source: int) -> None:
    add_campaign(source, "26", "1001")
    add_coupon(source, "c1")
    put(source, worth("milk-off", "c1", campaign="26"))

    totals = [quoted({"milk": 1}, number=number, coupons=("c1",)).basket.total for number in ("1001", "1002", "")]
    assert totals == [149, 199, 199]


def test_households_join_and_leave(source: int) -> None:
    add_campaign(source, "26", "1001", "1002")
    put(source, promotion(audience=worth("x", campaign="26").audience))
    assert [quoted({"milk": 1}, number=number).basket.total for number in ("1001", "1002")] == [149, 149]

    stated = CampaignItem("k2", "26", "Campaign 26", SINCE, households=frozenset({"1002", "1003"}))
    assert set_campaigns(source, [stated], actor=ACTOR) == [UPDATED]

    assert [quoted({"milk": 1}, number=number).basket.total for number in ("1001", "1002")] == [199, 149]
    rows = CampaignHousehold.objects.order_by("loyalty_number")
    assert [(row.loyalty_number, row.until is None) for row in rows] == [
        ("1001", False),
        ("1002", True),
        ("1003", True),
    ]
    assert Campaign.objects.count() == 1
    event = Event.objects.filter(type="campaign.changed").order_by("id").last()
    assert event is not None
    assert json.loads(event.data)["households"] == 2
    assert "1002" not in event.data


def test_a_campaign_is_on_between_its_instants(source: int) -> None:
    begins, ends = MORNING - timedelta(days=1), MORNING + timedelta(days=1)
    item = CampaignItem("k1", "26", "March", begins, ends, frozenset({"1001"}))
    assert set_campaigns(source, [item], actor=ACTOR) == [CREATED]
    put(source, promotion(audience=worth("x", campaign="26").audience))

    instants = (begins - timedelta(seconds=1), begins, ends - timedelta(seconds=1), ends)
    assert [quoted({"milk": 1}, number="1001", at=at).basket.total for at in instants] == [199, 149, 149, 199]


def test_campaigns_that_cannot_be(source: int) -> None:
    items = [
        CampaignItem("k1", "a", "A", SINCE, SINCE),
        CampaignItem("k2", "b", "B", datetime(1950, 1, 1, tzinfo=UTC)),
        CampaignItem("k3", "c", "C", SINCE),
        CampaignItem("k4", "c", "C", SINCE),
    ]
    assert set_campaigns(source, items, actor=ACTOR) == [
        ItemOutcome("invalid", "valid_to: a campaign ends after it begins. Give a later valid_to, or none."),
        ItemOutcome("invalid", "valid_from: 1950-01-01T00:00:00+00:00 lies outside the years 1970 to 8999."),
        CREATED,
        UNCHANGED,
    ]


def test_a_single_use_code_is_kept_as_a_digest_alone(source: int) -> None:
    add_coupon(source, "once", "single_use")
    secret = "k7 f9-2mq4 zz81"

    add_codes(source, "once", secret)

    kept = CouponSerial.objects.get()
    assert len(kept.digest) == 64
    everything = [*Event.objects.values_list("data", flat=True), *InboxEntry.objects.values_list("outcome", flat=True)]
    assert not any("K7F9" in str(text).upper() or "k7 f9" in str(text) for text in everything)
    put(source, worth("milk-off", "once"))
    for text in (secret, "K7F9-2MQ4ZZ81"):
        found = quoted({"milk": 1}, coupons=(text,))
        assert found.basket.total == 149
        assert [(use.code, use.times, use.serial) for use in found.uses(ORDERS[0])] == [("milk-off", 1, text)]


def test_a_code_counts_once_and_what_is_not_needed_stays_good(source: int) -> None:
    add_coupon(source, "once", "single_use")
    add_codes(source, "once", "aaaaaaaaaa", "bbbbbbbbbb")
    put(source, worth("milk-off", "once"))

    assert quoted({"milk": 3}, coupons=("aaaaaaaaaa", "aaaaaaaaaa")).basket.total == 547
    both = quoted({"milk": 3}, coupons=("aaaaaaaaaa", "bbbbbbbbbb"))
    assert both.basket.total == 497
    assert [(one.times, one.serial) for one in both.claims] == [(1, "aaaaaaaaaa"), (1, "bbbbbbbbbb")]
    one_milk = quoted({"milk": 1}, coupons=("aaaaaaaaaa", "bbbbbbbbbb"))
    assert [(one.times, one.serial) for one in one_milk.claims] == [(1, "aaaaaaaaaa")]


def test_codes_that_count_for_nothing_say_why(source: int) -> None:
    add_coupon(source, "once", "single_use")
    add_codes(source, "once", "aaaaaaaaaa")
    CouponSerial.objects.update(order=ORDERS[0], used_at=MORNING)
    put(source, worth("milk-off", "once"))

    assert notes("aaaaaaaaaa") == [("aaaaaaaaaa", "This code was used before.")]
    assert notes("once") == [("once", "This names a coupon with codes of its own. Type such a code.")]
    assert notes("zzzzzzzzzz") == [("zzzzzzzzzz", "This code is not known. Check it, or leave it out.")]
    many = quoted({"milk": 1}, coupons=tuple(f"code-{number}" for number in range(60))).basket
    assert reason_of(many.notes[-1]) == "A basket takes at most 50 codes. This one was left out."
    assert many.total == 199


def test_an_ended_coupon_is_known_no_more(source: int) -> None:
    add_coupon(source, "c1")
    put(source, worth("milk-off", "c1"))
    assert quoted({"milk": 1}, coupons=("c1",)).basket.total == 149

    assert end_coupons(source, [CouponEnd("e1", "c1"), CouponEnd("e2", "c9")], actor=ACTOR) == [
        UPDATED,
        ItemOutcome("invalid", "code: there is no coupon 'c9'. Check the code."),
    ]

    assert quoted({"milk": 1}, coupons=("c1",)).basket.total == 199
    assert end_coupons(source, [CouponEnd("e3", "c1")], actor=ACTOR) == [UNCHANGED]
    assert set_coupons(source, [CouponItem("k2", "c1", "paper")], actor=ACTOR) == [UPDATED]
    rows = Row.objects.order_by("version")
    assert [(row.version, row.active, row.superseded_at is None) for row in rows] == [
        (1, True, False),
        (2, False, False),
        (3, True, True),
    ]


def test_coupons_and_codes_that_cannot_be(source: int) -> None:
    add_coupon(source, "once", "single_use")
    add_coupon(source, "other", "single_use")
    add_coupon(source, "c1")
    add_codes(source, "other", "aaaaaaaaaa")

    assert set_coupons(
        source,
        [
            CouponItem("k1", "x", "digital", "512345000123"),
            CouponItem("k2", "x", "paper", "12AB"),
            CouponItem("k3", "once", "paper"),
        ],
        actor=ACTOR,
    ) == [
        ItemOutcome("invalid", "barcode: only a paper coupon has a barcode. Leave it out."),
        ItemOutcome("invalid", "barcode: 6 to 48 digits, as they are scanned."),
        ItemOutcome("invalid", "medium: once has single-use codes. Make a coupon of another code."),
    ]
    assert add_serials(
        source,
        [
            SerialsItem("s1", "c1", frozenset({"bbbbbbbbbb"})),
            SerialsItem("s2", "once", frozenset({"AAAAAAAAAA", "cccccccccc"})),
            SerialsItem("s3", "once", frozenset({"short"})),
            SerialsItem("s4", "other", frozenset({"aaaaaaaaaa"})),
            SerialsItem("s5", "once", frozenset({"dddddddddd"})),
        ],
    ) == [
        ItemOutcome("invalid", "coupon: there is no single-use coupon 'c1'. Set it first."),
        ItemOutcome("invalid", "serials: one of them belongs to another coupon. None was kept; make them anew."),
        ItemOutcome("invalid", "serials[0]: Expected `str` of length >= 10."),
        UNCHANGED,
        CREATED,
    ]
    assert CouponSerial.objects.count() == 2


def test_a_basket_without_a_price_says_so(source: int) -> None:
    milk = ask({"milk": 1}, at=datetime(2025, 1, 1, tzinfo=UTC))

    assert quote(milk.place, milk.lines, milk.ask) == Unpriced(("milk",))


def test_a_batch_of_quotes_takes_as_many_statements_as_one(
    source: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    add_coupon(source, "once", "single_use")
    add_codes(source, "once", "aaaaaaaaaa")
    put(source, worth("milk-off", "once"))
    quoted({"milk": 1, "bread": 1})
    one = ask({"milk": 1}, number="1001", coupons=("aaaaaaaaaa",))
    others = [
        ask({"bread": 1}, number="1002"),
        ask({"milk": 2}),
        ask({"milk": 1}, number="1001", coupons=("zzzzzzzzzz",)),
    ]

    for batch in ([one], [one, *others] * 10):
        with django_assert_num_queries(5):  # revision, customers, what they hold, single-use codes, prices
            assert len(quote_all(batch)) == len(batch)


def test_a_person_is_one_under_all_numbers(source: int) -> None:
    """What was clipped and used under a card before it was merged counts with what came after."""
    add_campaign(source, "26", "1002")
    add_coupon(source, "d1", "digital")
    put(source, worth("milk-off", "d1", uses=0, campaign="26", limits=Limits(per_customer=3)))
    assert clip(source, "d1", "1002") == CREATED
    with transaction.atomic():
        claim_uses([Use(ORDERS[0], "milk-off", 2, "1002")], now=MORNING)
    assert quoted({"milk": 5}, number="1001").basket.total == 995

    merge_customers("1001", "1002", actor=ACTOR)

    for number in ("1001", "1002"):
        found = quoted({"milk": 5}, number=number)
        assert (found.basket.total, found.loyalty_number) == (945, "1001")
        assert [(use.code, use.times, use.loyalty_number) for use in found.uses(ORDERS[1])] == [("milk-off", 1, "1001")]
    assert [(one.clipped, one.left) for one in offers_for("1002", at=MORNING)] == [(True, 1)]


def test_staff_pay_what_staff_pay(source: int) -> None:
    upsert_customers(source, [CustomerItem("k1", "7", staff=True)])
    put(source, promotion("staff", saving=PercentOff(100_000), audience=Audience("staff")))

    assert [quoted({"milk": 1}, number=number).basket.total for number in ("7", "1001")] == [179, 199]


def test_a_person_who_is_erased_is_nobody_here(source: int) -> None:
    add_campaign(source, "26", "1001", "1002")
    add_coupon(source, "d1", "digital")
    put(source, worth("milk-off", "d1", limits=Limits(per_customer=1)))
    clip(source, "d1", "1001")
    with transaction.atomic():
        claim_uses([Use(ORDERS[0], "milk-off", 1, "1001")], now=MORNING)
    kept = offers_of(["1001"])
    assert ([use.code for use in kept.uses], [one.coupon for one in kept.coupons]) == (["milk-off"], ["d1"])
    assert [one.campaign for one in kept.campaigns] == ["26"]

    with transaction.atomic():
        assert forget_numbers(["1001", ""]) == 1

    assert offers_of(["1001"]) == PersonalOffers((), (), ())
    assert [one.differences for one in audit_pricing()] == [0, 0, 0, 0]
    assert list(UseRow.objects.values_list("loyalty_number", "times")) == [("", 1)]
    assert offers_of(["1002"]).campaigns[0].campaign == "26"


def test_clips_of_a_batch_stand_alone(source: int) -> None:
    add_coupon(source, "d1", "digital")
    put(source, worth("milk-off", "d1"))
    items = [ClipItem("k1", "d1", "1001"), ClipItem("k2", "d1", "9999"), ClipItem("k3", "d1", "1001")]

    assert [one.outcome for one in clip_coupons(source, items)] == ["created", "invalid", "unchanged"]
