"""The front door, the pulse and the staff's log-in in German: no text of ours or Django's is left in English."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.db import OperationalError
from django.test import Client, override_settings
from django.utils import translation

from onebasket.base.models import QuarantineItem
from onebasket.channels.pulse import formats, sources
from onebasket.channels.pulse.figures import Amount, Money
from onebasket.channels.pulse.reasons import why
from onebasket.commerce.access.models import User
from onebasket.commerce.orders.models import Order
from onebasket.commerce.sales.models import Receipt
from onebasket.commerce.sourcing.rules import Candidate, Choice, Need, choose_place
from onebasket.commerce.stock.models import Breach, Discrepancy
from tests.browser.test_pulse import LISTS, Chain, forget_figures
from tests.channels.accounting import forget_tries, shopper
from tests.messages import read_catalog

pytestmark = pytest.mark.django_db
GERMAN = {"accept-language": "de-DE,de;q=0.9,en;q=0.5"}
SAID = ("aria-label", "title", "placeholder", "alt", "data-")
"""Attributes that people read or hear, or that a script shows."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._quiet = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._quiet = tag if tag in {"script", "style"} or ("lang" in given and tag in {"b", "button"}) else ""
        self.said += [text or "" for name, text in attrs if name.startswith(SAID)]

    def handle_endtag(self, tag: str) -> None:
        self._quiet = ""

    def handle_data(self, data: str) -> None:
        if not self._quiet:
            self.said.append(data)


def said(html: str) -> str:
    """Return all that a page says, but addresses and the names of products and places."""
    reader = _Reader()
    reader.feed(html)
    return re.sub(r"Fluid milk, white, 1 gal|Store \d+|/(\w+/)+", "", "\n".join(reader.said))


def english() -> list[str]:
    """Return the pulse's texts that read otherwise in German, as far as they are whole in a page."""
    pulse = [one for one in read_catalog("de", "pulse") if one.id]
    ours = [
        part.strip(" .:,")
        for one in pulse
        for text in ([*one.id] if isinstance(one.id, tuple) else [str(one.id)])
        for part in re.split(r"%\(\w+\)[sd]|\{\w+\}", text)
        if one.id != one.string
    ]
    german = " ".join(
        text for one in pulse for text in ([one.string] if isinstance(one.string, str) else one.string or ())
    )
    return sorted({text for text in ours if len(text) > 2 and not re.search(rf"\b{re.escape(text)}\b", german)})


def left(html: str) -> list[str]:
    text = said(html)
    return [one for one in english() if re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text)]


def opened(client: Client, address: str, status: int = 200) -> str:
    """Open a page, and hold that it is German."""
    answer = client.get(address)
    assert answer.status_code == status, address
    assert_german(answer, address)
    return " ".join(said(answer.content.decode()).split())


def assert_german(answer: object, address: str) -> None:
    html = answer.content.decode()  # type: ignore[attr-defined]
    assert answer.headers["Content-Language"] == "de"  # type: ignore[attr-defined]
    assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))  # type: ignore[attr-defined]
    assert left(html) == [], address


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget_figures()
    forget_tries()
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        yield
    forget_figures()


def signed_in(headers: dict[str, str], role: str = "admin", places: list[str] | None = None) -> Client:
    user = User.objects.create_user(
        username=f"person-{User.objects.count()}", password="x", role=role, places=places or []
    )
    client = Client(headers=headers)
    client.force_login(user)
    return client


def sold() -> Chain:
    chain = Chain()
    for number in range(1, 5):
        chain.sell(number, store=number % 2)
    chain.sell(5, effect=-1, paid=100)
    chain.order(1)
    Order.objects.update(reason={"chosen": "330 comes first and serves it whole", "asked": ["330"]})
    QuarantineItem.objects.create(
        source_id=1, kind="receipt", fingerprint="x", key="k", place_code="330", reason="missing-field",
        explanation="-", content="{}", state="open", received_at=chain.now,
    )  # fmt: skip
    Breach.objects.create(place=chain.stores[1], product=chain.milk, shortfall=1, opened_at=chain.now)
    Discrepancy.objects.create(place=chain.stores[0], product=chain.milk, quantity=-2, opened_at=chain.now)
    return chain


def test_the_words_to_look_for_are_many() -> None:
    assert len(english()) > 250
    assert {"Breaches", "On hand", "Log in", "behind the tills", "order"} <= set(english())


def test_every_page_of_the_pulse_is_german() -> None:
    chain, client = sold(), signed_in(GERMAN)
    front = opened(client, "/")
    assert "Ein Bestand, ein Korb" in front
    assert "Bestellungen packen, übergeben, Waren zurücknehmen." in front
    pulse = opened(client, "/pulse/")
    assert "15,00 $" in pulse
    assert re.search(r"live, \d,\d s hinter den Kassen", pulse)
    assert "4 Stück" not in pulse
    assert "2 Stück in 1 Bestellung" in pulse.replace("\xa0", " ")
    addresses = [f"/pulse/{name}" for name in (*LISTS, "shelves", "shelves?q=nothing", "shelves?product=milk")]
    addresses += [f"/pulse/receipts/{identity}" for identity in (chain.receipts[0], chain.receipts[-1])]
    addresses += [f"/pulse/orders/{chain.orders[0]}", "/pulse/shelves/330/milk", "/pulse/shelves/367/milk"]
    addresses += ["/pulse/figures", *(f"/pulse/{name}?q=nothing" for name in LISTS)]
    for address in addresses:
        opened(client, address)
    with translation.override("de"):
        today = formats.day(chain.now.date())
    assert f"Geschäftstag {today}" in opened(client, f"/pulse/receipts/{chain.receipts[0]}")
    for address in ("/pulse/receipts/999999", "/pulse/shelves/330/none", "/pulse/shelves?product=none"):
        opened(client, address, 404)


@pytest.mark.parametrize("stock", [(5,), (5, 5), (0, 5), (1, 1), (1, 0)])
def test_why_an_order_stands_where_it_does_is_told_in_german(stock: tuple[int, ...]) -> None:
    candidates = [Candidate(f"p{at}", (free, 0)) for at, free in enumerate(stock)]
    needs = [Need(1, "milk", 2), Need(2, "bread", 0)]
    choice = choose_place(needs, candidates, partial=True)
    assert isinstance(choice, Choice)
    with translation.override("de"):
        assert why(choice.reason) != choice.reason
        assert why("the shopper chose p1, which has all of it") == (
            "die Kundin oder der Kunde hat p1 gewählt, dort ist alles da"
        )
        assert why("because we said so") == "because we said so"
    assert why(choice.reason) == choice.reason


def test_empty_pages_and_those_of_one_place_are_german() -> None:
    client = signed_in(GERMAN, "store", ["330"])
    for name in ("", *(one for one in LISTS if one not in {"quarantine", "webhooks"})):
        opened(client, f"/pulse/{name}")
    assert "Hier gibt es für Sie nichts zu sehen." in opened(client, "/pulse/webhooks", 404)
    assert "Sie sehen 1 Ort." in opened(client, "/")
    assert "Jede Adresse nimmt ihre Meldungen an." in opened(signed_in(GERMAN), "/pulse/webhooks")


def test_a_database_that_fails_is_said_in_german(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(sources, "pulse_figures", fail)
    assert "Die Datenbank der Zentrale antwortet nicht" in opened(signed_in(GERMAN), "/pulse/", 503)


def test_an_english_page_has_the_words_that_are_looked_for() -> None:
    sold()
    client = signed_in({"accept-language": "en"})
    assert len(left(client.get("/pulse/").content.decode())) > 40
    assert len(left(client.get("/pulse/receipts").content.decode())) > 15
    assert {"Log in", "Password"} <= set(left(Client().get("/login/").content.decode()))


def test_the_log_in_is_german_with_all_that_can_be_wrong() -> None:
    client = Client(headers=GERMAN)
    assert "Anmelden" in opened(client, "/login/")
    assert "Diese Seite ist für Leute der Kette." in opened(client, "/login/?next=/pulse/")
    member = shopper()
    for name in ("nobody", member.username):  # a shopper's is as wrong as any other
        wrong = client.post("/login/", {"username": name, "password": "correct horse"})
        assert_german(wrong, "/login/")
        page = said(wrong.content.decode())
        assert "Groß-/Kleinschreibung" in page  # Django's own words
        assert "Please" not in page
    answers = [client.post("/login/", {"username": "nobody", "password": "x"}) for _ in range(40)]
    late = next(one for one in answers if one.status_code == 429)
    assert_german(late, "/login/")
    assert re.search(r"Zu viele Versuche\. Warten Sie \d+ Sekunden", said(late.content.decode()))


def test_a_language_is_chosen_at_the_foot_of_the_log_in_and_kept() -> None:
    User.objects.create_user(username="ada", password="look", role="admin")
    client = Client(headers={"accept-language": "en"})
    page = client.get("/login/?next=/pulse/places").content.decode()
    assert 'action="/language"' in page
    assert '<input type="hidden" name="next" value="/login/?next=/pulse/places">' in page
    chosen = client.post("/language", {"language": "de", "next": "/login/?next=/pulse/places"})
    assert chosen.headers["Location"] == "/login/?next=/pulse/places"
    opened(client, "/login/?next=/pulse/places")
    client.post("/login/", {"username": "ada", "password": "look", "next": "/pulse/places"})
    assert "Noch gibt es keine Orte." in opened(client, "/pulse/places")
    client.post("/language", {"language": "en", "next": "/"})
    assert "There are no places yet." in client.get("/pulse/places").content.decode()


def test_a_file_is_the_same_in_every_language() -> None:
    sold()
    client = signed_in(GERMAN)
    texts = []
    for language in ("de", "en"):
        for name in (*LISTS, "shelves"):
            asked = f"/pulse/{name}?format=csv&product=milk&sort=x"
            answer = client.get(asked, headers={"accept-language": language})
            texts.append(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert texts[: len(texts) // 2] == texts[len(texts) // 2 :]
    day = Receipt.objects.first()
    assert day is not None
    assert f",{day.business_day.isoformat()}," in texts[0].decode()
    assert b",store," in texts[2]


def test_figures_are_written_as_each_language_does() -> None:
    at = datetime(2026, 11, 21, 22, 4, 11, tzinfo=UTC)
    written = {}
    for language in ("en", "de"):
        with translation.override(language):
            written[language] = [
                formats.money(Money(123456, "USD")), formats.money(Money(-123456, "USD"), whole=True),
                formats.number(12345), formats.quantity(Amount(-1842, "kg", 3)), formats.percent(1125, 1000),
                formats.rate(72500), formats.moment(at, "America/New_York"), formats.day(date(2026, 3, 9)),
                formats.clock(at), formats.weekday(at), formats.span(3.21), formats.span(172800),
            ]  # fmt: skip
    assert written["en"] == [
        "$1,234.56", "-$1,235", "12,345", "\N{MINUS SIGN}1.842 kg", "+12.5%", "7.25%", "21 Nov 2026, 17:04:11",
        "9 Mar 2026", "22:04:11", "Saturday", "3.2 s", "2 days",
    ]  # fmt: skip
    assert written["de"] == [
        "1.234,56\xa0$", "-1.235\xa0$", "12.345", "\N{MINUS SIGN}1,842 kg", "+12,5\xa0%", "7,25\xa0%",
        "21.11.2026, 17:04:11", "09.03.2026", "22:04:11", "Samstag", "3,2 s", "2 Tage",
    ]  # fmt: skip
    assert formats.span(timedelta(minutes=5).total_seconds()) == "5 min"
