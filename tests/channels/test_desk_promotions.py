"""What a merchandiser does in the back office: promotions from draft to end, previews, coupons, campaigns, taxes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from onebasket.base.models import TrailEntry
from onebasket.channels.desk.works.coupons import make_code
from onebasket.channels.desk.works.promoting import percent, promotion_of, shown, unshown
from onebasket.channels.desk.works.promotions import PromotionForm
from onebasket.commerce.access.rules import UserFacts
from onebasket.commerce.pricing.models import (
    Campaign,
    CampaignHousehold,
    Coupon,
    CouponSerial,
    Preview,
    Promotion,
    Tax,
    TaxClass,
    TaxTerms,
)
from onebasket.commerce.pricing.queries.listing import read_promotion
from onebasket.commerce.pricing.queries.remembered import recall
from onebasket.commerce.pricing.rules import promotions as terms
from onebasket.commerce.pricing.rules.messages import serial_digest
from onebasket.commerce.pricing.rules.promotions import Audience, Limits, Selector, Stacking, decode_promotion
from tests.channels.test_desk_works import do, refused, said, trail
from tests.channels.test_desk_world import Stands, World, make_stands
from tests.offers import SINCE, promotion
from tests.standing import Standing

pytestmark = pytest.mark.django_db

MILK = "908531"
FORM: dict[str, Any] = {
    "name": "Two milks for $5", "kind": "multi_buy", "amount": "5.00", "units": "2", "currency": "usd", "skus": MILK,
    "who": "everyone", "mode": "ordinary", "funder": "retailer", "with_card": "on", "with_coupons": "on",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def made(standing: Standing) -> Stands:
    return standing(make_stands)


@pytest.fixture
def world(made: Stands) -> World:
    return made.world


@pytest.fixture
def merchandiser(made: Stands) -> Client:
    client = Client()
    client.force_login(made.own_people()["merchandiser"])
    return client


def standing(code: str, state: int) -> Promotion:
    return Promotion.objects.get(code=code, superseded_at=None, state=state)


def live(code: str) -> terms.Promotion | None:
    return next((one for one in recall().promotions if one.code == code), None)


def test_a_promotion_goes_from_draft_to_live_to_its_end(merchandiser: Client) -> None:
    done = do(merchandiser, "new-promotion", code="two-milks", **FORM)

    assert said(done) == ["The draft is kept. Preview it, then launch it."]
    draft = standing("two-milks", 1)
    assert done.redirect_chain[-1][0] == f"/desk/pricing/promotion/{draft.pk}/change/"
    assert (draft.version, draft.recorded_by, draft.kind) == (1, "merchandiser", "multi_buy")
    (read,) = read_promotion("two-milks")
    assert read.terms.saving == terms.MultiBuy(2, 500)
    assert live("two-milks") is None

    assert said(do(merchandiser, "launch-promotion", draft.pk)) == ["The promotion is live."]
    assert said(do(merchandiser, "launch-promotion", draft.pk)) == [
        "Launch: this is not open to it any more. Nothing was changed."
    ]
    row = standing("two-milks", 2)
    edited = do(merchandiser, "edit-promotion", row.pk, **FORM | {"amount": "4.50", "valid_from": "2026-01-01T00:00"})
    assert said(edited) == ["The draft is kept. Preview it, then launch it."]
    assert live("two-milks") == read_promotion("two-milks")[0].terms
    assert live("two-milks").saving == terms.MultiBuy(2, 500)  # type: ignore[union-attr] # it is live
    do(merchandiser, "launch-promotion", standing("two-milks", 1).pk)
    assert live("two-milks").saving == terms.MultiBuy(2, 450)  # type: ignore[union-attr] # it is live

    assert said(do(merchandiser, "end-promotion", standing("two-milks", 2).pk)) == ["The promotion has ended."]
    assert live("two-milks") is None
    assert trail("promotion/two-milks") == [
        ("merchandiser", "promotion.set"),
        ("merchandiser", "promotion.launch"),
        ("merchandiser", "promotion.set"),
        ("merchandiser", "promotion.launch"),
        ("merchandiser", "promotion.end"),
    ]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"code": "milk"}, "code", "There is a promotion 'milk' already. Change that one, or choose another code."),
        ({"amount": ""}, "amount", "Say how much."),
        ({"amount": "5.001"}, "amount", "'5.001' has more than 2 decimals."),
        ({"amount": "-5"}, "amount", "What is off is stated without a minus."),
        ({"currency": ""}, "currency", "This promotion names amounts: say in which currency, such as USD."),
        ({"units": ""}, "units", "Say how many."),
        ({"kind": "percent_off"}, "percent", "Say how many percent."),
        ({"kind": "percent_off", "percent": "101"}, "percent", "Between 0 and 100 percent."),
        ({"kind": "basket_off", "tiers": "50"}, "tiers", "'50' is not an amount, a colon, and what is off"),
        ({"skus": "nobody"}, "__all__", "goods: there is no product nobody. Load the products first."),
        ({"skus": ""}, "__all__", "goods: nothing is selected. Name SKUs or groups, or choose everything."),
        ({"places": "nowhere"}, "__all__", "places: there is no place 'nowhere'. Load the place first."),
        ({"coupon": "none"}, "__all__", "coupon.code: there is no coupon 'none'. Set it first."),
        ({"valid_from": "2026-02-01T00:00", "valid_to": "2026-01-01T00:00"}, "__all__", "valid_to: a promotion ends"),
    ],
)
def test_a_form_that_cannot_be_right_says_why(
    merchandiser: Client, changes: dict[str, str], field: str, message: str
) -> None:
    before = Promotion.objects.count()

    errors = refused(do(merchandiser, "new-promotion", **{"code": "new", **FORM, **changes}))

    assert errors[field][0].startswith(message)
    assert (Promotion.objects.count(), TrailEntry.objects.filter(target="promotion/new").count()) == (before, 0)


KINDS = [
    terms.AmountOff(50, minimum_units=3),
    terms.PercentOff(88_750),
    terms.FixedPrice(199),
    terms.MultiBuy(3, 500),
    terms.BuyGet(2, 1),
    terms.BuyGet(1, 1, 500_000),
    terms.BasketOff((terms.Tier(5_000, amount_off=500), terms.Tier(10_000, share_off=80_000))),
]


@pytest.mark.parametrize("saving", KINDS, ids=[str(number) for number in range(len(KINDS))])
def test_what_the_form_shows_is_what_it_states(saving: terms.Saving) -> None:
    one = promotion(
        saving=saving,
        goods=Selector(
            frozenset({"milk", "tea"}), frozenset({"department:Dairy", "category:Soup, canned"}),
            without_skus=frozenset({"oat"}), without_groups=frozenset({"brand:Private label"}),
        ),
        valid_to=SINCE + timedelta(days=30),
        places=frozenset({"330"}),
        channels=frozenset({"web", "till"}),
        audience=Audience("members", frozenset({"campaign:march"})),
        limits=Limits(2, 5),
        stacking=Stacking("ordinary", "one", with_card=False, with_coupons=False),
        coupon=terms.Coupon("MILK-50", 0),
        funder="manufacturer",
    )  # fmt: skip
    fields = shown(one, time_zone="America/New_York")
    sent = {name: _typed(value) for name, value in fields.items() if value is not None and value is not False}
    form = PromotionForm(sent, row=None, user=UserFacts("tests", "admin"))
    assert form.is_valid(), form.errors

    assert unshown(one) == ""
    assert promotion_of(form.cleaned_data, code=one.code, time_zone="America/New_York") == one


def _typed(value: object) -> object:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M")
    return "on" if value is True else value


def test_what_a_form_cannot_show_is_stated_as_json(merchandiser: Client) -> None:
    bundle = """{"code": "menu", "name": "Milk and bread", "saving": {"kind": "bundle", "price": 500, "parts":
        [{"goods": {"skus": ["908531"]}}, {"goods": {"skus": ["995242"]}}]},
        "currency": "USD", "valid_from": "2026-01-01T00:00:00Z"}"""

    assert "terms" in refused(do(merchandiser, "state-promotion", terms="{}"))
    assert "terms" in refused(do(merchandiser, "state-promotion", terms="no json"))
    assert said(do(merchandiser, "state-promotion", terms=bundle)) == ["The draft is kept. Preview it, then launch it."]

    draft = standing("menu", 1)
    assert unshown(read_promotion("menu")[0].terms) == "its parts"
    page = merchandiser.get(reverse("desk:pricing_promotion_change", args=[draft.pk]))
    offered = [work.slug for work, _ in page.context["works"]]
    assert offered == ["launch-promotion", "preview-promotion", "end-promotion", "state-promotion"]
    form = merchandiser.get(reverse("desk:work", args=["state-promotion"]) + "?code=menu").context["form"]
    assert '"code": "menu"' in form.initial["terms"]
    sample = merchandiser.get(reverse("desk:work", args=["state-promotion"])).context["form"].initial["terms"]
    assert decode_promotion(sample).code == "three-soups"


def test_a_draft_that_waits_is_the_one_to_change(merchandiser: Client) -> None:
    row = standing("milk", 2)
    do(merchandiser, "edit-promotion", row.pk, **FORM)

    assert said(do(merchandiser, "edit-promotion", row.pk, **FORM | {"amount": "4.00"})) == [
        "Change: this is not open to it any more. Nothing was changed."
    ]


def test_a_promotion_ends_later(merchandiser: Client) -> None:
    row = standing("milk", 2)
    later = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")

    assert said(do(merchandiser, "end-promotion", row.pk, ends_at=later)) == ["The promotion will end then."]

    assert live("milk") is not None
    assert standing("milk", 2).valid_to == datetime.fromisoformat(later).replace(tzinfo=UTC)


def test_a_preview_shows_what_it_would_have_done(merchandiser: Client) -> None:
    done = do(merchandiser, "preview-promotion", standing("soup", 1).pk)

    assert said(done) == ["This is what it would have done."]
    preview = Preview.objects.order_by("pk").last()
    assert preview is not None
    assert (preview.begun_by, preview.finished_at is None) == ("merchandiser", False)
    text = done.content.decode()
    assert "Preview of Deal soup" in text
    assert "Finished: " in text
    assert "hx-post" not in text
    assert done.context["facts"][-1][0] == "Shoppers save"


def test_a_preview_goes_on_by_itself_and_by_hand(merchandiser: Client) -> None:
    preview = Preview.objects.get()
    page = merchandiser.get(reverse("desk:pricing_preview_change", args=[preview.pk]))
    text = page.content.decode()
    assert f'hx-post="/desk/do/advance-preview/{preview.pk}/"' in text
    assert 'hx-trigger="load delay:200ms"' in text
    assert 'progress max="5000" value="0"' in text

    assert said(do(merchandiser, "advance-preview", preview.pk)) == ["The preview is finished."]

    preview.refresh_from_db()
    assert preview.finished_at is not None
    assert said(do(merchandiser, "advance-preview", preview.pk)) == [
        "Go on: this is not open to it any more. Nothing was changed."
    ]
    assert TrailEntry.objects.filter(target__startswith="preview").count() == 0


def test_a_coupon_is_set_changed_and_ended(merchandiser: Client) -> None:
    new = {"code": "BREAD-20", "medium": "paper", "barcode": "5123 4500 0124"}
    assert said(do(merchandiser, "set-coupon", **new)) == ["The coupon is set."]
    assert refused(do(merchandiser, "set-coupon", **new | {"barcode": "x"})) == {
        "__all__": ["barcode: 6 to 48 digits, as they are scanned."]
    }
    assert said(do(merchandiser, "set-coupon", **new)) == ["That is how it stood already. Nothing was changed."]
    form = merchandiser.get(reverse("desk:work", args=["set-coupon"]) + "?code=BREAD-20").context["form"]
    assert form.initial == {"code": "BREAD-20", "medium": "paper", "barcode": "512345000124"}
    row = Coupon.objects.get(code="BREAD-20", superseded_at=None)
    assert said(do(merchandiser, "end-coupon", row.pk)) == ["The coupon has ended."]
    assert not Coupon.objects.get(code="BREAD-20", superseded_at=None).active
    assert trail("coupon/BREAD-20") == [("merchandiser", "coupon.set"), ("merchandiser", "coupon.end")]


def test_single_use_codes_are_shown_once_and_kept_as_digests(merchandiser: Client) -> None:
    once = Coupon.objects.get(code="ONCE", superseded_at=None)

    done = do(merchandiser, "make-codes", once.pk, count="3")

    codes = done.context["done"].secret.split()
    assert (len(set(codes)), {len(code) for code in codes}) == (3, {19})
    assert "no-store" in done.headers["Cache-Control"]
    kept = set(CouponSerial.objects.values_list("digest", flat=True))
    assert kept == {serial_digest(code) for code in codes}
    assert trail("coupon/ONCE") == [("merchandiser", "coupon.codes")]
    assert not any(code in str(entry.detail) for entry in TrailEntry.objects.all() for code in codes)
    paper = Coupon.objects.get(code="MILK-50", superseded_at=None)
    assert said(do(merchandiser, "make-codes", paper.pk, count="3")) == [
        "Make codes: this is not open to it any more. Nothing was changed."
    ]
    assert refused(do(merchandiser, "make-codes", once.pk, count="501")) == {
        "count": ["Ensure this value is less than or equal to 500."]
    }


def test_codes_are_random() -> None:
    codes = {make_code() for _ in range(1_000)}
    assert len(codes) == 1_000
    assert all(len(code) == 19 and code.replace("-", "").isalnum() for code in codes)


def test_a_campaign_is_set_and_its_households_named(merchandiser: Client) -> None:
    assert said(do(merchandiser, "set-campaign", code="april", name="April", households="1 2,3\n4")) == [
        "The campaign is set."
    ]
    assert CampaignHousehold.objects.filter(campaign_code="april", until=None).count() == 4
    assert said(do(merchandiser, "set-campaign", code="april", name="April showers")) == ["The campaign is set."]
    assert CampaignHousehold.objects.filter(campaign_code="april", until=None).count() == 4
    row = Campaign.objects.get(code="april", superseded_at=None)
    assert (row.version, row.name) == (2, "April showers")
    page = merchandiser.get(reverse("desk:pricing_campaign_change", args=[row.pk])).content.decode()
    assert "4 households" in page
    assert "You may not see which." in page


def test_taxes_are_set_and_ended(made: Stands) -> None:
    finance = Client()
    finance.force_login(made.own_people()["finance"])

    assert "rate" in refused(do(finance, "set-tax", code="city", rate="much"))
    assert refused(do(finance, "set-tax", code="city", rate="101")) == {"__all__": ["rate: Expected `int` <= 1000000."]}
    assert said(do(finance, "set-tax", code="city", rate="1.125", place="330", tax_class="food")) == ["The tax is set."]
    row = Tax.objects.get(code="city", superseded_at=None)
    assert (row.rate, row.place and row.place.code, row.tax_class) == (11_250, "330", "food")
    assert said(do(finance, "end-tax", code="city", place="330", tax_class="food")) == ["The tax has ended."]
    assert trail("tax/city") == [("finance", "tax.set"), ("finance", "tax.end")]
    assert said(do(finance, "set-tax-terms", included="no", rounding="receipt", cash_step="5", place="330")) == [
        "It is set."
    ]
    reckoned = TaxTerms.objects.get(place__code="330")
    assert (reckoned.included, reckoned.get_rounding_display(), reckoned.cash_step) == (False, "receipt", 5)
    assert said(do(finance, "set-tax-class", sku=MILK, tax_class="food")) == ["The class is set."]
    assert refused(do(finance, "set-tax-class", sku=MILK, category="x", tax_class="food")) == {
        "__all__": ["sku: name a sku, a category or a department: one of the three."]
    }
    assert TaxClass.objects.get(name=MILK).tax_class == "food"


def test_percent() -> None:
    assert [percent(share) for share in (250_000, 88_750, 0, 1, 1_000_000)] == ["25", "8.875", "0", "0.0001", "100"]
