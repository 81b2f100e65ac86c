"""The back office's lists and pages: read-only, cut to the person's places, in a fixed number of statements."""

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from onebasket.channels.desk import paging
from onebasket.channels.desk.admins import ADMINS
from onebasket.channels.desk.exporting import cell
from onebasket.channels.desk.paging import BoundedPaginator
from onebasket.channels.desk.sidebar import navigation
from onebasket.channels.desk.site import desk
from onebasket.commerce.access.models import Token, User
from onebasket.commerce.access.rules import CHAIN_WIDE_READS
from onebasket.commerce.orders.models import Order
from onebasket.commerce.payments.models import BalanceAccount
from onebasket.commerce.sales.actions import book_sales
from onebasket.commerce.sales.models import Receipt
from onebasket.commerce.stock.models import Breach, Movement, Shelf
from tests.channels.test_desk_world import ROLES, Stands, World, make_stands, receipt
from tests.standing import Standing

pytestmark = pytest.mark.django_db

Thing = Any
"""A table, one of its rows, or a fixture without a type."""

UNSEEN = {
    "customers.read", "users.manage", "sources.enrol", "tokens.issue", "events.read", "trail.read", "promotions.set",
    "books.read", "points.set", "returns.set", "balances.read",
    "partners.read", "commission.read",
}  # fmt: skip
"""Rights that a store has nowhere."""
MODELS = sorted(ADMINS, key=lambda model: model._meta.label)


def name_of(model: Thing) -> str:
    return str(model._meta.label_lower).replace(".", "_")


def list_of(model: Thing) -> str:
    return reverse(f"desk:{name_of(model)}_changelist")


def page_of(row: Thing) -> str:
    return reverse(f"desk:{name_of(type(row))}_change", args=[row.pk])


@pytest.fixture(scope="module", autouse=True)
def made(standing: Standing) -> Stands:
    return standing(make_stands)


@pytest.fixture
def world(made: Stands) -> World:
    return made.world


@pytest.fixture
def people(made: Stands) -> dict[str, User]:
    return made.own_people()


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def admin(people: dict[str, User]) -> Client:
    return signed_in(people["admin"])


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def test_nothing_is_added_changed_or_deleted_by_an_admin_class(rf: Thing, people: dict[str, User]) -> None:
    assert set(desk._registry) == set(ADMINS)
    request = rf.get("/")
    for person in people.values():
        request.user = person
        for admin in desk._registry.values():
            assert not admin.has_add_permission(request)
            assert not admin.has_change_permission(request)
            assert not admin.has_delete_permission(request)
            assert admin.get_actions(request) == {}
            assert admin.list_editable == ()


def test_no_address_of_a_table_changes_anything(admin: Client, world: World) -> None:
    for model in MODELS:
        before = list(model._default_manager.order_by("pk").values())
        row = model._default_manager.first()
        assert row is not None
        for address in (list_of(model), page_of(row)):
            admin.post(address, {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"})
            assert admin.get(address.replace("change/", "delete/")).status_code in {200, 404}
        assert admin.get(list_of(model) + "add/").status_code == 404
        assert list(model._default_manager.order_by("pk").values()) == before, model


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_every_list_and_page_can_be_read(admin: Client, world: World, model: Thing) -> None:
    row = model._default_manager.order_by("pk").first()

    assert "No row matches" not in read(admin, list_of(model))
    assert "ob-facts" in read(admin, page_of(row))


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_a_list_takes_the_same_few_statements_however_long_it_is(
    admin: Client, world: World, model: Thing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ADMINS[model], "list_per_page", 3)
    with CaptureQueriesContext(connection) as short:
        read(admin, list_of(model))
    monkeypatch.setattr(ADMINS[model], "list_per_page", 50)
    with CaptureQueriesContext(connection) as whole:
        read(admin, list_of(model))

    assert len(whole) == len(short)
    assert len(whole) <= 9


def test_a_big_table_is_counted_to_a_bound_and_no_further(
    admin: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_COUNTED", 3)
    with CaptureQueriesContext(connection) as asked:
        shown = read(admin, list_of(Movement))

    counts = [query["sql"] for query in asked if "COUNT(" in query["sql"]]
    assert len(counts) == 1
    assert "LIMIT 4" in counts[0]
    assert "more than 3 movements" in shown
    assert BoundedPaginator(Movement.objects.order_by("pk"), 2).num_pages == 2


@pytest.mark.parametrize(
    ("model", "sought", "found"),
    [
        (Shelf, "milk", 2), (Shelf, "908531", 2), (Shelf, "041900076610", 2), (Shelf, "nothing", 0),
        (Movement, "s-330-1", 2), (Receipt, "s-330-1", 1), (Receipt, "4400187", 4), (Order, "330-0001", 1),
        (Order, "o-406", 1), (Order, "0001", 2), (Breach, "milk", 2), (Breach, "bread", 0),
    ],
)  # fmt: skip
def test_rows_are_found_by_what_people_read(admin: Client, world: World, model: Thing, sought: str, found: int) -> None:
    listed = admin.get(list_of(model), {"q": sought})

    assert listed.context["cl"].result_count == found


@pytest.mark.parametrize(
    ("model", "query", "found"),
    [
        (Shelf, {"at": "330"}, 3), (Shelf, {"odds": "below"}, 2),
        (Breach, {"is": "open"}, 2), (Breach, {"is": "closed"}, 0),
        (Receipt, {"kind__exact": "1", "at": "406"}, 2), (Receipt, {"booked_at_from": "2000-01-01"}, 4),
        (Receipt, {"booked_at_to": "2000-01-01"}, 0), (Receipt, {"booked_at_to": "no day"}, 4),
        (Order, {"status__exact": "placed"}, 2), (Order, {"channel": "web"}, 2), (Order, {"channel": "kiosk"}, 0),
    ],
)  # fmt: skip
def test_lists_are_filtered(admin: Client, world: World, model: Thing, query: dict[str, str], found: int) -> None:
    listed = admin.get(list_of(model), query)

    assert listed.context["cl"].result_count == found


def test_figures_lead_to_as_many_rows(admin: Client, world: World) -> None:
    shown = admin.get(reverse("desk:index"))

    figures = [figure for _, group in shown.context["groups"] for figure in group]
    numbers = {(figure.title, figure.said): figure.number for figure in figures}
    assert [figure.number for figure in figures][:8] == ["2", "2", "2", "5", "1", "1", "1", "2"], numbers
    for figure in figures:
        assert str(admin.get(figure.address).context["cl"].result_count) == figure.number, figure


def test_a_strange_query_is_no_error(admin: Client, world: World) -> None:
    for query in ("?p=999", "?kind__exact=x", "?place__id__exact=x", "?o=99", "?booked_at_from=x"):
        assert admin.get(list_of(Receipt) + query, follow=True).status_code == 200, query
    for query in ("?at=%00", "?q=%00%00", "?channel=%00"):
        assert admin.get(list_of(Order) + query).status_code == 400, query
    for identity in ("0", "x", "-1", "9" * 40):
        assert admin.get(f"{list_of(Receipt)}{identity}/change/").status_code == 404
        assert admin.get(f"{list_of(Order)}{identity}/change/").status_code == 404


def test_what_is_kept_from_sight_cannot_be_guessed_by_filtering(admin: Client, world: World) -> None:
    secrets = ((User, "password"), (Token, "digest"), (BalanceAccount, "code_digest"), (BalanceAccount, "seed"))
    for model, query in ((model, f"{name}__startswith=a") for model, name in secrets):
        assert admin.get(f"{list_of(model)}?{query}").status_code == 400


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_a_store_sees_its_own_places_alone(people: dict[str, User], world: World, model: Thing) -> None:
    store, right = signed_in(people["store"]), ADMINS[model].right
    listed = store.get(list_of(model))
    rows = list(model._default_manager.all())
    if right in UNSEEN:
        assert listed.status_code == 403
        assert all(store.get(page_of(row)).status_code == 403 for row in rows)
        return
    assert listed.status_code == 200
    for row in rows:
        place = place_of(row)
        chain_wide = right in CHAIN_WIDE_READS
        assert store.get(page_of(row)).status_code == (200 if chain_wide or place == "330" else 404), row
    if right not in CHAIN_WIDE_READS:
        assert listed.context["cl"].result_count == sum(place_of(row) == "330" for row in rows)


def place_of(row: Thing) -> str:
    """The code of a row's place; calls to a provider are at that of their payment."""
    place = getattr(row, "place", None) or getattr(getattr(row, "payment", None), "place", None)
    return str(getattr(row, "place_code", "") or getattr(place, "code", ""))


def test_a_store_exports_its_own_rows_alone(people: dict[str, User], world: World) -> None:
    lines = exported(signed_in(people["store"]), Receipt)

    assert sorted(line["Number"] for line in lines) == ["s-330-1", "s-330-2"]


def exported(client: Client, model: Thing, **query: str) -> list[dict[str, str]]:
    response = client.get(reverse(f"desk:{name_of(model)}_csv"), query)
    assert response.status_code == 200
    assert response.streaming
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_a_list_is_exported_as_filtered(admin: Client, world: World) -> None:
    (line,) = exported(admin, Receipt, q="s-330-1")

    assert (line["Number"], line["Kind"], line["Place"], line["Paid"], line["Tax"]) == (
        "s-330-1",
        "sale",
        "330",
        "5.89",
        "0.39",
    )
    assert [line["On hand"] for line in exported(admin, Shelf, odds="below")] == ["-3", "-3"]
    (shelf,) = exported(admin, Shelf, q="bananas", at="330")
    assert shelf["On hand"] == "19.158 kg"


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_every_list_can_be_exported(admin: Client, world: World, model: Thing) -> None:
    assert len(exported(admin, model)) == admin.get(list_of(model)).context["cl"].result_count


def test_no_cell_is_a_formula(admin: Client, world: World) -> None:
    book_sales(world.source, [receipt("k-evil", number="=cmd|' /C calc'!A0", operator="@SUM(1)")])

    (line,) = exported(admin, Receipt, q="k-evil")
    assert line["Number"] == "'=cmd|' /C calc'!A0"
    cells = {
        "-3": "-3",
        "-3.5": "-3.5",
        "+1": "+1",
        "-x": "'-x",
        "=1": "'=1",
        "@a": "'@a",
        "\tx": "'\tx",
        "-1 -1": "'-1 -1",
    }
    assert {text: cell(text) for text in cells} == cells
    assert (cell(None), cell(value=True), cell(-3)) == ("", "yes", "-3")


def test_a_stranger_is_sent_to_log_in(world: World, people: dict[str, User], client: Client) -> None:
    addresses = [reverse("desk:index"), *(list_of(model) for model in MODELS)]
    addresses += [reverse(f"desk:{name_of(model)}_csv") for model in MODELS]
    addresses += [page_of(model._default_manager.first()) for model in MODELS]
    for address in addresses:
        last = client.get(address, follow=True)
        assert last.redirect_chain[-1][0].startswith("/login/?next=/desk/"), address
    assert client.get("/desk/login/?next=//evil.example/").headers["Location"] == "/login/?next=/desk/"


def test_who_is_shut_out_is_a_stranger(people: dict[str, User], world: World) -> None:
    client = signed_in(people["reader"])
    assert client.get(reverse("desk:index")).status_code == 200

    User.objects.filter(username="reader").update(is_active=False)

    assert client.get(reverse("desk:index")).status_code == 302


def test_the_sidebar_offers_what_the_person_may_see(rf: Thing, people: dict[str, User]) -> None:
    offered = {}
    for role in ROLES:
        request = rf.get("/desk/")
        request.user = people[role]
        offered[role] = [group["title"] for group in navigation(request)]
    watched = ["Today", "Stock", "Sales", "Orders", "Collection", "Catalogue", "Prices", "Places"]
    paid = [*watched[:4], "Payments", *watched[4:]]
    every = [*paid[:-1], "Partners", "Books", "Places"]
    assert offered == {
        "admin": [*every, "Customers", "Access", "System"],
        "merchandiser": [*watched[:-1], "Partners", "Places"],
        "store": paid,
        "manager": paid,
        "finance": [*every, "System"],
        "reader": watched,
    }


def test_rows_are_linked(admin: Client, world: World) -> None:
    booked = Receipt.objects.get(number="s-330-1")
    shown = read(admin, page_of(booked))
    assert f"/desk/base/inboxentry/{booked.entry_id}/change/" in shown
    assert f"entry_id__exact={booked.entry_id}" in shown
    order = Order.objects.get(place__code="330")
    shown = read(admin, page_of(order))
    assert "order.placed" in shown
    assert "Reservations" in shown
    moved = admin.get(list_of(Movement), {"at": "330", "entry_id__exact": str(booked.entry_id)})
    assert moved.context["cl"].result_count == 2
