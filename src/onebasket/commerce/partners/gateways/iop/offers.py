"""Offers: how the platform's catalogue and details are asked for, and what one of its products says."""

import re
from collections.abc import Sequence

from onebasket.commerce.partners.gateways.iop.answers import Result, states_list
from onebasket.commerce.partners.gateways.iop.envelopes import listed
from onebasket.commerce.partners.gateways.iop.values import (
    MOST_PIECES,
    Fields,
    OddValueError,
    is_address,
    kept,
    name_of,
    read_each,
    shortened,
)
from onebasket.commerce.partners.rules.port import NotDone, OddItem, OfferStated
from onebasket.kernel.barcodes import Scan, parse

AT_ONCE = 50
"""Products whose details are asked for in one call, and so the size of a page."""
_MOST_DAYS = 1000
_PATH = " > "
_MOST_CATEGORY = 200
_NAMED = "product_id"
_REFERENCE = re.compile(r"\d{1,20}", re.ASCII)
_NO = frozenset({"n", "no", "false", "0"})


def listed_ids(result: Result) -> tuple[list[str], list[OddItem]] | NotDone:
    """Return the ids that a page of the catalogue lists, each once, and what is none."""
    if not states_list(result, "products", "total"):
        return NotDone("the answer lists no products, and does not say that there are none", "turned_away")
    products = result.content.get("products")
    ids: dict[str, None] = {}
    odd = []
    for value in listed(products, "number"):
        text = str(value) if type(value) is int else value
        if isinstance(text, str) and _REFERENCE.fullmatch(text):
            ids[text] = None
        else:
            odd.append(OddItem("", "reference", f"{shortened(value)} is no id of a product", kept(value)))
    return list(ids), odd


def read_offers(result: Result, asked: Sequence[str]) -> tuple[list[OfferStated], list[OddItem]] | NotDone:
    """Return the offers that an answer about some products states.

    Those that it does not mention are gone; what was not asked for is odd; of one that comes twice the first counts.
    """
    if not states_list(result, "products", "current_record_count"):
        return NotDone("the answer states no products, and does not say that there are none", "turned_away")
    items = listed(result.content.get("products"), "product")
    found, odd = read_each(items, offer_of, named=_NAMED)
    wanted = dict.fromkeys(asked)
    offers: dict[str, OfferStated] = {}
    for offer in found:
        if offer.reference not in wanted:
            odd.append(OddItem(offer.reference, "not_asked", "nobody asked for this product", ""))
        else:
            offers.setdefault(offer.reference, offer)
    mentioned = {name_of(item, _NAMED) for item in items}
    gone = [OfferStated(reference=one, gone=True) for one in asked if one not in mentioned]
    if not all(map(_REFERENCE.fullmatch, mentioned)):
        gone = []  # what does not say which product it is may be one of these
    noted = [*odd, *(item for item in map(_odd_code, items) if item is not None)]
    return [*offers.values(), *gone], noted


def offer_of(fields: Fields) -> OfferStated:
    """Return the offer that a product of the platform's is.

    Raises:
        OddValueError: it cannot be sold as it is stated.
    """
    price_name = "target_sale_price" if fields.get("target_sale_price") is not None else "sale_price"
    currency = fields.currency(f"{price_name}_currency")
    price = fields.price(price_name, currency=currency)
    if price is None:
        raise OddValueError("amount", "sale_price: none is stated")
    listing = price_name.replace("sale", "original")
    shipping_currency = fields.get("shipping_fee_currency")
    if shipping_currency is not None and shipping_currency != currency:
        raise OddValueError("currency", f"shipping_fee: in {shortened(shipping_currency)}, the price in {currency}")
    title = fields.text("product_title", most=300)
    if not title:
        raise OddValueError("title", "product_title: none is stated")
    return OfferStated(
        reference=_product_id(fields),
        title=title,
        price=price,
        currency=currency,
        list_price=fields.price(listing, currency=currency),
        stock=fields.whole("available_stock", most=MOST_PIECES),
        available=str(fields.get("is_available")).lower() not in _NO,
        seller=fields.text("shop_name", most=120),
        brand=fields.text("brand", most=120),
        gtin=gtin_of(fields.text("ean_code", "gtin", most=40)),
        model=fields.text("model", most=120),
        category=_category(fields),
        description=fields.text("product_description", "description", most=10_000),
        url=_url(fields),
        shipping_amount=fields.price("shipping_fee", currency=currency),
        days_from=fields.whole("min_delivery_days", most=_MOST_DAYS),
        days_to=fields.whole("max_delivery_days", most=_MOST_DAYS),
    )


def gtin_of(code: str) -> str:
    """Return the GTIN-14 that a code states, "" where it is none that holds the world over."""
    scan = parse(code)
    return scan.code if isinstance(scan, Scan) and scan.kind == "gtin" else ""


def _product_id(fields: Fields) -> str:
    found = fields.reference(_NAMED)
    if not _REFERENCE.fullmatch(found):
        raise OddValueError("reference", f"{_NAMED}: {found!r} is no id of a product")
    return found


def _odd_code(item: object) -> OddItem | None:
    """Say that a product's barcode is none: the offer stands without it."""
    code = item.get("ean_code") if isinstance(item, dict) else None
    if not isinstance(code, str) or not code or isinstance(parse(code), Scan):
        return None
    return OddItem(name_of(item, _NAMED), "gtin", f"ean_code: {shortened(code)} is no barcode", kept(item))


def _category(fields: Fields) -> str:
    path = fields.text("category_path", most=1000)
    if not path:
        names = (fields.text(f"{level}_level_category_name", most=_MOST_CATEGORY) for level in ("first", "second"))
        path = _PATH.join(dict.fromkeys(filter(None, names)))
    while len(path) > _MOST_CATEGORY and _PATH in path:
        path = path.rsplit(_PATH, 1)[0]
    return path[:_MOST_CATEGORY]


def _url(fields: Fields) -> str:
    """Return the address of the product on the platform: the one that knows us, where it states one."""
    url = fields.text("promotion_link", "product_detail_url", most=2000)
    if not url:
        return ""
    if not is_address(url):
        raise OddValueError("url", f"the address {shortened(url)} is none")
    return url
