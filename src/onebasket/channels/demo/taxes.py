"""Taxes of the demo: made up after the way of many American states, and labelled so; the data has none.

Food is untaxed; soft drinks, sweets, prepared food and what is no food are taxed on top of their price. A
manufacturer's coupon is no discount for the tax office.
"""

import msgspec

from onebasket.channels.demo.chain import Chain, ChainProduct
from onebasket.channels.demo.journey import JourneyBasket, JourneyLine
from onebasket.channels.demo.receipts import to_receipt
from onebasket.commerce.orders.rules.offertax import PARTNER_GOODS
from onebasket.commerce.pricing.rules.messages import TaxClassItem
from onebasket.commerce.sales.rules.receipt import Receipt, Tax
from onebasket.kernel.money import PPM, divide_half_up

CODE = "Sales tax (illustrative)"
TAXED = "general"
"""The class of taxed goods; those of no class are untaxed."""
EXEMPT = "exempt"
RATE = 70_000
"""Parts per million: 7 %."""
DEPARTMENTS = frozenset(
    {
        "Automotive", "Chef shop", "Cosmetics", "Drug and general merchandise", "Electrical and plumbing", "Floral",
        "Garden center", "General merchandise", "Housewares", "Photo and video", "Restaurant", "Salad bar", "Spirits",
        "Toys",
    }
)  # fmt: skip
CATEGORIES = frozenset(
    {
        "Air care", "Bath tissues", "Beers/ales", "Bleach", "Brooms and mops", "Candy, checklane", "Candy, packaged",
        "Cat food", "Cat litter", "Charcoal and lighter fluid", "Cigarettes", "Cigars", "Dishwash detergents",
        "Dog foods", "Domestic wine", "Household cleaning needs", "Imported wine", "Isotonic drinks",
        "Laundry additives", "Laundry detergents", "Liquor", "Paper housewares", "Paper towels", "Pet care supplies",
        "Sandwiches", "Soft drinks", "Sushi", "Tobacco other",
    }
)  # fmt: skip
"""Of departments that sell food; departments of other things are taxed whole, but for these."""
UNTAXED = frozenset({"Infant formula", "Baby foods", "Pharmacy"})


def is_taxed(product: ChainProduct) -> bool:
    """Whether a product is taxed; what is money and no goods never is."""
    if not product.tracked or product.category in UNTAXED:
        return False
    return product.department in DEPARTMENTS or product.category in CATEGORIES


def taxed_goods(chain: Chain) -> list[TaxClassItem]:
    """Return which class goods are of, for what the chain sells."""
    kept = {product.category for product in chain.assortment}
    return [
        *(TaxClassItem(f"tax-department-{name}", TAXED, department=name) for name in sorted(DEPARTMENTS)),
        *(TaxClassItem(f"tax-category-{name}", TAXED, category=name) for name in sorted(CATEGORIES & kept)),
        TaxClassItem("tax-partner-goods", TAXED, category=PARTNER_GOODS),
        *(TaxClassItem(f"tax-category-{name}", EXEMPT, category=name) for name in sorted(UNTAXED & kept)),
        *(
            TaxClassItem(f"tax-{product.sku}", EXEMPT, sku=product.sku)
            for product in chain.assortment
            if not product.tracked and (product.department in DEPARTMENTS or product.category in CATEGORIES)
        ),
    ]


def taxed_receipt(basket: JourneyBasket, chain: Chain) -> Receipt:
    """Make the receipt of a basket with the tax that a till would have added, line by line."""
    receipt = to_receipt(basket, chain)
    lines = tuple(
        msgspec.structs.replace(line, taxes=(tax,)) if (tax := _tax(sold, chain)) else line
        for line, sold in zip(receipt.lines, basket.lines, strict=True)
    )
    added = sum(tax.amount for line in lines for tax in line.taxes)
    (tender,) = receipt.tenders
    paid = msgspec.structs.replace(tender, amount=tender.amount + added)
    return msgspec.structs.replace(receipt, lines=lines, tenders=(paid,), tax_included=False)


def _tax(line: JourneyLine, chain: Chain) -> Tax | None:
    product = chain.products.get(line.product_id)
    if product is None or line.sales <= 0 or not is_taxed(product):
        return None
    return Tax(RATE, line.sales, divide_half_up(line.sales * RATE, PPM), CODE)
