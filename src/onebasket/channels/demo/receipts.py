"""Baskets of the data as receipts: what the customer saw, who funds each discount, and what was paid, exact to a cent.

The list amount is sales value + card discount + matched coupon; paid is sales value less the manufacturer's coupon
(golden cases in the tests). Till, number and tender are derived: the data has none.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from onebasket.channels.demo.chain import CURRENCY, MEDIAN_PACK_GRAMS, PER_KILOGRAM, PRICE_CODE, Chain, ChainProduct
from onebasket.channels.demo.chain import fixed_code as code_of_product
from onebasket.channels.demo.journey import JourneyBasket, JourneyLine, read_baskets
from onebasket.channels.demo.slices import ChainSlice, moved
from onebasket.commerce.sales.rules.receipt import Discount, Funder, Kind, Line, Receipt, Tender
from onebasket.kernel.barcodes import compose
from onebasket.kernel.money import divide_half_up

DERIVED_TENDER = "unstated"
TILLS = 4
MAX_EMBEDDED = 99_999


def year_receipts(chain: Chain) -> Iterator[Receipt]:
    """Stream the whole year of all stores, in the order of time."""
    return (to_receipt(basket, chain) for basket in read_baskets())


def slice_receipts(chain: Chain, part: ChainSlice, *, move_days: int = 0) -> Iterator[Receipt]:
    """Stream the receipts of a slice's stores, history and day, in the order of time, moved by whole days."""
    begins_at, ends_at = part.begins_at(), part.ends_at()
    for basket in read_baskets(chain.store_ids):
        if basket.at >= ends_at:
            return
        if basket.at >= begins_at:
            yield to_receipt(basket, chain, move_days=move_days)


def to_receipt(basket: JourneyBasket, chain: Chain, *, move_days: int = 0) -> Receipt:
    """Make the receipt of a basket, its time moved by whole days."""
    lines = tuple(_line(line, chain) for line in basket.lines)
    return Receipt(
        key=f"basket-{basket.basket_id}",
        place=str(basket.store_id),
        till=str(basket.basket_id % TILLS + 1),
        number=str(basket.basket_id),
        kind=Kind.SALE,
        currency=CURRENCY,
        occurred_at=moved(basket.at, move_days) if move_days else basket.at,
        lines=lines,
        tenders=(Tender(DERIVED_TENDER, sum(line.paid_amount for line in lines)),),
        loyalty_number=str(basket.household_id),
    )


def steps_sold(line: JourneyLine, product: ChainProduct | None, chain: Chain) -> int:
    """Return a line's quantity in steps of its product's unit; grams of weighed goods follow from the shelf amount."""
    if product is None or not product.weighed or line.quantity == 0:
        return line.quantity
    if line.list_amount == 0:
        return line.quantity * MEDIAN_PACK_GRAMS
    return divide_half_up(line.list_amount * PER_KILOGRAM, chain.per_kilogram[product.product_id])


def _line(line: JourneyLine, chain: Chain) -> Line:
    product = chain.products.get(line.product_id)
    listed = line.list_amount
    return Line(
        code=_code(line, product),
        quantity=steps_sold(line, product, chain),
        list_amount=listed,
        paid_amount=line.sales - line.coupon,
        discounts=_discounts(line) if listed != line.sales or line.coupon else (),
    )


def _code(line: JourneyLine, product: ChainProduct | None) -> str:
    """Return what was scanned: for weighed goods the label of one pack, with its price inside."""
    if product is None or not product.weighed:
        return code_of_product(line.product_id)
    return compose(PRICE_CODE, product.item, min(line.list_amount // max(line.quantity, 1), MAX_EMBEDDED))


def _discounts(line: JourneyLine) -> tuple[Discount, ...]:
    stated = (
        ("loyalty", Funder.RETAILER, line.card_discount),
        ("coupon-match", Funder.RETAILER, line.coupon_match),
        ("coupon", Funder.MANUFACTURER, line.coupon),
    )
    return tuple(Discount(kind, funder, amount) for kind, funder, amount in stated if amount)


def write_jsonlines(path: Path, receipts: Iterable[Receipt]) -> int:
    """Write receipts one a line in the form that the API takes; return how many."""
    encoder, buffer, count = msgspec.json.Encoder(), bytearray(), 0
    with path.open("wb") as file:
        for count, receipt in enumerate(receipts, start=1):  # noqa: B007 - the count is the answer
            encoder.encode_into(receipt, buffer)
            buffer += b"\n"
            file.write(buffer)
    return count
