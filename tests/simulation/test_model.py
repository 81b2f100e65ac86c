"""Everything at random against a reference model in plain Python: the same figures, promises and breaches, always.

The seed is in the test's name; `pytest tests/simulation -k "seed-17"` runs one again.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from onebasket.commerce.orders.actions import expire_orders
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.life import Status, Step
from onebasket.commerce.orders.rules.messages import OrderPlaced, OrderRefused, OrderStep, StepDone, StepRefused
from onebasket.commerce.sales.rules.outcomes import ReceiptBooked
from onebasket.commerce.sales.rules.receipt import Disposition, Kind
from onebasket.commerce.stock.actions import release_expired, release_holds
from onebasket.commerce.stock.models import Breach
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.messages import FactBooked, FactKind, HoldPlaced, HoldRefused
from tests.builders import (
    Clock,
    at,
    basket,
    book,
    fact,
    faults_in_stock,
    item,
    make_chain,
    order,
    place,
    receipt,
    sell,
    shelf,
    take_holds,
    take_steps,
)

pytestmark = pytest.mark.django_db

SKUS, PLACES = ("milk", "bread"), ("p1", "p2", "p3", "p4", "p5")
Key = tuple[str, str]


@dataclass
class Promised:
    """An order or a hold of the model: {sku: steps} at a place."""

    place: str
    lines: dict[str, int]
    expires_at: datetime | None = None
    status: Status = Status.PLACED


@dataclass
class Model:
    """What should be: movements and counts as stated, promises as taken."""

    moves: dict[Key, list[tuple[datetime, int]]] = field(default_factory=dict)
    counts: dict[Key, list[tuple[datetime, int]]] = field(default_factory=dict)
    orders: dict[UUID, Promised] = field(default_factory=dict)
    holds: dict[UUID, Promised] = field(default_factory=dict)

    def on_hand(self, key: Key) -> int:
        """The last count, and what happened after it."""
        since, start = max(self.counts.get(key, []), default=(None, 0))
        return start + sum(steps for when, steps in self.moves.get(key, []) if since is None or when > since)

    def reserved(self, key: Key) -> int:
        open_ = (one for one in self.orders.values() if one.status in {Status.PLACED, Status.AWAITING_PAYMENT})
        return sum(one.lines.get(key[1], 0) for one in open_ if one.place == key[0])

    def held(self, key: Key) -> int:
        return sum(one.lines.get(key[1], 0) for one in self.holds.values() if one.place == key[0])

    def available(self, key: Key) -> int:
        return max(0, self.on_hand(key) - self.reserved(key) - self.held(key))

    def serves(self, code: str, lines: dict[str, int]) -> bool:
        return all(self.available((code, sku)) >= steps for sku, steps in lines.items())

    def move(self, key: Key, when: datetime, steps: int) -> None:
        self.moves.setdefault(key, []).append((when, steps))

    def count(self, key: Key, when: datetime, steps: int) -> None:
        self.counts.setdefault(key, []).append((when, steps))


class Run:
    """One seeded run: each step acts on the program and on the model, and compares what both say."""

    def __init__(self, seed: int, clock: Clock) -> None:
        self.random, self.clock, self.model = random.Random(seed), clock, Model()  # noqa: S311 - no secret
        clock.now = at(1_000)
        self.source = make_chain(*PLACES)
        self.number = 0
        self.counted: set[datetime] = set()
        self.sold: list[tuple[str, str, dict[str, int], datetime]] = []
        self.sent: list[tuple[Callable[[], object], object]] = []
        self.acts: list[tuple[int, Callable[[], None]]] = [
            (5, self.deliver), (5, self.sell), (2, self.count), (1, self.transfer), (6, self.order), (4, self.hold),
            (3, self.confirm), (1, self.release), (3, self.pick), (2, self.cancel), (1, self.pay), (2, self.wait),
            (1, self.void), (3, self.again),
        ]  # fmt: skip

    def go(self, steps: int) -> None:
        weights = [weight for weight, _ in self.acts]
        for _ in range(steps):
            (act,) = self.random.choices([act for _, act in self.acts], weights)
            act()
            self.compare(act.__name__)
        assert faults_in_stock() == []

    def compare(self, act: str) -> None:
        found = {(code, sku): shelf(sku, place_code=code) for code in PLACES for sku in SKUS}
        wanted = {key: (self.model.on_hand(key), self.model.reserved(key), self.model.held(key)) for key in found}
        assert found == wanted, f"after {act}, the {self.number}th message"
        short = {
            key: reserved - on_hand for key, (on_hand, reserved, _) in wanted.items() if reserved and on_hand < reserved
        }
        rows = Breach.objects.filter(closed_at__isnull=True).values_list("place__code", "product__sku", "shortfall")
        assert {(code, sku): shortfall for code, sku, shortfall in rows} == short, f"after {act}"

    def key(self) -> str:
        self.number += 1
        return f"k{self.number}"

    def lines(self, most: int = 6) -> dict[str, int]:
        chosen = self.random.sample(SKUS, self.random.randint(1, len(SKUS)))
        return {sku: self.random.randint(1, most) for sku in chosen}

    def when(self) -> datetime:
        """Some time in the last hours, and never the instant of a count."""
        found = self.clock.now - timedelta(seconds=self.random.choice((0, 60, 3_600, 20_000)) + self.random.random())
        return found.replace(microsecond=found.microsecond // 1000 * 1000 + 1)

    def remember(self, send: Callable[[], object]) -> object:
        outcome = send()
        self.sent.append((send, outcome))
        return outcome

    def again(self) -> None:
        """A retry of anything is answered as the first time and changes nothing."""
        if self.sent:
            send, first = self.random.choice(self.sent)
            assert send() == first

    def deliver(self) -> None:
        code, lines, when, key = self.random.choice(PLACES), self.lines(12), self.when(), self.key()
        stated = fact(key, FactKind.DELIVERY, lines, place=code, when=when)
        assert isinstance(self.remember(lambda: book(self.source, stated)[0]), FactBooked)
        for sku, steps in lines.items():
            self.model.move((code, sku), when, steps)

    def transfer(self) -> None:
        (code, other), lines, when = self.random.sample(PLACES, 2), self.lines(3), self.when()
        stated = fact(self.key(), FactKind.TRANSFER, lines, place=code, to_place=other, when=when)
        assert isinstance(self.remember(lambda: book(self.source, stated)[0]), FactBooked)
        for sku, steps in lines.items():
            self.model.move((code, sku), when, -steps)

    def count(self) -> None:
        code, sku, steps, when = (
            self.random.choice(PLACES),
            self.random.choice(SKUS),
            self.random.randint(0, 15),
            self.when(),
        )
        when = when.replace(microsecond=when.microsecond // 1000 * 1000)
        if when in self.counted:
            return
        self.counted.add(when)
        stated = fact(self.key(), FactKind.COUNT, {sku: steps}, place=code, when=when)
        assert isinstance(self.remember(lambda: book(self.source, stated)[0]), FactBooked)
        self.model.count((code, sku), when, steps)

    def sell(self) -> None:
        code, lines, when, key = self.random.choice(PLACES), self.lines(4), self.when(), self.key()
        back = self.random.random() < 0.2
        more = {"disposition": Disposition.SELLABLE} if back else {}
        stated = receipt(
            key, *(item(sku, steps, steps * 100, **more) for sku, steps in lines.items()),
            kind=Kind.RETURN if back else Kind.SALE, place=code, when=when, business_day=at(0).date(),
        )  # fmt: skip
        assert isinstance(self.remember(lambda: sell(self.source, stated)[0]), ReceiptBooked)
        for sku, steps in lines.items():
            self.model.move((code, sku), when, steps if back else -steps)
        if not back and code == "p1":
            self.sold.append((key, code, lines, when))

    def void(self) -> None:
        if not self.sold:
            return
        number, code, lines, _ = self.sold.pop(self.random.randrange(len(self.sold)))
        when = self.when()
        stated = receipt(self.key(), kind=Kind.VOID, original=number, place=code, when=when)
        assert isinstance(self.remember(lambda: sell(self.source, stated)[0]), ReceiptBooked)
        for sku, steps in lines.items():
            self.model.move((code, sku), when, steps)

    def order(self) -> None:
        codes, lines = self.random.sample(PLACES, self.random.randint(1, 5)), self.lines()
        minutes = self.random.choice((None, 5))
        partial = self.random.random() < 0.25
        stated = order(self.key(), lines, *codes, payment_minutes=minutes, partial=partial)
        self.sweep()
        outcome = self.remember(lambda: place(self.source, stated)[0])
        self.ordered(outcome, codes, lines, minutes=minutes, partial=partial)

    def ordered(
        self,
        outcome: object,
        codes: list[str],
        lines: dict[str, int],
        *,
        minutes: int | None = None,
        partial: bool = False,
    ) -> None:
        whole = [code for code in codes if self.model.serves(code, lines)]
        some = [code for code in codes if any(self.model.available((code, sku)) for sku in lines)] if partial else []
        if not whole + some:
            assert isinstance(outcome, OrderRefused), outcome
            return
        assert isinstance(outcome, OrderPlaced), outcome
        code = (whole + some)[0]
        assert outcome.place == code
        promised = {sku: min(steps, self.model.available((code, sku))) for sku, steps in lines.items()}
        assert {line.sku: line.promised for line in outcome.lines} == promised
        ends = self.clock.now + timedelta(minutes=minutes) if minutes else None
        status = Status.AWAITING_PAYMENT if minutes else Status.PLACED
        self.model.orders[outcome.id] = Promised(code, promised, ends, status)

    def hold(self) -> None:
        code, lines, seconds = self.random.choice(PLACES), self.lines(), self.random.choice((60, 3_600))
        stated = basket(self.key(), lines, place=code, seconds=seconds)
        self.sweep()
        outcome = self.remember(lambda: take_holds(self.source, stated)[0])
        if not self.model.serves(code, lines):
            assert isinstance(outcome, HoldRefused), outcome
            return
        assert isinstance(outcome, HoldPlaced), outcome
        self.model.holds[outcome.id] = Promised(code, lines, self.clock.now + timedelta(seconds=seconds))

    def confirm(self) -> None:
        if not self.model.holds:
            return
        identity = self.random.choice(sorted(self.model.holds))
        held = self.model.holds.pop(identity)
        stated = order(self.key(), held.lines, held.place, hold=identity)
        self.sweep()
        whole = self.model.serves(held.place, held.lines)
        expired = held.expires_at is not None and held.expires_at <= self.clock.now
        outcome = self.remember(lambda: place(self.source, stated)[0])
        if expired or not whole:
            assert isinstance(outcome, OrderRefused), outcome
            if not expired:
                self.model.holds[identity] = held
            return
        self.ordered(outcome, [held.place], held.lines)

    def release(self) -> None:
        if self.model.holds:
            identity = self.random.choice(sorted(self.model.holds))
            del self.model.holds[identity]
            release_holds([identity])
            assert release_holds([identity]) == 0

    def some_order(self, *statuses: Status) -> tuple[UUID, Promised] | None:
        open_ = sorted(identity for identity, one in self.model.orders.items() if one.status in statuses)
        if not open_:
            return None
        identity = self.random.choice(open_)
        return identity, self.model.orders[identity]

    def take(self, identity: UUID, kind: Step) -> object:
        stated = OrderStep(self.key(), identity, kind)
        return self.remember(lambda: take_steps(self.source, stated)[0])

    def pick(self) -> None:
        if found := self.some_order(Status.PLACED, Status.READY):
            identity, one = found
            if one.status is Status.READY:
                assert isinstance(self.take(identity, Step.HAND_OVER), StepDone)
                one.status = Status.HANDED_OVER
                return
            assert isinstance(self.take(identity, Step.PICK), StepDone)
            one.status = Status.READY
            for sku, steps in one.lines.items():
                if steps:
                    self.model.move((one.place, sku), self.clock.now, -steps)

    def cancel(self) -> None:
        if found := self.some_order(*Status):
            identity, one = found
            outcome = self.take(identity, Step.CANCEL)
            if one.status in {Status.HANDED_OVER, Status.CANCELLED}:
                assert isinstance(outcome, StepRefused)
                return
            assert isinstance(outcome, StepDone)
            picked, one.status = one.status is Status.READY, Status.CANCELLED
            if picked:
                assert isinstance(self.take(identity, Step.PUT_BACK), StepDone)
                for sku, steps in one.lines.items():
                    if steps:
                        self.model.move((one.place, sku), self.clock.now, steps)

    def pay(self) -> None:
        if found := self.some_order(Status.AWAITING_PAYMENT):
            identity, one = found
            assert isinstance(self.take(identity, Step.CONFIRM_PAYMENT), StepDone)
            one.status, one.expires_at = Status.PLACED, None

    def wait(self) -> None:
        self.clock.now += timedelta(seconds=self.random.choice((1, 61, 400)), milliseconds=1)
        self.sweep()

    def sweep(self) -> None:
        """End what has expired, on both sides; promises must find the same figures whoever met what first."""
        release_expired()
        expire_orders()
        now = self.clock.now
        self.model.holds = {
            identity: one for identity, one in self.model.holds.items() if one.expires_at and one.expires_at > now
        }
        for one in self.model.orders.values():
            if one.status is Status.AWAITING_PAYMENT and one.expires_at and one.expires_at <= now:
                one.status = Status.CANCELLED


def run(seed: int, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    print(f"seed {seed}, {steps} steps")  # noqa: T201 - shown when it fails
    one = Run(seed, Clock().hold_still(monkeypatch))
    one.go(steps)
    assert Order.objects.count() == len(one.model.orders)
    assert all(shelf(sku, place_code=code, state=End.STAGED)[0] >= 0 for sku in SKUS for code in PLACES)


@pytest.mark.parametrize("seed", range(5), ids="seed-{}".format)
def test_a_short_run(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    run(seed, 80, monkeypatch)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 140), ids="seed-{}".format)
def test_a_long_run(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    run(seed, 1_000, monkeypatch)
