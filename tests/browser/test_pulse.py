"""The pulse over real rows: who sees what, what a page costs, and that its numbers are those of its rows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError
from django.test import Client

from onebasket.channels.pulse import sources, views
from onebasket.channels.pulse.figures import Viewer
from onebasket.commerce.access.models import User
from onebasket.commerce.catalogue.models import Product, Unit
from onebasket.commerce.orders.models import Fulfilment, Order, OrderLine
from onebasket.commerce.places.models import Place
from onebasket.commerce.sales.models import LineException, Receipt, ReceiptDiscount, ReceiptLine, ReceiptTender
from onebasket.commerce.stock.models import Breach, Movement, Reservation, Shelf
from onebasket.kernel.identity import new_id

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.browser.addresses")]
LISTS = ("receipts", "orders", "places", "breaches", "discrepancies", "exceptions", "quarantine", "webhooks")


class Chain:
    """Two stores, one product, as many receipts and orders as asked for."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) - timedelta(seconds=2)
        unit, _ = Unit.objects.get_or_create(code="each", defaults={"decimals": 0})
        self.milk = Product.objects.create(sku="milk", name="Fluid milk, white, 1 gal", unit=unit)
        self.stores = [
            Place.objects.create(code=code, name=f"Store {code}", currency="USD", time_zone="UTC")
            for code in ("330", "367")
        ]
        self.shelves = [
            Shelf.objects.create(place=store, product=self.milk, on_hand=5, reserved=2) for store in self.stores
        ]
        self.orders: list[UUID] = []
        self.receipts: list[int] = []

    def sell(self, number: int, *, store: int = 0, effect: int = 1, paid: int = 250) -> None:
        place = self.stores[store]
        row = Receipt.objects.create(
            place=place, source_id=1, entry_id=number, kind=1 if effect > 0 else 2, effect=effect, till="2",
            business_day=self.now.date(), number=f"{place.code}-2-{number}", currency="USD", paid_total=paid,
            discount_total=50, tax_total=0, tendered=paid, line_count=1, booked_at=self.now,
            occurred_at=self.now - timedelta(seconds=1),
        )  # fmt: skip
        part: dict[str, Any] = {"place": place, "receipt": row}
        ReceiptLine.objects.create(
            **part, number=1, code="00041900076610", product=self.milk, quantity=1, unit_code="each",
            list_amount=paid + 50, discount_amount=50, paid_amount=paid,
        )  # fmt: skip
        ReceiptDiscount.objects.create(**part, line=1, kind="loyalty", funder=1, amount=50)
        ReceiptTender.objects.create(**part, number=1, kind="cash", amount=paid)
        LineException.objects.create(
            **part, line=1, reason="unknown_product", code="209", quantity=1, opened_at=self.now
        )
        Movement.objects.create(
            place=place, product=self.milk, kind=5, origin=1, target=12, quantity=1, occurred_at=self.now,
            booked_at=self.now, entry_id=number, line=1,
        )  # fmt: skip
        self.receipts.append(row.pk)

    def order(self, number: int, *, store: int = 0) -> None:
        place, ident = self.stores[store], new_id()
        order = Order.objects.create(
            id=ident, place=place, business_day=self.now.date(), number=number, channel="web", source_id=1,
            entry_id=number, status="placed", currency="USD", total=600, line_count=1, placed_at=self.now,
            changed_at=self.now, reason={"chosen": "only place asked for", "asked": [place.code]},
        )  # fmt: skip
        part = Fulfilment.objects.create(id=new_id(), place=place, order=order, owner="chain", status="placed")
        OrderLine.objects.create(
            place=place, order=order, fulfilment_id=part.id, number=1, product=self.milk, owner="chain", ordered=2,
            promised=2, unit_amount=300, per_quantity=1, amount=600,
        )  # fmt: skip
        Reservation.objects.create(
            place=place, product=self.milk, quantity=2, reference=ident, line=1, placed_at=self.now
        )
        self.orders.append(ident)


def forget_figures() -> None:
    for kept in (views.LIVE, views.PANELS, views.FAVOURITES):
        kept.forget()


@pytest.fixture
def chain() -> Chain:
    forget_figures()
    made = Chain()
    for number in range(1, 4):
        made.sell(number)
    made.sell(4, store=1)
    made.sell(5, store=1, effect=-1, paid=100)
    made.order(1)
    made.order(2, store=1)
    Breach.objects.create(place=made.stores[1], product=made.milk, shortfall=1, opened_at=made.now)
    return made


def signed_in(role: str = "admin", places: list[str] | None = None) -> Client:
    user = User.objects.create_user(username=f"a {role}", password="x", role=role, places=places or [])
    client = Client()
    client.force_login(user)
    return client


def body(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, (address, response.status_code)
    return "".join(response.content.decode().split("\n"))


def test_the_pulse_adds_up_what_its_lists_show(chain: Chain) -> None:
    figures = sources.pulse_figures(Viewer("ada", "admin"))
    assert [(sold.currency, sold.amount, dict(sold.by_channel)) for sold in figures.sold] == [
        ("USD", 4 * 250 - 100 + 2 * 600, {"web": 1200, "till": 900})
    ]
    assert sum(cell.count for cell in figures.series.cells) == 7
    assert sum(cell.amount for cell in figures.series.cells) == 2100
    assert (figures.promised.orders, figures.promised.quantities[0].steps) == (2, 4)
    assert (figures.attention.breaches, figures.attention.reservations_at_risk, figures.attention.exceptions) == (
        1,
        1,
        5,
    )
    assert figures.lag_seconds == 1.0
    assert {row.code: (row.receipts_hour, row.orders_hour, row.sold_hour) for row in figures.busiest} == {
        "330": (3, 1, 1350), "367": (2, 1, 750),
    }  # fmt: skip
    page = body(signed_in(), "/pulse/")
    assert "$21.00" in page
    assert "1 promise at risk." in page


def test_every_page_shows_its_rows(chain: Chain) -> None:
    client = signed_in()
    for name in LISTS:
        body(client, f"/pulse/{name}")
    assert body(client, "/pulse/receipts?place=367").count('class="first"') == 0
    assert body(client, "/pulse/receipts?place=367&kind=2").count("367-2-5") == 1
    assert "Fluid milk" in body(client, f"/pulse/receipts/{chain.receipts[0]}")
    assert "only place asked for" in body(client, f"/pulse/orders/{chain.orders[0]}")
    assert "Store 367" in body(client, "/pulse/shelves?product=milk")
    assert "sellable to customer" in body(client, "/pulse/shelves/330/milk")
    assert "Fluid milk" in body(client, "/pulse/shelves?q=milk")


def test_a_stranger_is_sent_to_log_in(chain: Chain) -> None:
    for address in ("/", "/pulse/", "/pulse/figures", "/pulse/receipts", f"/pulse/receipts/{chain.receipts[0]}"):
        response = Client().get(address)
        assert (response.status_code, response.headers["Location"].split("?")[0]) == (302, "/login/")


def test_a_store_role_sees_its_places_alone(chain: Chain) -> None:
    client = signed_in("store", ["330"])
    listed = body(client, "/pulse/receipts")
    assert listed.count(">330-2-") == 3
    assert "367" not in listed
    assert "Store 367" not in body(client, "/pulse/")
    for foreign in (f"receipts/{chain.receipts[3]}", f"orders/{chain.orders[1]}", "shelves/367/milk", "webhooks"):
        body(client, f"/pulse/{foreign}", 404)
    body(client, f"/pulse/receipts/{chain.receipts[0]}")
    assert ">367-2-" not in body(client, "/pulse/receipts?place=367")


def test_an_unchanged_poll_is_answered_without_a_body(chain: Chain) -> None:
    client = signed_in()
    first = client.get("/pulse/figures")
    version = first.headers["ETag"].strip('"')
    again = client.get(f"/pulse/figures?v={version}")
    assert (again.status_code, again.content) == (204, b"")
    assert float(again.headers["X-Onebasket-Behind"]) >= 1.0
    assert client.get("/pulse/figures", headers={"If-None-Match": f'"{version}"'}).status_code == 304


def test_a_page_costs_the_same_however_many_rows(
    chain: Chain, django_assert_num_queries: Callable[..., Any], django_assert_max_num_queries: Callable[..., Any]
) -> None:
    client = signed_in()
    addresses = [f"/pulse/{name}" for name in LISTS]
    addresses += [
        f"/pulse/receipts/{chain.receipts[0]}",
        f"/pulse/orders/{chain.orders[0]}",
        "/pulse/shelves/330/milk",
        "/pulse/",
    ]
    costs = {}
    for address in addresses:
        forget_figures()
        # The pulse also shows a product, which it has to choose.
        with django_assert_max_num_queries(26 + 5 * (address == "/pulse/")) as counted:
            body(client, address)
        costs[address] = len(counted)
    for number in range(10, 30):
        chain.sell(number, store=number % 2)
        chain.order(number, store=number % 2)
    for address, cost in costs.items():
        forget_figures()
        with django_assert_num_queries(cost):
            body(client, address)


def test_where_no_product_was_chosen_the_one_that_sells_most_is_shown(chain: Chain) -> None:
    page = body(signed_in(), "/pulse/")
    assert f"{chain.milk.name}, by place" in page
    assert 'href="/pulse/shelves/330/milk"' in page
    views.PANELS.forget()
    Receipt.objects.all().delete()
    assert f"{chain.milk.name}, by place" in body(signed_in("finance"), "/pulse/")  # for some minutes
    views.PANELS.forget()
    views.FAVOURITES.forget()
    assert "Choose a product" in body(signed_in("merchandiser"), "/pulse/")


def test_a_second_viewer_costs_no_figures(chain: Chain, django_assert_max_num_queries: Callable[..., Any]) -> None:
    client = signed_in()
    body(client, "/pulse/")
    with django_assert_max_num_queries(2):
        body(client, "/pulse/")


@pytest.mark.parametrize("sort", ["-booked_at", "booked_at", "total", "-business_day"])
def test_the_cursor_visits_every_row_once(chain: Chain, sort: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onebasket.channels.pulse.listing.PAGE_ROWS", 2)
    client, address, seen = signed_in(), f"/pulse/receipts?sort={sort}", []
    while address:
        table = client.get(address).context["table"]
        seen += [row[1][1].text for row in table.rows]
        address = f"/pulse/receipts{table.more}" if table.more else ""
    assert sorted(seen) == ["330-2-1", "330-2-2", "330-2-3", "367-2-4", "367-2-5"]


@pytest.mark.parametrize("after", ["nonsense", "WyJ4IiwieSJd", "%00", "W10"])
def test_a_broken_cursor_shows_the_first_part(chain: Chain, after: str) -> None:
    assert len(signed_in().get(f"/pulse/receipts?after={after}").context["table"].rows) == 5


def test_the_csv_holds_every_row_and_no_formula(chain: Chain) -> None:
    Receipt.objects.filter(pk=chain.receipts[0]).update(number="=1+1")
    response = signed_in().get("/pulse/receipts?format=csv&sort=booked_at")
    lines = b"".join(response.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0].startswith("booked_at,number,place")
    assert len(lines) == 6
    assert ",'=1+1,330," in lines[1]
    assert lines[5].endswith(",1,0.50,-1.00")


def test_a_database_that_fails_is_said_so(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(sources, "pulse_figures", fail)
    client = signed_in()
    assert "does not answer" in body(client, "/pulse/", 503)
