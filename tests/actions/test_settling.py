"""From an order's event to its money, and from a payment to its order: by the subscriptions alone."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from onebasket.base.clock import database_now
from onebasket.base.models import ParkedEvent
from onebasket.base.relay import number_waiting
from onebasket.base.subscriptions import dispatch
from onebasket.channels.workers.subscriptions import WRITING
from onebasket.commerce.orders.actions import expire_orders, expiry
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderPlaced
from onebasket.commerce.payments.actions import authorise, calling, cards, settle_unknown
from onebasket.commerce.payments.models import Payment
from onebasket.commerce.payments.rules.messages import Authorised, Unknown
from onebasket.commerce.stock.models import Shelf
from tests.builders import make_chain, order, placed, shelf, step
from tests.paying import Pay, balance, gift_card, make_due, open_order, provider, stands, told

pytestmark = pytest.mark.django_db


def run() -> None:
    """Number what was told, and dispatch until nothing is left."""
    while number_waiting() + dispatch(WRITING):
        pass
    assert not ParkedEvent.objects.exists()


@pytest.fixture
def source() -> int:
    return make_chain(stock={"milk": 50, "bread": 50})


def bought(source: int, *tenders: Pay, minutes: int | None = None) -> tuple[OrderPlaced, list[UUID]]:
    """Place an order of 5 milk and 2 bread, which comes to 14.95, and open its tenders."""
    one = placed(source, order("o1", {"milk": 5, "bread": 2}, payment_minutes=minutes))
    assert one.total == 1_495
    return one, open_order(*tenders, order=one.id)


def test_hand_over_captures_exactly_what_is_due(source: int) -> None:
    card = gift_card(source, 1_000)
    one, (gift, rest) = bought(source, Pay("gift_card", 1_000, card.account), Pay("at_collection", 495))
    run()
    assert stands(gift) == "gift_card authorised due 1000 authorised 1000 captured 0"
    step(source, "s1", one, Step.PICK)
    step(source, "s2", one, Step.HAND_OVER)
    run()
    assert stands(gift) == "gift_card captured due 1000 authorised 1000 captured 1000"
    assert stands(rest) == "at_collection captured due 495 authorised 495 captured 495"


def test_a_short_pick_lowers_what_is_due_before_the_hand_over(source: int) -> None:
    card = gift_card(source, 1_000)
    one, (gift, rest) = bought(source, Pay("gift_card", 1_000, card.account), Pay("at_collection", 495))
    step(source, "s1", one, Step.PICK, {1: 2, 2: 2})  # 2 milk and 2 bread: 8.98
    run()
    assert stands(gift) == "gift_card authorised due 898 authorised 898 captured 0"
    assert stands(rest) == "at_collection reversed due 0 authorised 0 captured 0"
    assert balance(card) == 102
    step(source, "s2", one, Step.HAND_OVER)
    run()
    assert stands(gift) == "gift_card captured due 898 authorised 898 captured 898"


def test_a_cancelled_order_gives_the_money_back(source: int) -> None:
    card = gift_card(source, 1_000)
    one, (gift, rest) = bought(source, Pay("gift_card", 1_000, card.account), Pay("at_collection", 495))
    step(source, "s1", one, Step.CANCEL)
    run()
    assert (balance(card), stands(rest)) == (1_000, "at_collection reversed due 0 authorised 0 captured 0")
    assert stands(gift) == "gift_card reversed due 0 authorised 1000 captured 0"


def test_an_order_that_was_not_paid_in_time_gives_the_gift_card_back(source: int) -> None:
    card = gift_card(source, 1_000)
    _, (_, rest) = bought(source, Pay("gift_card", 1_000, card.account), Pay("card", 495), minutes=15)
    let_time_pass()
    assert expire_orders() == 1
    run()
    assert (balance(card), stands(rest)) == (1_000, "card reversed due 0 authorised 0 captured 0")


def test_all_steps_in_one_turn_come_to_the_same(source: int) -> None:
    card = gift_card(source, 1_000)
    one, (gift, _) = bought(source, Pay("gift_card", 1_000, card.account), Pay("at_collection", 495))
    step(source, "s1", one, Step.PICK, {1: 2, 2: 2})
    step(source, "s2", one, Step.HAND_OVER)
    run()
    assert (stands(gift), balance(card)) == ("gift_card captured due 898 authorised 898 captured 898", 102)
    assert sorted(told()) == ["captured", "reversed"]


def let_time_pass() -> None:
    Order.objects.filter(expires_at__isnull=False).update(expires_at=database_now() - timedelta(seconds=1))


@pytest.mark.django_db(transaction=True)
class TestCards:
    """An order that awaits its payment by card."""

    @pytest.fixture(autouse=True)
    def patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(calling, "PATIENCE", calling.Patience(call=0.5, inquiry=2.0, lease=1.0))

    def test_an_approved_card_confirms_the_order(self, source: int, tmp_path: Path) -> None:
        one, (payment,) = bought(source, Pay("card", 1_495), minutes=15)
        with provider(tmp_path):
            assert isinstance(authorise(payment, "tok_approved"), Authorised)
            run()
            assert Order.objects.get().status == "placed"
            step(source, "s1", one, Step.PICK, {1: 2, 2: 2})
            step(source, "s2", one, Step.HAND_OVER)
            run()
            assert settle_unknown() == 1
        assert stands(payment) == "card captured to capture due 898 authorised 1495 captured 898"

    def test_a_declined_card_leaves_it_waiting_and_then_it_lapses(self, source: int, tmp_path: Path) -> None:
        _, (payment,) = bought(source, Pay("card", 1_495), minutes=15)
        with provider(tmp_path):
            authorise(payment, "tok_declined")
            run()
        assert Order.objects.get().status == "awaiting_payment"
        let_time_pass()
        expire_orders()
        run()
        assert (Order.objects.get().status, Payment.objects.get().status) == ("cancelled", "reversed")
        assert shelf("milk") == (50, 0, 0)

    def test_while_the_payment_is_unknown_the_promise_does_not_lapse(
        self, source: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, (payment,) = bought(source, Pay("card", 1_495), minutes=15)
        with provider(tmp_path):
            leave_unknown(payment, monkeypatch)
            let_time_pass()
            assert expire_orders() == 0
            run()
            assert (Order.objects.get().status, shelf("milk")) == ("awaiting_payment", (50, 5, 0))
            # The inquiry finds that it was paid in time: the order stands.
            make_due()
            settle_unknown()
            expire_orders()
            run()
        assert (Order.objects.get().status, stands(payment)) == (
            "placed", "card authorised due 1495 authorised 1495 captured 0",
        )  # fmt: skip
        assert shelf("milk") == (50, 5, 0)

    def test_without_asking_whether_it_is_settled_a_paid_order_lapses(
        self, source: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control: the promise is given up although the customer's money is put aside."""
        monkeypatch.setattr(expiry, "unsettled", lambda _orders: set())
        monkeypatch.setattr(expiry, "paid_orders", lambda _orders: set())
        _, (payment,) = bought(source, Pay("card", 1_495), minutes=15)
        with provider(tmp_path) as books:
            leave_unknown(payment, monkeypatch)
            let_time_pass()
            expire_orders()
            assert (Order.objects.get().status, shelf("milk")) == ("cancelled", (50, 0, 0))
            assert books.state(f"{payment.hex}-1") == "authorised 1495 captured 0"
            # Even then the money is let go.
            run()
            make_due()
            settle_unknown()
            settle_unknown()
            assert books.state(f"{payment.hex}-1") == "reversed 1495 captured 0"

    def test_found_never_to_have_arrived_it_lapses_after_all(
        self, source: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, (payment,) = bought(source, Pay("card", 1_495), minutes=15)
        with provider(tmp_path):
            leave_unknown(payment, monkeypatch, card="tok_lost")
            let_time_pass()
            make_due()
            settle_unknown()
            expire_orders()
            run()
        assert (Order.objects.get().status, Payment.objects.get().status) == ("cancelled", "reversed")
        assert not Shelf.objects.filter(reserved__gt=0).exists()


def leave_unknown(payment: UUID, monkeypatch: pytest.MonkeyPatch, card: str = "tok_late") -> None:
    """Authorise, and be killed before the inquiry."""

    def nothing(one: UUID, *, ours: bool) -> Unknown:
        return Unknown(one)

    with monkeypatch.context() as patch:
        patch.setattr(cards, "look_into", nothing)
        assert authorise(payment, card) == Unknown(payment)
