"""The kiosk: opened by the store's people alone, filled by whoever stands there, and empty for whoever comes next."""

from time import time
from uuid import uuid4

import msgspec
import pytest
from django.conf import settings
from django.test import Client, override_settings

from onebasket.base.committer import UnavailableError
from onebasket.base.models import TrailEntry
from onebasket.channels.kiosk import visit
from onebasket.channels.kiosk.enrolment import COOKIE, kiosks_at
from onebasket.commerce.access.actions import TokenRequest, enrol_source, issue_token, revoke_token
from onebasket.commerce.access.models import Token, User
from onebasket.commerce.access.rules import token_digest
from onebasket.commerce.hotpath.actions import asking as committing
from onebasket.commerce.orders.models import Basket
from onebasket.commerce.places.models import Place
from onebasket.commerce.places.queries import all_places
from onebasket.front import stores
from tests.builders import faults_in_stock, shelf
from tests.channels.kiosking import Kiosk, an_open_kiosk, form_of
from tests.channels.shopping import make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    return make_shop(monkeypatch)


def _somebody(role: str, places: tuple[str, ...]) -> User:
    name = f"{role}-{'-'.join(places)}"
    found, _ = User.objects.get_or_create(username=name, defaults={"role": role, "places": list(places)})
    return found


def person(role: str, *places: str) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(_somebody(role, places))
    return client


def opened_by(client: Client, place: str, **more: str) -> int:
    """Open a kiosk as the form on the page does; return the answer's status."""
    client.get("/kiosk/open")
    token = client.cookies["csrftoken"].value if "csrftoken" in client.cookies else ""
    return client.post("/kiosk/open", {"place": place, "csrfmiddlewaretoken": token} | more).status_code


def test_strangers_shoppers_and_foreign_places_open_none(source: int) -> None:
    assert Client().get("/kiosk/open").headers["Location"].startswith("/login/")
    assert person("shopper").get("/kiosk/open").status_code == 302
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        for role in ("reader", "finance", "merchandiser"):
            assert person(role).get("/kiosk/open").status_code == 403
        assert opened_by(person("store", "p1"), "p2") == 422
        assert opened_by(person("store", "p1"), "nowhere") == 422
    assert Token.objects.count() == 0
    assert opened_by(person("manager", "p1"), "p1") == 302  # the control
    assert Token.objects.get().places == ["p1"]


def test_a_second_factor_is_asked_for_where_the_role_wants_one(source: int) -> None:
    with override_settings(STAFF_MFA_ROLES=frozenset({"store"})):
        assert "/account/" in person("store", "p1").get("/kiosk/open").headers["Location"]


def test_whoever_opens_it_is_signed_out_by_that(source: int) -> None:
    client = person("store", "p1", "p2")
    assert client.get("/store/places").status_code == 200
    assert opened_by(client, "p2", name="By the door") == 302
    assert client.get("/store/places").headers["Location"].startswith("/login/")
    assert settings.SESSION_COOKIE_NAME not in {name for name, one in client.cookies.items() if one.value}
    page = client.get("/kiosk/").content.decode()
    assert "<b>p2</b>" in page
    token = Token.objects.get()
    assert (token.name, token.scopes, token.places) == ("By the door, p2", ["kiosk"], ["p2"])
    assert TrailEntry.objects.filter(action="token.issue", actor="store-p1-p2").count() == 1
    kept = client.cookies[COOKIE]
    assert token.digest == token_digest(kept.value)
    assert (kept["httponly"], kept["samesite"], kept["path"]) == (True, "Strict", "/kiosk/")


def test_its_token_opens_nothing_of_the_api(source: int) -> None:
    bearer = {"authorization": f"Bearer {an_open_kiosk()}"}
    for path in ("products", "orders", "stock/availability?sku=milk", "baskets/" + str(uuid4())):
        assert Client(headers=bearer).get(f"/api/v1/{path}").status_code == 403


def test_another_token_opens_no_kiosk(source: int) -> None:
    enrol_source("till", actor="tests")
    for scopes, places in ((("stock:read",), ("p1",)), (("kiosk",), ("*",)), (("kiosk",), ("p1", "p2"))):
        _, secret = issue_token(TokenRequest("till", "t", scopes, places), actor="tests")
        assert Kiosk("", secret=secret).page.status == 403
    assert Kiosk("").page.status == 403
    assert Kiosk("", secret="ob_" + "x" * 43).page.status == 403
    assert "This kiosk is not open" in Kiosk("").page.text


def test_a_kiosk_that_was_closed_shows_nothing_any_more(source: int) -> None:
    kiosk = Kiosk()
    assert kiosk.start().status == 200
    revoke_token(Token.objects.get().pk, actor="tests")
    assert kiosk.start().status == 403


def test_the_stores_people_close_their_own(source: int) -> None:
    ours, theirs = Kiosk("p1"), Kiosk("p2")
    ids = {token.places[0]: token.pk for token in Token.objects.all()}
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        client = person("store", "p1")
        assert "Kiosk, p1" in client.get("/kiosk/open").content.decode()
        assert "Kiosk, p2" not in client.get("/kiosk/open").content.decode()
        assert opened_by(client, "", close=str(ids["p2"])) == 422
        assert theirs.start().status == 200
        assert opened_by(client, "", close=str(ids["p1"])) == 302
    assert (ours.start().status, theirs.start().status) == (403, 200)
    assert [one.id for one in kiosks_at(list(all_places()))] == [ids["p2"]]


def test_a_machine_that_is_opened_anew_ends_what_it_was(source: int) -> None:
    kiosk = Kiosk("p1")
    kiosk.add("milk", 2)
    assert shelf("milk") == (10, 0, 2)
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        kiosk.client.force_login(User.objects.create(username="ann", role="store", places=["p2"]))
        assert opened_by(kiosk.client, "p2") == 302
    assert shelf("milk") == (10, 0, 0)
    assert "<b>p2</b>" in kiosk.start().html
    assert [(one.places, one.revoked_at is None) for one in Token.objects.order_by("pk")] == [
        (["p1"], False),
        (["p2"], True),
    ]


def test_a_machine_that_was_closed_meanwhile_begins_anew_too(source: int) -> None:
    kiosk = Kiosk("p1")
    kiosk.add("milk", 2)
    before = kiosk.visit()
    revoke_token(Token.objects.get().pk, actor="tests")
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        kiosk.client.force_login(_somebody("store", ("p1",)))
        assert opened_by(kiosk.client, "p1") == 302
    assert "Your basket is empty" in kiosk.get("basket").text
    assert (kiosk.visit().id == before.id, kiosk.visit().basket) == (False, None)


def test_nobody_stays_signed_in_at_an_open_kiosk(source: int) -> None:
    kiosk = Kiosk("p1")
    back = '<meta http-equiv="refresh" content="300;url=/kiosk/">'
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        kiosk.client.force_login(_somebody("store", ("p1",)))
        assert back in kiosk.client.get("/kiosk/open").content.decode()  # it goes back by itself
        assert kiosk.client.get("/store/places").status_code == 200
        assert kiosk.start().status == 200
        assert kiosk.client.get("/store/places").headers["Location"].startswith("/login/")
        elsewhere = person("store", "p1")  # at a machine that is no kiosk
        assert back not in elsewhere.get("/kiosk/open").content.decode()
        assert elsewhere.get("/kiosk/").status_code == 403
        assert elsewhere.get("/store/places").status_code == 200


def test_a_place_that_closes_takes_its_kiosk_along(source: int) -> None:
    kiosk = Kiosk()
    Place.objects.update(active=False)
    stores.forget_stores()
    assert kiosk.start().status == 403


def test_start_over_gives_back_what_was_held(source: int) -> None:
    kiosk = Kiosk()
    kiosk.add("milk", 3)
    before, basket = kiosk.visit(), kiosk.basket()
    assert shelf("milk") == (10, 0, 3)
    page = kiosk.send(kiosk.get("basket"), "/leave", button="Start over")
    assert page.status == 200
    assert shelf("milk") == (10, 0, 0)
    assert Basket.objects.get(pk=basket).state == "dropped"
    after = kiosk.visit()
    assert after.id != before.id
    assert msgspec.structs.replace(after, id="", seen=0) == visit.Visit(place="p1")
    assert "Your basket is empty" in kiosk.get("basket").text
    assert faults_in_stock() == []


def test_a_page_of_a_visit_that_has_ended_leads_to_the_first_page(source: int) -> None:
    kiosk = Kiosk()
    kiosk.get("find", q="milk")
    before = kiosk.visit().id
    kiosk.get("leave")
    for path in (
        "find?q=milk&",
        "p/milk?",
        "basket?",
        "checkout?",
        "pay?",
        "done?",
        "compare?",
        "basket/phone/gone?",
    ):
        response = kiosk.client.get(f"/kiosk/{path}v={before}")
        assert response.headers["Location"] == "/kiosk/", path
        assert kiosk.client.get(f"/kiosk/{path}").headers["Location"] == "/kiosk/", path


def test_a_form_of_a_visit_that_has_ended_changes_nothing(source: int) -> None:
    kiosk = Kiosk()
    form = form_of(kiosk.get("p/milk"), "/basket/lines")
    kiosk.get("leave")
    assert kiosk.answer(form).headers["Location"] == "/kiosk/"
    assert (shelf("milk"), Basket.objects.count()) == ((10, 0, 0), 0)


def test_nothing_is_kept_by_any_browser(source: int) -> None:
    kiosk = Kiosk()
    for path in ("", "basket", "find?q=milk"):
        response = kiosk.client.get(f"/kiosk/{path}", {"v": kiosk.visit().id} if "?" not in path else {})
        assert response.headers["Cache-Control"] == "private, no-store"
        assert "script-src" not in response.headers["Content-Security-Policy"]
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    kept = kiosk.client.cookies[visit.COOKIE]
    assert (kept["httponly"], kept["samesite"], kept["path"], kept["max-age"]) == (True, "Strict", "/kiosk/", "")


@pytest.mark.parametrize(
    "left", [{"basket": uuid4()}, {"order": uuid4()}, {"compared": ("p:milk",)}, {"language": "de"}]
)
def test_whatever_a_visit_knows_is_cleared_from_the_first_page_too(source: int, left: dict[str, object]) -> None:
    assert visit.Visit(**left).is_used  # type: ignore[arg-type] # fields of a visit
    assert not visit.Visit("a-name", "p1", seen=1, baskets=3, said="basket_gone").is_used


def test_pages_of_errors_can_be_cleared(source: int) -> None:
    kiosk = Kiosk()
    assert " data-used" not in kiosk.start().html
    kiosk.add("milk")
    kiosk.send(kiosk.get("p/milk"), "/basket/lines", button="Less")
    assert " data-used" in kiosk.start().html
    page = kiosk.get("o/999999")
    assert (page.status, '<dialog id="idle"' in page.html) == (404, True)
    assert kiosk.send(page, "/leave", button="Start over").status == 200
    assert " data-used" not in kiosk.start().html


def test_a_visit_that_nobody_came_back_to_is_over_by_itself(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kiosk = Kiosk()
    kiosk.add("milk", 2)
    before = kiosk.visit()
    later = time() + visit.AWAY_SECONDS + 1
    monkeypatch.setattr("onebasket.channels.kiosk.frame.time", lambda: later)
    assert kiosk.get("basket").address == "/kiosk/"
    assert kiosk.visit().id != before.id
    assert shelf("milk") == (10, 0, 0)


def test_a_hub_that_is_away_does_not_keep_a_shopper_in_sight(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kiosk = Kiosk()
    kiosk.add("milk")
    before = kiosk.visit()

    class Away:
        def commit(*_: object, **__: object) -> None:
            raise UnavailableError

    with monkeypatch.context() as broken:
        broken.setattr(committing, "committer", Away)
        assert kiosk.get("leave").status == 200
    assert kiosk.visit().id != before.id
    assert shelf("milk") == (10, 0, 1)  # until its time is over


def test_a_visit_that_somebody_else_wrote_counts_for_nothing(source: int) -> None:
    kiosk, other = Kiosk(), Kiosk("p2")
    kiosk.add("milk")
    stolen = kiosk.visit()
    kiosk.client.cookies[visit.COOKIE] = visit.written(stolen)[:-1] + "x"
    assert kiosk.get("basket").address == "/kiosk/"
    # A whole one of another kiosk's does not fit the place.
    other.client.cookies[visit.COOKIE] = visit.written(stolen)
    other.open("/kiosk/basket", v=stolen.id)
    assert other.visit().basket is None
    assert shelf("milk") == (10, 0, 1)


def test_two_kiosks_know_nothing_of_one_another(source: int) -> None:
    one, two = Kiosk(), Kiosk()
    one.add("milk", 2)
    two.add("milk")
    assert one.basket() != two.basket()
    two.get("leave")
    assert shelf("milk") == (10, 0, 2)
    page = one.get("basket")
    assert "$3.98" in page.text
