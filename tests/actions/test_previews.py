"""Previews: last week's real receipts priced without a promotion and with it, part by part."""

from datetime import timedelta

import pytest

from onebasket.commerce.catalogue.actions import upsert_products
from onebasket.commerce.catalogue.rules import ProductItem
from onebasket.commerce.pricing.actions import previews
from onebasket.commerce.pricing.actions.previews import GoneError, advance_preview, begin_preview, figures_of
from onebasket.commerce.pricing.models import Preview, Promotion
from onebasket.commerce.pricing.rules.previewing import Winner
from onebasket.commerce.pricing.rules.promotions import AmountOff, MultiBuy, Selector
from onebasket.commerce.sales.models import Receipt as ReceiptRow
from onebasket.commerce.sales.rules.receipt import Kind
from tests.builders import MORNING, item, make_chain, receipt, sell
from tests.offers import ACTOR, add_campaign, add_coupon, add_customers, card_prices, promotion, put, worth

pytestmark = pytest.mark.django_db

NOW = MORNING + timedelta(hours=1)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    """A chain whose last week had five receipts, and one before that."""
    monkeypatch.setattr(previews, "database_now", lambda: NOW)
    source = make_chain(stock={"milk": 100, "bread": 100, "apples": 9_000})
    add_customers(source, "1001")
    sell(
        source,
        receipt("r1", item("milk", 3, 597)),
        receipt("r2", item("milk", 1, 199), item("bread", 2, 500)),
        receipt("r3", item("bread", 1, 250)),
        receipt("r4", item("apples", 1_500, 450), loyalty_number="1001"),
        receipt("r5", item("milk", 4, 796), loyalty_number="1001"),
        receipt("old", item("milk", 9, 1_791), when=NOW - timedelta(days=7, seconds=1)),
        receipt("void", item("milk", 7, 1_393)),
    )
    sell(source, receipt("v", kind=Kind.VOID, original="void"))
    return source


def preview(code: str = "deal", *, most: int = 5_000) -> Preview:
    """Preview what stands of a promotion to its end."""
    identity = begin_preview(Promotion.objects.get(code=code, superseded_at=None).pk, actor=ACTOR, most=most)
    while not advance_preview(identity):
        pass
    return Preview.objects.get(pk=identity)


def test_a_draft_shows_what_it_would_have_done(source: int) -> None:
    put(source, promotion(), state="draft")

    found = preview()

    figures = figures_of(found)
    assert (found.done, found.finished_at, found.begun_by) == (5, NOW, ACTOR)
    assert (figures.receipts, figures.touched, figures.members, figures.units, figures.used) == (5, 3, 1, 8, 8)
    assert (figures.before, figures.after, figures.given) == (2_092, 1_692, 400)
    assert figures.by_funder == {"retailer": 400}
    names = {row.number: str(row.pk) for row in ReceiptRow.objects.all()}
    assert figures.winners == (
        Winner("p1, receipt r5", 200, 4, names["r5"]),
        Winner("p1, receipt r1", 150, 3, names["r1"]),
        Winner("p1, receipt r2", 50, 1, names["r2"]),
    )
    assert figures.best_products() == [Winner("milk", 400, 3)]
    assert figures.bounded == 0


def test_what_is_live_already_is_not_counted_twice(source: int) -> None:
    put(source, promotion("other", amount=20))
    put(source, promotion(amount=50), state="draft")
    milk = figures_of(preview())
    assert (milk.touched, milk.given) == (3, 240)

    put(source, promotion("other", amount=60), key="more-")
    assert (figures_of(preview()).touched, figures_of(preview()).given) == (0, 0)


def test_a_live_promotion_is_tried_against_its_own_absence(source: int) -> None:
    put(source, promotion())

    assert figures_of(preview()).given == 400


def test_the_draft_is_tried_in_the_place_of_what_is_live(source: int) -> None:
    put(source, promotion(amount=10))
    put(source, promotion(amount=30), state="draft")
    draft = Promotion.objects.get(code="deal", state=1)

    identity = begin_preview(draft.pk, actor=ACTOR)
    assert advance_preview(identity)

    assert figures_of(Preview.objects.get(pk=identity)).given == 240


def test_funders_are_told_apart(source: int) -> None:
    put(source, promotion("other", amount=20))
    add_coupon(source, "c1")
    put(source, worth("coupon", "c1", amount=30), state="draft")

    figures = figures_of(preview("coupon"))

    assert (figures.touched, figures.given) == (3, 30)
    assert figures.by_funder == {"retailer": -60, "manufacturer": 90}


def test_the_card_price_stands_beneath_it(source: int) -> None:
    card_prices(source, milk=149)
    put(source, promotion(saving=MultiBuy(2, 250)), state="draft")

    figures = figures_of(preview())

    assert {one.name: one.saved for one in figures.winners} == {"p1, receipt r1": 148, "p1, receipt r5": 96}


def test_a_campaigns_promotion_touches_its_households_alone(source: int) -> None:
    add_campaign(source, "26", "1001")
    put(source, promotion(audience=worth("x", campaign="26").audience), state="draft")

    assert (figures_of(preview()).touched, figures_of(preview()).given) == (1, 200)


def test_a_long_list_of_a_draft_reaches_its_products(source: int) -> None:
    from_list = Selector(skus=frozenset({"milk", "bread"}))
    put(source, promotion(goods=from_list), state="draft")
    short = figures_of(preview())
    several(source)

    many = Selector(skus=frozenset({"milk", "bread", *(f"sku-{number}" for number in range(40))}))
    put(source, promotion("many", goods=many), state="draft")

    assert "list:" in Promotion.objects.get(code="many").terms
    assert figures_of(preview("many")).given == short.given == 550


def several(source: int) -> None:
    upsert_products(source, [ProductItem(f"p-{number}", f"sku-{number}", "x") for number in range(40)])


def test_it_is_worked_out_in_parts_and_never_beyond_its_bound(
    source: int, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    put(source, promotion(), state="draft")
    monkeypatch.setattr(previews, "AT_ONCE", 2)
    identity = begin_preview(Promotion.objects.get(code="deal").pk, actor=ACTOR)

    steps: list[tuple[bool, int]] = []
    while not steps or not steps[-1][0]:
        finished = advance_preview(identity, seconds=0)
        steps.append((finished, Preview.objects.get(pk=identity).done))

    assert steps == [(False, 2), (False, 4), (True, 5)]
    assert figures_of(Preview.objects.get(pk=identity)).given == 400
    assert advance_preview(identity)
    bounded = preview(most=3)
    assert (bounded.done, figures_of(bounded).receipts) == (3, 3)


def test_it_begins_anew_when_promotions_have_changed(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    put(source, promotion(), state="draft")
    monkeypatch.setattr(previews, "AT_ONCE", 2)
    identity = begin_preview(Promotion.objects.get(code="deal").pk, actor=ACTOR)
    advance_preview(identity, seconds=0)
    put(source, promotion("other", amount=20))

    while not advance_preview(identity, seconds=0):
        pass

    assert (Preview.objects.get(pk=identity).done, figures_of(Preview.objects.get(pk=identity)).given) == (5, 240)


def test_of_two_who_advance_it_at_once_one_is_heard(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    put(source, promotion(), state="draft")
    monkeypatch.setattr(previews, "AT_ONCE", 2)
    identity = begin_preview(Promotion.objects.get(code="deal").pk, actor=ACTOR)
    advance_preview(identity, seconds=0)
    take_part = previews._Work.take_part
    met: list[bool] = []

    def take_part_beside(work: previews._Work) -> None:
        if not met:
            met.append(True)
            advance_preview(identity, seconds=0)
        take_part(work)

    monkeypatch.setattr(previews._Work, "take_part", take_part_beside)
    advance_preview(identity, seconds=0)

    assert Preview.objects.get(pk=identity).done == 4


def test_nothing_comes_of_a_preview_of_nothing() -> None:
    with pytest.raises(GoneError):
        begin_preview(1, actor=ACTOR)
    with pytest.raises(GoneError):
        advance_preview(1)


def test_receipts_of_last_week_in_a_bounded_number_of_statements(
    source: int, django_assert_max_num_queries: object
) -> None:
    put(source, promotion(saving=AmountOff(1)), state="draft")
    identity = begin_preview(Promotion.objects.get(code="deal").pk, actor=ACTOR)

    with django_assert_max_num_queries(12):  # type: ignore[operator] # a fixture without a type
        advance_preview(identity)
