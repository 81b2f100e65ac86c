"""Partners in the back office: stated, agreed with, given secrets, and what is odd of them settled."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from onebasket.base.models import TrailEntry
from onebasket.channels.desk.works.partners import AgreementForm
from onebasket.commerce.partners.models import Agreement, CommissionTerm, ExchangeRate, Oddity, Partner
from onebasket.commerce.partners.queries.partners import gateway_account
from tests.channels.test_desk_works import do, refused, said
from tests.channels.test_desk_world import Stands, make_stands
from tests.standing import Standing

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def made(standing: Standing) -> Stands:
    return standing(make_stands)


@pytest.fixture
def admin(made: Stands) -> Client:
    client = Client()
    client.force_login(made.own_people()["admin"])
    return client


def stated(**changes: Any) -> dict[str, Any]:
    return {
        "code": "harbour", "name": "Harbour Goods", "gateway": "feed", "currency": "gbp", "active": "on",
        "options": "link_template = https://harbour.example/r?to={url}&c={click}",
    } | changes  # fmt: skip


def agreed(**changes: Any) -> dict[str, Any]:
    return {
        "partner": "lantern", "starts_on": "2026-06-01", "currency": "usd", "merchant": "principal", "refers": "on",
        "commission": "5\nHome > Lighting = 7.25", "markup": "12.5", "return_days": "14", "settlement_days": "30",
        "fresh_minutes": "60", "referral_days": "3",
    } | changes  # fmt: skip


def test_a_partner_is_stated_and_changed(admin: Client) -> None:
    assert said(do(admin, "state-partner", **stated())) == ["It is kept."]
    row = Partner.objects.get(code="harbour")
    assert (row.currency, row.place.code, row.place.kind) == ("GBP", "partner-harbour", "partner")
    assert row.options == {"link_template": "https://harbour.example/r?to={url}&c={click}"}
    do(admin, "change-partner", row.pk, **stated(name="Harbour & Sons"))
    assert Partner.objects.get(code="harbour").name == "Harbour & Sons"
    assert refused(do(admin, "change-partner", row.pk, **stated(currency="USD")))["currency"][0].startswith("harbour")
    assert "options" in refused(do(admin, "state-partner", **stated(options="nonsense")))
    assert "code" in refused(do(admin, "state-partner", **stated(code="No Spaces")))
    assert TrailEntry.objects.filter(target="partner/harbour", action="partner.state").count() == 2


def test_an_agreement_is_stated_with_its_terms(admin: Client) -> None:
    assert said(do(admin, "set-agreement", **agreed())) == ["It is kept."]
    row = Agreement.objects.get(partner__code="lantern", starts_on="2026-06-01")
    assert (row.merchant, row.markup, row.ships, row.return_days) == ("principal", 125_000, False, 14)
    terms = dict(CommissionTerm.objects.filter(agreement=row).values_list("category", "rate"))
    assert terms == {"": 50_000, "Home > Lighting": 72_500}
    assert "commission" in refused(do(admin, "set-agreement", **agreed(commission="lots")))
    assert "ends_on" in refused(do(admin, "set-agreement", **agreed(ends_on="2026-05-01")))
    assert refused(do(admin, "set-agreement", **agreed(merchant="agent")))["markup"] == [
        "as the partner's agent the chain adds nothing to its price. State 0, or be principal."
    ]
    page = admin.get(reverse("desk:work_on_row", args=["restate-agreement", row.pk])).content.decode()
    assert "Home &gt; Lighting = 7.25" in page


def test_restating_an_agreement_keeps_what_was_not_touched(admin: Client) -> None:
    do(admin, "set-agreement", **agreed(merchant="agent", markup="0"))
    row = Agreement.objects.get(partner__code="lantern", starts_on="2026-06-01")
    assert row.counter_returns is False
    begun = admin.get(reverse("desk:work_on_row", args=["restate-agreement", row.pk])).context["form"].initial
    assert begun.keys() >= AgreementForm.base_fields.keys()
    as_shown = {
        name: "on" if value is True else str(value) for name, value in begun.items() if value not in {None, False}
    }
    assert said(do(admin, "restate-agreement", row.pk, **as_shown)) == ["Nothing has changed: it was so before."]
    do(admin, "restate-agreement", row.pk, **as_shown | {"counter_returns": "on", "return_days": "10"})
    row.refresh_from_db()
    assert (row.counter_returns, row.return_days) == (True, 10)
    page = admin.get(reverse("desk:partners_agreement_change", args=[row.pk])).content.decode()
    assert "to our counters" in page
    do(admin, "restate-agreement", row.pk, **as_shown)
    assert (
        "to the partner alone" in admin.get(reverse("desk:partners_agreement_change", args=[row.pk])).content.decode()
    )


def test_secrets_are_kept_and_never_shown(admin: Client) -> None:
    row = Partner.objects.get(code="lantern")
    done = do(admin, "set-partner-secrets", row.pk, app_key="512", secret="hush-hush", access="tok", refresh="")
    assert said(done) == ["They are kept."]
    assert gateway_account(row.pk)[1].secret == "hush-hush"
    page = admin.get(reverse("desk:partners_partner_change", args=[row.pk])).content.decode()
    assert "are kept, sealed" in page
    kept = Partner.objects.get(pk=row.pk).credentials
    assert "hush-hush" not in page
    assert kept[:20] not in page
    assert admin.get(reverse("desk:partners_partner_changelist"), {"credentials__startswith": "g"}).status_code == 400


def test_a_rate_is_stated_exactly(admin: Client) -> None:
    assert said(do(admin, "set-exchange-rate", base="eur", quote="usd", rate="1.0829", valid_from="")) == [
        "It is kept."
    ]
    assert ExchangeRate.objects.get(base="EUR").billionths == 1_082_900_000
    assert "rate" in refused(do(admin, "set-exchange-rate", base="EUR", quote="USD", rate="-1", valid_from=""))
    assert "rate" in refused(do(admin, "set-exchange-rate", base="EUR", quote="USD", rate="1.00000000001"))


def test_what_is_odd_is_settled_once(admin: Client) -> None:
    row = Oddity.objects.get()
    assert said(do(admin, "settle-oddity", row.pk, note="They fixed it.")) == ["It is settled."]
    row.refresh_from_db()
    assert (row.state, row.settled_by, row.note) == ("settled", "admin", "They fixed it.")


@pytest.mark.parametrize(("asked", "found"), [("yes", 1), ("no", 1)])
def test_offers_of_what_we_sell_too_are_told_apart(admin: Client, asked: str, found: int) -> None:
    listed = admin.get(reverse("desk:partners_offer_changelist"), {"same": asked})
    assert listed.context["cl"].result_count == found


def test_a_part_shows_all_that_was_done_for_it(admin: Client) -> None:
    listed = admin.get(reverse("desk:partners_partnerpart_changelist"), {"q": "ob-1"})
    row = listed.context["cl"].result_list[0]
    page = admin.get(reverse("desk:partners_partnerpart_change", args=[row.pk])).content.decode()
    for text in ("Lamp", "8001", "WOBBLED", "lost", "kept"):
        assert text in page


def test_partners_stand_side_by_side(admin: Client, made: Stands) -> None:
    page = admin.get(reverse("desk:partners_compared_changelist"))
    by_partner, beside, shown = page.context["sections"]
    (row,) = [[str(cell.drawn) for cell in row] for row in by_partner.rows]
    assert [text.split(">")[1].split("<")[0] if text.startswith("<") else text for text in row] == [
        "Lantern", "2", "2", "1", "3", "1", "0", "1", "$10.00", "\N{EN DASH}",
    ]  # fmt: skip
    (own,) = [[str(cell.drawn) for cell in row] for row in beside.rows]
    assert own[1:3] == ["908531", "$2.89"]
    assert own[4:] == ["$10.00", "$0.00", "+246 %", "5"]
    (most,) = [[str(cell.drawn) for cell in row] for row in shown.rows]
    assert most[2:] == ["3", "1", "0"]
    text = b"".join(admin.get(reverse("desk:partners_compared_csv")).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert text.splitlines()[1].split(",")[-4:] == ["10.00", "0.00", "2460208", "5"]
    reader = Client()
    reader.force_login(made.own_people()["reader"])
    assert reader.get(reverse("desk:partners_compared_changelist")).status_code == 403
    merchandiser = Client()
    merchandiser.force_login(made.own_people()["merchandiser"])
    page = merchandiser.get(reverse("desk:partners_compared_changelist"))
    assert [column.short_description for column in page.context["sections"][0].headings][-1] == "Sold here"


@pytest.mark.parametrize("query", ["?from=x&until=2026-99-99", "?partner=%00", "?from=0001-01-01", "?partner=nobody"])
def test_a_strange_question_about_partners_is_no_error(admin: Client, query: str) -> None:
    assert admin.get(reverse("desk:partners_compared_changelist") + query).status_code == 200
