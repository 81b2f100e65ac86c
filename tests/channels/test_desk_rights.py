"""Who may do what in the back office: every work by every role, and by a stranger."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from onebasket.base.models import InboxEntry, Letter, ParkedEvent, TrailEntry, Webhook
from onebasket.channels.desk.admins import ADMINS
from onebasket.channels.desk.works.registry import BY_SLUG, WORKS
from onebasket.commerce.access.models import User
from onebasket.commerce.partners.models import Agreement, Oddity, Partner, PartnerPart
from onebasket.commerce.payments.models import BalanceAccount
from onebasket.commerce.stock.models import Breach
from tests.channels.test_desk_world import ROLES, Stands, World, make_stands
from tests.standing import Standing

pytestmark = pytest.mark.django_db

Thing = Any
"""A row of any table."""

MAY = {
    "mend-quarantined": "admin store finance", "replay": "admin store finance", "discard": "admin store finance",
    "mend-line": "admin merchandiser store", "dismiss-line": "admin merchandiser store",
    "note-breach": "admin merchandiser store", "note-discrepancy": "admin merchandiser store",
    "settle-breach": "admin store", "count-discrepancy": "admin store", "count-shelf": "admin store",
    "pick": "admin store", "hand-over": "admin store", "cancel": "admin store", "put-back": "admin store",
    "refund": "admin store finance", "issue-gift-card": "admin finance", "issue-store-credit": "admin finance",
    "block-balance": "admin finance", "unblock-balance": "admin finance", "replay-parked": "admin",
    "drop-parked": "admin", "send-letter-again": "admin",
    "plan-slot-days": "admin merchandiser store", "plan-slot-date": "admin merchandiser store",
    "drop-slot-date": "admin merchandiser store",
    "set-earning-rule": "admin finance", "set-return-policy": "admin finance",
    "settle-overuse": "admin merchandiser store",
    "set-buffer": "admin merchandiser", "set-price": "admin merchandiser", "end-price": "admin merchandiser",
    "new-promotion": "admin merchandiser", "state-promotion": "admin merchandiser",
    "edit-promotion": "admin merchandiser", "launch-promotion": "admin merchandiser",
    "end-promotion": "admin merchandiser", "preview-promotion": "admin merchandiser",
    "advance-preview": "admin merchandiser", "set-coupon": "admin merchandiser", "make-codes": "admin merchandiser",
    "end-coupon": "admin merchandiser", "set-campaign": "admin merchandiser",
    "set-tax": "admin finance", "end-tax": "admin finance", "set-tax-terms": "admin finance",
    "set-tax-class": "admin finance",
    "state-partner": "admin merchandiser", "change-partner": "admin merchandiser",
    "set-partner-secrets": "admin", "set-agreement": "admin merchandiser", "restate-agreement": "admin merchandiser",
    "set-exchange-rate": "admin merchandiser", "settle-oddity": "admin merchandiser finance",
    "exchange-code": "admin", "accept-part": "admin merchandiser finance",
    "place-part-again": "admin merchandiser finance", "refuse-part": "admin merchandiser finance",
    "enrol-source": "admin", "close-source": "admin", "open-source": "admin", "issue-token": "admin",
    "revoke-token": "admin", "add-user": "admin", "change-user": "admin", "deactivate-user": "admin",
    "activate-user": "admin", "reset-password": "admin", "add-webhook": "admin", "rotate-secret": "admin",
    "reset-second-factor": "admin", "change-customer": "admin", "merge-customer": "admin", "undo-merge": "admin",
    "card-code": "admin", "erase-customer": "admin",
    "redeliver-dead": "admin", "enable-webhook": "admin", "disable-webhook": "admin", "end-webhook": "admin",
}  # fmt: skip
SEES = {
    "exceptions.read": "admin merchandiser store finance reader", "quarantine.read": "admin store finance",
    "stock.read": "admin merchandiser store finance reader", "sales.read": "admin merchandiser store finance reader",
    "orders.read": "admin merchandiser store finance reader",
    "slots.read": "admin merchandiser store finance reader",
    "catalogue.read": "admin merchandiser store finance reader",
    "prices.read": "admin merchandiser store finance reader", "places.read": "admin merchandiser store finance reader",
    "promotions.read": "admin merchandiser store finance reader", "promotions.set": "admin merchandiser",
    "customers.read": "admin", "users.manage": "admin", "sources.enrol": "admin", "tokens.issue": "admin",
    "payments.read": "admin store finance", "balances.read": "admin finance",
    "books.read": "admin finance", "points.set": "admin finance",
    "returns.set": "admin finance",
    "partners.read": "admin merchandiser finance", "commission.read": "admin finance",
    "events.read": "admin", "trail.read": "admin finance",
}  # fmt: skip


# In the back office a store's manager does what its people do.
for _roles in (MAY, SEES):
    _roles.update({name: allowed.replace("store", "store manager") for name, allowed in _roles.items()})

CHAINS = {Webhook, BalanceAccount, Letter, ParkedEvent, Partner, Agreement, Oddity, PartnerPart}
"""Tables of the whole chain, in which a store does nothing anywhere."""


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


def place_of(row: Thing) -> str:
    place = getattr(row, "place", None)
    return str(getattr(row, "place_code", "") if place is None else place.code)


def address(slug: str, *, place: str = "330") -> str:
    work = BY_SLUG[slug]
    if not work.on_row:
        return reverse("desk:work", args=[slug])
    rows = list(work.model._default_manager.all())
    return reverse(
        "desk:work_on_row",
        args=[slug, next(row.pk for row in rows if work.model in CHAINS or place_of(row) in {place, ""})],
    )


def changes() -> tuple[int, int]:
    return TrailEntry.objects.count(), InboxEntry.objects.count()


def test_the_table_names_every_work() -> None:
    assert set(MAY) == {work.slug for work in WORKS}


@pytest.mark.parametrize("slug", MAY)
def test_each_role_may_do_its_work_and_no_other(world: World, people: dict[str, User], slug: str) -> None:
    where, before = address(slug), changes()

    answers = {role: signed_in(people[role]).get(where).status_code for role in ROLES}

    allowed = {role for role, status in answers.items() if status in {200, 302}}
    assert allowed == set(MAY[slug].split())
    assert {answers[role] for role in ROLES if role not in allowed} <= {403}
    for role in set(ROLES) - allowed:
        assert signed_in(people[role]).post(where, {"key": "x", "note": "n", "reason": "r"}).status_code == 403
    assert changes() == before


@pytest.mark.parametrize(
    "slug",
    [
        work.slug
        for work in WORKS
        if work.on_row
        and work.model._meta.app_label not in {"access", "customers", "pricing"}
        and work.model not in CHAINS
    ],
)
def test_a_store_does_nothing_at_a_foreign_place(world: World, people: dict[str, User], slug: str) -> None:
    store, where, before = signed_in(people["store"]), address(slug, place="406"), changes()

    assert store.get(where).status_code == 404
    assert store.post(where, {"note": "n", "reason": "r", "quantity": "1", "content": "{}"}).status_code == 404
    assert changes() == before


@pytest.mark.parametrize("slug", MAY)
def test_a_stranger_does_nothing(world: World, people: dict[str, User], client: Client, slug: str) -> None:
    where, before = address(slug), changes()

    assert client.get(where).headers["Location"].startswith("/desk/login/")
    assert client.post(where, {"note": "n"}).status_code == 302
    assert changes() == before


@pytest.mark.parametrize("slug", MAY)
def test_without_its_token_a_form_does_nothing(world: World, people: dict[str, User], slug: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["admin"])
    before = changes()

    assert client.post(address(slug), {"note": "n", "reason": "r"}).status_code == 403
    assert changes() == before


def test_each_role_reads_its_tables_and_no_others(world: World, people: dict[str, User]) -> None:
    assert set(SEES) == {admin.right for admin in ADMINS.values()}
    for role in ROLES:
        client = signed_in(people[role])
        for model, admin in ADMINS.items():
            name = model._meta.label_lower.replace(".", "_")
            expected = 200 if role in SEES[admin.right].split() else 403
            for kind in ("changelist", "csv"):
                assert client.get(reverse(f"desk:{name}_{kind}")).status_code == expected, (role, name)


def test_a_row_offers_what_the_person_may_do(world: World, people: dict[str, User]) -> None:
    def offered(role: str, name: str, pk: object) -> list[str]:
        page = signed_in(people[role]).get(reverse(f"desk:{name}_change", args=[pk]))
        return [work.slug for work, _ in page.context["works"]]

    order = world.orders["330"]
    breach = Breach.objects.get(place__code="330").pk
    assert offered("admin", "orders_order", order) == ["pick", "cancel"]
    assert offered("reader", "orders_order", order) == []
    assert offered("store", "stock_breach", breach) == ["note-breach", "settle-breach"]
    assert offered("merchandiser", "stock_breach", breach) == ["note-breach"]


def test_products_are_found_while_one_types(world: World, people: dict[str, User]) -> None:
    find = reverse("desk:find_products")

    assert '<option value="908531">Fluid milk, white, 1 gal, each</option>' in str(
        signed_in(people["store"]).get(find, {"sku": "milk"}).content
    )
    assert Client().get(find, {"sku": "milk"}).status_code == 302
