"""The journal: entries, statements and balances, read."""

from datetime import date
from typing import Annotated

from django.http import HttpResponse
from msgspec import Meta

from onebasket.channels.api.application import Call, endpoint
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.fields import PlaceCode
from onebasket.channels.api.paging import Page, PageQuery, after_of, page
from onebasket.channels.api.problems import refuse
from onebasket.channels.api.tokens import narrow_to
from onebasket.commerce.books.queries.reading import (
    BooksFilter,
    EntryRead,
    StatementRead,
    balances_by_part,
    read_entries,
    read_statement,
    trial_balance,
)
from onebasket.commerce.books.rules.accounts import BY_ACCOUNT, LONGEST_PART
from onebasket.commerce.books.rules.entries import LONGEST_FACT, LONGEST_KIND
from onebasket.commerce.books.rules.reports import Balance
from onebasket.kernel.patterns import exactly

AccountNumber = Annotated[int, Meta(ge=1000, le=9999, description="An account's number, such as 1000 for takings.")]
Unit = Annotated[str, Meta(pattern=exactly("[A-Z]{3,6}"), description="A currency code, or POINTS.")]


class BooksQuery(PageQuery, frozen=True, kw_only=True):
    """Which business days, both included, and at which place."""

    place: PlaceCode | None = None
    first_day: date | None = None
    last_day: date | None = None


class EntryQuery(BooksQuery, frozen=True, kw_only=True):
    """Which entries."""

    fact: Annotated[str, Meta(min_length=1, max_length=LONGEST_FACT, description="Such as receipt/17.")] | None = None
    kind: Annotated[str, Meta(min_length=1, max_length=LONGEST_KIND, description="Such as sale.")] | None = None


class BalanceQuery(BooksQuery, frozen=True, kw_only=True):
    """Which balances: of every account, or of one, part by part."""

    account: AccountNumber | None = None
    unit: Unit | None = None


class StatementQuery(BooksQuery, frozen=True, kw_only=True):
    """Which postings."""

    account: AccountNumber
    part: Annotated[str, Meta(max_length=LONGEST_PART, description="Such as a loyalty number.")] | None = None
    unit: Unit | None = None


@endpoint("GET", "/books/entries", Contract(scope="books:read", query=EntryQuery, answers={200: Page[EntryRead]}))
def list_entries(call: Call) -> HttpResponse:
    """List entries with their postings, the last booked first.

    An amount is positive on the debit side and negative on the credit side; money is in minor units.
    """
    query = call.query
    wanted = _filter(call)._replace(fact=query.fact or "", kind=query.kind or "")
    return page(call, *read_entries(call.caller.places, wanted, after=after_of(call), limit=query.limit))


@endpoint("GET", "/books/balances", Contract(scope="books:read", query=BalanceQuery, answers={200: Page[Balance]}))
def list_balances(call: Call) -> HttpResponse:
    """List what each account comes to; with `account`, what each part of it comes to."""
    query, wanted = call.query, _filter(call)
    wanted = wanted._replace(account=_known(query.account), unit=query.unit or "")
    if query.account is None:
        return page(call, trial_balance(call.caller.places, wanted), None)
    return page(call, *balances_by_part(call.caller.places, wanted, after=after_of(call), limit=query.limit))


@endpoint(
    "GET", "/books/postings", Contract(scope="books:read", query=StatementQuery, answers={200: Page[StatementRead]})
)  # fmt: skip
def list_postings(call: Call) -> HttpResponse:
    """List an account's postings, or those of a part of it, the last booked first."""
    query, wanted = call.query, _filter(call)
    wanted = wanted._replace(account=_known(query.account), part=query.part, unit=query.unit or "")
    return page(call, *read_statement(call.caller.places, wanted, after=after_of(call), limit=query.limit))


def _filter(call: Call) -> BooksFilter:
    query = call.query
    narrow_to(call.caller, query.place)
    return BooksFilter(query.place or "", query.first_day, query.last_day)


def _known(account: int | None) -> int | None:
    if account is not None and account not in BY_ACCOUNT:
        numbers = ", ".join(str(number) for number in BY_ACCOUNT)
        raise refuse(422, "unknown_account", f"There is no account {account}. There are {numbers}.")
    return account
