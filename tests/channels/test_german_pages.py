"""Associates' and accounts' pages in German: no text of ours is left in English."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import get_args

import pytest
from django.core import mail
from django.test import Client, override_settings
from django.utils import translation

from onebasket.base.clock import database_now
from onebasket.channels.account.words import word
from onebasket.channels.store.guesses import GUESSES
from onebasket.channels.store.words import RETURNS, STEPS
from onebasket.commerce.fulfilment.models import Return
from onebasket.commerce.fulfilment.rules.messages import ReturnRefusal
from onebasket.commerce.hotpath.actions import asking
from onebasket.commerce.orders.actions.secrets import collection_code
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.messages import StepRefusal
from tests.builders import EAN, make_chain
from tests.channels.accounting import forget_tries, shopper, signed_in
from tests.channels.api import InlineCommitter
from tests.channels.shopping import Page, read_page
from tests.channels.test_store import Associate, ordered
from tests.messages import read_catalog

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    committer = InlineCommitter()
    monkeypatch.setattr(asking, "committer", lambda: committer)
    GUESSES.clear()
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        yield make_chain("p1", "p2", stock={"milk": 10, "bread": 5})


def german(**more: str) -> Associate:
    at = Associate(**more)  # type: ignore[arg-type] # a role
    at.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de-DE,de;q=0.9,en;q=0.5"
    return at


def english(channel: str) -> list[str]:
    """Return the texts of a channel that read otherwise in German, as far as they are whole in a page."""
    found = [
        text
        for one in read_catalog("de", channel)
        for text in ([*one.id] if isinstance(one.id, tuple) else [str(one.id)])
        for text in text.replace("%(", "\n%(").replace(")s", ")s\n").splitlines()
        if one.id and "%" not in text and text.strip() and one.id != one.string
    ]
    said = " ".join(str(one.string) for one in read_catalog("de", channel) if one.id)
    return [text.strip(" .:") for text in found if len(text.strip(" .:")) > 4 and text.strip(" .:") not in said]


def test_the_words_to_look_for_are_many() -> None:
    assert len(english("store")) > 100
    assert len(english("account")) > 150
    assert {"Hand over", "Take goods back", "Finish the picking"} <= set(english("store"))


def assert_german(page: Page, channel: str = "store") -> None:
    assert '<html lang="de">' in page.html
    assert page.headers["Content-Language"] == "de"
    left = [text for text in english(channel) if text in page.html]
    assert left == [], page.address


def test_an_associate_works_in_german_all_day(source: int) -> None:
    at = german()
    order, second = ordered(source, milk=2, bread=1), ordered(source, "b2", milk=1)
    fronts = ("/store/", "/store/places", "/store/hand-over", "/store/returns", f"/store/orders/{order.id}")
    walked = [at.get(path) for path in fronts]
    for code in (EAN, "nonsense", EAN, EAN):
        scanned = at.send(walked[-1], "/scan", code=code)
        walked.append(scanned)
    walked.append(at.send(walked[-1], "/line", button="Nicht da"))
    assert "Alles ist gepackt. Sagen Sie, wo es steht." in walked[-1].text
    walked.append(at.send(walked[-1], "/stage", spot="Kühlschrank 2"))
    walked.append(at.send(at.get("/store/hand-over"), "", code="nonsense"))
    handing = at.send(at.get("/store/hand-over"), "", code=collection_code(order.id, 1))
    assert "3,98 $ ist bezahlt: übergeben" in handing.text
    walked += [handing, at.send(handing, "", button="übergeben")]
    walked.append(at.send(handing, "", button="übergeben"))  # twice
    back = at.get(f"/store/returns/order/{order.id}")
    walked += [back, at.send(back, "", button="Berechnen", **{"quantity-1": "1"})]
    walked.append(at.send(walked[-1], "", button="Annehmen"))
    assert Return.objects.count() == 1
    walked += [at.get(f"/store/orders/{order.id}"), at.get(f"/store/orders/{second.id}")]
    walked.append(at.get(f"/store/returns/order/{second.id}"))
    none = at.get("/store/returns/none/-")
    walked += [none, at.send(none, "", button="Hinzufügen", code="milk")]
    walked.append(at.send(walked[-1], "", button="Berechnen", **{"quantity-milk": "1"}))
    walked.append(at.get("/store/orders/01941f29-7c00-7000-8000-000000000000"))
    walked.append(at.send(at.get(f"/store/orders/{second.id}"), "/put-back"))
    walked.append(at.get(f"/store/orders/{second.id}"))
    walked.append(at.send(at.get("/store/returns"), "", button="Finden", order="p1-9999"))
    for page in walked:
        assert_german(page)


def test_what_nobody_came_for_is_told_in_german(source: int) -> None:
    at, order = german(), ordered(source, milk=1)
    at.send(at.send(at.get(f"/store/orders/{order.id}"), "/scan", code=EAN), "/stage", spot="A")
    Order.objects.update(changed_at=database_now() - timedelta(days=3), placed_at=database_now() - timedelta(days=4))
    queue = at.get("/store/")
    assert_german(queue)
    assert_german(at.get(f"/store/orders/{order.id}"))


def test_every_refusal_has_its_words() -> None:
    assert STEPS.keys() == set(get_args(StepRefusal))
    assert RETURNS.keys() == set(get_args(ReturnRefusal))


def test_a_language_is_chosen_at_the_foot_and_kept(source: int) -> None:
    at = Associate()
    page = at.get("/store/returns")
    assert "Take goods back" in page.text
    assert len([text for text in english("store") if text in page.html]) > 10  # there to be found
    chosen = at.send(page, "/language", button="Deutsch")
    assert (chosen.address, "Waren zurücknehmen" in chosen.text) == ("/store/returns", True)
    assert_german(at.get("/store/"))
    back = at.send(at.get("/store/"), "/language", button="English")
    assert "To pick" in back.text
    # The choice leads nowhere else, and to no language that we do not speak.
    away = at.client.post("/language", {"language": "de", "next": "https://elsewhere.example/"})
    assert away.status_code in {302, 403}
    assert "elsewhere" not in away.headers.get("Location", "")


def test_an_account_is_german_from_the_first_page_to_the_last(source: int) -> None:
    forget_tries()
    stranger = Client(headers={"accept-language": "de"})
    pages = [read_page(stranger.get(path), path) for path in (
        "/account/login/", "/account/signup/", "/account/password/reset/", "/account/confirm-email/",
    )]  # fmt: skip
    stranger.post("/account/password/reset/", {"email": "nobody@shop.example"})
    user = shopper()
    stranger.post("/account/password/reset/", {"email": user.email})
    assert [str(message.subject) for message in mail.outbox] == ["Kein Konto mit dieser Adresse", "Ein neues Passwort"]
    assert all(not re.search(r"\b(you|your|link)\b(?!/)", str(one.body), re.IGNORECASE) for one in mail.outbox[:1])
    client = signed_in(user, headers={"accept-language": "de"})
    ways = (
        "", "purchases/", "card/", "details/", "addresses/", "addresses/new/", "consents/", "email/", "2fa/",
        "2fa/totp/activate/", "delete/", "password/change/", "reauthenticate/", "logout/",
    )  # fmt: skip
    for way in ways:
        answer = client.get(f"/account/{way}", follow=True)
        pages.append(read_page(answer, f"/account/{way}"))
        assert answer.status_code == 200, way
    wrong = client.post("/account/details/", {"name": "Ada", "phone": "12", "language": "de"})
    pages.append(read_page(wrong, "/account/details/"))
    assert "Eine Telefonnummer hat mindestens 7 Ziffern." in pages[-1].text
    kept = client.post("/account/details/", {"name": "Ada", "phone": "", "language": "de"})
    assert kept.cookies["django_language"].value == "de"
    pages.append(
        read_page(client.post("/account/consents/", {"offers_email": "on"}, follow=True), "/account/consents/")
    )
    for page in pages:
        assert_german(page, "account")


def test_states_and_tenders_of_purchases_have_words() -> None:
    with translation.override("de"):
        assert [str(word(code)) for code in ("handed_over", "cash", "coupon", "offers_email")] == [
            "abgeholt", "bar", "Coupon", "Angebote per E-Mail",
        ]  # fmt: skip
