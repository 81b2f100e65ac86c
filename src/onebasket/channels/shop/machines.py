"""What machines read of a product: schema.org data in JSON, safe inside a page."""

from collections.abc import Callable
from typing import Any

import msgspec
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from onebasket.commerce.partners.queries.offers import PricedOffer
from onebasket.commerce.partners.rules.offers import OfferPrice
from onebasket.commerce.partners.rules.partners import Merchant
from onebasket.front.goods import Good
from onebasket.front.offers import OfferCard
from onebasket.front.pricetags import PriceTag
from onebasket.kernel.money import decimal_amount

_encode = msgspec.json.Encoder().encode
_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}
"""As Django's json_script does: no text of ours can end the element that it stands in."""
AVAILABILITY = {"here": "InStock", "elsewhere": "InStoreOnly", "nowhere": "OutOfStock"}


def product_data(good: Good, absolute: Callable[[str], str]) -> SafeString:
    """Return a product and its offer as JSON-LD; `absolute` makes an address whole."""
    product, picture = good.product, good.picture
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.name,
        "sku": product.sku,
        "url": absolute(good.address),
        "image": absolute(reverse("shop:tile", args=[picture.name, picture.hue])),
    }
    if product.brand:
        data["brand"] = {"@type": "Brand", "name": product.brand}
    if product.category:
        data["category"] = f"{product.department} > {product.category}"
    if good.price is not None:
        data["offers"] = _offer(good, good.price, absolute(good.address))
    return mark_safe(_encode(data).decode().translate(_ESCAPES))  # noqa: S308 - escaped in the line itself


def _offer(good: Good, price: PriceTag, address: str) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "price": f"{decimal_amount(price.amount, price.currency):f}",
        "priceCurrency": price.currency,
        "availability": f"https://schema.org/{AVAILABILITY[good.where.state]}",
        "itemCondition": "https://schema.org/NewCondition",
        "url": address,
    }


def offer_data(card: OfferCard, one: PricedOffer, absolute: Callable[[str], str]) -> SafeString:
    """Return a partner's offer as JSON-LD: who sells it, what it costs and since when, how it comes and goes back."""
    offer, picture = one.offer, card.picture
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": offer.title,
        "url": absolute(card.address),
        "image": absolute(reverse("shop:tile", args=[picture.name, picture.hue])),
    }
    told = {"gtin": offer.gtin, "mpn": offer.model, "category": offer.category}
    data |= {name: value for name, value in told.items() if value}
    if offer.brand:
        data["brand"] = {"@type": "Brand", "name": offer.brand}
    if one.price is not None:
        data["offers"] = _partner_offer(card, one, one.price, absolute(card.address))
    return mark_safe(_encode(data).decode().translate(_ESCAPES))  # noqa: S308 - escaped in the line itself


def _partner_offer(card: OfferCard, one: PricedOffer, price: OfferPrice, address: str) -> dict[str, Any]:
    amount = f"{decimal_amount(price.amount, price.currency):f}"
    stated: dict[str, Any] = {
        "@type": "Offer",
        "price": amount,
        "priceCurrency": price.currency,
        "priceSpecification": {
            "@type": "PriceSpecification", "price": amount, "priceCurrency": price.currency,
            "validFrom": price.stated_at.isoformat(timespec="seconds"),
        },
        "availability": f"https://schema.org/{'InStock' if card.can_buy else 'OutOfStock'}",
        "itemCondition": "https://schema.org/NewCondition",
        "url": address,
        "seller": {"@type": "Organization", "name": _seller(one)},
    }  # fmt: skip
    if one.offer.shipping_amount is not None or one.offer.days_to is not None:
        stated["shippingDetails"] = _shipping(one, price)
    if one.partner.agreement is not None:
        stated["hasMerchantReturnPolicy"] = _returns(one.partner.agreement.return_days)
    return stated


def _seller(one: PricedOffer) -> str:
    """Return who is party to the contract."""
    agreement = one.partner.agreement
    if agreement is not None and agreement.ships and agreement.merchant is Merchant.PRINCIPAL:
        return "onebasket"
    return one.offer.seller or one.partner.name


def _shipping(one: PricedOffer, price: OfferPrice) -> dict[str, Any]:
    details: dict[str, Any] = {"@type": "OfferShippingDetails"}
    if one.offer.shipping_amount is not None:
        rate = f"{decimal_amount(price.shipping, price.currency):f}"
        details["shippingRate"] = {"@type": "MonetaryAmount", "value": rate, "currency": price.currency}
    if one.offer.days_to is not None:
        days = {"minValue": one.offer.days_from or 0, "maxValue": one.offer.days_to, "unitCode": "DAY"}
        transit = {"@type": "QuantitativeValue", **days}
        details["deliveryTime"] = {"@type": "ShippingDeliveryTime", "transitTime": transit}
    return details


def _returns(days: int) -> dict[str, Any]:
    kind = "MerchantReturnFiniteReturnWindow" if days else "MerchantReturnNotPermitted"
    policy: dict[str, Any] = {
        "@type": "MerchantReturnPolicy", "returnPolicyCategory": f"https://schema.org/{kind}",
    }  # fmt: skip
    return policy | ({"merchantReturnDays": days} if days else {})
