"""Webhooks in the back office: how they stand, and what an admin does about it."""

import pytest
from django.test import Client
from django.urls import reverse

from onebasket.base.models import Delivery, TrailEntry, Webhook
from onebasket.base.webhooks.signing import secret_text
from onebasket.channels.desk.works.webhooks import TYPES
from onebasket.project.eventpage import EVENTS
from tests.channels.test_desk_works import do, refused, said, trail
from tests.channels.test_desk_world import Stands, make_stands
from tests.standing import Standing

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def made(standing: Standing) -> Stands:
    return standing(make_stands)


@pytest.fixture
def admin(made: Stands) -> Client:
    client = Client()
    client.force_login(made.own_people()["admin"])
    return client


def hook() -> Webhook:
    return Webhook.objects.get(url="https://shop.example/hooks")


def page(client: Client) -> str:
    return client.get(reverse("desk:base_webhook_change", args=[hook().pk])).content.decode()


def test_every_type_of_event_is_offered() -> None:
    assert sorted(EVENTS) == TYPES


def test_a_webhook_is_added_and_its_secret_shown_once(admin: Client) -> None:
    form = {"url": "https://erp.example/news", "types": ["order.placed", "receipt.booked"], "places": "330, 406"}

    done = do(admin, "add-webhook", **form)

    made = Webhook.objects.get(url="https://erp.example/news")
    secret = secret_text(made.pk, 1)
    assert (made.types, made.places, made.created_by) == (["order.placed", "receipt.booked"], ["330", "406"], "admin")
    assert secret in done.content.decode()
    assert "no-store" in done.headers["Cache-Control"]
    shown = reverse("desk:base_webhook_change", args=[made.pk])
    assert f'href="{shown}"' in done.content.decode()
    assert secret not in admin.get(shown).content.decode()
    assert trail(f"webhook/{made.pk}") == [("admin", "webhook.register")]


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"url": "ftp://erp.example/"}, "__all__", "A webhook's URL begins with https:// or http://."),
        ({"url": ""}, "url", "This field is required."),
        ({"places": "330, 999"}, "places", "There is no place 999."),
        ({"places": " "}, "places", "This field is required."),
        ({"types": "order.eaten"}, "types", "Select a valid choice. order.eaten is not one of the available choices."),
    ],
)
def test_an_unfit_webhook_is_refused(admin: Client, change: dict[str, str], field: str, message: str) -> None:
    before = TrailEntry.objects.count()

    done = do(admin, "add-webhook", **{"url": "https://erp.example/", "places": "*"} | change)

    assert refused(done) == {field: [message]}
    assert (Webhook.objects.count(), TrailEntry.objects.count()) == (1, before)


def test_how_it_stands_shows_on_its_page_and_in_the_list(admin: Client) -> None:
    listed = admin.get(reverse("desk:base_webhook_changelist")).content.decode()
    assert "has dead letters" in listed
    assert "503 Service Unavailable" in page(admin)

    Delivery.objects.filter(subject=Delivery.objects.values_list("subject", flat=True)[0]).update(state="pending")
    assert ">failing<" in page(admin)
    Delivery.objects.all().delete()
    assert ">delivering<" in page(admin)


def test_it_is_disabled_and_enabled(admin: Client) -> None:
    assert said(do(admin, "disable-webhook", hook().pk)) == ["The webhook is disabled."]
    assert (hook().active, ">disabled<" in page(admin)) == (False, True)
    again = do(admin, "disable-webhook", hook().pk)
    assert said(again) == ["Disable: this is not open to it any more. Nothing was changed."]

    assert said(do(admin, "enable-webhook", hook().pk)) == ["The webhook is enabled."]
    assert hook().active
    assert trail(f"webhook/{hook().pk}") == [("admin", "webhook.disable"), ("admin", "webhook.enable")]


def test_its_secret_is_rotated_once_a_form(admin: Client) -> None:
    identity, where = hook().pk, reverse("desk:work_on_row", args=["rotate-secret", hook().pk])
    form = {"key": "0190c2f0-0000-7000-8000-000000000001"}

    first, second = (admin.post(where, form, follow=True) for _ in range(2))

    assert secret_text(identity, 2) in first.content.decode()
    assert said(second) == ["This form was sent before. It was done once."]
    assert (hook().secret_version, hook().rotated_at is not None) == (2, True)
    assert trail(f"webhook/{identity}") == [("admin", "webhook.rotate")]


def test_dead_letters_are_delivered_again(admin: Client) -> None:
    assert said(do(admin, "redeliver-dead", hook().pk)) == ["2 dead letters are due again."]

    assert set(Delivery.objects.values_list("state", "attempts")) == {("pending", 0)}
    assert said(do(admin, "redeliver-dead", hook().pk)) == [
        "Deliver dead letters again: this is not open to it any more. Nothing was changed."
    ]
    assert trail(f"webhook/{hook().pk}") == [("admin", "webhook.revive")]


def test_it_is_ended(admin: Client) -> None:
    identity = hook().pk

    done = do(admin, "end-webhook", identity)

    assert said(done) == ["https://shop.example/hooks gets nothing more."]
    assert (Webhook.objects.count(), Delivery.objects.count()) == (0, 0)
    assert trail(f"webhook/{identity}") == [("admin", "webhook.unregister")]
