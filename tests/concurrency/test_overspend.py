"""A gift card of 50, spent by 40 shoppers at once: exactly 50 are taken; with both protections taken away, more are."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, connections, transaction

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.base.committer import UnavailableError, perform
from onebasket.commerce.payments.actions import balances, open_balances, post_balances, refund
from onebasket.commerce.payments.models import BalanceAccount, BalanceEntry, Refund
from onebasket.commerce.payments.rules.balances import Account
from onebasket.commerce.payments.rules.messages import NewRefund, RefundCall, RefundMade
from onebasket.kernel.identity import new_id
from tests.builders import make_chain
from tests.paying import Pay, balance, gift_card, open_order, order_of, settle, stands

pytestmark = pytest.mark.django_db(transaction=True)

WORTH, SHOPPERS, THREADS = 50, 40, 8
EACH = 5


def in_threads(one: Callable[[int], Any]) -> list[Any]:
    gate = threading.Barrier(THREADS)

    def leave(_: int) -> None:
        gate.wait(20)
        connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(one, range(SHOPPERS)))
        list(pool.map(leave, range(THREADS)))
    return outcomes


def spend(account: int) -> bool:
    """Spend as a checkout does: one transaction, under the account's lock."""
    with transaction.atomic():
        book = open_balances([account])
        taken = book.spend(account, EACH, new_id())
        post_balances(book, now=database_now())
    return taken


def assert_books(account: int) -> None:
    entered = sum(BalanceEntry.objects.values_list("amount", flat=True))
    assert (entered, balance(account)) == (0, 0)
    assert BalanceEntry.objects.filter(kind="spend").count() == WORTH // EACH


def test_shoppers_at_once_never_spend_more_than_there_is() -> None:
    account = gift_card(make_chain(), WORTH).account

    taken = in_threads(lambda _: perform(lambda _: [spend(account)], [None])[0])

    assert sum(taken) == WORTH // EACH
    assert_books(account)


class EarlyReader:
    """The lock taken away: the balance is read before the transaction, where nobody is kept from changing it.

    Each thread's first reading comes before anybody's first writing.
    """

    def __init__(self, account: int) -> None:
        self._own, self._all = threading.local(), threading.Barrier(THREADS)
        self._account = account

    def spend(self) -> bool:
        fields = ("pk", "version", "kind", "currency", "balance", "active", "expires_at")
        met = hasattr(self._own, "seen")
        self._own.seen = Account(*BalanceAccount.objects.values_list(*fields).get(pk=self._account))
        if not met:
            self._all.wait(20)
        return spend(self._account)

    def lock(self, ids: Iterable[int]) -> dict[int, Account]:
        assert list(ids) == [self._account]
        return {self._account: replace(self._own.seen)}


def update_unguarded(
    model: bulk.Model, keys: tuple[str, ...], sets: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Write the balance whatever has become of it since it was read."""
    place = keys.index("version")
    fewer = keys[:place] + keys[place + 1 :]
    assert bulk.update(model, fewer, sets, [row[:place] + row[place + 1 :] for row in rows]) == len(rows)


def spent_without(patch: pytest.MonkeyPatch, account: int, *, lock: bool, guard: bool) -> int:
    action: Callable[[], bool] = lambda: spend(account)  # noqa: E731
    if not lock:
        reader = EarlyReader(account)
        patch.setattr(balances, "lock_accounts", reader.lock)
        action = reader.spend
    if not guard:
        patch.setattr(bulk, "update_guarded", update_unguarded)

    def one(_: int) -> bool:
        while True:
            try:
                return bool(perform(lambda _: [action()], [None])[0])
            except UnavailableError:
                continue  # it lost every race

    return sum(in_threads(one))


@pytest.mark.parametrize(("lock", "guard"), [(False, True), (True, False)], ids=["lock off", "guard off"])
def test_either_protection_is_enough(monkeypatch: pytest.MonkeyPatch, *, lock: bool, guard: bool) -> None:
    account = gift_card(make_chain(), WORTH).account

    assert spent_without(monkeypatch, account, lock=lock, guard=guard) == WORTH // EACH
    assert_books(account)


def test_control_without_both_more_is_spent_than_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    account = gift_card(make_chain(), WORTH).account

    spent = spent_without(monkeypatch, account, lock=False, guard=False)

    assert spent > WORTH // EACH
    assert sum(BalanceEntry.objects.values_list("amount", flat=True)) == WORTH - spent * EACH < 0


def test_refunds_at_once_never_give_back_more_than_was_paid() -> None:
    source = make_chain()
    card = gift_card(source, 100)
    gift, rest = open_order(Pay("gift_card", 100, card.account), Pay("at_collection", 50))
    settle(gift, "hand_over", 150)
    order = order_of(gift)

    def one(number: int) -> object:
        calls = [RefundCall(source, NewRefund(f"r{number}", order, 10))]
        return perform(lambda _: refund(calls), [None])[0]

    outcomes = in_threads(one)

    assert sum(isinstance(outcome, RefundMade) for outcome in outcomes) == 15
    assert (stands(gift), stands(rest)) == (
        "gift_card captured due 100 authorised 100 captured 100 refunded 100",
        "at_collection captured due 50 authorised 50 captured 50 refunded 50",
    )
    assert balance(card) == 100


def test_one_refund_sent_by_many_at_once_is_made_once() -> None:
    source = make_chain()
    (payment,) = open_order(Pay("at_collection", 500))
    settle(payment, "hand_over", 500)
    call = RefundCall(source, NewRefund("r1", order_of(payment), 10))

    outcomes = in_threads(lambda _: perform(lambda _: refund([call]), [None])[0])

    assert len({outcome.id for outcome in outcomes}) == 1
    assert Refund.objects.count() == 1
    assert stands(payment) == "at_collection captured due 500 authorised 500 captured 500 refunded 10"


def test_orders_that_settle_and_spend_at_once_deadlock_nobody() -> None:
    source = make_chain()
    cards = [gift_card(source, 1_000, key=f"g{number}").account for number in range(4)]
    payments = [open_order(Pay("gift_card", 10, cards[number % 4]), Pay("gift_card", 10, cards[(number + 1) % 4]))
                for number in range(SHOPPERS)]  # fmt: skip

    def one(number: int) -> None:
        settle(payments[number][0], "cancel") if number % 2 else spend(cards[number % 4])

    in_threads(one)

    left = sum(BalanceAccount.objects.values_list("balance", flat=True))
    assert left == 4_000 - SHOPPERS * 20 + SHOPPERS // 2 * 20 - SHOPPERS // 2 * EACH
    if connection.vendor == "postgresql":
        assert BalanceEntry.objects.count() == 4 + SHOPPERS * 2 + SHOPPERS // 2 * 3
