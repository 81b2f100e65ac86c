"""Partners, agreements, exchange rates and offers stated; referrals, parts of orders, commission and oddities read."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.fields import Id, Note, Since, instant
from onebasket.channels.api.once import once
from onebasket.channels.api.paging import Batch, ItemResult, Page, PageQuery, Results, after_of, page, results
from onebasket.channels.api.problems import refuse, unknown
from onebasket.channels.api.tokens import require_every_place
from onebasket.commerce.partners.actions.oddities import NotOpenError, settle_odd
from onebasket.commerce.partners.actions.registering import upsert_agreements, upsert_partners, upsert_rates
from onebasket.commerce.partners.queries.reading import (
    AgreementRead,
    CommissionRead,
    CommissionWhole,
    ExchangeRateRead,
    OddityRead,
    OfferRead,
    PartnerRead,
    PartRead,
    PartWhole,
    ReferralRead,
    Wanted,
    read_agreements,
    read_all_partners,
    read_commission,
    read_commissions,
    read_oddities,
    read_oddity,
    read_offers,
    read_part,
    read_parts,
    read_rates,
    read_referrals,
)
from onebasket.commerce.partners.rules.partners import AgreementItem, ExchangeRateItem, PartnerItem
from onebasket.commerce.partners.rules.parts import Status
from onebasket.kernel.patterns import exactly

RESULTS = {200: Results[ItemResult]}
PartnerCode = Annotated[str, Meta(pattern=exactly("[a-z0-9][a-z0-9-]{0,31}"), description="A partner's code.")]
Word = Annotated[str, Meta(pattern=exactly("[a-z_]{1,12}"), description="Where it stands, such as clicked.")]
_WHOLE_CHAIN = "Partners belong to"


class OfPartnerQuery(PageQuery, frozen=True, kw_only=True):
    """Of which partner."""

    partner: PartnerCode | None = None


class OfferQuery(OfPartnerQuery, frozen=True, kw_only=True):
    """Which offers: of one partner, by the partner's own reference."""

    reference: Annotated[str, Meta(min_length=1, max_length=64, description="The partner's own.")] | None = None


class ReferralQuery(OfPartnerQuery, frozen=True, kw_only=True):
    """Which referrals."""

    status: Word | None = None
    since: Since | None = None


class CommissionQuery(OfPartnerQuery, frozen=True, kw_only=True):
    """Which lines of commission."""

    standing: Word | None = None
    key: Annotated[str, Meta(min_length=1, max_length=64, description="The partner's key of a line.")] | None = None
    since: Since | None = None


class PartQuery(OfPartnerQuery, frozen=True, kw_only=True):
    """Which parts of orders."""

    order: Annotated[UUID, Meta(description="An order's id.")] | None = None
    status: Status | None = None
    since: Since | None = None


class OddityQuery(OfPartnerQuery, frozen=True, kw_only=True):
    """Which oddities."""

    state: Literal["open", "settled", "all"] = "open"


class OddityNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found out, for those who look later."""

    note: Note


@endpoint("PUT", "/partners", Contract(scope="partners:write", body=Batch[PartnerItem], answers=RESULTS))
def put_partners(call: Call) -> HttpResponse:
    """State partners. Each gets a place of its own; nothing of it is shown before an agreement holds.

    What its platform knows us by is set in the back office, never here.
    """
    require_every_place(call.caller, _WHOLE_CHAIN)
    items = call.body.items
    return results([item.key for item in items], run(lambda: upsert_partners(call.caller.source_id, items)))


@endpoint("GET", "/partners", Contract(scope="partners:read", query=PageQuery, answers={200: Page[PartnerRead]}))
def list_partners(call: Call) -> HttpResponse:
    """List partners by code."""
    require_every_place(call.caller, _WHOLE_CHAIN)
    return page(call, *read_all_partners(after=after_of(call), limit=call.query.limit))


@endpoint("PUT", "/partners/agreements", Contract(scope="partners:write", body=Batch[AgreementItem], answers=RESULTS))
def put_agreements(call: Call) -> HttpResponse:
    """State what was agreed with partners from a day on; the same day again restates it.

    `markup` is a principal's alone: as agent the price is the partner's own, and an agreement that adds to it is
    refused.
    """
    require_every_place(call.caller, _WHOLE_CHAIN)
    items = call.body.items
    return results([item.key for item in items], run(lambda: upsert_agreements(call.caller.source_id, items)))


@endpoint(
    "GET",
    "/partners/agreements",
    Contract(scope="partners:read", query=OfPartnerQuery, answers={200: Page[AgreementRead]}),
)
def list_agreements(call: Call) -> HttpResponse:
    """List what was agreed with partners."""
    require_every_place(call.caller, _WHOLE_CHAIN)
    wanted = Wanted(call.query.partner or "")
    return page(call, *read_agreements(wanted, after=after_of(call), limit=call.query.limit))


@endpoint("PUT", "/exchange-rates", Contract(scope="partners:write", body=Batch[ExchangeRateItem], answers=RESULTS))
def put_exchange_rates(call: Call) -> HttpResponse:
    """State exchange rates, each from an instant on; what was stated for an instant stays."""
    require_every_place(call.caller, _WHOLE_CHAIN)
    items = call.body.items
    return results([item.key for item in items], run(lambda: upsert_rates(call.caller.source_id, items)))


@endpoint(
    "GET", "/exchange-rates", Contract(scope="partners:read", query=PageQuery, answers={200: Page[ExchangeRateRead]})
)
def list_exchange_rates(call: Call) -> HttpResponse:
    """List exchange rates, the last stated first."""
    require_every_place(call.caller, _WHOLE_CHAIN)
    return page(call, *read_rates(after=after_of(call), limit=call.query.limit))


@endpoint("GET", "/partners/offers", Contract(scope="partners:read", query=OfferQuery, answers={200: Page[OfferRead]}))
def list_partner_offers(call: Call) -> HttpResponse:
    """List offers as partners state them, each with when it was stated."""
    require_every_place(call.caller, _WHOLE_CHAIN)
    query = call.query
    wanted = Wanted(query.partner or "", reference=query.reference or "")
    return page(call, *read_offers(wanted, after=after_of(call), limit=query.limit))


@endpoint("GET", "/referrals", Contract(scope="partners:read", query=ReferralQuery, answers={200: Page[ReferralRead]}))
def list_referrals(call: Call) -> HttpResponse:
    """List shoppers handed to partners' sites, the last clicked first. A click knows nothing of the shopper."""
    require_every_place(call.caller, _WHOLE_CHAIN)
    query = call.query
    wanted = Wanted(query.partner or "", query.status or "", since=instant(query.since))
    return page(call, *read_referrals(wanted, after=after_of(call), limit=query.limit))


@endpoint(
    "GET", "/commissions", Contract(scope="partners:read", query=CommissionQuery, answers={200: Page[CommissionRead]})
)
def list_commissions(call: Call) -> HttpResponse:
    """List commission line by line as it stands, the last booked first."""
    require_every_place(call.caller, _WHOLE_CHAIN)
    query = call.query
    wanted = Wanted(query.partner or "", query.standing or "", query.key or "", instant(query.since))
    return page(call, *read_commissions(wanted, after=after_of(call), limit=query.limit))


@endpoint("GET", "/commissions/{line_id}", Contract(scope="partners:read", answers={200: CommissionWhole}))
def get_commission(call: Call, line_id: Id) -> HttpResponse:
    """Get a line of commission with every statement about it."""
    require_every_place(call.caller, _WHOLE_CHAIN)
    found = read_commission(line_id)
    if found is None:
        raise unknown("line of commission")
    return reply(found)


@endpoint("GET", "/partner-parts", Contract(scope="partners:read", query=PartQuery, answers={200: Page[PartRead]}))
def list_partner_parts(call: Call) -> HttpResponse:
    """List partners' parts of orders, the last opened first."""
    require_every_place(call.caller, _WHOLE_CHAIN)
    query = call.query
    wanted = Wanted(query.partner or "", query.status or "", since=instant(query.since), order=query.order)
    return page(call, *read_parts(wanted, after=after_of(call), limit=query.limit))


@endpoint("GET", "/partner-parts/{part_id}", Contract(scope="partners:read", answers={200: PartWhole}))
def get_partner_part(call: Call, part_id: UUID) -> HttpResponse:
    """Get a part with its lines and the partner's orders for it."""
    require_every_place(call.caller, _WHOLE_CHAIN)
    found = read_part(part_id)
    if found is None:
        raise unknown("part")
    return reply(found)


@endpoint("GET", "/oddities", Contract(scope="partners:read", query=OddityQuery, answers={200: Page[OddityRead]}))
def list_oddities(call: Call) -> HttpResponse:
    """List what partners stated that could not be taken as it is, oldest first."""
    require_every_place(call.caller, _WHOLE_CHAIN)
    query = call.query
    wanted = Wanted(query.partner or "", "" if query.state == "all" else query.state)
    return page(call, *read_oddities(wanted, after=after_of(call), limit=query.limit))


@endpoint(
    "POST",
    "/oddities/{oddity_id}/settle",
    Contract(scope="partners:write", body=OddityNote, answers={200: OddityRead}, key=True),
)
def settle_oddity(call: Call, oddity_id: Id) -> HttpResponse:
    """Settle what was odd, with a note; should the partner state the same again, it opens anew."""
    require_every_place(call.caller, _WHOLE_CHAIN)
    _odd(oddity_id)

    def act() -> OddityRead:
        settle_odd(oddity_id, actor=call.caller.actor, note=call.body.note)
        return _odd(oddity_id)

    try:
        return once(call, "oddity.settle", [oddity_id, call.body], act=act)
    except NotOpenError as error:
        raise refuse(409, "settled_before", "This oddity was settled before.") from error


def _odd(identity: int) -> OddityRead:
    found = read_oddity(identity)
    if found is None:
        raise unknown("oddity")
    return found
