"""What a shopper gets back for a partner's goods brought to a counter, who owes it, and until when: with the reason.

As principal the chain sold the goods: it refunds, and claims from the partner what it paid for them. As agent it sold
them for the partner: it pays the shopper back out of what it holds for the partner, on the partner's account, and its
commission goes with it; unless the agreement leaves returns to the partner. Shipping is not paid back: the goods came.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from onebasket.commerce.partners.rules.partners import Merchant
from onebasket.commerce.partners.rules.parts import Status
from onebasket.commerce.partners.rules.selling import SoldLine, TaxTerm, commission_on, tax_on

Disposition = Literal["good", "damaged"]
"""How goods came back; either way they are kept for the partner, and are on no shelf of ours."""
Owner = Literal["chain", "partner"]
"""Who owes the refund to the shopper: the merchant of record."""
Key = Annotated[str, Meta(min_length=1, max_length=120)]
Text = Annotated[str, Meta(max_length=200)]


class PartBackLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """How many of a line come back, and how they are."""

    line: Annotated[int, Meta(ge=1, le=2_000)]
    quantity: Annotated[int, Meta(ge=1, le=10**6)]
    disposition: Disposition = "good"


class PartReturnRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goods of a partner's part brought back at a place of ours.

    `expected_total` is what the shopper was told: where it comes to something else, nothing is done.
    """

    key: Key
    place: Annotated[str, Meta(min_length=1, max_length=64)]
    operator: Annotated[str, Meta(min_length=1, max_length=150)]
    part: UUID
    lines: Annotated[tuple[PartBackLine, ...], Meta(min_length=1, max_length=200)]
    reason: Text = ""
    expected_total: Annotated[int, Meta(ge=0, le=10**12)] | None = None


class PartPaidBack(msgspec.Struct, frozen=True, gc=False):
    """What goes back in one way."""

    kind: str
    amount: int


class PartLineBack(msgspec.Struct, frozen=True, gc=False):
    """A line that comes back: `amount` is paid back for it, of which `tax` is tax.

    `claim` is what the partner owes us for it, `commission` what of our commission goes with it.
    """

    line: int
    title: str
    quantity: int
    amount: int
    tax: int
    claim: int
    commission: int
    disposition: Disposition


class PartReturnAccepted(msgspec.Struct, frozen=True, tag="accepted", tag_field="outcome"):
    """The goods are kept for the partner, and the money is on its way to where it came from."""

    number: str
    part: UUID
    partner: str
    currency: str
    total: int
    tax_total: int
    owner: Owner
    lines: tuple[PartLineBack, ...]
    tenders: tuple[PartPaidBack, ...]


PartReturnRefusal = Literal[
    "unknown_place", "unknown_part", "not_sent", "too_late", "at_partner", "unknown_line", "doubled_line", "too_much",
    "not_refundable", "other_total",
]  # fmt: skip


class PartReturnRefused(msgspec.Struct, frozen=True, tag="refused", tag_field="outcome"):
    """Nothing was changed."""

    code: PartReturnRefusal
    message: str


class PartReturnConflict(msgspec.Struct, frozen=True, tag="conflict", tag_field="outcome"):
    """The key was used before for other content; nothing was changed."""

    message: str = "This key was used before for another return. Use a new key for a new one."


PartReturnOutcome = PartReturnAccepted | PartReturnRefused | PartReturnConflict


def refund_key(key: str) -> str:
    """Return the key of the refund that a return under a key makes."""
    return f"return/part/{key}"[:120]


class SoldNow(msgspec.Struct, frozen=True, gc=False):
    """A line as it was sold, how many of it were sent, and how many have come back."""

    sold: SoldLine
    sent: int
    returned: int

    @property
    def left(self) -> int:
        """Return how many can come back."""
        return self.sent - self.returned


class PartSold(msgspec.Struct, frozen=True, kw_only=True):
    """A part as a return sees it: where it stands, what was agreed, and on which day of the place it was delivered."""

    status: Status
    merchant: Merchant
    currency: str
    cost_currency: str
    return_days: int
    counter_returns: bool
    delivered_on: date | None
    lines: dict[int, SoldNow]


class Returned(msgspec.Struct, frozen=True):
    """What is paid back, who owes it to the shopper, in which currency the partner owes it to us, and why so."""

    lines: tuple[PartLineBack, ...]
    owner: Owner
    claim_currency: str
    reason: dict[str, str | int]

    @property
    def total(self) -> int:
        """Return what is paid back, tax included."""
        return sum(line.amount for line in self.lines)


def decide_return(part: PartSold, asked: Sequence[PartBackLine], *, today: date) -> Returned | PartReturnRefused:
    """Work out a return, or say why it is refused; `today` is the day at the place."""
    return refuse_part(part, today=today) or _refuse_lines(part, asked) or _work_out(part, asked, today=today)


def refuse_part(part: PartSold, *, today: date) -> PartReturnRefused | None:
    """Say why nothing of a part can come back to a counter, or None.

    Goods in the shopper's hand have arrived, so a part that is only known as sent is taken back too.
    """
    if part.status not in {Status.SHIPPED, Status.DELIVERED}:
        return PartReturnRefused("not_sent", "Nothing of it was sent, so nothing of it can come back.")
    if part.merchant is Merchant.AGENT and not part.counter_returns:
        return PartReturnRefused("at_partner", "The partner sold it, and takes it back itself: send the shopper there.")
    if part.delivered_on is not None and (today - part.delivered_on).days > part.return_days:
        return PartReturnRefused("too_late", f"It could come back for {part.return_days} days after it was delivered.")
    return None


def _refuse_lines(part: PartSold, asked: Sequence[PartBackLine]) -> PartReturnRefused | None:
    numbers = [line.line for line in asked]
    if len(set(numbers)) != len(numbers):
        return PartReturnRefused("doubled_line", "State each line once, with all that comes back of it.")
    for line in asked:
        now = part.lines.get(line.line)
        if now is None or not now.sent:
            return PartReturnRefused("unknown_line", f"Nothing was sent by line {line.line}.")
        if line.quantity > now.left:
            said = f"Of line {line.line} only {now.left} can come back, not {line.quantity}."
            return PartReturnRefused("too_much", said)
    return None


def _work_out(part: PartSold, asked: Sequence[PartBackLine], *, today: date) -> Returned:
    lines = tuple(_line_back(part, part.lines[line.line], line) for line in asked)
    is_ours = part.merchant is Merchant.PRINCIPAL
    reason: dict[str, str | int] = {
        "merchant": part.merchant.value,
        "rule": "the chain sold it, and claims what it cost" if is_ours else "the partner sold it, on its account",
        "return_days": part.return_days,
        "delivered_on": part.delivered_on.isoformat() if part.delivered_on else "",
        "on": today.isoformat(),
    }
    return Returned(lines, "chain" if is_ours else "partner", part.cost_currency if is_ours else part.currency, reason)


def _line_back(part: PartSold, now: SoldNow, asked: PartBackLine) -> PartLineBack:
    """Return a line with its share: the difference of what is kept, so that all shares come to what was paid."""
    sold, kept = now.sold, now.left - asked.quantity
    before, after = goods_of(sold, now.left), goods_of(sold, kept)
    amount, tax = before[0] - after[0], before[1] - after[1]
    if part.merchant is Merchant.PRINCIPAL:
        claim, commission = sold.unit_cost * asked.quantity, 0
    else:
        claim, commission = amount, commission_on(sold, now.left) - commission_on(sold, kept)
    return PartLineBack(asked.line, sold.title, asked.quantity, amount, tax, claim, commission, asked.disposition)


def goods_of(sold: SoldLine, quantity: int) -> tuple[int, int]:
    """Return what so many pieces came to without their shipping, tax included, and the tax in it."""
    if not quantity:
        return 0, 0
    term = TaxTerm(sold.tax_code, sold.tax_rate, sold.tax_included)
    sums, shipping_tax = sold.comes_to(quantity), tax_on(sold.shipping_amount, term)
    shipping = sold.shipping_amount if sold.tax_included else sold.shipping_amount + shipping_tax
    return sums.amount - shipping, sums.tax - shipping_tax
