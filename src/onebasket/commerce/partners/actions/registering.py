"""Partners, agreements and exchange rates as they are stated; secrets apart from them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import transaction

from onebasket.base import outbox, trail
from onebasket.base.clock import database_now
from onebasket.base.sealing import seal
from onebasket.commerce.access.actions.intake import take_in
from onebasket.commerce.access.rules import CREATED, UNCHANGED, UPDATED, ItemOutcome, invalid
from onebasket.commerce.partners.gateways.registry import GATEWAYS, OPTION_CHECKS
from onebasket.commerce.partners.models import Agreement, CommissionTerm, ExchangeRate, Partner
from onebasket.commerce.partners.queries.partners import PURPOSE, Credentials
from onebasket.commerce.partners.rules.messages import AgreementNews, PartnerNews
from onebasket.commerce.partners.rules.partners import (
    AgreementItem,
    ExchangeRateItem,
    Merchant,
    PartnerItem,
    place_code_of,
)
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import PlaceItem
from onebasket.kernel.money import currencies

_encode = msgspec.json.Encoder().encode
_STATED = ("name", "gateway", "endpoint", "currency", "options", "active")
_TERMS = (
    "ends_on", "currency", "merchant", "refers", "ships", "counter_returns", "markup", "return_days",
    "settlement_days", "fresh_minutes", "referral_days",
)  # fmt: skip


class UnknownPartnerError(Exception):
    """There is no partner of this code."""


def upsert_partners(source_id: int, items: Sequence[PartnerItem]) -> list[ItemOutcome]:
    """Make or change partners, one transaction for the batch; one outcome an item, in order.

    Each has a place of its own, of kind partner, under which its parts of orders are served; it is made beforehand.
    """
    _make_places(source_id, items)
    return take_in(
        "partner", source_id, items, book="partners", decide=lambda fit, now: _upsert_partners(fit, source_id, now)
    )


def upsert_agreements(source_id: int, items: Sequence[AgreementItem]) -> list[ItemOutcome]:
    """State what was agreed with partners from a day on; the same day again restates it. One outcome an item."""
    return take_in("agreement", source_id, items, book="partners", decide=_upsert_agreements)


def upsert_rates(source_id: int, items: Sequence[ExchangeRateItem]) -> list[ItemOutcome]:
    """State exchange rates; one that was stated for an instant stays as it is. One outcome an item."""
    return take_in("exchange-rate", source_id, items, book="partners", decide=_upsert_rates)


def set_credentials(partner: str, credentials: Credentials, *, actor: str) -> None:
    """Keep, sealed, what a partner's platform knows us by. The trail says that it was done, never what.

    Raises:
        UnknownPartnerError: there is no such partner.
    """
    sealed = seal(_encode(credentials).decode(), purpose=PURPOSE)
    with transaction.atomic():
        until = credentials.tokens.access_until
        if not Partner.objects.filter(code=partner).update(credentials=sealed, tokens_until=until):
            raise UnknownPartnerError(partner)
        trail.note_change(actor, action="partner.credentials", target=f"partner/{partner}", at=database_now())


def _make_places(source_id: int, items: Sequence[PartnerItem]) -> None:
    known = places_by_code(place_code_of(item.code) for item in items)
    upsert_places(
        source_id,
        [
            PlaceItem(
                f"partner/{item.code}/place", code, item.name, item.currency, "UTC", kind="partner", owner=item.code
            )
            for item in items
            if (code := place_code_of(item.code)) not in known and item.currency in currencies()
        ],
    )


def _upsert_partners(items: Sequence[PartnerItem], source_id: int, now: datetime) -> list[ItemOutcome]:
    known = {row.code: row for row in Partner.objects.filter(code__in={item.code for item in items})}
    places = places_by_code(place_code_of(item.code) for item in items)
    outcomes, news = [], []
    for item in items:
        if problem := _partner_problem(item, known.get(item.code)):
            outcomes.append(invalid(problem))
            continue
        row = known.get(item.code)
        if row is not None and all(getattr(row, name) == getattr(item, name) for name in _STATED):
            outcomes.append(UNCHANGED)
            continue
        outcomes.append(CREATED if row is None else UPDATED)
        row = row or Partner(code=item.code, place_id=places[place_code_of(item.code)].id, created_at=now)
        for name in _STATED:
            setattr(row, name, getattr(item, name))
        row.source_id = source_id
        row.save()
        known[item.code] = row
        told = PartnerNews(item.code, item.name, item.gateway, item.currency, item.active)
        news.append(outbox.News("partner.changed", f"partner/{item.code}", now, _encode(told).decode()))
    outbox.record(news)
    return outcomes


def _partner_problem(item: PartnerItem, known: Partner | None) -> str:
    if item.currency not in currencies():
        return f"currency: {item.currency!r} is no ISO 4217 currency code, such as USD."
    if item.gateway not in GATEWAYS:
        return f"gateway: there is no {item.gateway!r}. Use one of: {', '.join(sorted(GATEWAYS))}."
    if item.gateway in OPTION_CHECKS and (problem := OPTION_CHECKS[item.gateway](item.options)):
        return problem
    if known is not None and known.currency != item.currency:
        return f"currency: {item.code} is reckoned in {known.currency}. Enrol another partner instead."
    return ""


def _upsert_agreements(items: Sequence[AgreementItem], now: datetime) -> list[ItemOutcome]:
    partners = {row.code: row.pk for row in Partner.objects.filter(code__in={item.partner for item in items})}
    outcomes, news = [], []
    for item in items:
        if problem := _agreement_problem(item, partners):
            outcomes.append(invalid(problem))
            continue
        found = Agreement.objects.filter(partner_id=partners[item.partner], starts_on=item.starts_on).first()
        outcome = CREATED if found is None else UPDATED
        if found is not None and _is_as_stated(found, item):
            outcomes.append(UNCHANGED)
            continue
        row = found or Agreement(partner_id=partners[item.partner], starts_on=item.starts_on)
        for name in _TERMS:
            setattr(row, name, getattr(item, name))
        row.recorded_at = now
        row.save()
        CommissionTerm.objects.filter(agreement=row).delete()
        CommissionTerm.objects.bulk_create(
            [CommissionTerm(agreement=row, category=term.category, rate=term.rate) for term in item.commission]
        )
        outcomes.append(outcome)
        told = AgreementNews(item.partner, item.starts_on, item.ends_on, item.merchant.value, item.currency)
        news.append(outbox.News("agreement.changed", f"partner/{item.partner}", now, _encode(told).decode()))
    outbox.record(news)
    return outcomes


def _agreement_problem(item: AgreementItem, partners: dict[str, int]) -> str:
    if item.partner not in partners:
        return f"partner: there is no {item.partner!r}. State the partner first."
    if item.currency not in currencies():
        return f"currency: {item.currency!r} is no ISO 4217 currency code, such as USD."
    if item.ends_on is not None and item.ends_on <= item.starts_on:
        return "ends_on: it ends before it begins. It holds up to, and without, that day."
    if len({term.category for term in item.commission}) != len(item.commission):
        return "commission: name each category once."
    if item.markup and item.merchant is Merchant.AGENT:
        return "markup: as the partner's agent the chain adds nothing to its price. State 0, or be principal."
    return ""


def _is_as_stated(row: Agreement, item: AgreementItem) -> bool:
    terms = {term.category: term.rate for term in row.terms.all()}
    stated = {term.category: term.rate for term in item.commission}
    return terms == stated and all(getattr(row, name) == getattr(item, name) for name in _TERMS)


def _upsert_rates(items: Sequence[ExchangeRateItem], now: datetime) -> list[ItemOutcome]:
    outcomes = []
    for item in items:
        if bad := next((code for code in (item.base, item.quote) if code not in currencies()), ""):
            outcomes.append(invalid(f"{bad!r} is no ISO 4217 currency code, such as USD."))
            continue
        row, made = ExchangeRate.objects.get_or_create(
            base=item.base,
            quote=item.quote,
            valid_from=item.valid_from,
            defaults={"billionths": item.billionths, "recorded_at": now},
        )
        if not made and row.billionths != item.billionths:
            outcomes.append(invalid("Another rate was stated for this instant, and prices were made of it."))
        else:
            outcomes.append(CREATED if made else UNCHANGED)
    return outcomes
