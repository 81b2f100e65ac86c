"""Orders paid in every way, at two places: what a card's provider would answer is answered here."""

from uuid import UUID

from onebasket.base.clock import database_now
from onebasket.commerce.payments.actions import calling, expire_balances, set_balance_active
from onebasket.commerce.payments.actions.driving import _begin_part, _Begun, _finish_part
from onebasket.commerce.payments.actions.writing import card_of
from onebasket.commerce.payments.models import BalanceAccount, Payment, RefundPart
from onebasket.commerce.payments.rules.asking import authorisation, next_call
from onebasket.commerce.payments.rules.port import Answer, CardState, Lost, RefundState, Told
from tests.paying import Pay, gift_card, give_back, open_order, order_of, settle, store_credit
from tests.scenario_ordering import Orders

NOBODYS = Orders()


def pay_everything(
    source: int, here: str = "s1", there: str = "s2", *, round_: str = "", orders: Orders = NOBODYS
) -> None:
    """Open, settle and refund orders in every way, so that each event of payments is told; again in another round."""
    card, credit = (
        gift_card(source, 5_000, key=f"g1{round_}", place=here),
        store_credit(source, 900, key=f"c1{round_}", place=here),
    )
    mixed = open_order(
        Pay("gift_card", 2_000, card.account), Pay("store_credit", 500, credit.account), Pay("invoice", 300),
        Pay("card", 1_000), Pay("at_collection", 400), place=here, order=orders.place(here, 4_200),
    )  # fmt: skip
    authorise(mixed[3], "authorised")
    settle(mixed[0], "lower", 4_100)
    settle(mixed[0], "hand_over", 4_100)
    orders.hand_over(order_of(mixed[0]), 4_100)
    proceed(mixed[3], "captured")
    give_back(source, mixed[0], 1_100, key=f"back-1{round_}")
    pay_parts(mixed[3], done=True)

    cancelled = open_order(
        Pay("gift_card", 1_000, card.account), Pay("card", 700), place=there, order=orders.place(there, 1_700)
    )
    authorise(cancelled[1], "authorised")
    settle(cancelled[0], "cancel")
    orders.cancel(order_of(cancelled[0]))
    proceed(cancelled[1], "reversed")

    for number, standing in enumerate(("declined", "expired", "unknown"), 1):
        (payment,) = open_order(Pay("card", 100 * number), place=here, order=orders.place(here, 100 * number))
        authorise(payment, standing)

    (refused,) = open_order(Pay("card", 600), place=here, order=orders.place(here, 600))
    authorise(refused, "authorised")
    settle(refused, "hand_over", 600)
    orders.hand_over(order_of(refused), 600)
    proceed(refused, "captured")
    give_back(source, refused, 200, key=f"back-2{round_}")
    pay_parts(refused, done=False)

    (unpaid,) = open_order(Pay("card", 250), place=here, order=orders.place(here, 250))
    settle(unpaid, "hand_over", 250)
    orders.hand_over(order_of(unpaid), 250)

    over = gift_card(source, 150, key=f"g-over{round_}", place=here)
    set_balance_active(over.account, active=False, reason="Found in the street.", actor="tests")
    BalanceAccount.objects.filter(pk=over.account).update(expires_at=database_now())
    expire_balances()


def authorise(payment: UUID, standing: str) -> None:
    """Ask for the money, and get it, be declined, or get no answer."""
    row = Payment.objects.get(pk=payment)
    asked, call = authorisation(card_of(row))
    attempt = calling.begin(row, asked, call, now=database_now())
    calling._finish(payment, attempt, call, _answer(row, standing))


def proceed(payment: UUID, standing: str) -> None:
    """Do what the payment is to come to."""
    row = Payment.objects.get(pk=payment)
    call = next_call(card_of(row), database_now())
    assert call is not None
    attempt = calling.begin(row, card_of(row), call, now=database_now())
    calling._finish(payment, attempt, call, _answer(row, standing))


def _answer(row: Payment, standing: str, refunds: tuple[RefundState, ...] = ()) -> Answer:
    if standing == "unknown":
        return Lost("the line went down")
    captured = row.due if standing == "captured" else 0
    reference = f"{row.pk.hex}-{max(row.tries, 1)}"
    code = "declined" if standing == "declined" else ""
    return Told(CardState(reference, standing, row.amount, "USD", captured, refunds, code))  # type: ignore[arg-type]


def pay_parts(payment: UUID, *, done: bool) -> None:
    """Let the provider give back what is due, or refuse to."""
    for part in RefundPart.objects.filter(payment=payment, status="pending"):
        begun = _begin_part(part.pk)
        assert isinstance(begun, _Begun)
        row = Payment.objects.get(pk=payment)
        booked = (RefundState(begun.call.key, part.amount),) if done else ()
        answer = _answer(row, "captured", booked)
        assert isinstance(answer, Told)
        _finish_part(part.pk, begun, Told(answer.state, accepted=done))
