"""The demo's parts: what it refuses, how its clock runs, what its relay keeps."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
import typer
from rich.console import Console

from onebasket.channels.demo.clock import DemoDay, trading_second
from onebasket.channels.demo.deliveries import with_web_share
from onebasket.channels.demo.installing import RELAY, Keys, install_keys
from onebasket.channels.demo.keeping import DemoError, demo_folder, only_one, read_kept, write_kept
from onebasket.channels.demo.popularity import Popularity, Wanted
from onebasket.channels.demo.preparing import Wish, check_wish, prepare
from onebasket.channels.demo.replay import Relay, send
from onebasket.channels.demo.running import check_port
from onebasket.channels.demo.sending import HubLine, Stopped
from onebasket.channels.demo.shoppers import life, wish
from onebasket.channels.demo.stock import ChainDelivery
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.access.queries import token_by_digest
from onebasket.commerce.access.rules import token_digest
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.rules import PlaceItem
from onebasket.commerce.sales.rules.receipt import Kind, Receipt
from onebasket.project.command import demo
from onebasket.project.loader import MissingExtraError
from onebasket.project.settings.environment import Mode
from onebasket.project.trial import prepare_trial

BEGUN = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)  # 17:00 in the stores
DAY = DemoDay(date(2017, 12, 23), 3, 7, BEGUN)


def test_the_days_before_keep_their_time_of_day() -> None:
    assert DAY.past(datetime(2017, 12, 22, 14, 30, tzinfo=UTC)) == datetime(2026, 11, 22, 14, 30, tzinfo=UTC)


def test_the_day_until_it_opens_is_spread_over_today_until_now() -> None:
    assert DAY.past(DAY.opens_at) == BEGUN
    midnight = datetime(2017, 12, 23, 5, 0, tzinfo=UTC)
    assert DAY.past(midnight) == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    assert DAY.past(midnight + timedelta(hours=5.5)) == datetime(2026, 11, 23, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize("hour", range(24))
def test_no_time_of_a_start_puts_a_receipt_into_the_future(hour: int) -> None:
    day = DemoDay(date(2017, 12, 23), 3, 7, BEGUN.replace(hour=hour))
    instants = [day.part.begins_at() + timedelta(hours=number) for number in range(7 * 24 + 12)]
    times = [day.past(instant) for instant in instants if instant <= day.opens_at]
    assert times == sorted(times)
    assert times[-1] <= day.begun_at


@pytest.mark.parametrize(
    ("hours", "seconds"),
    [((11, 12), 3_600), ((2, 3), 360), ((8, 10), 3_960), ((21, 23), 3_960)],
)
def test_nights_run_ten_times_as_fast(hours: tuple[int, int], seconds: int) -> None:
    midnight = datetime(2017, 7, 1, 4, tzinfo=UTC)
    begins, ends = (trading_second(midnight + timedelta(hours=hour)) for hour in hours)
    assert ends - begins == seconds


def test_days_follow_one_another_without_a_gap() -> None:
    last = datetime(2017, 7, 2, 3, 59, 59, tzinfo=UTC)  # 23:59:59 in the stores
    assert round(trading_second(last + timedelta(seconds=1)) - trading_second(last), 6) == 0.1


def test_a_busy_port_is_named() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(DemoError, match=rf"Port {port} cannot be used: Address already in use.*--port"):
            check_port(port)


@pytest.mark.parametrize("day", [date(2016, 12, 31), date(2018, 1, 1)])
def test_a_day_that_the_data_does_not_have_is_refused(day: date) -> None:
    with pytest.raises(DemoError, match=f"no day {day}: choose one from 2017-01-01 to 2017-12-31"):
        check_wish(Wish(day=day))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DemoError, match=r"cannot be written: Not a directory\. Choose one with --home"):
        demo_folder(tmp_path / "file")


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(DemoError, match="Another demo runs"), only_one(tmp_path):
        pass


def test_a_missing_extra_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'onebasket\[demo\]'"):
        demo.run()


def test_production_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    production = SimpleNamespace(ENVIRONMENT=SimpleNamespace(mode=Mode.PRODUCTION))
    monkeypatch.setattr(demo, "settings", production)
    with pytest.raises(typer.BadParameter, match="does not run in production"):
        demo.run()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["demo"], {"ONEBASKET_ENV": "demo"}),
        (["demo", "--home", "here"], {"ONEBASKET_ENV": "demo", "ONEBASKET_HOME": "here"}),
        (["demo", "--all", "--home=there"], {"ONEBASKET_ENV": "demo", "ONEBASKET_HOME": "there"}),
        (["hub", "--home", "here"], {}),
        ([], {}),
    ],
)
def test_the_command_line_says_where_the_demo_lives(arguments: list[str], expected: dict[str, str]) -> None:
    environment: dict[str, str] = {}
    prepare_trial(arguments, environment)
    assert environment == expected


def test_a_stated_mode_stands() -> None:
    environment = {"ONEBASKET_ENV": "production"}
    prepare_trial(["demo"], environment)
    assert environment == {"ONEBASKET_ENV": "production"}


@pytest.mark.django_db
def test_the_database_of_another_chain_stays_untouched(tmp_path: Path) -> None:
    upsert_places(enrol_source("elsewhere", actor="test"), [PlaceItem("p", "12", "Store 12", "EUR", "Europe/Berlin")])
    with pytest.raises(DemoError, match="holds a chain of 1 places that is not the demo's"):
        prepare(tmp_path, Wish(), console=Console(quiet=True))


@pytest.mark.django_db
def test_keys_are_made_once_and_mended_where_the_file_or_the_database_is_new(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    first = install_keys(path, store="367")
    assert install_keys(path, store="367") == first == read_kept(path, Keys)
    path.unlink()
    second = install_keys(path, store="367")
    assert {login.password for login in first.logins} & {login.password for login in second.logins} == set()
    found = token_by_digest(token_digest(second.tokens[RELAY]))
    assert found is not None
    assert (found.source_code, sorted(found.scopes)) == (RELAY, ["sales:write", "stock:write"])


def test_what_is_kept_is_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "relay.json"
    assert read_kept(path, Relay) is None
    path.write_text('{"installation": "x", "at":', encoding="utf-8")
    assert read_kept(path, Relay) is None
    relay = Relay("x", BEGUN, receipts=[receipt("basket-1")])
    write_kept(path, relay)
    assert read_kept(path, Relay) == relay


class Hub(BaseHTTPRequestHandler):
    """Answers what the test laid out: a status each, or 0 to cut the line."""

    statuses: list[int]
    bodies: list[bytes]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.statuses.pop(0)
        if not status:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        content = json.dumps({"results": [{"key": "basket-1", "result": {"outcome": "booked"}}]}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""


@pytest.fixture
def hub() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Hub)
    Hub.statuses, Hub.bodies = [], []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_relay_sends_the_same_bytes_until_it_is_answered(hub: HTTPServer, tmp_path: Path) -> None:
    Hub.statuses = [503, 0, 200]
    relay = Relay("x", BEGUN, receipts=[receipt("basket-1")])
    line = HubLine(hub.server_port, token="ob_x", stop=threading.Event())
    send(relay, line, tmp_path / "relay.json")
    line.close()
    assert len(Hub.bodies) == 3
    assert len(set(Hub.bodies)) == 1
    assert (line.retries, relay.sent, relay.receipts) == (2, 1, [])
    assert read_kept(tmp_path / "relay.json", Relay) == relay


def test_a_relay_that_is_stopped_keeps_what_was_not_answered(hub: HTTPServer, tmp_path: Path) -> None:
    Hub.statuses = [503]
    path, stop = tmp_path / "relay.json", threading.Event()
    stop.set()
    relay = Relay("x", BEGUN, receipts=[receipt("basket-1")])
    write_kept(path, relay)
    line = HubLine(hub.server_port, token="ob_x", stop=stop)
    with pytest.raises(Stopped):
        send(relay, line, path)
    line.close()
    kept = read_kept(path, Relay)
    assert kept is not None
    assert kept.receipts == [receipt("basket-1")]


def test_deliveries_bring_more_of_what_web_shoppers_want() -> None:
    delivery = ChainDelivery("d", "1", BEGUN, (("a", 3), ("b", 500), ("s", 2), ("z", 1)))
    brought = with_web_share(delivery, {"a", "b"}, weighed={"b"})
    assert brought.lines == (("a", 4), ("b", 1_500), ("s", 2), ("z", 1))


def test_shoppers_want_what_sells_and_what_is_scarce() -> None:
    popularity = Popularity({"1": (Wanted("a", 9, weighed=False), Wanted("b", 1, weighed=True))}, ("s",))
    wishes = [wish(popularity, chance(number)) for number in range(300)]
    skus = [line["sku"] for made in wishes for line in made.lines]
    assert set(skus) == {"a", "b", "s"}
    assert skus.count("a") > skus.count("b")
    assert all(len({line["sku"] for line in made.lines}) == len(made.lines) for made in wishes)
    assert {life(chance(number)) for number in range(300)} == {
        ("pick", "hand-over"), ("cancel",), ("pick", "cancel", "put-back"),
    }  # fmt: skip


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - shoppers, no secrets


def receipt(key: str) -> Receipt:
    return Receipt(key, "367", "1", "1", Kind.SALE, "USD", BEGUN)
