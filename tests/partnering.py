"""Partners, agreements and offers for tests; a test states only what it is about."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from onebasket.base.clock import database_now
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.access.models import Source
from onebasket.commerce.partners.actions.registering import upsert_agreements, upsert_partners
from onebasket.commerce.partners.gateways import registry
from onebasket.commerce.partners.models import Offer, Partner
from onebasket.commerce.partners.queries.partners import partner_by_code
from onebasket.commerce.partners.rules.partners import (
    AgreementItem,
    CommissionTermItem,
    Merchant,
    PartnerFacts,
    PartnerItem,
)


def make_partner(code: str = "lantern", *, gateway: str = "", endpoint: str = "", **terms: Any) -> PartnerFacts:
    """Make a partner with an agreement that holds since 2020: dollars, agent, 7 % on everything; `terms` say otherwise.

    Without a gateway it has the first that there is.
    """
    found = Source.objects.filter(code="partners").first()
    source = found.pk if found else enrol_source("partners", actor="tests")
    name = gateway or min(registry.GATEWAYS)
    currency = terms.pop("partner_currency", "USD")
    item = PartnerItem(
        key=f"partner-{code}", code=code, name=code.title(), gateway=name, endpoint=endpoint, currency=currency
    )
    made = upsert_partners(source, [item])
    assert made[0].outcome == "created", made
    stated = {"currency": "USD", "merchant": Merchant.AGENT, "commission": (CommissionTermItem(70_000),)} | terms
    agreed = AgreementItem(key=f"agreement-{code}", partner=code, starts_on=date(2020, 1, 1), **stated)
    assert upsert_agreements(source, [agreed])[0].outcome == "created"
    facts = partner_by_code(code, at=datetime(2026, 1, 1, tzinfo=UTC))
    assert facts is not None
    return facts


def add_offers(partner: PartnerFacts, offers: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Write offers as they stand, by reference; return their ids. One costs $10.00 and is there, unless stated."""
    now = database_now()
    rows = [
        Offer(
            **{"title": reference.title(), "price": 1000, "currency": "USD", "stock": 5, "changed": number}
            | {"url": f"https://{partner.code}.example/item/{reference}", "stated_at": now, "seen_at": now}
            | dict(stated),
            partner_id=partner.id,
            reference=reference,
        )
        for number, (reference, stated) in enumerate(offers.items(), 1)
    ]
    Offer.objects.bulk_create(rows)
    return dict(Offer.objects.filter(partner_id=partner.id).values_list("reference", "pk"))


def enrolled(code: str) -> Partner:
    """Return a partner's row."""
    return Partner.objects.get(code=code)
