"""Customers: loaded, found, merged, retired, and what they agreed to."""

from typing import Annotated

import msgspec
from django.http import HttpResponse
from msgspec import Meta
from ninja import Path

from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.once import once
from onebasket.channels.api.paging import Batch, ItemResult, Page, PageQuery, Results, after_of, page, results
from onebasket.channels.api.problems import refuse, unknown
from onebasket.channels.api.tokens import require_every_place
from onebasket.commerce.customers.actions import retire_customers, state_consents, upsert_customers
from onebasket.commerce.customers.actions.details import CustomerError
from onebasket.commerce.customers.actions.merging import Merged
from onebasket.commerce.customers.actions.proving import make_code
from onebasket.commerce.customers.queries.doubles import DoubleRead, doubles
from onebasket.commerce.customers.queries.reading import (
    CustomerFilter,
    CustomerHead,
    CustomerRead,
    find_customer,
    read_customer,
    read_customers,
)
from onebasket.commerce.customers.rules import ConsentItem, CustomerItem, CustomerRetirement
from onebasket.commerce.customers.rules.merging import MergeRefused
from onebasket.commerce.customers.rules.messages import LoyaltyNumber
from onebasket.commerce.insights.actions.merging import merge_people, part_people

Number = Annotated[str, Path(min_length=1, max_length=64)]
"""A loyalty number in a path."""


class CustomerQuery(PageQuery, frozen=True, kw_only=True):
    """Which customers: by a number that stands for them, by e-mail address, by phone number; all where none is said."""

    number: LoyaltyNumber | None = None
    email: Annotated[str, Meta(min_length=1, max_length=254)] | None = None
    phone: Annotated[str, Meta(min_length=1, max_length=32)] | None = None


class DoublesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many pairs."""

    limit: Annotated[int, Meta(ge=1, le=500, description="At most so many pairs.")] = 100


class Doubles(msgspec.Struct, frozen=True):
    """Pairs of customers who are likely one person, the likeliest first."""

    items: tuple[DoubleRead, ...]


class MergeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose number stands for both from now on, and the other; and why, for whoever looks later."""

    keep: LoyaltyNumber
    other: LoyaltyNumber
    reason: Annotated[str, Meta(max_length=200)] = ""


class CardCodeMade(msgspec.Struct, frozen=True):
    """A code that proves a card, shown this once: print it for whoever holds the card."""

    loyalty_number: str
    code: str


@endpoint(
    "PUT",
    "/customers",
    Contract(scope="customers:write", body=Batch[CustomerItem], answers={200: Results[ItemResult]}),
)
def put_customers(call: Call) -> HttpResponse:
    """Make customers, change them, or bring retired ones back, by loyalty number.

    What an item leaves out stays as it is; segments and addresses are stated whole.
    """
    items = call.body.items
    return results([item.key for item in items], run(lambda: upsert_customers(call.caller.source_id, items)))


@endpoint(
    "GET", "/customers", Contract(scope="customers:read", query=CustomerQuery, answers={200: Page[CustomerHead]})
)  # fmt: skip
def list_customers(call: Call) -> HttpResponse:
    """List customers, the newest first; a number that was merged finds the customer that it stands for."""
    query = call.query
    wanted = CustomerFilter(query.number or "", query.email or "", query.phone or "")
    return page(call, *read_customers(wanted, after=after_of(call), limit=query.limit))


@endpoint(
    "POST",
    "/customers/retire",
    Contract(scope="customers:write", body=Batch[CustomerRetirement], answers={200: Results[ItemResult]}),
)
def retire_many_customers(call: Call) -> HttpResponse:
    """Retire customers, so that their number is found no more."""
    items = call.body.items
    return results([item.key for item in items], run(lambda: retire_customers(call.caller.source_id, items)))


@endpoint(
    "POST",
    "/customers/consents",
    Contract(scope="customers:write", body=Batch[ConsentItem], answers={200: Results[ItemResult]}),
)
def post_consents(call: Call) -> HttpResponse:
    """State what customers agreed to and withdrew, with the version of the text; statements are never changed."""
    items = call.body.items
    return results([item.key for item in items], run(lambda: state_consents(call.caller.source_id, items)))


@endpoint("GET", "/customers/doubles", Contract(scope="customers:read", query=DoublesQuery, answers={200: Doubles}))
def list_doubles(call: Call) -> HttpResponse:
    """List pairs of customers who are likely one person: same e-mail address, phone number, or name and postcode."""
    require_every_place(call.caller, "Doubles concern")
    return reply(Doubles(tuple(doubles(limit=call.query.limit))))


@endpoint(
    "POST",
    "/customers/merge",
    Contract(scope="customers:write", body=MergeBody, answers={200: Merged}, key=True),
)
def merge_two_customers(call: Call) -> HttpResponse:
    """Merge two customers who are one person: both numbers go on, and it can be undone."""
    require_every_place(call.caller, "A merge concerns")
    body = call.body

    def act() -> Merged:
        outcome = merge_people(body.keep, body.other, actor=call.caller.actor, reason=body.reason)
        if isinstance(outcome, MergeRefused):
            raise refuse(422, f"merge_{outcome.code}", outcome.message)
        return outcome

    return once(call, "customer.merge", [body], act=act)


@endpoint(
    "POST",
    "/customers/merges/{merge_id}/undo",
    Contract(scope="customers:write", answers={200: Merged}, key=True),
)
def undo_one_merge(call: Call, merge_id: Annotated[int, Path(ge=1, le=2**63 - 1)]) -> HttpResponse:
    """Part two customers again as they were before their merge."""
    require_every_place(call.caller, "A merge concerns")

    def act() -> Merged:
        try:
            return part_people(merge_id, actor=call.caller.actor)
        except CustomerError as error:
            raise refuse(409, "merge_stands", str(error)) from error

    return once(call, "customer.part", [merge_id], act=act)


@endpoint(
    "GET",
    "/customers/{loyalty_number}",
    Contract(scope="customers:read", answers={200: CustomerRead}, errors=(404,)),
)
def get_customer(call: Call, loyalty_number: Number) -> HttpResponse:  # noqa: ARG001 - a view takes its call
    """Get the customer that a number stands for: details, all numbers, segments, addresses, consents."""
    found = read_customer(customer_id(loyalty_number))
    if found is None:
        raise unknown("customer")
    return reply(found)


@endpoint(
    "POST",
    "/customers/{loyalty_number}/code",
    Contract(scope="customers:write", answers={200: CardCodeMade}, errors=(404,)),
)
def make_card_code(call: Call, loyalty_number: Number) -> HttpResponse:
    """Make a one-time code that proves a card, to be printed for whoever holds it; one that was made before ends.

    It is kept as a digest only, so it needs no key and cannot be asked for again.
    """
    customer_id(loyalty_number)
    try:
        code = run(lambda: make_code(loyalty_number, actor=call.caller.actor))
    except CustomerError as error:
        raise unknown("customer") from error
    return reply(CardCodeMade(loyalty_number, code), headers={"Cache-Control": "no-store"})


def customer_id(loyalty_number: str) -> int:
    """Return whom a number stands for; 404 where it stands for nobody."""
    found = None if "\x00" in loyalty_number else find_customer(loyalty_number)
    if found is None:
        raise unknown("customer")
    return found
