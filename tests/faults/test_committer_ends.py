"""The committer's process ends under a running hub, or the hub ends with it: nobody is left, nothing is doubled."""

import fcntl
import json
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from shutil import rmtree

import psutil
import pytest

from tests.channels.api import fact_body, order_body, receipt_body
from tests.conftest import SpareDatabases
from tests.faults.house import PATIENCE, Answer, House, free_port, has_not_ended, open_house

MODULE = "onebasket.project.committer"
SENDERS = 8
STOCK, BUYERS = 50, 120
pytestmark = pytest.mark.timeout(600)


def serve(house: House, *, workers: int) -> None:
    """Run a hub with so many serving processes in the place of the one that runs."""
    end(house)
    house.port = free_port()
    arguments = ("--port", str(house.port), "--no-migrate", "--workers", str(workers))
    house.family = [house._run("hub", *arguments)]
    house.wait_until(lambda: house.probe("/readyz") == 200)


def end(house: House) -> None:
    """Kill what runs; a hub that is killed leaves its socket's folder."""
    folders = [socket_of(child).parent for child in house.everything() if is_committer(child)]
    house.end()
    for folder in folders:
        rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def made(
    command: tuple[str, ...], spare_databases: SpareDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A house whose chain is there; its hub is yet to be started."""
    house = open_house(command, spare_databases.copy(), tmp_path_factory.mktemp("committer") / "home")
    yield house
    end(house)


@pytest.fixture
def house(made: House) -> House:
    """A hub of two serving processes, for tests that leave it serving."""
    if not made.family:
        serve(made, workers=2)
    return made


def is_committer(process: psutil.Process) -> bool:
    return has_not_ended(process) and MODULE in process.cmdline()


def committer(house: House) -> psutil.Process:
    (one,) = [child for child in house.children() if is_committer(child)]
    return one


def socket_of(process: psutil.Process) -> Path:
    words = process.cmdline()
    return Path(words[words.index(MODULE) + 1])


def started_again(house: House, *, ended: psutil.Process) -> psutil.Process:
    """Wait until another committer than the one that ended serves."""
    house.wait_until(lambda: not has_not_ended(ended) and house.probe("/readyz") == 200)
    one = committer(house)
    assert one.pid != ended.pid
    return one


def buy(house: House, key: str, sku: str = "milk") -> Answer:
    return house.ask("POST", "orders", order_body({sku: 1}), key)


class Buyer:
    """Places orders one after the other over one connection; each is sent once, whatever it is answered."""

    def __init__(self, house: House, stem: str) -> None:
        self.answers: list[Answer] = []
        self._house, self._stem = house, stem

    def buy(self, stopping: threading.Event) -> None:
        line = self._house.line()
        try:
            while not stopping.is_set():
                key = f"{self._stem}.{len(self.answers)}"
                self.answers.append(line.ask("POST", "orders", order_body({"milk": 1}), key))
        finally:
            line.close()


def reserved(house: House) -> int:
    (row,) = house.ask("GET", "stock/shelves?place=p1&sku=milk&state=sellable").json["items"]
    return int(row["reserved"])


def assert_placed_once(house: House, answers: Sequence[Answer], *, before: int) -> None:
    """Each was answered with an order of its own, and there are no others."""
    assert Counter(answer.status for answer in answers) == {201: len(answers)}, house.said()
    assert len({answer.json["id"] for answer in answers}) == len(answers)
    assert reserved(house) - before == len(answers)
    assert house.audit()["orders.entries"] == house.rows("SELECT COUNT(*) FROM orders_order")[0][0]


def figures(house: House) -> str:
    connection = HTTPConnection("127.0.0.1", house.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_two_serving_processes_and_one_committer_sell_what_there_is(house: House) -> None:
    assert len([child for child in house.children() if MODULE not in child.cmdline()]) >= 2
    delivery = {"items": [fact_body("apples", "delivery", {"apples": STOCK})]}
    assert house.ask("POST", "stock/facts", delivery).status == 200
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: buy(house, f"apples-{number}", "apples"), range(BUYERS)))
    assert Counter(answer.status for answer in answers) == {201: STOCK, 422: BUYERS - STOCK}
    assert len({answer.json["id"] for answer in answers if answer.status == 201}) == STOCK
    (row,) = house.ask("GET", "stock/shelves?place=p1&sku=apples&state=sellable").json["items"]
    assert (row["on_hand"], row["reserved"]) == (STOCK, STOCK)


def test_what_a_killed_committer_had_not_answered_is_answered_by_the_next(house: House) -> None:
    before, first = reserved(house), committer(house)
    first.suspend()
    with ThreadPoolExecutor(SENDERS) as pool:
        sent = [pool.submit(buy, house, f"waiting-{number}") for number in range(SENDERS)]
        time.sleep(1.0)
        assert [future.done() for future in sent] == [False] * SENDERS
        first.kill()
        answers = [future.result(PATIENCE) for future in sent]
    started_again(house, ended=first)
    assert_placed_once(house, answers, before=before)


def wait_for_two_more(house: House, buyers: Sequence[Buyer]) -> None:
    """Wait until everybody has two more answers: what a committer left when it ended has been answered by the next."""
    before = [len(buyer.answers) for buyer in buyers]
    house.wait_until(lambda: all(len(buyer.answers) >= count + 2 for buyer, count in zip(buyers, before, strict=True)))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "asked to end"])
def test_a_committer_that_ends_under_load_is_not_noticed_but_by_its_log(house: House, end: signal.Signals) -> None:
    before, stopping = reserved(house), threading.Event()
    buyers = [Buyer(house, f"load-{end}-{number}") for number in range(SENDERS)]
    with ThreadPoolExecutor(SENDERS) as pool:
        under_way = [pool.submit(buyer.buy, stopping) for buyer in buyers]
        try:
            for _ in range(3):
                wait_for_two_more(house, buyers)
                ended = committer(house)
                ended.send_signal(end)
                started_again(house, ended=ended)
            wait_for_two_more(house, buyers)
        finally:
            stopping.set()
        for future in under_way:
            future.result(PATIENCE)
    assert_placed_once(house, [answer for buyer in buyers for answer in buyer.answers], before=before)
    assert "the committer ended with status" in house.said()


def test_a_loader_beside_a_hub_whose_committer_is_killed_books_everything_once(house: House, tmp_path: Path) -> None:
    count, day = 300, tmp_path / "day.jsonl"
    day.write_text("".join(json.dumps(receipt_body(f"day/{n}", {"bread": (1, 250)})) + "\n" for n in range(count)))
    command = [*house.command, "load", "sales", str(day), "--source", "shop", "--batch", "5"]
    with (tmp_path / "said").open("w+b") as said:
        loader = psutil.Popen(command, env=house.environment, stdout=said, stderr=said)
        booked = 0
        while booked < count // 3:
            assert has_not_ended(loader), (tmp_path / "said").read_text(encoding="utf-8")
            ((booked,),) = house.rows("SELECT COUNT(*) FROM sales_receipt")
        ended = committer(house)
        ended.kill()
        started_again(house, ended=ended)
        assert loader.wait(PATIENCE) == 0, (tmp_path / "said").read_text(encoding="utf-8")
    assert house.rows("SELECT COUNT(*) FROM sales_receipt") == [(count,)]
    assert house.audit()["sales.entries"] == count


def test_a_hub_whose_committer_is_silent_is_alive_but_not_ready(house: House) -> None:
    one = committer(house)
    one.suspend()
    try:
        line = house.line()
        told = line.ask("GET", "/readyz")
        line.close()
        assert (told.status, told.retry_after) == (503, "2")
        assert told.json == {"status": "not ready", "reasons": ["The committer does not answer."]}
        assert house.probe("/healthz") == 200
        assert "process_resident_memory_bytes" in figures(house)
    finally:
        one.resume()
    house.wait_until(lambda: house.probe("/readyz") == 200)


def is_announced(house: House) -> bool:
    """Whether a hub holds the lock by which loaders know that it serves the file."""
    with Path(f"{house.file}-hub").open("a", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def test_the_hub_measures_its_committer(house: House) -> None:
    assert buy(house, "measured").status == 201
    text = figures(house)
    size = re.search(r"^onebasket_committer_process_resident_memory_bytes (\S+)$", text, re.MULTILINE)
    batches = re.search(r'^onebasket_batch_requests_count\{action="orders"\} (\S+)$', text, re.MULTILINE)
    assert size is not None
    assert batches is not None
    assert float(size[1]) == pytest.approx(committer(house).memory_info().rss, rel=0.5)
    assert float(batches[1]) >= 1


def in_hand(house: House, pool: ThreadPoolExecutor, key: str) -> "tuple[psutil.Process, Future[Answer]]":
    """Return the committer, held still, and an order that waits for it."""
    one = committer(house)
    one.suspend()
    waiting = pool.submit(buy, house, key)
    time.sleep(1.0)
    assert not waiting.done()
    return one, waiting


def assert_all_ended(processes: Sequence[psutil.Process]) -> None:
    until = time.monotonic() + PATIENCE
    while left := [process for process in processes if has_not_ended(process)]:
        assert time.monotonic() < until, left
        time.sleep(0.05)


def test_a_hub_that_is_asked_to_end_answers_what_is_in_hand_and_leaves_nothing(made: House) -> None:
    serve(made, workers=1)
    with ThreadPoolExecutor(1) as pool:
        hub, family = made.family[0], made.children()
        assert not made.on_sqlite or is_announced(made)
        one, waiting = in_hand(made, pool, "in-hand")
        folder = socket_of(one).parent
        assert folder.is_dir()
        hub.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert has_not_ended(hub)
        one.resume()
        assert waiting.result(PATIENCE).status == 201
        assert hub.wait(PATIENCE) == 0
        assert_all_ended(family)
        assert not folder.exists()
        assert not made.on_sqlite or not is_announced(made)
    end(made)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems leave this to the supervisor")
def test_a_killed_hub_takes_its_committer_and_its_serving_processes_along(made: House) -> None:
    serve(made, workers=2)
    family, folder = made.children(), socket_of(committer(made)).parent
    assert committer(made) in family
    assert len(family) >= 3
    made.family[0].kill()
    made.family[0].wait(PATIENCE)
    assert_all_ended(family)
    end(made)
    rmtree(folder)
