"""Partners with the agreement that holds, exchange rates, and what their platforms know us by; few statements each."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from django.db.models import Q

from onebasket.base import bulk
from onebasket.base.sealing import unseal
from onebasket.commerce.partners.models import Agreement, CommissionTerm, ExchangeRate, Partner
from onebasket.commerce.partners.rules.partners import AgreementFacts, Merchant, PartnerFacts, RateFacts
from onebasket.commerce.partners.rules.port import GatewayAccount, Tokens

PURPOSE = "partners.credentials"
"""What credentials are sealed for."""


class Credentials(msgspec.Struct, frozen=True):
    """What a partner's platform knows us by."""

    app_key: str = ""
    secret: str = ""
    tokens: Tokens = Tokens()


def all_partners(*, at: datetime) -> list[PartnerFacts]:
    """Return every partner with the agreement that holds on the day of an instant (UTC), by code; three statements.

    Every search of a shopper reads them, so that what has ended is hidden at once: without models, in a third of a
    millisecond.
    """
    rows = bulk.fetch("SELECT id, code, name, gateway, currency, place_id, active FROM partners_partner ORDER BY code")
    if not rows:
        return []
    day = at.date().isoformat()
    held = bulk.fetch(
        "SELECT id, partner_id, currency, merchant, refers, ships, markup, return_days, settlement_days, "
        "fresh_minutes, referral_days, counter_returns FROM partners_agreement "
        "WHERE starts_on <= %s AND (ends_on IS NULL OR ends_on > %s) ORDER BY starts_on",
        [day, day],
    )
    terms: dict[int, dict[str, int]] = {}
    named = f"SELECT agreement_id, category, rate FROM partners_commissionterm WHERE {bulk.in_list('agreement_id')}"  # noqa: S608 - constants
    for agreement_id, category, rate in bulk.fetch(named, [bulk.list_parameter([row[0] for row in held])]):
        terms.setdefault(agreement_id, {})[category] = rate
    agreements = {
        row[1]: AgreementFacts(  # type: ignore[call-arg] # as the columns are
            *row[:3], Merchant(row[3]), bool(row[4]), bool(row[5]), *row[6:11], terms.get(row[0], {}), bool(row[11])
        )
        for row in held
    }
    return [
        PartnerFacts(identity, code, name, gateway, currency, place_id, bool(active), agreements.get(identity))
        for identity, code, name, gateway, currency, place_id, active in rows
    ]


def partners_by_id(ids: Iterable[int], *, at: datetime) -> dict[int, PartnerFacts]:
    """Return partners by id, with the agreement that holds; three statements."""
    return {one.id: one for one in _with_agreements(Partner.objects.filter(pk__in=set(ids)), at=at)}


def partner_by_code(code: str, *, at: datetime) -> PartnerFacts | None:
    """Return a partner with the agreement that holds, or None; three statements."""
    return next(iter(_with_agreements(Partner.objects.filter(code=code), at=at)), None)


def exchange_rates(quote: str, *, bases: Iterable[str] = ()) -> list[RateFacts]:
    """Return the rates into a currency, all of them or those of some currencies; one statement."""
    wanted = set(bases)
    rows = ExchangeRate.objects.filter(quote=quote, **({"base__in": wanted} if wanted else {}))
    return [RateFacts(*row) for row in rows.values_list("base", "quote", "billionths", "valid_from")]


def gateway_account(partner_id: int) -> tuple[str, GatewayAccount]:
    """Return the name of a partner's gateway, and how we are known there; one statement.

    Raises:
        Partner.DoesNotExist: there is no such partner.
        UnsealableError: its secrets were sealed under another key of the installation.
    """
    row = Partner.objects.get(pk=partner_id)
    text = unseal(row.credentials, purpose=PURPOSE) if row.credentials else "{}"
    known = msgspec.json.decode(text, type=Credentials)
    account = GatewayAccount(
        partner=row.code,
        endpoint=row.endpoint,
        app_key=known.app_key,
        secret=known.secret,
        tokens=known.tokens,
        options={str(key): str(value) for key, value in row.options.items()},
    )
    return row.gateway, account


def _with_agreements(rows: Iterable[Partner], *, at: datetime) -> list[PartnerFacts]:
    partners = list(rows)
    day = at.date()
    agreements: dict[int, Agreement] = {}
    fit = Agreement.objects.filter(partner_id__in=[row.pk for row in partners], starts_on__lte=day)
    for one in fit.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=day)).order_by("starts_on"):
        agreements[one.partner_id] = one
    terms: dict[int, dict[str, int]] = {}
    for term in CommissionTerm.objects.filter(agreement__in=list(agreements.values())):
        terms.setdefault(term.agreement_id, {})[term.category] = term.rate
    return [_facts(row, agreements.get(row.pk), terms) for row in partners]


def _facts(row: Partner, found: Agreement | None, terms: dict[int, dict[str, int]]) -> PartnerFacts:
    agreement = None
    if found is not None:
        agreement = AgreementFacts(
            found.pk, row.pk, found.currency, Merchant(found.merchant), found.refers, found.ships, found.markup,
            found.return_days, found.settlement_days, found.fresh_minutes, found.referral_days,
            terms.get(found.pk, {}), found.counter_returns,
        )  # fmt: skip
    return PartnerFacts(row.pk, row.code, row.name, row.gateway, row.currency, row.place_id, row.active, agreement)
