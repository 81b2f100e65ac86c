"""What we do with a partner's answer to an order: how much it took in, at what cost, and what follows a refusal.

Amounts are minor units of the partner's currency unless stated otherwise. The shopper never pays more than was agreed
when it was bought, and never for what the partner does not take in.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from onebasket.commerce.partners.rules.port import AskedLine, OfferStated, Refused, TheirOrder
from onebasket.commerce.partners.rules.statuses import Meaning, meaning_of
from onebasket.kernel.money import PPM


class Reason(StrEnum):
    """Why a partner took in less, or nothing; told to the shopper in words."""

    OUT_OF_STOCK = "out_of_stock"
    PRICE_CHANGED = "price_changed"
    ADDRESS = "address"
    NOT_DELIVERED_THERE = "not_delivered_there"
    TURNED_AWAY = "turned_away"
    LEFT_OUT = "left_out"
    CANCELLED_BY_PARTNER = "cancelled_by_partner"
    BY_PERSON = "by_person"


class HeldUp(msgspec.Struct, frozen=True):
    """A person has to look: `code` for the queue, and words for whoever looks."""

    code: str
    explanation: str


class TakenIn(msgspec.Struct, frozen=True):
    """What the partner took in: so many of each line by its number; what it costs, and how much more than agreed."""

    quantities: dict[int, int]
    cost: int
    extra: int = 0


class Agreed(msgspec.Struct, frozen=True):
    """What is asked of a partner: the lines, what their shipping was to cost by line number, and what the chain bears.

    `bears` is how much more an order may cost than was agreed, in millionths of it.
    """

    ours: str
    lines: tuple[AskedLine, ...]
    currency: str
    shipping: dict[int, int] = {}
    bears: int = 0

    def most(self, amount: int) -> int:
        """Return the most that something may cost for which an amount was agreed."""
        return amount + amount * self.bears // PPM


def weigh(agreed: Agreed, theirs: Sequence[TheirOrder]) -> TakenIn | HeldUp:
    """Say what the partner's orders come to, held against what was asked.

    More pieces than asked is an order placed twice, by whomever. That, a line that was not asked for, an order in
    another currency, and a cost above what was agreed and the chain bears are for people: nothing is ordered again.
    """
    live = [one for one in theirs if meaning_of(one.status) is not Meaning.CANCELLED]
    for one in live:
        if one.currency != agreed.currency:
            return HeldUp("other_currency", f"Order {one.reference} is in {one.currency}, not in {agreed.currency}.")
    found: Counter[str] = Counter()
    for line in (line for one in live for line in one.lines):
        if line.quantity < 0 or line.unit_amount < 0:
            return HeldUp("odd_line", f"{line.quantity} of {line.reference} at {line.unit_amount} make no sense.")
        found[line.reference] += line.quantity
    asked: Counter[str] = Counter()
    for wanted in agreed.lines:
        asked[wanted.reference] += wanted.quantity
    for reference, quantity in found.items():
        if reference not in asked:
            return HeldUp("not_asked_for", f"The partner took in {quantity} of {reference}, which was not asked for.")
        if quantity > asked[reference]:
            said = f"The partner took in {quantity} of {reference}, and {asked[reference]} were asked for."
            return HeldUp("ordered_twice", said)
    return _cost(agreed, live, share(agreed.lines, found))


def share(lines: Sequence[AskedLine], found: Mapping[str, int]) -> dict[int, int]:
    """Return how many of each line were taken in; the first of two lines of one offer gets its pieces first."""
    left = dict(found)
    quantities: dict[int, int] = {}
    for line in lines:
        quantities[line.number] = min(line.quantity, left.get(line.reference, 0))
        left[line.reference] = left.get(line.reference, 0) - quantities[line.number]
    return quantities


def _cost(agreed: Agreed, live: Sequence[TheirOrder], quantities: dict[int, int]) -> TakenIn | HeldUp:
    goods = sum(line.unit_amount * quantities[line.number] for line in agreed.lines)
    may = goods + (sum(agreed.shipping.values()) if goods else 0)
    cost = sum(max(one.amount, sum(line.unit_amount * line.quantity for line in one.lines)) for one in live)
    if cost > agreed.most(may):
        return HeldUp("costs_more", f"The partner asks {cost} {agreed.currency} (minor units), {may} was agreed.")
    return TakenIn(quantities, cost, max(0, cost - may))


def is_whole(agreed: Agreed, taken: TakenIn) -> bool:
    """Whether everything that was asked for was taken in."""
    return all(taken.quantities[line.number] == line.quantity for line in agreed.lines)


class Look(msgspec.Struct, frozen=True):
    """The refusal says that there may be an order already: its list has to tell."""


class TurnedDown(msgspec.Struct, frozen=True):
    """The partner will not deliver these lines, for certain; `odd` is told to people as well."""

    lines: tuple[int, ...]
    reason: Reason
    odd: str = ""


PRICE_WENT_UP, GONE = "PRICE_WENT_UP", "GONE"
"""Our own words for what is found out before an order is placed."""

_REASONS: dict[str, tuple[Reason, str]] = {
    "INVENTORY_HOLD_ERROR": (Reason.OUT_OF_STOCK, ""),
    "PRICE_PAY_CURRENCY_ERROR": (Reason.PRICE_CHANGED, "price_refused"),
    "DELIVERY_METHOD_NOT_EXIST": (Reason.NOT_DELIVERED_THERE, ""),
    "A002_INVALID_ZONE": (Reason.NOT_DELIVERED_THERE, ""),
    "B_DROPSHIPPER_DELIVERY_ADDRESS_VALIDATE_FAIL": (Reason.ADDRESS, ""),
    "BLACKLIST_BUYER_IN_LIST": (Reason.TURNED_AWAY, "turned_away"),
    PRICE_WENT_UP: (Reason.PRICE_CHANGED, ""),
    GONE: (Reason.OUT_OF_STOCK, ""),
}
"""The open platform's words for a refusal, and ours; those that say something about our account are told to people."""
_REPEATED = "REPEATED_ORDER_ERROR"


def after_refusal(refused: Refused, numbers: Sequence[int]) -> Look | TurnedDown | HeldUp:
    """Decide what follows a refusal of the lines that were asked for, by their numbers.

    Lines that the partner names fall away and are refunded, and the rest is asked for again; without names all of them
    fall away. A word that we do not know is for people: whether it was meant for ever cannot be told.
    """
    code = refused.code.strip().upper()
    if code == _REPEATED:
        return Look()
    if code not in _REASONS:
        return HeldUp("unknown_refusal", f"The partner says {refused.code}: {refused.message}"[:500])
    reason, odd = _REASONS[code]
    named = tuple(number for number in numbers if number in refused.lines)
    return TurnedDown(named or tuple(numbers), reason, odd)


def before_placing(agreed: Agreed, told: Sequence[OfferStated]) -> Refused | None:
    """Return the refusal of the lines that cost more now than was agreed, or are sold no more; None where none is.

    An open platform takes orders in at the price of the moment, so it has to be looked at before, goods and shipping
    together. What the partner does not tell of is asked for as it is.
    """
    offers = {one.reference: one for one in told}
    gone, dear = [], []
    for line in agreed.lines:
        offer = offers.get(line.reference)
        if offer is None:
            continue
        shipping = agreed.shipping.get(line.number, 0)
        now = offer.price * line.quantity + (shipping if offer.shipping_amount is None else offer.shipping_amount)
        if offer.gone:
            gone.append(line.number)
        elif offer.currency != line.currency or now > agreed.most(line.unit_amount * line.quantity + shipping):
            dear.append(line.number)
    if gone:
        return Refused(GONE, "The partner sells it no more.", tuple(gone))
    return Refused(PRICE_WENT_UP, "It costs more now than was agreed.", tuple(dear)) if dear else None


def still_coming(
    lines: Sequence[tuple[int, str]], accepted: Mapping[int, int], live: Mapping[str, int]
) -> dict[int, int]:
    """Return how many of each line still come: what the partner's live orders hold, at most what was accepted.

    Lines are (number, reference); `live` are pieces by reference. The first line of an offer gets its pieces first.
    Orders that were cancelled are not taken off: one may have been too much from the beginning.
    """
    left = Counter(live)
    coming: dict[int, int] = {}
    for number, reference in lines:
        coming[number] = min(accepted.get(number, 0), left[reference])
        left[reference] -= coming[number]
    return coming
