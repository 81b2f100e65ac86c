"""What machines read of a product: schema.org data in JSON, safe inside a page."""

from collections.abc import Callable
from typing import Any

import msgspec
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from onebasket.front.goods import Good
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
