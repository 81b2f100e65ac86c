"""What offers come to when they are bought: a part for each partner, with tax, shipping, cost and commission.

Rounding, each half away from zero: one unit's price is exchanged, then marked up (`offers.price_offer`); the shipping
of a line is exchanged; tax is rounded once on each line; commission once on each line. A part is the sum of its lines,
so parts come to what was shown, to the cent.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from onebasket.commerce.partners.rules.offers import OfferFacts, OfferPrice
from onebasket.commerce.partners.rules.partners import AgreementFacts, Merchant, PartnerFacts, place_code_of
from onebasket.commerce.partners.rules.parts import Status
from onebasket.commerce.partners.rules.port import Address
from onebasket.kernel.money import PPM, divide_half_up

OURS = "OB"
"""What every reference of ours at a partner begins with."""


class TaxTerm(msgspec.Struct, frozen=True, gc=False):
    """Tax on what the chain sells as principal: `rate` in parts per million, in the price or beside it."""

    code: str = ""
    rate: int = 0
    included: bool = True


NO_TAX = TaxTerm()


class Bought(msgspec.Struct, frozen=True):
    """An offer that is bought: how many, at which price, and the chain's tax on it (an agent's goods bear none)."""

    offer: OfferFacts
    partner: PartnerFacts
    price: OfferPrice
    quantity: int
    tax: TaxTerm = NO_TAX

    @property
    def agreement(self) -> AgreementFacts:
        """Return the agreement under which it is sold."""
        assert self.partner.agreement is not None  # noqa: S101 - refused before, `offers.refuse_offer`
        return self.partner.agreement


class LineSum(msgspec.Struct, frozen=True, gc=False):
    """What a line comes to: `amount` is due, `shipping` and `tax` in it; `cost` is in the partner's own currency."""

    amount: int
    shipping: int
    tax: int
    cost: int


class SoldLine(msgspec.Struct, frozen=True, gc=False):
    """A line of a part; `amount` is due for it, tax and shipping included. `exchange` is billionths, as agreed on."""

    number: int
    offer_id: int
    reference: str
    title: str
    category: str
    quantity: int
    unit_amount: int
    shipping_amount: int
    amount: int
    tax_code: str
    tax_rate: int
    tax_amount: int
    tax_included: bool
    unit_cost: int
    shipping_cost: int
    commission_rate: int
    exchange: int
    stated_at: datetime

    def comes_to(self, quantity: int) -> LineSum:
        """Return what so many of the line come to: shipping is for the line, whole as long as any of it is sent."""
        if not quantity:
            return LineSum(0, 0, 0, 0)
        before = self.unit_amount * quantity + self.shipping_amount
        tax = tax_on(before, TaxTerm(self.tax_code, self.tax_rate, self.tax_included))
        amount = before if self.tax_included else before + tax
        return LineSum(amount, self.shipping_amount, tax, self.unit_cost * quantity + self.shipping_cost)


class NewPart(msgspec.Struct, frozen=True, kw_only=True):
    """A partner's part of an order to open: amounts in minor units of `currency`, `cost` of `cost_currency`."""

    id: UUID
    order: UUID
    number: int
    partner_id: int
    partner: str
    place_id: int
    agreement_id: int
    merchant: Merchant
    return_days: int
    counter_returns: bool
    channel: str
    currency: str
    cost_currency: str
    lines: tuple[SoldLine, ...]
    total: int
    shipping_amount: int
    tax_amount: int
    cost: int
    status: Status = Status.WAITING
    associate: str = ""
    address: Address | None = None

    @property
    def ours(self) -> str:
        """Return what names it at the partner for ever: 34 letters and digits."""
        return f"{OURS}{self.id.hex.upper()}"

    @property
    def place(self) -> str:
        """Return the code of the place under which it is served."""
        return place_code_of(self.partner)

    def at(self, address: Address) -> "NewPart":
        """Return the part with where it goes to."""
        return msgspec.structs.replace(self, address=address)

    def paid(self) -> "NewPart":
        """Return the part as one that is paid for already: its partner may be asked at once."""
        return msgspec.structs.replace(self, status=Status.DUE)


class PartHead(msgspec.Struct, frozen=True):
    """What all parts of an order have in common."""

    order: UUID
    channel: str
    currency: str
    associate: str = ""


def tax_on(amount: int, tax: TaxTerm) -> int:
    """Return the tax in an amount, or beside it."""
    return divide_half_up(amount * tax.rate, PPM + tax.rate if tax.included else PPM)


def sell_line(bought: Bought, number: int) -> SoldLine:
    """Return an offer as a line of its part. As agent the price is the partner's own, and no tax of ours is in it."""
    offer, price, agreement = bought.offer, bought.price, bought.agreement
    tax = bought.tax if agreement.merchant is Merchant.PRINCIPAL else NO_TAX
    before = price.amount * bought.quantity + price.shipping
    tax_amount = tax_on(before, tax)
    return SoldLine(
        number=number,
        offer_id=offer.id,
        reference=offer.reference,
        title=offer.title,
        category=offer.category,
        quantity=bought.quantity,
        unit_amount=price.amount,
        shipping_amount=price.shipping,
        amount=before if tax.included else before + tax_amount,
        tax_code=tax.code,
        tax_rate=tax.rate,
        tax_amount=tax_amount,
        tax_included=tax.included,
        unit_cost=price.cost,
        shipping_cost=offer.shipping_amount or 0,
        commission_rate=agreement.rate_of(offer.category),
        exchange=price.rate.billionths,
        stated_at=offer.stated_at,
    )


def sell(bought: Sequence[Bought], head: PartHead, ids: Sequence[UUID]) -> tuple[NewPart, ...]:
    """Return the parts of an order, one for each partner and currency of its own, in the order in which they came.

    `ids` are as many fresh ones as there are offers at least.
    """
    by_part: dict[tuple[int, str], list[Bought]] = {}
    for one in bought:
        by_part.setdefault((one.partner.id, one.price.cost_currency), []).append(one)
    return tuple(
        _part(mine, head, number, identity)
        for number, (identity, mine) in enumerate(zip(ids, by_part.values(), strict=False), 1)
    )


def _part(bought: Sequence[Bought], head: PartHead, number: int, identity: UUID) -> NewPart:
    partner, agreement = bought[0].partner, bought[0].agreement
    lines = tuple(sell_line(one, count) for count, one in enumerate(bought, 1))
    return NewPart(
        id=identity,
        order=head.order,
        number=number,
        partner_id=partner.id,
        partner=partner.code,
        place_id=partner.place_id,
        agreement_id=agreement.id,
        merchant=agreement.merchant,
        return_days=agreement.return_days,
        counter_returns=agreement.counter_returns,
        channel=head.channel,
        currency=head.currency,
        cost_currency=bought[0].price.cost_currency,
        lines=lines,
        total=sum(line.amount for line in lines),
        shipping_amount=sum(line.shipping_amount for line in lines),
        tax_amount=sum(line.tax_amount for line in lines),
        cost=sum(line.unit_cost * line.quantity + line.shipping_cost for line in lines),
        associate=head.associate,
    )


class Accepted(msgspec.Struct, frozen=True):
    """What a part comes to once its partner said how many of each line (by number) it takes in."""

    lines: Mapping[int, LineSum]
    total: int
    shipping_amount: int
    tax_amount: int
    cost: int


def accept(lines: Sequence[SoldLine], accepted: Mapping[int, int]) -> Accepted:
    """Return what a part comes to when its partner takes in so many of each line; a line that is not named, none."""
    sums = {line.number: line.comes_to(min(line.quantity, accepted.get(line.number, 0))) for line in lines}
    every = sums.values()
    return Accepted(
        sums,
        sum(one.amount for one in every),
        sum(one.shipping for one in every),
        sum(one.tax for one in every),
        sum(one.cost for one in every),
    )


def commission_on(line: SoldLine, quantity: int) -> int:
    """Return the commission that an agent earns on so many of a line: on the goods, not on their shipping."""
    return divide_half_up(line.unit_amount * quantity * line.commission_rate, PPM)
