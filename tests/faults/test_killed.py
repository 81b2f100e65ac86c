"""A hub killed outright, again and again, while tills and shops write: what was acknowledged is there exactly once."""

import random
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.conftest import SpareDatabases
from tests.faults.effects import missing_from_the_api, plain, wrong_effects, wrong_positions
from tests.faults.house import House, kill, open_house
from tests.faults.sending import Books, Senders, repeat, send_again

SEED = 20_260_302
KILLS = 20
AUDITED = 3
"""Up to so many kills the rows are proven as each left them."""
pytestmark = pytest.mark.timeout(900)


class Killer:
    """Kills at random moments under load, and checks after each kill that nothing was lost or done twice."""

    def __init__(self, house: House, *, seed: int) -> None:
        self.house, self.books, self.seed = house, Books(), seed
        self.kills = self.opened = 0
        self._chance = random.Random(seed)  # noqa: S311 - repeatable moments, no secret

    def one_life(self) -> None:
        """Start the hub; kill each of its processes, which it has to start again by itself, and then all at once."""
        self.house.start(worker=self.kills == 0)
        self.take_up()
        family = self.house.children()
        for process in self._chance.sample(family, len(family)):
            self.kill_under_load([process])
            self.house.wait_until(
                lambda: len(self.house.children()) == len(family) and self.house.probe("/readyz") == 200
            )
            self.take_up()
        everything = self.house.everything()
        self.kill_under_load(self._chance.sample(everything, len(everything)))

    def kill_under_load(self, victims: list[psutil.Process]) -> None:
        """Kill while every sender has a request in flight."""
        with Senders(self.house, self.books, stem=f"s{self.seed}.{self.kills}").at_work():
            time.sleep(self._chance.uniform(0.05, 0.5))
            kill(victims)
        self.kills += 1

    def take_up(self) -> None:
        """Send what was never answered, and some that was; every key has had its one effect then."""
        house, books = self.house, self.books
        self.opened += send_again(house, books)
        repeat(house, books, self._chance.sample(books.acknowledged, min(5, len(books.acknowledged))))
        faults = wrong_effects(house, books)
        assert faults == [], f"seed {self.seed}, kill {self.kills}: {faults[:5]}"


@pytest.fixture(scope="module")
def killed(
    command: tuple[str, ...], spare_databases: SpareDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Killer]:
    """A house whose hub was killed twenty times, and serves again."""
    killer = Killer(open_house(command, spare_databases.copy(), tmp_path_factory.mktemp("killed") / "home"), seed=SEED)
    try:
        while killer.kills < KILLS:
            killer.one_life()
            if killer.kills <= AUDITED:
                killer.house.audit()
        killer.house.start()
        killer.take_up()
        yield killer
    finally:
        killer.house.end()


def test_what_was_acknowledged_survives_twenty_kills_exactly_once(killed: Killer) -> None:
    house, books = killed.house, killed.books
    orders, receipts = books.keys("orders"), books.keys("receipts")
    assert min(len(orders), len(receipts), len(books.keys("holds")), len(books.keys("stock/facts"))) > KILLS
    assert killed.opened >= KILLS  # or nothing was in flight when it was killed
    assert wrong_effects(house, books) == []
    assert missing_from_the_api(house, books) == []
    figures = house.audit()
    assert (figures["orders.entries"], figures["sales.entries"]) == (len(orders), len(receipts))


def test_events_have_positions_without_gap_or_double_after_twenty_kills(killed: Killer) -> None:
    killed.house.wait_until(lambda: wrong_positions(killed.house) == [])


CONTROLS = {
    "a lost order": (
        "orders",
        "DELETE FROM orders_order WHERE entry_id = (SELECT id FROM base_inboxentry WHERE key = '{key}')",
    ),
    "a lost key": ("receipts", "DELETE FROM base_inboxentry WHERE key = '{key}'"),
    "a lost hold": ("holds", "DELETE FROM stock_holdline WHERE hold_id = '{identity}'"),
    "a doubled delivery": (
        "stock/facts",
        """INSERT INTO stock_movement (place_id, product_id, kind, origin, target, quantity, occurred_at, booked_at,
        entry_id, line, step, reference) SELECT place_id, product_id, kind, origin, target, quantity, occurred_at,
        booked_at, entry_id, line, 9, reference FROM stock_movement
        WHERE entry_id = (SELECT id FROM base_inboxentry WHERE key = '{key}')""",
    ),
}


@pytest.mark.parametrize("name", CONTROLS)
def test_control_what_a_kill_could_do_is_noticed(killed: Killer, name: str) -> None:
    path, statement = CONTROLS[name]
    before = set(wrong_effects(killed.house, killed.books))
    key = next(iter(killed.books.keys(path)))
    killed.house.rows(statement.format(key=key, identity=plain(killed.books.ids[key])))
    (noticed,) = set(wrong_effects(killed.house, killed.books)) - before
    assert noticed.startswith(f"{path} {key}: told ['{plain(killed.books.ids[key])}'], there are [")


def test_control_a_wrong_shelf_and_a_lost_position_are_noticed(killed: Killer) -> None:
    house = killed.house
    kill(house.everything())  # or its relay would number the event again
    house.rows("UPDATE stock_shelf SET reserved = reserved + 1 WHERE reserved > 0")
    house.rows("UPDATE base_event SET position = NULL WHERE position = 3")
    assert [fault[:6] for fault in wrong_effects(house, killed.books) if "shelf" in fault] == ["milk: "]
    assert wrong_positions(house)[0] == "1 events without a position"
