"""Taxes: rates set and ended, how they are reckoned, which class goods are of; and read."""

from collections.abc import Iterable

from django.http import HttpResponse

from onebasket.channels.api.application import Call, endpoint
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.fields import PlaceCode
from onebasket.channels.api.paging import Batch, ItemResult, Page, PageQuery, Results, after_of, page, results
from onebasket.channels.api.tokens import Caller, narrow_to, require_every_place, require_places
from onebasket.commerce.pricing.actions import end_taxes, set_tax_classes, set_tax_terms, set_taxes
from onebasket.commerce.pricing.queries.listing import (
    TaxClassRead,
    TaxRead,
    TaxTermsRead,
    read_tax_classes,
    read_tax_terms,
    read_taxes,
)
from onebasket.commerce.pricing.rules.messages import TaxClassItem, TaxEnd, TaxItem, TaxTermsItem

RESULTS = {200: Results[ItemResult]}


class TaxQuery(PageQuery, frozen=True, kw_only=True):
    """Which taxes: of one place; `current` leaves history out."""

    place: PlaceCode | None = None
    current: bool = True


class TaxTermsQuery(PageQuery, frozen=True, kw_only=True):
    """Where: at one place."""

    place: PlaceCode | None = None


@endpoint("PUT", "/taxes", Contract(scope="taxes:write", body=Batch[TaxItem], answers=RESULTS))
def put_taxes(call: Call) -> HttpResponse:
    """Set rates of taxes on classes of goods, of a place or of the whole chain; nothing is ever overwritten."""
    items = call.body.items
    _require_reach(call.caller, (item.place for item in items))
    return results([item.key for item in items], run(lambda: set_taxes(call.caller.source_id, items)))


@endpoint("POST", "/taxes/end", Contract(scope="taxes:write", body=Batch[TaxEnd], answers=RESULTS))
def end_many_taxes(call: Call) -> HttpResponse:
    """End taxes at an instant, future versions too."""
    items = call.body.items
    _require_reach(call.caller, (item.place for item in items))
    return results([item.key for item in items], run(lambda: end_taxes(call.caller.source_id, items)))


@endpoint("GET", "/taxes", Contract(scope="taxes:read", query=TaxQuery, answers={200: Page[TaxRead]}))
def list_taxes(call: Call) -> HttpResponse:
    """List taxes as they stand, the chain's and those of places, in the order of their rows."""
    query = call.query
    narrow_to(call.caller, query.place)
    found = read_taxes(
        call.caller.places, place=query.place or "", current=query.current, after=after_of(call), limit=query.limit
    )
    return page(call, *found)


@endpoint("PUT", "/taxes/terms", Contract(scope="taxes:write", body=Batch[TaxTermsItem], answers=RESULTS))
def put_tax_terms(call: Call) -> HttpResponse:
    """Say from when on prices contain tax or not, how it is rounded, and to what cash is."""
    items = call.body.items
    _require_reach(call.caller, (item.place for item in items))
    return results([item.key for item in items], run(lambda: set_tax_terms(call.caller.source_id, items)))


@endpoint("GET", "/taxes/terms", Contract(scope="taxes:read", query=TaxTermsQuery, answers={200: Page[TaxTermsRead]}))
def list_tax_terms(call: Call) -> HttpResponse:
    """List how taxes are reckoned, where and from when on."""
    query = call.query
    narrow_to(call.caller, query.place)
    found = read_tax_terms(call.caller.places, place=query.place or "", after=after_of(call), limit=query.limit)
    return page(call, *found)


@endpoint("PUT", "/taxes/classes", Contract(scope="taxes:write", body=Batch[TaxClassItem], answers=RESULTS))
def put_tax_classes(call: Call) -> HttpResponse:
    """Say of which class for tax products, categories and departments are; the closest statement holds."""
    require_every_place(call.caller, "A class of goods is for")
    items = call.body.items
    return results([item.key for item in items], run(lambda: set_tax_classes(call.caller.source_id, items)))


@endpoint("GET", "/taxes/classes", Contract(scope="taxes:read", query=PageQuery, answers={200: Page[TaxClassRead]}))
def list_tax_classes(call: Call) -> HttpResponse:
    """List which products, categories and departments are of which class."""
    return page(call, *read_tax_classes(after=after_of(call), limit=call.query.limit))


def _require_reach(caller: Caller, places: Iterable[str]) -> None:
    named = set(places)
    if "" in named:
        require_every_place(caller, "A tax without a place is for")
    require_places(caller, named - {""})
