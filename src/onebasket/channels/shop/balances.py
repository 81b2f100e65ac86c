"""Gift cards and store credit at the checkout: what a code is worth, and what is left to pay besides."""

from collections.abc import Sequence
from dataclasses import dataclass

from onebasket.channels.shop.guesses import WRONG_CODES
from onebasket.channels.shop.words import BALANCE_REFUSALS, Word
from onebasket.commerce.payments.queries import find_balance
from onebasket.commerce.payments.queries.balances import is_code
from onebasket.commerce.payments.rules.balances import BalanceFacts
from onebasket.front.words import BALANCES

MOST_CODES = 10


@dataclass(frozen=True, slots=True)
class Spent:
    """What a code pays of the order, in minor units."""

    code: str
    name: Word
    hint: str
    amount: int


@dataclass(frozen=True, slots=True)
class Spending:
    """What codes pay, in their order, and what is left; `said` is what is wrong with the one tried last."""

    spent: tuple[Spent, ...] = ()
    left: int = 0
    said: Word = ""


def plan_spending(codes: Sequence[str], total: int, currency: str, *, address: str) -> Spending:
    """Return what these codes pay of a total. Whoever tries codes that nobody has is soon told to wait."""
    left, spent = total, list[Spent]()
    said: Word = ""
    for code in dict.fromkeys(codes[:MOST_CODES]):
        found = _look(code, currency, address)
        if not isinstance(found, BalanceFacts):
            said = BALANCE_REFUSALS[found]
            continue
        amount = min(left, found.balance)
        left -= amount
        spent.append(Spent(code, BALANCES[found.kind], found.hint, amount))
    return Spending(tuple(spent), left, said)


def _look(code: str, currency: str, address: str) -> BalanceFacts | str:
    """Return the balance of a code, or why there is none to spend."""
    if not is_code(code):
        return "mistyped"
    if WRONG_CODES.seconds_to_wait(address):
        return "too_many"
    found = find_balance(code)
    if found is None:
        WRONG_CODES.add(address)
        return "unknown"
    if not found.active or found.currency != currency:
        return "blocked"
    return found if found.balance else "empty"
