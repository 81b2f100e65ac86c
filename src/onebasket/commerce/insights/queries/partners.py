"""Partners' prices beside our own, for the same things by GTIN."""

from datetime import datetime

import msgspec

from onebasket.commerce.catalogue.queries import products_by_id
from onebasket.commerce.partners.queries.figures import same_things
from onebasket.commerce.partners.queries.offers import priced_offers
from onebasket.commerce.pricing.queries import price_book
from onebasket.kernel.money import PPM, divide_half_up, price_for

CHAIN = 0
"""Has no price of its own: the chain's holds."""


class PriceBeside(msgspec.Struct, frozen=True):
    """What a thing costs at our shelf (the chain's price) and at a partner, in minor units of one currency.

    `apart` is by how many parts per million of ours the partner's price, shipping left out, lies above it.
    """

    product_id: int
    sku: str
    name: str
    ours: int
    offer_id: int
    partner: str
    theirs: int
    shipping: int
    stock: int | None
    apart: int


def prices_beside(*, currency: str, now: datetime, partner_id: int | None = None) -> list[PriceBeside]:
    """Return partners' prices beside our own, the cheapest beside ours first; at most eight statements.

    What has no price here or there is left out; at most 2,000 pairs are looked at.
    """
    pairs = same_things(partner_id)
    products = products_by_id({product for _offer, product in pairs})
    book = price_book({CHAIN: currency}, list(products), at=now)
    offers = priced_offers([offer for offer, _product in pairs], currency=currency, now=now)
    found = []
    for offer_id, product_id in pairs:
        product, priced, price = products.get(product_id), offers.get(offer_id), book.find((CHAIN, product_id))
        if product is None or price is None or priced is None or priced.price is None:
            continue
        ours = price_for(price.amount, per_quantity=price.per_quantity, quantity=10**product.decimals)
        theirs = priced.price.amount
        apart = divide_half_up((theirs - ours) * PPM, ours) if ours else 0
        found.append(
            PriceBeside(
                product_id, product.sku, product.name, ours, offer_id, priced.partner.code, theirs,
                priced.price.shipping, priced.offer.stock, apart,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.apart, one.sku, one.offer_id))
