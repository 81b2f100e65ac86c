"""The back office's books: the trial balance with links down to the facts, its file, and how points are earned."""

import csv
import io
import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from onebasket.base.models import TrailEntry
from onebasket.channels.desk.formats import MINUS
from onebasket.commerce.access.models import User
from onebasket.commerce.books.models import EarningRule, Entry, PointsAccount, Posting
from onebasket.commerce.sales.models import Receipt
from tests.channels.test_desk_world import NOW, ROLES, Stands, World, make_stands
from tests.standing import Standing

pytestmark = pytest.mark.django_db

BALANCES = "/desk/books/balances/"
ROWS = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
CELLS = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.DOTALL)


@pytest.fixture(scope="module", autouse=True)
def made(standing: Standing) -> Stands:
    return standing(make_stands)


@pytest.fixture
def world(made: Stands) -> World:
    return made.world


@pytest.fixture
def people(made: Stands) -> dict[str, User]:
    return made.own_people()


@pytest.fixture
def clerk(people: dict[str, User]) -> Client:
    client = Client()
    client.force_login(people["finance"])
    return client


def read(client: Client, address: str, **query: str) -> str:
    response = client.get(address, query)
    assert response.status_code == 200, address
    return unescape(response.content.decode())


def table(page: str) -> list[list[str]]:
    """Return the rows of all tables of a page as text."""
    rows = [[re.sub("<[^>]+>", "", cell).strip() for cell in CELLS.findall(row)] for row in ROWS.findall(page)]
    return [row for row in rows if row]


def links(page: str, words: str) -> list[str]:
    return [
        address for address, said in re.findall(r'<a class="ob-link" href="([^"]+)">([^<]*)</a>', page) if said == words
    ]


def test_the_trial_balance_adds_up_and_ties(world: World, clerk: Client) -> None:
    rows = table(read(clerk, BALANCES))
    takings = ["1000 Takings", "asset", "USD", "$66.74", "$0.00", "$66.74", "postings"]
    assert rows[1] == takings
    by_name = {row[0]: row[1:] for row in rows}
    assert by_name["4000 Sales at tills"] == ["revenue", "USD", "$0.00", "$67.92", "-$67.92", "postings"]
    assert by_name["4100 Discounts"] == ["revenue", "USD", "$1.96", "$0.00", "$1.96", "postings"]
    assert by_name["9100 Points available"] == ["points", "POINTS", "0", "64", f"{MINUS}64", "postings"]
    assert rows[-2:] == [["Unit", "Points", "Worth"], ["USD", "64", "$0.64"]]
    assert rows[-6:-2] == [
        ["Debits less credits", "POINTS", "0", "yes"],
        ["In suspense", "POINTS", "0", "yes"],
        ["Debits less credits", "USD", "$0.00", "yes"],
        ["In suspense", "USD", "$0.00", "yes"],
    ]
    assert "no: look at it" not in str(rows)


def test_what_does_not_tie_is_said(world: World, clerk: Client) -> None:
    Posting.objects.filter(account=4000, place__code="330").update(account=1900)
    rows = table(read(clerk, BALANCES))
    assert rows[-3] == ["In suspense", "USD", "-$33.96", "no: look at it"]


def test_one_place_and_its_days(world: World, clerk: Client) -> None:
    one = {row[0]: row[3] for row in table(read(clerk, BALANCES, at="330")) if len(row) > 3}
    assert one["1000 Takings"] == "$33.37"
    yesterday = (NOW - timedelta(days=2)).date().isoformat()
    assert "Nothing was posted." in read(clerk, BALANCES, at="330", business_day_to=yesterday)
    assert table(read(clerk, BALANCES, business_day_from=yesterday))[1][3] == "$66.74"
    assert "Nothing was posted." in read(clerk, BALANCES, at="nowhere")


def test_links_lead_from_the_balance_down_to_the_receipt(world: World, clerk: Client) -> None:
    page = read(clerk, BALANCES, at="330")
    (parts,) = links(page, "1000 Takings")
    rows = table(read(clerk, parts))
    assert [row[2:6] for row in rows[1:]] == [["card", "USD", "$27.48", "$0.00"], ["cash", "USD", "$5.89", "$0.00"]]
    (postings,) = links(read(clerk, parts), "cash")
    listed = clerk.get(postings)
    assert listed.context["cl"].result_count == 1
    entry = Posting.objects.get(account=1000, part="cash", place__code="330").entry_id
    shown = read(clerk, reverse("desk:books_entry_change", args=[entry]))
    booked = Receipt.objects.get(number="s-330-1")
    (receipt,) = links(shown, f"receipt/{booked.pk}")[:1]
    back = read(clerk, receipt)
    assert "In the books" in back
    assert links(back, str(entry))


def test_the_balance_is_a_file_too(world: World, clerk: Client) -> None:
    def lines(**query: str) -> list[dict[str, str]]:
        response = clerk.get(reverse("desk:books_balance_csv"), query)
        text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
        return list(csv.DictReader(io.StringIO(text)))

    first = lines()[0]
    assert first == {
        "Account": "1000", "Nature": "asset", "Unit": "USD", "Debit": "66.74", "Credit": "0.00", "Balance": "66.74",
    }  # fmt: skip
    assert [(line["Account"], line["Part"], line["Balance"]) for line in lines(account="9100")] == [
        ("9100", "4400187", "-64")
    ]


def test_entries_are_found_by_their_fact(world: World, clerk: Client) -> None:
    booked = Receipt.objects.get(number="s-330-1").pk
    for sought in (str(booked), f"receipt/{booked}"):
        assert clerk.get(reverse("desk:books_entry_changelist"), {"q": sought}).context["cl"].result_count == 1
    found = clerk.get(reverse("desk:books_posting_changelist"), {"q": "4400187", "account__exact": "9100"})
    assert found.context["cl"].result_count == 4
    points = clerk.get(reverse("desk:books_pointsaccount_changelist"), {"q": "4400187"})
    assert points.context["cl"].result_count == 1
    shown = read(clerk, reverse("desk:books_pointsaccount_change", args=[PointsAccount.objects.get().pk]))
    assert "9100 Points available" in shown


def test_the_balance_takes_a_few_statements_however_much_is_posted(world: World, clerk: Client) -> None:
    for query in ({}, {"at": "330"}, {"account": "1000"}):
        with CaptureQueriesContext(connection) as asked:
            read(clerk, BALANCES, **query)
        assert len(asked) <= 9


def test_a_strange_query_is_no_error(world: World, clerk: Client) -> None:
    for query in (
        {"account": "x"},
        {"account": "1"},
        {"account": "9" * 30},
        {"business_day_from": "2026-99-99"},
        {"at": "\x00"},
    ):
        read(clerk, BALANCES, **query)


@pytest.mark.parametrize("address", [BALANCES, f"{BALANCES}csv/"])
def test_only_finance_and_admin_see_the_balance(
    world: World, people: dict[str, User], client: Client, address: str
) -> None:
    seen = {}
    for role in ROLES:
        one = Client()
        one.force_login(people[role])
        seen[role] = one.get(address).status_code
    assert {role for role, status in seen.items() if status == 200} == {"admin", "finance"}
    assert set(seen.values()) == {200, 403}
    assert client.get(address).headers["Location"].startswith("/desk/login/")


def test_a_receipt_shows_its_postings_to_who_may_see_the_books(world: World, people: dict[str, User]) -> None:
    reader = Client()
    reader.force_login(people["reader"])
    page = reverse("desk:sales_receipt_change", args=[Receipt.objects.get(number="s-330-1").pk])
    assert "In the books" not in read(reader, page)


FORM = {
    "currency": "usd", "points": "2", "per_amount": "1.00", "excluded": "Fuel\n\nTobacco", "worth_points": "100",
    "worth_amount": "0.50",
}  # fmt: skip


def test_a_clerk_sets_how_points_are_earned(world: World, clerk: Client) -> None:
    where, day = reverse("desk:work", args=["set-earning-rule"]), (NOW + timedelta(days=7)).date()
    assert clerk.get(where).status_code == 200
    done = clerk.post(where, FORM | {"valid_from": day.isoformat()})
    assert done.status_code == 302
    rule = EarningRule.objects.get(valid_from=day)
    assert (rule.points, rule.per_amount, rule.excluded) == (2, 100, ["Fuel", "Tobacco"])
    assert (rule.worth_points, rule.worth_amount, rule.set_by) == (100, 50, "finance")
    assert TrailEntry.objects.filter(action="earning_rule.set").latest("pk").actor == "finance"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"currency": "zzz"}, "is no ISO 4217 currency code"),
        ({"per_amount": "1.005"}, "more than 2 decimals"),
        ({"per_amount": "0"}, "per_amount"),
        ({"points": "-1"}, "greater than or equal to 0"),
        ({"valid_from": "soon"}, "Enter a valid date"),
        ({"valid_from": "past"}, "in the books already"),
        ({"valid_from": "old"}, "A rule is set for that day or a later one"),
        ({"worth_amount": "much"}, "is no decimal number"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(world: World, clerk: Client, changes: dict[str, str], said: str) -> None:
    days = {"past": NOW.date() - timedelta(days=1), "old": date(2020, 1, 1)}
    given = {"valid_from": (NOW + timedelta(days=7)).date().isoformat()} | changes
    day = days.get(given["valid_from"])
    given["valid_from"] = day.isoformat() if day else given["valid_from"]
    page = clerk.post(reverse("desk:work", args=["set-earning-rule"]), FORM | given)
    assert page.status_code == 200
    assert said in unescape(page.content.decode())
    assert EarningRule.objects.count() == 1
    assert Entry.objects.count() == 4
