"""An offer out of named texts, whether they came from a table's row or an XML item."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from onebasket.commerce.partners.gateways.feed.texts import (
    is_within,
    parse_availability,
    parse_count,
    parse_instant,
    parse_price,
)
from onebasket.commerce.partners.gateways.feed.unfit import BadFieldError
from onebasket.commerce.partners.rules.port import OfferStated

_NEW = frozenset({"", "new"})
_NEXT_GROUP = re.compile(r",(?=[^,:]*:)")
_PAIRS = (("handling_from", "transit_from"), ("handling_to", "transit_to"))


class Habits(msgspec.Struct, frozen=True):
    """How a partner writes: the currency of prices that name none, its signs, where it ships to for us, and when it is.

    `country` chooses among its shipping charges, the first holds where none is of that country.
    """

    currency: str = ""
    decimal: str = "."
    thousands: str = ""
    country: str = ""
    at: datetime = datetime.max.replace(tzinfo=UTC)


def read_offer(texts: Mapping[str, str], habits: Habits, *, shipping: Sequence[str] = ()) -> OfferStated:
    """Return the offer that texts by the names of `columns.NAMES` state; empty ones may be left out.

    `shipping` are its groups as `shipping_groups` returns them, where they do not stand among the texts.

    Raises:
        BadFieldError: one of them cannot be read.
    """
    get = texts.get
    price, currency, list_price = _prices(texts, habits)
    stock, days = get("stock"), _days(texts)
    condition = get("condition", "").lower()
    title = get("title", "")
    availability, stated_at = get("availability"), get("stated_at")
    return OfferStated(
        reference=get("reference", ""),
        title=title if condition in _NEW or not title else f"{title} ({condition})",
        price=price,
        currency=currency,
        list_price=list_price,
        stock=parse_count(stock, "stock") if stock else None,
        available=parse_availability(availability) if availability else True,
        seller=get("seller", ""),
        brand=get("brand", ""),
        gtin=get("gtin", ""),
        model=get("model", ""),
        category=get("category", ""),
        description=get("description", ""),
        url=get("url", ""),
        shipping_amount=_shipping(texts, shipping, currency, habits),
        days_from=days[0],
        days_to=days[1],
        stated_at=parse_instant(stated_at, "stated_at") if stated_at else None,
        gone=parse_availability(texts["gone"]) if get("gone") else False,
    )


def _prices(texts: Mapping[str, str], habits: Habits) -> tuple[int, str, int | None]:
    """Return price, currency and the price that is crossed out; a sale's price while the sale is on."""
    text = texts.get("price")
    if not text:
        return 0, texts.get("currency") or habits.currency, None
    price, currency = _price(text, texts.get("currency") or habits.currency, habits)
    before = texts.get("list_price")
    list_price = _amount(before, currency, habits) if before else None
    sale = texts.get("sale_price")
    if sale and is_within(texts.get("sale_dates", ""), habits.at):
        reduced = _amount(sale, currency, habits)
        if 0 < reduced < price:
            return reduced, currency, price
    return price, currency, list_price


def _price(text: str, currency: str, habits: Habits) -> tuple[int, str]:
    return parse_price(text, currency, decimal=habits.decimal, thousands=habits.thousands)


def _amount(text: str, currency: str, habits: Habits) -> int:
    amount, named = _price(text, currency, habits)
    if named != currency:
        raise BadFieldError(
            "bad_price", f"{text[:60]!r} is in another currency than the price, which is in {currency}."
        )
    return amount


def shipping_groups(text: str) -> list[str]:
    """Return Google's groups `country:region:service:price` out of a text with commas between; prices may hold some."""
    return _NEXT_GROUP.split(text.strip(" ,"))


def _shipping(texts: Mapping[str, str], groups: Sequence[str], currency: str, habits: Habits) -> int | None:
    """Return the charge, as one amount or out of groups; every group's price has to be one, whichever is chosen."""
    if stated := texts.get("shipping_amount"):
        return _amount(stated, currency, habits)
    groups = groups or shipping_groups(texts.get("shipping", ""))
    charges = [(one.partition(":")[0].strip(), one.rpartition(":")[2].strip()) for one in groups]
    charges = [(country, price) for country, price in charges if price]
    for _, price in charges:
        _price(price, currency, habits)
    if not charges:
        return None
    fit = [price for country, price in charges if country.upper() == habits.country.upper()]
    return _amount(fit[0] if fit else charges[0][1], currency, habits)


def _days(texts: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Return from how many days on and within how many it comes: as stated, or handling and transit together."""
    found: list[int | None] = []
    for field, parts in zip(("days_from", "days_to"), _PAIRS, strict=True):
        stated = [texts[name] for name in (field,) if texts.get(name)] or [texts[p] for p in parts if texts.get(p)]
        found.append(sum(parse_count(one, field) for one in stated) if stated else None)
    return found[0], found[1]
