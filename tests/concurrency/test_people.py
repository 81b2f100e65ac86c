"""People at the same moment: merges against each other, one code for two accounts, joining twice, erasing twice."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connections, transaction
from django.db.models import F, Q

from onebasket.base.committer import perform
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.access.models import User
from onebasket.commerce.customers.actions import merging as merging_actions
from onebasket.commerce.customers.actions import upsert_customers
from onebasket.commerce.customers.actions.details import CustomerError
from onebasket.commerce.customers.actions.joining import join
from onebasket.commerce.customers.actions.merging import Merged
from onebasket.commerce.customers.actions.proving import make_code, prove_card
from onebasket.commerce.customers.models import Customer, CustomerMerge
from onebasket.commerce.customers.rules import CustomerItem
from onebasket.commerce.customers.rules.person import Details
from onebasket.commerce.insights.actions.erasing import erase_person
from onebasket.commerce.insights.actions.merging import merge_people
from onebasket.commerce.insights.rules.person import Erased

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8


@pytest.fixture
def source() -> int:
    return enrol_source("crm", actor="tests")


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all of it at the same moment, each on a connection of its own; return what came of it, in order."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            start.wait(20)
            (outcome,) = perform(lambda _: [act()], [None])
        except CustomerError as error:
            return error
        finally:
            connections.close_all()
        return outcome

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def customers(source: int, *numbers: str) -> dict[str, int]:
    upsert_customers(source, [CustomerItem(f"k-{number}", number) for number in numbers])
    return dict(Customer.objects.filter(loyalty_number__in=numbers).values_list("loyalty_number", "pk"))


def strays() -> list[Any]:
    """Customers who point to one that points on, or to themselves: nobody would find them."""
    return list(Customer.objects.filter(Q(merged_into__merged_into__isnull=False) | Q(merged_into=F("pk"))).values())


def merging(keep: str, other: str) -> Callable[[], Any]:
    return lambda: merge_people(keep, other, actor="boss")


def test_two_merges_against_each_other_leave_one(source: int) -> None:
    for number in range(ROUNDS):
        one, other = f"a{number}", f"b{number}"
        customers(source, one, other)

        outcomes = at_once(merging(one, other), merging(other, one))

        assert [isinstance(outcome, Merged) for outcome in outcomes].count(True) == 1, outcomes
    assert strays() == []
    assert CustomerMerge.objects.count() == ROUNDS


def test_merges_in_a_ring_leave_no_ring(source: int) -> None:
    for number in range(ROUNDS):
        ring: Sequence[str] = [f"{letter}{number}" for letter in "abc"]
        ids = customers(source, *ring)

        at_once(*(merging(ring[at], ring[(at + 1) % 3]) for at in range(3)))

        roots = {row.merged_into_id or row.pk for row in Customer.objects.filter(pk__in=ids.values())}
        assert len(roots) == 1
    assert strays() == []


def _account(name: str) -> int:
    return join(User.objects.create(username=name, role="shopper").pk, Details(name))


def test_one_code_joins_a_card_to_one_account(source: int) -> None:
    for number in range(ROUNDS):
        card = f"card{number}"
        customers(source, card)
        code = make_code(card, actor="boss")
        mine, thine = _account(f"m{number}"), _account(f"t{number}")

        outcomes = at_once(partial(prove_card, mine, card, code), partial(prove_card, thine, card, code))

        assert sorted(outcomes) == [False, True]
        assert Customer.objects.get(loyalty_number=card).merged_into_id == (mine if outcomes[0] else thine)


def test_on_what_was_read_before_the_lock_two_merges_would_lose_both(
    source: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: rows that were read before the other merge make a ring, in which nobody is found."""
    customers(source, "one", "other")
    with transaction.atomic():
        one, other = (Customer.objects.get(loyalty_number=number) for number in ("one", "other"))
    merge_people("one", "other", actor="boss")
    monkeypatch.setattr(merging_actions, "_lock_both", lambda _keep, _other: (other, one))

    merge_people("other", "one", actor="boss")

    assert len(strays()) == 2


def test_joining_in_two_windows_makes_one_customer() -> None:
    for number in range(ROUNDS):
        user = User.objects.create(username=f"shopper-{number}", role="shopper").pk
        ids = at_once(*[partial(join, user, Details("Ann"))] * 2)
        assert len(set(ids)) == 1
        assert Customer.objects.filter(user=user).count() == 1


def test_whoever_is_erased_twice_at_once_is_erased_once(source: int) -> None:
    for number in range(ROUNDS):
        (identity,) = customers(source, f"e{number}").values()
        outcomes = at_once(*[partial(erase_person, identity, actor="boss")] * 2)
        assert [isinstance(outcome, Erased) for outcome in outcomes].count(True) == 1, outcomes
        assert [isinstance(outcome, CustomerError) for outcome in outcomes].count(True) == 1, outcomes
    assert Customer.objects.count() == 0


def test_whoever_is_merged_while_being_erased_leaves_no_stray(source: int) -> None:
    for number in range(ROUNDS):
        keep, other = f"k{number}", f"o{number}"
        ids = customers(source, keep, other)
        at_once(partial(erase_person, ids[keep], actor="boss"), merging(keep, other))
        left = set(Customer.objects.filter(pk__in=ids.values()).values_list("loyalty_number", "merged_into"))
        assert left in ({(other, None)}, set())
    assert strays() == []
