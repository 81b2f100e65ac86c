"""The trial balance: what each account comes to, with links down to the postings; and the same as a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from onebasket.base.clock import database_now
from onebasket.channels.desk.admins.books import amount_in
from onebasket.channels.desk.columns import Column, link
from onebasket.channels.desk.exporting import csv_file
from onebasket.channels.desk.rights import Places, has_anywhere, person, places_for
from onebasket.channels.desk.sections import MOST_ROWS, filtered, section
from onebasket.commerce.books.models import Posting
from onebasket.commerce.books.queries.points import earning_rules, points_outstanding
from onebasket.commerce.books.queries.reading import BooksFilter, balances_by_part, trial_balance
from onebasket.commerce.books.rules.accounts import BY_ACCOUNT, POINTS
from onebasket.commerce.books.rules.points import rule_on, worth_of
from onebasket.commerce.books.rules.reports import Balance, Tie, ties_of
from onebasket.commerce.places.queries import all_places
from onebasket.kernel.money import decimal_amount

RIGHT = "books.read"
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is asked for: the reader's places, and what to add up."""

    places: Places
    wanted: BooksFilter

    def query(self, **more: object) -> dict[str, str]:
        """Return the address' query for the same place and days, with what more is given."""
        wanted = self.wanted
        stated = {"at": wanted.place, "business_day_from": wanted.first, "business_day_to": wanted.last, **more}
        return {name: str(value) for name, value in stated.items() if value not in {None, ""}}


@require_safe
def balances_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """Show the trial balance of a place and days, or one account part by part."""
    asked = _asked(request)
    rows = list(islice(_rows(asked), MOST_ROWS + 1))
    account = asked.wanted.account
    shown = [section(_title(account), _columns(asked), rows, empty="Nothing was posted.")]
    if account is None:
        shown.append(section("Does it tie?", TIES, ties_of(rows), empty="There is nothing to tie."))
        shown.append(section("What points would pay today", WORTH, _worth(), empty="Points pay nothing yet."))
    context = {
        **site.each_context(request),
        "title": "Trial balance" if account is None else _title(account),
        "asked": asked.wanted,
        "places": _offered(asked.places),
        "csv": f"{reverse('desk:books_balance_csv')}?{urlencode(_own_query(asked))}",
        "whole": f"{reverse('desk:books_balance_changelist')}?{urlencode(asked.query())}" if account else "",
        "sections": shown,
    }
    request.current_app = site.name
    return TemplateResponse(request, "desk/balances.html", context)


@require_safe
def balances_csv(request: HttpRequest) -> HttpResponseBase:
    """Stream the same as a file, whole."""
    asked = _asked(request)
    return csv_file("onebasket balances", _columns(asked)[:-1], _rows(asked))


def _asked(request: HttpRequest) -> Asked:
    if not has_anywhere(person(request), RIGHT):
        raise PermissionDenied
    query = request.GET
    account = query.get("account", "")
    known = int(account) if account.isdecimal() and int(account) in BY_ACCOUNT else None
    place = query.get("at", "").replace("\x00", "")[:64]
    wanted = BooksFilter(
        place, _day(query.get("business_day_from", "")), _day(query.get("business_day_to", "")), account=known
    )
    return Asked(places_for(request, RIGHT), wanted)


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _rows(asked: Asked) -> Iterator[Balance]:
    if asked.wanted.account is None:
        yield from trial_balance(asked.places, asked.wanted)
        return
    after = None
    while True:
        rows, after = balances_by_part(asked.places, asked.wanted, after=after, limit=AT_ONCE)
        yield from rows
        if after is None:
            return


def _columns(asked: Asked) -> tuple[Column, ...]:
    def postings(row: Balance) -> str:
        more = {"part__exact": row.part} if asked.wanted.account is not None else {}
        return filtered(Posting, **asked.query(account__exact=row.account, unit__exact=row.unit, **more))

    def name(row: Balance) -> object:
        parts = f"{reverse('desk:books_balance_changelist')}?{urlencode(asked.query(account=row.account))}"
        return link(f"{row.account} {row.name}", parts if BY_ACCOUNT[row.account].parts else postings(row))

    account = Column("Account", name, lambda row: row.account)
    named = Column("Name", lambda row: row.name, lambda row: row.name)
    part = Column("Part", lambda row: link(row.part or "none", postings(row)), lambda row: row.part)
    first = (account, Column("Nature", lambda row: row.nature, lambda row: row.nature))
    whole = asked.wanted.account is None
    return (
        *(first if whole else (account, named, part)), Column("Unit", lambda row: row.unit, lambda row: row.unit),
        _sum("Debit", "debit"), _sum("Credit", "credit"), _sum("Balance", "balance"),
        Column("Rows", lambda row: link("postings", postings(row)), lambda _: ""),
    )  # fmt: skip


def _sum(title: str, path: str) -> Column:
    def state(row: Any) -> object:  # noqa: ANN401 - a balance or a tie
        amount = getattr(row, path)
        return amount if row.unit == POINTS else decimal_amount(amount, row.unit)

    return Column(title, lambda row: amount_in(row.unit, getattr(row, path)), state, numeric=True)


TIES: tuple[Column, ...] = (
    Column("What", lambda row: row.name, lambda row: row.name),
    Column("Unit", lambda row: row.unit, lambda row: row.unit),
    _sum("Apart", "amount"),
    Column("Ties", lambda row: _says(row), lambda row: _says(row)),  # noqa: PLW0108
)


WORTH: tuple[Column, ...] = (
    Column("Unit", lambda row: row.unit, lambda row: row.unit),
    Column("Points", lambda row: f"{row.points:,}", lambda row: row.points, numeric=True),
    _sum("Worth", "amount"),
)


@dataclass(frozen=True, slots=True)
class Worth:
    """What all points that can be spent would pay in a currency."""

    unit: str
    points: int
    amount: int


def _worth() -> list[Worth]:
    """Reckon what points would pay by today's rules: this liability is not in the books."""
    rules, today = earning_rules(), database_now().date()
    holding = {rule.currency: rule_on(rules, rule.currency, today) for rule in rules}
    if not any(rule and rule.worth_points for rule in holding.values()):
        return []
    points = points_outstanding().available
    return [Worth(unit, points, worth_of(rule, points)) for unit, rule in sorted(holding.items())]


def _says(tie: Tie) -> str:
    return "yes" if tie.ties else "no: look at it"


def _title(account: int | None) -> str:
    return "By account" if account is None else f"{account} {BY_ACCOUNT[account].name}, by {BY_ACCOUNT[account].parts}"


def _offered(places: Places) -> list[tuple[str, str]]:
    return [(place.code, place.name) for place in all_places() if places is None or place.code in places]


def _own_query(asked: Asked) -> dict[str, str]:
    return asked.query(**({} if asked.wanted.account is None else {"account": asked.wanted.account}))
