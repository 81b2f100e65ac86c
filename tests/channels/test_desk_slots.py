"""Collection slots in the back office: planned, excepted, and shown as full as they are."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from onebasket.base.models import TrailEntry
from onebasket.commerce.places.models import Place
from onebasket.commerce.slots.models import PlanException, PlanWindow, Slot
from onebasket.kernel.identity import new_id
from tests.builders import counts_of
from tests.channels.test_desk_world import Stands, World, make_stands
from tests.standing import Standing

pytestmark = pytest.mark.django_db

WINDOW = {"opens": "08:00", "closes": "12:00", "slot_minutes": "60", "capacity": "4", "cutoff_minutes": "90"}
DAY = "2030-12-24"


@pytest.fixture(scope="module", autouse=True)
def made(standing: Standing) -> Stands:
    return standing(make_stands)


@pytest.fixture
def world(made: Stands) -> World:
    return made.world


@pytest.fixture
def people(made: Stands) -> dict[str, Client]:
    clients = {}
    for role, person in made.own_people().items():
        clients[role] = Client()
        clients[role].force_login(person)
    return clients


def do(client: Client, slug: str, identity: object = None, *, key: str = "", **data: Any) -> Any:
    name = "desk:work" if identity is None else "desk:work_on_row"
    where = reverse(name, args=[slug] if identity is None else [slug, identity])
    response = client.post(where, {"key": key or str(new_id()), **data}, follow=True)
    assert response.status_code == 200
    return response


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def refused(response: Any) -> dict[str, list[str]]:
    return dict(response.context["form"].errors)


def windows(place: str = "330", **which: object) -> list[tuple[object, ...]]:
    rows = PlanWindow.objects.filter(place__code=place, **which).order_by("weekday", "from_minutes")
    return list(rows.values_list("weekday", "from_minutes", "to_minutes", "slot_minutes", "capacity", "cutoff_minutes"))


def test_weekdays_are_planned(people: dict[str, Client]) -> None:
    done = do(people["admin"], "plan-slot-days", place="330", weekdays=["monday", "sunday"], **WINDOW)

    assert said(done) == ["The days are planned."]
    assert windows(weekday__in=[0, 6]) == [(0, 480, 720, 60, 4, 90), (6, 480, 720, 60, 4, 90)]
    assert len(windows()) == 7
    assert len(windows("406")) == 7
    (entry,) = TrailEntry.objects.filter(target="slotplan/330")
    assert (entry.actor, entry.action, entry.place_code) == ("admin", "slots.plan", "330")
    assert entry.detail["weekdays"] == ["monday", "sunday"]


def test_a_window_comes_beside_those_that_are_there(people: dict[str, Client]) -> None:
    do(people["admin"], "plan-slot-days", place="330", weekdays=["monday"], **WINDOW)
    late = WINDOW | {"opens": "18:00", "closes": "24:00", "cutoff_minutes": ""}
    do(people["admin"], "plan-slot-days", place="330", weekdays=["monday"], beside="on", **late)

    assert windows(weekday=0) == [(0, 480, 720, 60, 4, 90), (0, 1080, 1440, 60, 4, 0)]
    overlapping = do(
        people["admin"], "plan-slot-days", place="330", weekdays=["monday"], beside="on", **late | {"opens": "17:00"}
    )
    assert refused(overlapping) == {"__all__": ["windows: those of monday overlap."]}
    assert len(windows(weekday=0)) == 2


def test_nothing_is_handed_out_on_a_weekday(people: dict[str, Client]) -> None:
    assert said(do(people["store"], "plan-slot-days", place="330", weekdays=["monday"], closed="on")) == [
        "The days are planned."
    ]
    assert windows(weekday=0) == []
    again = do(people["store"], "plan-slot-days", place="330", weekdays=["monday"], closed="on")
    assert said(again) == ["That is how it stood already. Nothing was changed."]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"opens": "8:00"}, "opens"),
        ({"opens": ""}, "opens"),
        ({"closes": "24:01"}, "closes"),
        ({"slot_minutes": "0"}, "slot_minutes"),
        ({"slot_minutes": ""}, "slot_minutes"),
        ({"capacity": "-1"}, "capacity"),
        ({"capacity": ""}, "capacity"),
        ({"capacity": "10001"}, "capacity"),
        ({"cutoff_minutes": "x"}, "cutoff_minutes"),
        ({"weekdays": []}, "weekdays"),
        ({"weekdays": ["holiday"]}, "weekdays"),
        ({"place": ""}, "place"),
        ({"place": "nowhere"}, "__all__"),
        ({"opens": "13:00"}, "__all__"),
    ],
)
def test_what_is_no_window_is_refused_at_its_field(
    people: dict[str, Client], change: dict[str, object], field: str
) -> None:
    before = windows()
    stated: dict[str, Any] = {"place": "330", "weekdays": ["monday"], **WINDOW, **change}

    assert list(refused(do(people["admin"], "plan-slot-days", **stated))) == [field]
    assert windows() == before


def test_a_date_is_planned_closed_and_left_to_the_plan(people: dict[str, Client]) -> None:
    admin = people["admin"]
    assert said(do(admin, "plan-slot-date", place="330", date=DAY, note="Early", **WINDOW)) == ["The date is planned."]
    assert windows(date=DAY) == [(None, 480, 720, 60, 4, 90)]
    do(admin, "plan-slot-date", place="330", date=DAY, closed="on")
    row = PlanException.objects.get(place__code="330", date=DAY)
    assert (windows(date=DAY), row.note) == ([], "")

    done = do(admin, "drop-slot-date", row.pk)
    assert said(done) == ["The weekly plan holds."]
    assert done.redirect_chain[-1][0] == reverse("desk:slots_planexception_changelist")
    assert not PlanException.objects.filter(date=DAY).exists()
    actions = TrailEntry.objects.filter(target="slotplan/330").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["slots.except", "slots.except", "slots.drop"]


def test_a_form_sent_twice_has_one_effect(people: dict[str, Client]) -> None:
    key = str(new_id())
    for room in ("4", "9"):
        do(people["admin"], "plan-slot-days", key=key, place="330", weekdays=["monday"], **WINDOW | {"capacity": room})

    assert windows(weekday=0) == [(0, 480, 720, 60, 4, 90)]
    assert TrailEntry.objects.filter(target="slotplan/330").count() == 1


@pytest.mark.parametrize("slug", ["plan-slot-days", "plan-slot-date"])
def test_a_store_plans_its_own_slots_alone(people: dict[str, Client], slug: str) -> None:
    before = windows("406"), counts_of(PlanWindow, PlanException, TrailEntry)

    done = do(people["store"], slug, place="406", weekdays=["monday"], date=DAY, closed="on")
    assert refused(done) == {"place": ["You may not plan slots at this place."]}
    foreign = PlanException.objects.get(place__code="406")
    assert people["store"].get(reverse("desk:work_on_row", args=["drop-slot-date", foreign.pk])).status_code == 404
    assert (windows("406"), counts_of(PlanWindow, PlanException, TrailEntry)) == before


def test_how_full_slots_are_is_shown(people: dict[str, Client]) -> None:
    slot = Slot.objects.get(place__code="330")
    listed = people["store"].get(reverse("desk:slots_slot_changelist"), {"is": "coming"})
    assert listed.context["cl"].result_count == 1
    for query, number in (("full", 0), ("over", 0), ("nonsense", 1)):
        found = people["store"].get(reverse("desk:slots_slot_changelist"), {"is": query})
        assert found.context["cl"].result_count == number, query
    Slot.objects.filter(pk=slot.pk).update(planned=1)
    full = people["store"].get(reverse("desk:slots_slot_changelist"), {"is": "full"})
    assert full.context["cl"].result_count == 1
    page = people["store"].get(reverse("desk:slots_slot_change", args=[slot.pk])).content.decode()
    assert "Taken by" in page
    assert "held" in page


def test_a_places_page_shows_its_hours_and_its_empty_slots_too(people: dict[str, Client]) -> None:
    hours = [{"weekday": "sunday", "opens": "09:00", "closes": "17:00"}]
    Place.objects.filter(code="330").update(
        opening_hours=hours, latitude=39_107_200, longitude=-84_502_000, city="Cincinnati"
    )
    place = Place.objects.get(code="330")

    shown = people["reader"].get(reverse("desk:places_place_change", args=[place.pk]))
    page = shown.content.decode()
    assert "39.107200, -84.502000" in page
    assert "09:00" in page
    (slots,) = [one for one in shown.context["sections"] if one.title == "Collection slots"]
    assert shown.context["works"] == []
    assert len(slots.rows) >= 47, "tomorrow's and the day after's, of which one may have an hour less"


def test_a_place_offers_its_own_plan_to_whoever_may_plan_there(people: dict[str, Client]) -> None:
    def offered(role: str, code: str) -> list[str]:
        place = Place.objects.get(code=code)
        page = people[role].get(reverse("desk:places_place_change", args=[place.pk]))
        return [address for _, address in page.context["works"]]

    assert offered("store", "330") == ["/desk/do/plan-slot-days/?place=330", "/desk/do/plan-slot-date/?place=330"]
    assert offered("store", "406") == []
    form = people["store"].get(offered("store", "330")[0]).context["form"]
    assert form.initial == {"place": "330"}
