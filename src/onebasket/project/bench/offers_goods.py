"""Offers for the benchmark: the sandbox's goods, which derive from real ones, varied by rule; as CSV files."""

import csv
from collections.abc import Iterator
from itertools import cycle, islice, product
from pathlib import Path

from onebasket.channels.sandbox.goods import Good, own_goods
from onebasket.commerce.partners.rules.port import OfferStated
from onebasket.kernel.money import decimal_amount

CURRENCY = "GBP"
HEAD = (
    "id", "title", "description", "link", "price", "availability", "quantity", "brand", "seller", "gtin", "mpn",
    "product_type", "shipping_price", "days_from", "days_to",
)  # fmt: skip
CHANGED_EVERY = 100
"""One offer in so many has another price and stock in the next file."""
_COLOURS = ("red", "blue", "ivory", "black", "teal", "rose", "grey", "mint", "copper", "navy", "plum", "sand")
_SIZES = ("small", "medium", "large", "set of 2", "set of 4", "set of 6", "gift box", "mini", "tall", "wide")
_MAKERS = ("Loomcraft", "Fernhill", "Marlow & Wren", "Oxbow", "Tidewater", "Hollin", "Brambleside", "Kestrel")
_PROSE = (
    "Made to last", "easy to clean", "a gift that is used every day", "packed without plastic", "for home and garden",
    "finished by hand", "comes with a two-year warranty", "fits where others do not", "designed in small series",
)  # fmt: skip


def varied_offers(count: int, *, first: int = 0, changed: bool = False) -> Iterator[OfferStated]:
    """Yield offers from number `first` on; each time the same, but for those that `changed` gives another price."""
    goods = list(own_goods())
    varieties = [" ".join(words) for words in product(_COLOURS, _SIZES)]
    pieces = len(_PROSE)
    for number in range(first, first + count):
        turn, index = divmod(number, len(goods))
        good = goods[index]
        yield _offer(good, number, varieties[turn % len(varieties)], maker=_MAKERS[(turn + index) % len(_MAKERS)],
                     prose=". ".join(islice(cycle(_PROSE), number % pieces, number % pieces + 4)),
                     changed=changed and number % CHANGED_EVERY == 0)  # fmt: skip


def _offer(good: Good, number: int, variety: str, *, maker: str, prose: str, changed: bool) -> OfferStated:
    price = max(1, good.price * (80 + number % 41) // 100)
    return OfferStated(
        reference=f"{good.model}-{number}",
        title=f"{good.title}, {variety}",
        description=f"{good.title} by {maker}, {variety}. {prose}.",
        url=f"https://partner.example/item/{good.model}/{number}?variety={variety.replace(' ', '-')}",
        price=price + 10 if changed else price,
        currency=CURRENCY,
        stock=(good.stock + number) % 90 + (1 if changed else 0),
        brand=maker,
        seller=good.shop,
        gtin=_gtin(number),
        model=good.model,
        category=good.category,
        shipping_amount=good.shipping,
        days_from=good.days[0],
        days_to=good.days[1],
    )


def write_catalogue(path: Path, offers: Iterator[OfferStated]) -> int:
    """Write offers as a partner does, CSV with Google's names; return how many."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        for count, one in enumerate(offers, 1):  # noqa: B007 - told at the end
            writer.writerow(
                (
                    one.reference, one.title, one.description, one.url, _price(one.price),
                    "in_stock" if one.stock else "out_of_stock", one.stock, one.brand, one.seller, one.gtin, one.model,
                    one.category, _price(one.shipping_amount or 0), one.days_from, one.days_to,
                )
            )  # fmt: skip
    return count


def _price(amount: int) -> str:
    return f"{decimal_amount(amount, CURRENCY)} {CURRENCY}"


def _gtin(number: int) -> str:
    """Return a made GTIN-13 with its check digit (GS1 General Specifications 7.9.1)."""
    body = f"599{number:09d}"
    return body + str(-(sum(map(int, body[::2])) + 3 * sum(map(int, body[1::2]))) % 10)
