"""Following links to partners' pages over the real application: sent on, written down once, and never sent astray."""

import errno
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.db import InterfaceError, connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from onebasket.base.committer import Client as CommitterClient
from onebasket.base.committer import UnavailableError
from onebasket.base.models import Event
from onebasket.channels.referral import recording
from onebasket.channels.referral.counting import CLICKS, MOST_CLICKS, is_robot
from onebasket.channels.referral.recording import book_spooled, spool
from onebasket.commerce.hotpath.actions import ACTIONS
from onebasket.commerce.partners.actions.referring import follow_links, open_ticket, ticket_for
from onebasket.commerce.partners.actions.showing import take_shown
from onebasket.commerce.partners.models import Agreement, Oddity, Offer, Partner, Referral
from onebasket.commerce.partners.rules.referrals import FollowLink
from tests.partnering import add_offers, make_partner

pytestmark = pytest.mark.django_db
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}


class _Committer:
    """Decides in the asking thread, inside the test's transaction; `late` answers nobody."""

    late = False

    def commit(self, name: str, requests: Any, *, weights: Any, seconds: float) -> Any:
        assert (name, len(weights), seconds > 0) == ("links", len(requests), True)
        if self.late:
            raise TimeoutError
        return follow_links(requests)


@pytest.fixture(autouse=True)
def committer(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Iterator[_Committer]:
    settings.ONEBASKET_HOME = tmp_path
    found = _Committer()
    monkeypatch.setattr(recording, "committer", lambda: found)
    monkeypatch.setattr(recording._Rest, "until", 0.0)
    monkeypatch.setattr(CLICKS, "_seen", type(CLICKS._seen)())
    spool.cache_clear()
    take_shown(1_000_000)
    yield found
    spool().close()
    spool.cache_clear()


@pytest.fixture
def offers() -> dict[str, int]:
    partner = make_partner()
    Partner.objects.filter(pk=partner.id).update(options={"hosts": "lantern.example", "click_parameter": "dp"})
    return add_offers(partner, {"lamp": {"gtin": "00012345678905"}, "loom": {}})


def ticket(offer: int, *, age: timedelta = timedelta(), place: int | None = None) -> str:
    now = datetime.now(UTC) - age
    return ticket_for(offer, channel="shop", place_id=place, associate="paula", now=now)


def go(client: Client, text: str, **headers: str) -> Any:
    return client.get(f"/go/{text}", headers=BROWSER | headers)


def test_a_shopper_is_sent_on_and_the_click_is_written_down(client: Client, offers: dict[str, int]) -> None:
    text = ticket(offers["lamp"], place=7)
    opened = open_ticket(text)
    assert opened is not None
    response = go(client, text)
    address = f"https://lantern.example/item/lamp?dp={opened.click}"
    assert (response.status_code, response.headers["Location"], response.content) == (302, address, b"")
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    assert not response.cookies
    row = Referral.objects.get()
    assert (row.click, row.ticket, row.offer_id, row.target) == (opened.click, opened.serial, offers["lamp"], address)
    assert (row.channel, row.place_id, row.associate, row.status) == ("shop", 7, "paula", "clicked")
    event = Event.objects.get(type="referral.clicked")
    assert event.subject == f"referral/{row.pk}"
    assert "paula" not in str(event.data)
    assert [(one.offer_id, one.shown, one.clicked) for one in take_shown()] == [(offers["lamp"], 0, 1)]


def test_the_same_ticket_again_is_one_referral_that_counts_twice(client: Client, offers: dict[str, int]) -> None:
    text = ticket(offers["lamp"])
    addresses = {go(client, text).headers["Location"] for _ in range(2)}
    assert len(addresses) == 1
    assert (Referral.objects.count(), Event.objects.filter(type="referral.clicked").count()) == (1, 1)
    assert [one.clicked for one in take_shown()] == [2]


@pytest.mark.parametrize(
    "text", ["x", "A" * 70, "a/b", "", "a%00b", "https://evil.example", "?next=https://evil.example"]
)
def test_what_is_no_ticket_is_told_so(client: Client, text: str) -> None:
    response = go(client, text)
    assert response.status_code == 404
    assert b"This link leads nowhere" in response.content
    assert "Location" not in response.headers
    assert response.headers["Content-Security-Policy"].startswith("default-src 'self'; base-uri 'none'")
    assert not response.cookies


def test_nothing_of_the_request_goes_into_the_address(client: Client, offers: dict[str, int]) -> None:
    text = ticket(offers["lamp"])
    plain = go(client, text).headers["Location"]
    other = go(client, f"{text}?url=https://evil.example&dp=mine", Host="testserver", Referer="https://evil.example/")
    assert other.headers["Location"] == plain


@pytest.mark.parametrize("url", ["https://evil.example/", "http://lantern.example/", "//lantern.example", "data:,1"])
def test_an_offer_with_another_address_leads_nowhere(client: Client, offers: dict[str, int], url: str) -> None:
    Offer.objects.filter(pk=offers["lamp"]).update(url=url)
    response = go(client, ticket(offers["lamp"]))
    assert response.status_code == 410
    assert "Location" not in response.headers
    assert Referral.objects.count() == 0
    odd = Oddity.objects.get()
    assert (odd.kind, odd.reference, odd.reason, odd.content) == ("referral", "lamp", "foreign_address", url)


def test_an_old_link_leads_to_the_shop(client: Client, offers: dict[str, int]) -> None:
    response = go(client, ticket(offers["lamp"], age=timedelta(days=30)))
    assert response.status_code == 410
    assert b"/shop/search?q=Lamp" in response.content
    assert Referral.objects.count() == 0


def test_an_offer_that_has_ended_leads_to_the_same_of_others(client: Client, offers: dict[str, int]) -> None:
    Offer.objects.filter(pk=offers["lamp"]).update(gone=True)
    harbour = make_partner("harbour")
    Partner.objects.filter(pk=harbour.id).update(options={"hosts": "harbour.example"})
    other = add_offers(harbour, {"light": {"gtin": "00012345678905", "price": 1250}})
    response = go(client, ticket(offers["lamp"], place=7), **{"Accept-Language": "de"})
    assert response.status_code == 410
    page = response.content.decode()
    assert "Lamp wird nicht mehr angeboten" in page
    assert "Light bei Harbour, 12,50" in page
    link = page.partition('href="/go/')[2].partition('"')[0]
    opened = open_ticket(link)
    assert opened is not None
    assert (opened.ticket.offer_id, opened.ticket.place_id, opened.ticket.associate) == (other["light"], 7, "paula")
    assert Referral.objects.count() == 0


@pytest.mark.parametrize(
    "headers", [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}]
)
def test_a_browser_that_looks_ahead_is_turned_away(
    client: Client, offers: dict[str, int], headers: dict[str, str]
) -> None:
    response = go(client, ticket(offers["lamp"]), **headers)
    assert (response.status_code, "Location" in response.headers) == (503, False)
    assert Referral.objects.count() == 0
    assert take_shown() == []


@pytest.mark.parametrize(
    ("agent", "robot"),
    [
        ("Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36", False),
        ("Mozilla/5.0 (Linux; Android 13; Cubot Note 21/TP1A)", False),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", True),
        ("Googlebot-Image/1.0", True), ("focubot/1.0", True), ("Some Bot", True),
    ],
)  # fmt: skip
def test_a_phone_of_that_name_is_no_robot(agent: str, *, robot: bool) -> None:
    assert is_robot(RequestFactory().get("/", headers={"User-Agent": agent})) is robot


@pytest.mark.parametrize("agent", ["Googlebot/2.1", "curl/8.5", "", "facebookexternalhit/1.1"])
def test_programs_are_sent_on_and_not_counted(client: Client, offers: dict[str, int], agent: str) -> None:
    response = go(client, ticket(offers["lamp"]), **{"User-Agent": agent})
    assert response.headers["Location"] == "https://lantern.example/item/lamp"
    head = client.head(f"/go/{ticket(offers['lamp'])}", headers=BROWSER)
    assert (head.status_code, head.headers["Location"]) == (302, "https://lantern.example/item/lamp")
    assert Referral.objects.count() == 0
    assert take_shown() == []


def test_posting_is_refused(client: Client, offers: dict[str, int]) -> None:
    assert client.post(f"/go/{ticket(offers['lamp'])}").status_code == 405


def test_a_flood_from_one_address_is_sent_on_and_counted_no_more(client: Client, offers: dict[str, int]) -> None:
    text = ticket(offers["lamp"])
    answered = {go(client, text).status_code for _ in range(MOST_CLICKS + 5)}
    assert answered == {302}
    assert [one.clicked for one in take_shown()] == [MOST_CLICKS]


def test_while_the_committer_is_late_the_click_waits_in_the_spool(
    client: Client, offers: dict[str, int], committer: _Committer
) -> None:
    committer.late = True
    text = ticket(offers["lamp"])
    opened = open_ticket(text)
    assert opened is not None
    assert go(client, text).headers["Location"] == f"https://lantern.example/item/lamp?dp={opened.click}"
    assert Referral.objects.count() == 0
    assert spool().waiting() == 1
    with pytest.raises(TimeoutError):
        book_spooled()
    assert spool().waiting() == 1
    committer.late = False
    assert book_spooled() == 1
    assert spool().waiting() == 0
    assert Referral.objects.get().click == opened.click
    assert book_spooled() == 0


@pytest.mark.parametrize("change", ["gone", "moved", "closed", "other hosts"])
def test_whoever_was_sent_on_is_a_referral_whatever_becomes_of_the_offer(
    client: Client, offers: dict[str, int], committer: _Committer, change: str
) -> None:
    committer.late = True
    led = go(client, ticket(offers["lamp"])).headers["Location"]
    {
        "gone": lambda: Offer.objects.update(gone=True),
        "moved": lambda: Offer.objects.update(url="https://lantern.example/new"),
        "closed": lambda: Partner.objects.update(active=False),
        "other hosts": lambda: Partner.objects.update(options={"hosts": "lantern.test"}),
    }[change]()
    committer.late = False
    assert (book_spooled(), spool().waiting()) == (1, 0)
    assert list(Referral.objects.values_list("target", "offer_id")) == [(led, offers["lamp"])]
    assert Event.objects.filter(type="referral.clicked").count() == 1
    assert not Oddity.objects.exists()


def test_a_click_that_was_spooled_without_its_address_is_judged_when_it_is_booked(
    client: Client, offers: dict[str, int], committer: _Committer, tmp_path: Path
) -> None:
    """So earlier versions kept it, and so it is kept where the address cannot be read."""
    committer.late = True
    for _ in range(2):
        go(client, ticket(offers["lamp"]))
    go(client, ticket(offers["loom"]))
    spool().close()
    (file,) = (tmp_path / "clicks").glob("*.clicks")
    kept = [msgspec.json.decode(one) for one in file.read_bytes().splitlines()]
    assert [bool(one.pop("led")) for one in kept] == [True, True, True]
    file.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in kept))
    Offer.objects.filter(pk=offers["loom"]).update(gone=True)
    committer.late = False
    assert book_spooled() == 3
    assert list(Referral.objects.values_list("offer_id", flat=True)) == [offers["lamp"]] * 2


def test_each_click_of_a_batch_is_judged_by_its_own_day(offers: dict[str, int]) -> None:
    """An agreement that ended since held when the first of them was followed."""
    days = [datetime(2026, 3, 2, 23, 59, tzinfo=UTC), datetime(2026, 3, 3, 0, 1, tzinfo=UTC)]
    Agreement.objects.update(ends_on=days[1].date())
    calls = [
        FollowLink(
            offer_id=offers["lamp"], channel="shop", place_id=0, associate="", shown_at=at, serial=f"s{at.day}",
            click=f"c{at.day}", clicked_at=at,
        )
        for at in days
    ]  # fmt: skip
    assert [one.refused for one in follow_links(calls)] == ["", "not_referred"]
    assert Referral.objects.get().click == "c2"


def test_a_click_whose_address_cannot_be_read_is_kept(
    client: Client, offers: dict[str, int], committer: _Committer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_args: object, **_how: object) -> None:
        raise InterfaceError

    committer.late = True
    monkeypatch.setattr(recording, "where_to", gone)
    assert go(client, ticket(offers["lamp"])).status_code == 503
    committer.late = False
    assert (book_spooled(), Referral.objects.count()) == (1, 1)


def test_negative_control_without_the_spool_the_click_is_lost(
    client: Client, offers: dict[str, int], committer: _Committer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above can fail: whoever is sent on without the spool is no referral, now or later."""
    monkeypatch.setattr(recording, "_keep", lambda _click: None)
    committer.late = True
    assert go(client, ticket(offers["lamp"])).status_code == 302
    committer.late = False
    assert (book_spooled(), Referral.objects.count()) == (0, 0)


def test_lines_of_the_spool_that_are_no_clicks_are_kept_for_people(
    client: Client, offers: dict[str, int], committer: _Committer, tmp_path: Path
) -> None:
    """A line that was cut by a kill was told to nobody; one that somebody has spoilt blocks no other."""
    committer.late = True
    go(client, ticket(offers["lamp"]))
    spool().close()
    (file,) = (tmp_path / "clicks").glob("*.clicks")
    file.write_bytes(b"spoilt\n" + file.read_bytes() + b'{"offer_id": 1, "chan')
    committer.late = False
    assert (book_spooled(), Referral.objects.count()) == (1, 1)
    assert [one.read_bytes() for one in (tmp_path / "clicks").iterdir()] == [b"spoilt\n"]


def test_a_disk_that_takes_nothing_stops_no_shopper(
    client: Client, offers: dict[str, int], committer: _Committer, tmp_path: Path
) -> None:
    (tmp_path / "clicks").write_text("no folder")
    committer.late = True
    assert go(client, ticket(offers["lamp"])).status_code == 302


def test_a_disk_that_takes_a_click_in_pieces_has_it_whole(
    client: Client, offers: dict[str, int], committer: _Committer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    committer.late = True
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, content: write(file, content[:10]))
        assert go(client, ticket(offers["lamp"])).status_code == 302
    committer.late = False
    assert (book_spooled(), Referral.objects.count()) == (1, 1)


def test_a_click_that_a_full_disk_took_in_part_spoils_no_other(
    client: Client, offers: dict[str, int], committer: _Committer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its shopper is sent on all the same, and it is told as lost; those before and after are whole."""
    write, room = os.write, [1_000_000]

    def written(file: int, content: bytes) -> int:
        taken = write(file, content[: room[0]]) if room[0] else 0
        room[0] -= taken
        if not taken:
            raise OSError(errno.ENOSPC, "no room")
        return taken

    monkeypatch.setattr(os, "write", written)
    committer.late = True
    for left in (1_000_000, 40, 1_000_000):
        room[0] = left
        assert go(client, ticket(offers["lamp"])).status_code == 302
    committer.late = False
    assert (book_spooled(), Referral.objects.count()) == (2, 2)
    assert list((tmp_path / "clicks").iterdir()) == []


def test_a_committer_that_was_late_is_left_alone_for_a_while(
    client: Client, offers: dict[str, int], committer: _Committer
) -> None:
    committer.late = True
    assert go(client, ticket(offers["lamp"])).status_code == 302
    committer.late = False
    assert go(client, ticket(offers["lamp"])).status_code == 302
    assert Referral.objects.count() == 0
    recording._Rest.until = 0.0
    assert go(client, ticket(offers["lamp"])).status_code == 302
    assert Referral.objects.count() == 1
    assert book_spooled() == 2
    assert Referral.objects.count() == 3


def test_the_request_itself_reads_nothing(
    client: Client, offers: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is read and written is the committer's, a fixed number of statements for a batch."""
    text = ticket(offers["lamp"])
    asked: list[int] = []

    def commit(_self: object, _name: str, requests: Any, **_how: Any) -> Any:
        before = len(seen)
        outcome = follow_links(requests)
        asked.append(len(seen) - before)
        return outcome

    monkeypatch.setattr(_Committer, "commit", commit)
    with CaptureQueriesContext(connection) as seen:
        assert go(client, text).status_code == 302
    assert len(seen) == asked[0]


def test_an_asker_of_moments_waits_for_no_start(tmp_path: Path) -> None:
    client = CommitterClient(str(tmp_path / "nobody"), ACTIONS)
    begins = datetime.now(UTC)
    with pytest.raises(UnavailableError):
        client.commit("links", [], weights=[], seconds=0.15)
    assert datetime.now(UTC) - begins < timedelta(seconds=1)
