"""What facts have put at odds: breaches, discrepancies, and lines that moved no stock."""

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.channels.api.application import Call, endpoint
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.fields import Id, Note, PlaceCode, Sku
from onebasket.channels.api.once import once
from onebasket.channels.api.paging import Page, PageQuery, after_of, page
from onebasket.channels.api.problems import refuse, unknown
from onebasket.channels.api.tokens import narrow_to
from onebasket.commerce.sales.actions import SettledBeforeError, dismiss_line, mend_line
from onebasket.commerce.sales.actions.exceptions import OtherUnitError, UnknownProductError
from onebasket.commerce.sales.queries.reading import LineExceptionRead, read_line_exception, read_line_exceptions
from onebasket.commerce.stock.queries.reading import (
    BreachRead,
    DiscrepancyRead,
    read_breaches,
    read_discrepancies,
)

OWN_SOURCE = 0
"""The hub's own source: the movement that mends a line is keyed by the exception, whoever asks for it."""


class OddsQuery(PageQuery, frozen=True, kw_only=True):
    """Which breaches or discrepancies."""

    place: PlaceCode | None = None
    state: Literal["open", "closed", "all"] = "open"
    limit: Annotated[int, Meta(ge=1, le=100, description="At most so many rows.")] = 50


class LineExceptionQuery(PageQuery, frozen=True, kw_only=True):
    """Which line exceptions."""

    place: PlaceCode | None = None
    state: Literal["open", "mended", "dismissed", "all"] = "open"


class MendLineBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the line was; `quantity` in steps of its unit (negative: it came back), null for the line's own."""

    sku: Sku
    quantity: Annotated[int, Meta(ge=-(10**12), le=10**12)] | None = None


class NoteBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, for those who look later."""

    note: Note


_OPEN = {"open": True, "closed": False, "all": None}


@endpoint("GET", "/breaches", Contract(scope="exceptions:read", query=OddsQuery, answers={200: Page[BreachRead]}))
def list_breaches(call: Call) -> HttpResponse:
    """List breaches: on hand below reserved, with whose promises are at risk, newest first."""
    query = call.query
    narrow_to(call.caller, query.place)
    found = read_breaches(
        call.caller.places, place=query.place or "", is_open=_OPEN[query.state], after=after_of(call), limit=query.limit
    )
    return page(call, *found)


@endpoint(
    "GET", "/discrepancies", Contract(scope="exceptions:read", query=OddsQuery, answers={200: Page[DiscrepancyRead]})
)
def list_discrepancies(call: Call) -> HttpResponse:
    """List discrepancies: on hand below zero, which asks for a count, newest first."""
    query = call.query
    narrow_to(call.caller, query.place)
    found = read_discrepancies(
        call.caller.places, place=query.place or "", is_open=_OPEN[query.state], after=after_of(call), limit=query.limit
    )
    return page(call, *found)


@endpoint(
    "GET",
    "/line-exceptions",
    Contract(scope="exceptions:read", query=LineExceptionQuery, answers={200: Page[LineExceptionRead]}),
)
def list_line_exceptions(call: Call) -> HttpResponse:
    """List receipt lines that moved no stock because nobody knows yet what they are, oldest first."""
    query = call.query
    narrow_to(call.caller, query.place)
    state = "" if query.state == "all" else query.state
    found = read_line_exceptions(
        call.caller.places, place=query.place or "", state=state, after=after_of(call), limit=query.limit
    )
    return page(call, *found)


@endpoint(
    "POST",
    "/line-exceptions/{exception_id}/mend",
    Contract(scope="exceptions:write", body=MendLineBody, answers={200: LineExceptionRead}, key=True),
)
def mend_line_exception(call: Call, exception_id: Id) -> HttpResponse:
    """Say which product a line was; one movement mends the stock, as of the receipt's time."""
    body = call.body

    def act() -> LineExceptionRead:
        mend_line(exception_id, sku=body.sku, quantity=body.quantity, actor=call.caller.actor, source_id=OWN_SOURCE)
        return _visible(call, exception_id)

    return _settle(call, "line-exception.mend", exception_id, act)


@endpoint(
    "POST",
    "/line-exceptions/{exception_id}/dismiss",
    Contract(scope="exceptions:write", body=NoteBody, answers={200: LineExceptionRead}, key=True),
)
def dismiss_line_exception(call: Call, exception_id: Id) -> HttpResponse:
    """Close a line exception that needs no movement, with a note."""

    def act() -> LineExceptionRead:
        dismiss_line(exception_id, note=call.body.note, actor=call.caller.actor)
        return _visible(call, exception_id)

    return _settle(call, "line-exception.dismiss", exception_id, act)


def _settle(call: Call, kind: str, exception_id: int, act: Callable[[], LineExceptionRead]) -> HttpResponse:
    _visible(call, exception_id)
    try:
        return once(call, kind, [exception_id, call.body], act=act)
    except SettledBeforeError as error:
        raise refuse(409, "settled_before", f"The line exception was settled before: it is {error}.") from error
    except UnknownProductError as error:
        raise refuse(422, "unknown_product", f"There is no product with SKU {error.args[0]!r}.") from error
    except OtherUnitError as error:
        line, product = error.args
        detail = f"The line is in {line} and the product in {product}: say the quantity in steps of {product}."
        raise refuse(422, "other_unit", detail) from error


def _visible(call: Call, exception_id: int) -> LineExceptionRead:
    found = read_line_exception(call.caller.places, exception_id)
    if found is None:
        raise unknown("line exception")
    return found
