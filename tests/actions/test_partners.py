"""Partners, agreements and exchange rates as stated, and what offers cost a shopper by them."""

from datetime import UTC, date, datetime

import pytest

from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions.oddities import NotOpenError, Odd, keep_odd, settle_odd
from onebasket.commerce.partners.actions.registering import set_credentials, upsert_agreements, upsert_rates
from onebasket.commerce.partners.models import Oddity, Partner
from onebasket.commerce.partners.queries.offers import priced_offers
from onebasket.commerce.partners.queries.partners import Credentials, gateway_account, partner_by_code
from onebasket.commerce.partners.rules.offers import Unsellable
from onebasket.commerce.partners.rules.partners import (
    AgreementItem,
    CommissionTermItem,
    ExchangeRateItem,
    Merchant,
)
from onebasket.commerce.partners.rules.port import Tokens
from tests.partnering import add_offers, make_partner

pytestmark = pytest.mark.django_db


def test_an_agreement_holds_from_its_day_until_the_next() -> None:
    partner = make_partner()
    stated = AgreementItem(
        key="2", partner="lantern", starts_on=date(2026, 6, 1), currency="USD", merchant=Merchant.PRINCIPAL,
        commission=(CommissionTermItem(50_000), CommissionTermItem(90_000, "Home > Lighting")),
    )  # fmt: skip
    assert upsert_agreements(1, [stated])[0].outcome == "created"
    before = partner_by_code("lantern", at=datetime(2026, 5, 31, 23, 59, tzinfo=UTC))
    after = partner_by_code("lantern", at=datetime(2026, 6, 1, tzinfo=UTC))
    assert before is not None
    assert before.agreement == partner.agreement
    assert after is not None
    assert after.agreement is not None
    assert after.agreement.merchant is Merchant.PRINCIPAL
    assert after.agreement.rate_of("Home > Lighting > Lamps") == 90_000
    assert after.agreement.rate_of("Home") == 50_000


def test_an_offer_is_priced_by_the_newest_rate_that_has_begun() -> None:
    partner = make_partner(merchant=Merchant.PRINCIPAL, markup=100_000)
    ids = add_offers(partner, {"lamp": {"price": 1999, "currency": "GBP", "shipping_amount": 100}})
    now = database_now()
    assert priced_offers(ids.values(), currency="USD", now=now)[ids["lamp"]].refused is Unsellable.NO_RATE
    rates = [
        ExchangeRateItem(
            key=f"r{year}", base="GBP", quote="USD", billionths=billionths, valid_from=datetime(year, 1, 1, tzinfo=UTC)
        )
        for year, billionths in ((2020, 1_000_000_000), (2026, 1_250_000_000), (2090, 9_000_000_000))
    ]
    assert [one.outcome for one in upsert_rates(1, rates)] == ["created"] * 3
    found = priced_offers(ids.values(), currency="USD", now=now)[ids["lamp"]]
    assert found.price is not None
    # 19.99 * 1.25 = 24.9875, and a tenth on it: 24.99 + 2.50.
    assert (found.price.amount, found.price.cost, found.price.shipping) == (2749, 1999, 125)
    assert (found.is_shown, found.is_referred, found.refused) == (True, True, None)


def test_secrets_are_kept_sealed_and_read_again() -> None:
    partner = make_partner()
    set_credentials("lantern", Credentials("key", "s3cr3t", Tokens("access")), actor="ada")
    kept = Partner.objects.get(code="lantern").credentials
    assert "s3cr3t" not in kept
    name, account = gateway_account(partner.id)
    assert (name, account.secret, account.tokens.access) == ("feed", "s3cr3t", "access")


def test_what_is_odd_counts_up_while_it_is_open() -> None:
    partner = make_partner()
    now = database_now()
    odd = Odd(partner.id, "push", "8001", "unknown_status", "It says WOBBLED.", "{}")
    keep_odd([odd, odd], now=now)
    keep_odd([odd], now=now)
    row = Oddity.objects.get()
    assert (row.times, row.state) == (2, "open")
    settle_odd(row.pk, actor="ada", note="asked them")
    with pytest.raises(NotOpenError):
        settle_odd(row.pk, actor="ada", note="again")
    keep_odd([odd], now=now)
    assert Oddity.objects.filter(state="open").count() == 1
    assert Oddity.objects.count() == 2
