"""Partners side by side: each link leads to the rows behind its number, and a longer page takes no more statements."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from onebasket.base.clock import database_now
from onebasket.channels.desk.sections import Section
from onebasket.commerce.partners.models import CommissionLine, Offer, PartnerPart, Referral, ShownOffers
from onebasket.commerce.partners.rules.partners import PartnerFacts
from onebasket.kernel.identity import new_id
from tests.channels.test_desk_world import Stands, make_stands
from tests.partnering import add_offers, make_partner
from tests.standing import Standing

pytestmark = pytest.mark.django_db
GTIN = "00041900076610"


@pytest.fixture(scope="module", autouse=True)
def made(standing: Standing) -> Stands:
    return standing(make_stands)


@pytest.fixture
def admin(made: Stands) -> Client:
    client = Client()
    client.force_login(made.own_people()["admin"])
    return client


def deal_with(code: str) -> PartnerFacts:
    """Make a partner with two of each thing that counts, bought now, and one that does not: gone, refused, long ago."""
    partner, now = make_partner(code), database_now()
    add_offers(partner, {"lamp": {"gtin": GTIN}, "rug": {}, "jar": {"gtin": GTIN, "gone": True}})
    for number, at in enumerate((now, now, now - timedelta(days=90), None)):
        own: dict[str, Any] = {"partner_id": partner.id, "bought_at": at}
        Referral.objects.create(
            id=new_id(), **own, click=f"{code}-{number}", ticket=f"{code}-{number}", channel="web", shown_at=now,
            clicked_at=now,
        )  # fmt: skip
        CommissionLine.objects.create(
            **own, key=f"{code}-{number}", currency="USD", amount=1000, booked_at=now, status="Paid",
            standing="expected", commission=70, rate=70_000,
        )  # fmt: skip
    for number, (status, days) in enumerate((("placed", 0), ("stuck", 0), ("refused", 0), ("placed", 90)), 1):
        PartnerPart.objects.create(
            id=new_id(), order_id=new_id(), number=number, partner_id=partner.id, place_id=partner.place_id,
            agreement_id=1, merchant="agent", ours=f"{code}-{number}", channel="web", status=status, currency="USD",
            total=1000, cost=1000, cost_currency="USD", opened_at=now - timedelta(days=days), changed_at=now,
        )  # fmt: skip
    for number, days in enumerate((0, 1, 90), 1):
        ShownOffers.objects.create(
            partner_id=partner.id, day=(now - timedelta(days=days)).date(), offer_id=partner.id * 100 + number,
            channel="web", shown=3, clicked=2,
        )  # fmt: skip
    return partner


def of_page(page: Any, index: int = 0) -> Section:
    found: Section = page.context["sections"][index]
    return found


def followed(client: Client, drawn: object) -> list[Any]:
    """Follow the link in a cell; return the rows of the list that it leads to."""
    address = unescape(re.findall('href="([^"]+)"', str(drawn))[0])
    listed = client.get(address)
    assert listed.status_code == 200, address
    return list(listed.context["cl"].get_queryset(listed.wsgi_request))


BEHIND: dict[str, tuple[type, Callable[[list[Any]], object]]] = {
    "Offers": (Offer, len),
    "The same as ours": (Offer, len),
    "Shown": (ShownOffers, lambda rows: sum(row.shown for row in rows)),
    "Clicked": (ShownOffers, lambda rows: sum(row.clicked for row in rows)),
    "Bought there": (Referral, len),
    "Parts of orders": (PartnerPart, len),
    "Commission": (CommissionLine, lambda rows: f"${sum(row.commission for row in rows) / 100:.2f}"),
}
STATED = {
    "Offers": "2", "There now": "2", "The same as ours": "1", "Shown": "6", "Clicked": "4", "Bought there": "2",
    "Parts of orders": "2", "Sold here": "$20.00", "Commission": "$1.40",
}  # fmt: skip


def test_each_link_leads_to_the_rows_behind_its_number(admin: Client) -> None:
    harbour = deal_with("harbour")
    deal_with("quay")
    table = of_page(admin.get(reverse("desk:partners_compared_changelist")))
    titles = [column.short_description for column in table.headings]
    (row,) = [row for row in table.rows if "Harbour" in str(row[0].drawn)]
    cells = dict(zip(titles, [cell.drawn for cell in row], strict=True))
    assert f"/{harbour.id}/change/" in str(cells.pop("Partner"))
    assert {title: re.sub("<[^>]+>", "", str(drawn)) for title, drawn in cells.items()} == STATED
    assert {title for title, drawn in cells.items() if "href" in str(drawn)} == set(BEHIND)
    for title, (model, come_to) in BEHIND.items():
        rows = followed(admin, cells[title])
        assert {(type(one), one.partner_id) for one in rows} == {(model, harbour.id)}, title
        assert str(come_to(rows)) == STATED[title], title


def test_every_row_s_own_page_is_there(admin: Client) -> None:
    page = admin.get(reverse("desk:partners_compared_changelist"))
    drawn = [str(cell.drawn) for index in (0, 1, 2) for row in of_page(page, index).rows for cell in row]
    pages = {unescape(one) for text in drawn for one in re.findall('href="([^"]+/change/)"', text)}
    assert len(pages) == 3  # the partner, the product beside its offer, and that offer
    assert {admin.get(one).status_code for one in pages} == {200}


@pytest.mark.parametrize("name", ["partners_compared_changelist", "partners_compared_csv"])
def test_more_prices_take_no_more_statements(admin: Client, name: str) -> None:
    def counted() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as asked:
            answer: Any = admin.get(reverse(f"desk:{name}"))
            text = b"".join(answer.streaming_content) if answer.streaming else answer.content
        return len(asked), text.count(b"Lamp") + text.count(b"908531")

    counted()
    before = counted()
    lantern = Offer.objects.filter(reference="lamp").get().partner_id
    Offer.objects.filter(reference="rug").update(gtin=GTIN)
    Offer.objects.filter(partner_id=lantern).update(price=900)
    after = counted()
    assert after[1] > before[1]
    assert after[0] == before[0]
