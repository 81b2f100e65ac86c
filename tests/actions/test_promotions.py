"""Promotions on the database: drafts beside what is live, versions that are never overwritten, lists kept once."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from onebasket.base.models import Event
from onebasket.commerce.access.rules import CONFLICT, CREATED, UNCHANGED, UPDATED, ItemOutcome
from onebasket.commerce.catalogue.actions import upsert_products
from onebasket.commerce.catalogue.rules import ProductItem
from onebasket.commerce.pricing.actions import end_promotions, launch_promotions, set_promotions
from onebasket.commerce.pricing.models import Promotion as Row
from onebasket.commerce.pricing.models import Revision, SkuList, SkuListEntry
from onebasket.commerce.pricing.queries.quoting import quote_all
from onebasket.commerce.pricing.queries.remembered import recall
from onebasket.commerce.pricing.rules.messages import PromotionEnd, PromotionItem, PromotionLaunch
from onebasket.commerce.pricing.rules.promotions import AmountOff, Audience, Coupon, Selector
from tests.builders import add_prices, make_chain
from tests.offers import ACTOR, SINCE, add_coupon, ask, promotion, put, quoted, reduced

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> int:
    return make_chain()


def versions(code: str = "deal") -> list[tuple[int, str, bool]]:
    """Return the versions of a promotion: number, state, whether it stands."""
    rows = Row.objects.filter(code=code).order_by("version")
    return [(row.version, row.get_state_display(), row.superseded_at is None) for row in rows]


def launch(source: int, key: str = "launch", code: str = "deal") -> ItemOutcome:
    return launch_promotions(source, [PromotionLaunch(key, code)], actor=ACTOR)[0]


def end(source: int, key: str = "end", code: str = "deal", at: datetime | None = None) -> ItemOutcome:
    return end_promotions(source, [PromotionEnd(key, code, at)], actor=ACTOR)[0]


def live() -> list[str]:
    return [one.code for one in recall().promotions]


def test_a_draft_changes_nothing_until_it_goes_live(source: int) -> None:
    assert put(source, promotion(), state="draft") == [CREATED]
    assert (live(), quoted({"milk": 2}).basket.total) == ([], 398)

    assert launch(source) == UPDATED

    assert live() == ["deal"]
    basket = quoted({"milk": 2}).basket
    assert (basket.list_total, basket.total) == (398, 298)
    assert reduced(basket) == [(1, "promotion", "deal", "retailer", 100)]
    assert versions() == [(1, "draft", False), (2, "live", True)]


def test_a_draft_waits_beside_what_is_live(source: int) -> None:
    put(source, promotion())
    assert put(source, promotion(amount=70), state="draft") == [UPDATED]
    assert quoted({"milk": 1}).basket.total == 149
    assert versions() == [(1, "live", True), (2, "draft", True)]

    assert launch(source) == UPDATED

    assert quoted({"milk": 1}).basket.total == 129
    assert versions() == [(1, "live", False), (2, "draft", False), (3, "live", True)]
    assert launch(source, "again") == UNCHANGED


def test_a_promotion_ends_with_its_draft(source: int) -> None:
    put(source, promotion())
    put(source, promotion(amount=70), state="draft")

    assert end(source) == UPDATED

    assert (live(), quoted({"milk": 1}).basket.total) == ([], 199)
    assert versions() == [(1, "live", False), (2, "draft", False), (3, "ended", True)]
    assert end(source, "again") == UNCHANGED
    refused = ItemOutcome("invalid", "code: deal has ended and has no draft. Set one first.")
    assert launch(source, "too late") == refused
    assert put(source, promotion(), key="back-") == [UPDATED]
    assert live() == ["deal"]


def test_a_promotion_ends_at_an_instant_to_come(source: int) -> None:
    put(source, promotion())
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    assert end(source, at=tomorrow) == UPDATED
    assert end(source, "later", at=tomorrow + timedelta(days=1)) == UNCHANGED

    row = Row.objects.get(code="deal", superseded_at=None)
    assert (row.get_state_display(), row.valid_to, row.recorded_by) == ("live", tomorrow, ACTOR)
    assert quoted({"milk": 1}, at=tomorrow - timedelta(seconds=1)).basket.total == 149
    assert quoted({"milk": 1}, at=tomorrow).basket.total == 199


def test_ends_that_cannot_be(source: int) -> None:
    put(source, promotion(valid_from=datetime(2999, 1, 1, tzinfo=UTC)))
    put(source, promotion("new"), state="draft")

    assert end(source, "e1", "none") == ItemOutcome("invalid", "code: there is no promotion 'none'. Set it first.")
    assert end(source, "e2", at=datetime(2998, 1, 1, tzinfo=UTC)) == ItemOutcome(
        "invalid", "ends_at: it has not begun by then. End it now, or later than it begins."
    )
    assert end(source, "e3", "new", datetime(2998, 1, 1, tzinfo=UTC)) == ItemOutcome(
        "invalid", "code: new is not live. Set its valid_to in the draft, or end it now."
    )
    assert versions() == [(1, "live", True)]
    assert end(source, "e4") == UPDATED
    assert Row.objects.get(code="deal", superseded_at=None).valid_to is None


def test_what_is_over_does_not_go_live(source: int) -> None:
    put(source, promotion(valid_to=SINCE + timedelta(days=1)), state="draft")

    assert launch(source) == ItemOutcome("invalid", "code: deal would be over already. Set a later valid_to first.")


def test_the_same_again_is_unchanged_and_a_key_has_one_effect(source: int) -> None:
    assert put(source, promotion()) == [CREATED]
    assert put(source, promotion()) == [CREATED]
    assert put(source, promotion(), key="other-") == [UNCHANGED]
    assert put(source, promotion(), state="draft", key="other-") == [UNCHANGED]
    eastern = SINCE.astimezone(tz=None)
    assert put(source, promotion(valid_from=eastern), key="zone-") == [UNCHANGED]
    assert put(source, promotion(amount=51)) == [CONFLICT]
    assert versions() == [(1, "live", True)]
    assert [event.type for event in Event.objects.filter(type__startswith="promotion")] == ["promotion.changed"]


def test_every_version_of_a_batch_is_kept(source: int) -> None:
    items = [PromotionItem(f"k{amount}", promotion(amount=amount), state="live") for amount in (50, 60, 70)]

    assert set_promotions(source, items, actor=ACTOR) == [CREATED, UPDATED, UPDATED]

    assert versions() == [(1, "live", False), (2, "live", False), (3, "live", True)]
    assert quoted({"milk": 1}).basket.total == 129


def test_what_changed_is_told(source: int) -> None:
    add_coupon(source, "c1")
    put(source, promotion(coupon=Coupon("c1"), funder="manufacturer", valid_to=datetime(2027, 1, 1, tzinfo=UTC)))

    event = Event.objects.get(type="promotion.changed")
    assert event.subject == "promotion/deal"
    assert json.loads(event.data) == {
        "code": "deal", "version": 1, "state": "live", "name": "Deal deal", "kind": "amount_off",
        "funder": "manufacturer", "coupon": "c1", "valid_from": "2026-01-01T00:00:00Z",
        "valid_to": "2027-01-01T00:00:00Z",
    }  # fmt: skip


BAD: list[tuple[dict[str, Any], str]] = [
    ({"valid_to": SINCE}, "valid_to: a promotion ends after it begins. Give a later valid_to, or none."),
    ({"currency": ""}, "currency: amounts need one, such as USD."),
    ({"goods": Selector()}, "goods: nothing is selected. Name SKUs or groups, or choose everything."),
    (
        {"goods": Selector(skus=frozenset({"soap", "milk"}))},
        "goods: there is no product soap. Load the products first.",
    ),
    (
        {"goods": Selector(skus=frozenset("abcdef"))},
        "goods: there is no product a, b, c and 3 more. Load the products first.",
    ),
    (
        {"goods": Selector(groups=frozenset({"list:1"}))},
        "goods: 'list:1' is how long lists are kept inside. State the SKUs themselves.",
    ),
    (
        {"goods": Selector(groups=frozenset({"colour:red"}))},
        "goods: 'colour:red' is no group. Groups are department:…, category:…, brand:….",
    ),
    ({"channels": frozenset({"Web!"})}, "channels: 'Web!' is no sales channel, such as web."),
    ({"places": frozenset({"p9"})}, "places: there is no place 'p9'. Load the place first."),
    ({"places": frozenset({"p1"}), "currency": "CAD"}, "currency: p1 trades in USD, not CAD."),
    (
        {"audience": Audience("members", frozenset({"campaign:x"}))},
        "audience.segments: there is no campaign 'x'. Set it first.",
    ),
    ({"coupon": Coupon("x")}, "coupon.code: there is no coupon 'x'. Set it first."),
    ({"channels": frozenset({"web\n"})}, "channels: 'web\\n' is no sales channel, such as web."),
    ({"saving": AmountOff(0)}, "saving.amount: nothing is taken off. Give at least one minor unit."),
]


@pytest.mark.parametrize(("stated", "said"), BAD, ids=[str(number) for number in range(len(BAD))])
def test_a_refused_promotion_stands_alone(source: int, stated: dict[str, Any], said: str) -> None:
    assert put(source, promotion("bad", **stated), promotion()) == [ItemOutcome("invalid", said), CREATED]
    assert list(Row.objects.values_list("code", flat=True)) == ["deal"]


@pytest.mark.parametrize("code", ["a/b", "", "launch", "end", "é"])
def test_codes_that_no_promotion_has(source: int, code: str) -> None:
    (outcome,) = put(source, promotion(code))

    assert (outcome.outcome, outcome.message.partition(":")[0]) == ("invalid", "promotion.code" if not code else "code")
    assert Row.objects.count() == 0


def many(source: int, count: int) -> list[str]:
    skus = [f"sku-{number}" for number in range(count)]
    upsert_products(source, [ProductItem(f"p-{sku}", sku, sku) for sku in skus])
    return skus


def test_a_long_list_is_kept_once_and_stays_out_of_the_terms(source: int) -> None:
    skus = many(source, 400)
    named = Selector(skus=frozenset(skus))

    assert put(source, promotion("one", goods=named), promotion("two", goods=named)) == [CREATED, CREATED]
    assert put(source, promotion("one", goods=named), key="same-") == [UNCHANGED]

    (kept,) = SkuList.objects.all()
    assert (kept.size, SkuListEntry.objects.count()) == (400, 400)
    terms = Row.objects.get(code="one").terms
    assert f'"groups":["list:{kept.pk}"]' in terms
    assert len(terms) < 600
    (compiled, _) = recall().promotions
    assert compiled.goods == Selector(groups=frozenset({f"list:{kept.pk}"}))


def test_a_long_list_selects_its_products_and_no_others(source: int) -> None:
    skus = many(source, 40)
    put(source, promotion("many", goods=Selector(skus=frozenset(skus[:30]))))
    add_prices(source, dict.fromkeys(skus, (199, 1)))

    assert reduced(quoted({skus[3]: 1, skus[35]: 1, "milk": 1}).basket) == [(1, "promotion", "many", "retailer", 50)]


def test_promotions_are_read_and_compiled_once_a_revision(
    source: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    put(source, promotion())
    quoted({"milk": 1})
    memory, token = recall(), Revision.objects.get().token

    asked = [ask({"milk": 1}), ask({"milk": 2})] * 5
    with django_assert_num_queries(2):  # the revision and the prices
        quote_all(asked)
    assert recall() is memory
    assert recall().compiled is memory.compiled
    put(source, promotion("new"), state="draft")
    assert Revision.objects.get().token == token
    put(source, promotion("new"))
    assert Revision.objects.get().token != token
    assert [one.code for one in recall().promotions] == ["deal", "new"]


def test_a_revision_that_is_rolled_back_is_forgotten(source: int) -> None:
    put(source, promotion())
    with transaction.atomic():
        put(source, promotion("never"))
        assert live() == ["deal", "never"]
        transaction.set_rollback(True)
    assert live() == ["deal"]
