"""The back office's works on payments, balances and parked events: one action each, one effect, and a trail entry."""

import re

import pytest
from django.test import Client

from onebasket.base.models import Letter, ParkedEvent
from onebasket.commerce.access.models import User
from onebasket.commerce.payments.models import BalanceAccount, Payment, Refund
from onebasket.commerce.payments.queries import find_balance
from tests.channels.test_desk_lists import list_of, page_of, read
from tests.channels.test_desk_works import do, refused, said, trail
from tests.channels.test_desk_world import Stands, World, make_stands
from tests.paying import Pay, balance, gift_card, open_order, settle, stands
from tests.standing import Standing

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def made(standing: Standing) -> Stands:
    return standing(make_stands)


@pytest.fixture
def world(made: Stands) -> World:
    return made.world


@pytest.fixture
def people(made: Stands) -> dict[str, User]:
    return made.own_people()


@pytest.fixture
def finance(people: dict[str, User]) -> Client:
    return signed_in(people["finance"])


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def handed_over(world: World, place: str = "330") -> Payment:
    (payment,) = open_order(Pay("at_collection", 500), place=place)
    settle(payment, "hand_over", 500)
    return Payment.objects.get(pk=payment)


def test_a_refund_gives_money_back_with_its_reason(world: World, finance: Client) -> None:
    row = handed_over(world)
    done = do(finance, "refund", row.pk, amount="1.20", reason="A broken egg.")
    assert said(done) == ["$1.20 is given back."]
    assert stands(row.pk) == "at_collection captured due 500 authorised 500 captured 500 refunded 120"
    refund = Refund.objects.get(order_id=row.order_id)
    assert (refund.amount, refund.reason, refund.actor) == (120, "A broken egg.", "finance")
    assert trail(f"payment/{row.pk}") == [("finance", "payment.refund")]


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("5.01", "At most $5.00 can be given back."),
        ("0", "The amount is above zero, and not beyond all bounds."),
        ("-1", "The amount is above zero, and not beyond all bounds."),
        ("1.234", "'1.234' has more than 2 decimals."),
        ("much", "'much' is no decimal number."),
    ],
)
def test_what_cannot_be_given_back_says_why(world: World, finance: Client, amount: str, message: str) -> None:
    row = handed_over(world)
    assert refused(do(finance, "refund", row.pk, amount=amount, reason="r")) == {"amount": [message]}
    assert stands(row.pk) == "at_collection captured due 500 authorised 500 captured 500"
    assert trail(f"payment/{row.pk}") == []


def test_a_store_refunds_at_its_own_place_alone(world: World, people: dict[str, User]) -> None:
    store = signed_in(people["store"])
    own, foreign = handed_over(world, "330"), handed_over(world, "406")
    do(store, "refund", own.pk, amount="1", reason="r")
    assert stands(own.pk).endswith("refunded 100")
    assert store.post(f"/desk/do/refund/{foreign.pk}/", {"amount": "1", "reason": "r"}).status_code == 404
    assert stands(foreign.pk) == "at_collection captured due 500 authorised 500 captured 500"


def test_a_refund_is_not_offered_before_anything_was_taken(world: World, finance: Client) -> None:
    (payment,) = open_order(Pay("at_collection", 500), place="330")
    assert said(do(finance, "refund", payment, amount="1", reason="r")) == [
        "Refund: this is not open to it any more. Nothing was changed."
    ]


def test_a_gift_cards_code_is_shown_once(world: World, finance: Client) -> None:
    before = BalanceAccount.objects.count()
    done = do(finance, "issue-gift-card", amount="25.00", currency="", place="330", expires="")
    (code,) = set(re.findall(r"(?:[0-9A-Z]{4}-){6}[0-9A-Z]{3}", done.content.decode()))
    found = find_balance(code)
    assert found is not None
    assert (found.balance, found.currency, BalanceAccount.objects.count()) == (2_500, "USD", before + 1)
    assert trail(f"balance/{found.id}") == [("finance", "balance.issue")]
    row = BalanceAccount.objects.get(pk=found.id)
    assert code not in read(finance, page_of(row))


def test_store_credit_is_given_to_a_customer(world: World, finance: Client) -> None:
    do(
        finance, "issue-store-credit", amount="7", currency="usd", place="", expires="2099-01-01",
        loyalty_number="4400187", reason="An apology.",
    )  # fmt: skip
    row = BalanceAccount.objects.get(loyalty_number="4400187")
    assert (row.kind, row.balance, row.reason, str(row.expires_at)) == (
        "store_credit", 700, "An apology.", "2099-01-01 00:00:00+00:00",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"amount": "0"}, {"amount": ["The amount is above zero, and not beyond all bounds."]}),
        ({"currency": "XXL"}, {"currency": ["Name the currency, such as USD."]}),
        ({"currency": "", "place": ""}, {"currency": ["Name the currency, such as USD."]}),
        ({"place": "999"}, {"place": ["There is no place '999'."]}),
        ({"loyalty_number": "nobody"}, {"__all__": ["loyalty_number: nobody has 'nobody'. Check the number."]}),
        ({"expires": "2020-01-01"}, {"__all__": ["expires_at: this instant is over."]}),
    ],
)
def test_what_cannot_be_issued_says_why(
    world: World, finance: Client, data: dict[str, str], errors: dict[str, list[str]]
) -> None:
    before = BalanceAccount.objects.count()
    stated = {"amount": "5", "currency": "USD", "place": "330", "expires": "", "loyalty_number": "", "reason": "r"}
    assert refused(do(finance, "issue-store-credit", **(stated | data))) == errors
    assert BalanceAccount.objects.count() == before


def test_a_card_is_blocked_and_opened_again(world: World, finance: Client) -> None:
    made = gift_card(world.source, 500, key="mine", place="330")
    assert said(do(finance, "block-balance", made.account, reason="Stolen.")) == ["It is blocked. What is on it stays."]
    assert (BalanceAccount.objects.get(pk=made.account).active, balance(made)) == (False, 500)
    do(finance, "unblock-balance", made.account, reason="Found.")
    assert BalanceAccount.objects.get(pk=made.account).active
    assert trail(f"balance/{made.account}") == [("finance", "balance.block"), ("finance", "balance.unblock")]


def test_a_card_is_found_by_its_code_and_its_last_characters(world: World, finance: Client) -> None:
    made = gift_card(world.source, 500, key="mine", place="330")
    for term in (made.code, made.code.lower(), made.code.replace("-", "")[-4:]):
        shown = finance.get(list_of(BalanceAccount), {"q": term})
        assert [row.pk for row in shown.context["cl"].result_list] == [made.account], term


def test_a_parked_event_is_replayed(world: World, people: dict[str, User]) -> None:
    admin, row = signed_in(people["admin"]), ParkedEvent.objects.get()
    assert said(do(admin, "replay-parked", row.pk)) == ["It is due again."]
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("waiting", 0)
    assert trail(f"parked/{row.pk}") == [("admin", "parked.replay")]


def test_a_dead_letter_is_sent_again(world: World, people: dict[str, User]) -> None:
    admin, row = signed_in(people["admin"]), Letter.objects.get()
    assert said(do(admin, "send-letter-again", row.pk)) == ["It is due again."]
    row.refresh_from_db()
    assert (row.state, row.attempts, row.finished_at) == ("pending", 0, None)
    assert trail(f"letter/{row.pk}") == [("admin", "letter.again")]


def test_a_parked_event_is_dropped_with_a_note(world: World, people: dict[str, User]) -> None:
    admin, row = signed_in(people["admin"]), ParkedEvent.objects.get()
    do(admin, "drop-parked", row.pk, note="Settled at the counter.")
    row.refresh_from_db()
    assert (row.state, row.note) == ("dropped", "Settled at the counter.")
