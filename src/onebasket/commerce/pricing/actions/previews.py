"""Previews: what a promotion would have done to the receipts of last week, worked out part by part.

Nobody waits for the whole: a part takes half a second, is worked out outside any transaction, and is written in one of
its own unless somebody else has written that part meanwhile. At most 5,000 receipts are looked at, the latest.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from onebasket.base.clock import database_now
from onebasket.base.keyset import After
from onebasket.commerce.catalogue.queries import products_by_id
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.customers.queries import shoppers
from onebasket.commerce.customers.rules.shopper import ShopperFacts
from onebasket.commerce.places.queries import all_places, places_by_id
from onebasket.commerce.pricing.models import Preview, Promotion
from onebasket.commerce.pricing.queries.book import PriceBook, price_book
from onebasket.commerce.pricing.queries.holders import Holder, persons
from onebasket.commerce.pricing.queries.listing import members_of
from onebasket.commerce.pricing.queries.quoting import groups_of
from onebasket.commerce.pricing.queries.remembered import NO_TERMS, Memory, recall
from onebasket.commerce.pricing.rules.basket import Item, Shopper, UnitPrice
from onebasket.commerce.pricing.rules.lists import list_group, lists_of
from onebasket.commerce.pricing.rules.previewing import Figures, Sold, Trial, open_trial, try_out
from onebasket.commerce.pricing.rules.promotions import decode_promotion
from onebasket.commerce.sales.queries.repricing import SoldReceipt, sold_between

DAYS = 7
MOST_RECEIPTS = 5_000
AT_ONCE = 100
SECONDS = 0.5
"""How long a part takes, its last hundred receipts apart."""
_after = msgspec.json.Decoder(After)
_figures = msgspec.json.Decoder(Figures)


class GoneError(Exception):
    """There is no such preview, or its promotion stands no more."""


def begin_preview(promotion_id: int, *, actor: str, most: int = MOST_RECEIPTS) -> int:
    """Begin to work out what a version of a promotion would have done to last week's receipts; return the preview.

    Raises:
        GoneError: there is no such version.
    """
    row = Promotion.objects.filter(pk=promotion_id).values_list("terms", flat=True).first()
    if row is None:
        raise GoneError("There is no such preview any more. Begin it anew.")
    now = database_now()
    currency = decode_promotion(row).currency or next((place.currency for place in all_places()), "")
    begun = Preview.objects.create(
        promotion_id=promotion_id,
        since=now - timedelta(days=DAYS),
        until=now,
        most=most,
        figures=msgspec.json.encode(Figures(currency)).decode(),
        begun_at=now,
        begun_by=actor,
    )
    return begun.pk


def advance_preview(identity: int, *, seconds: float = SECONDS) -> bool:
    """Work out the next part of a preview; return whether it is finished.

    When promotions have changed since it began, it begins anew: what it is compared with is what is live now. Of two
    who advance it at once, one is heard.

    Raises:
        GoneError: there is no such preview.
    """
    row = Preview.objects.select_related("promotion").filter(pk=identity).first()
    if row is None:
        raise GoneError("There is no such preview any more. Begin it anew.")
    if row.finished_at is not None:
        return True
    begun = time.monotonic()
    work = _Work(row, recall())
    while not work.is_finished and (time.monotonic() - begun < seconds or not work.parts):
        work.take_part()
    Preview.objects.filter(pk=identity, version=row.version).update(
        done=work.figures.receipts + work.passed_over,
        after=msgspec.json.encode(work.after).decode() if work.after else "",
        token=work.memory.token,
        figures=msgspec.json.encode(work.figures).decode(),
        version=row.version + 1,
        finished_at=database_now() if work.is_finished else None,
    )
    return work.is_finished


def figures_of(row: Preview) -> Figures:
    """Return what a preview has found so far."""
    return _figures.decode(row.figures)


class _Work:
    """A preview while a part of it is worked out."""

    def __init__(self, row: Preview, memory: Memory) -> None:
        self.memory = memory
        goes_on = row.token == memory.token and bool(row.after)
        kept = figures_of(row)
        self.figures = kept if goes_on else Figures(kept.currency)
        self.after: After | None = _after.decode(row.after) if goes_on else None
        self.passed_over = row.done - kept.receipts if goes_on else 0
        self.parts = 0
        self.is_finished = False
        self._row = row
        promotion = decode_promotion(row.promotion.terms)
        self._members = members_of(lists_of(promotion))
        self._trial: Trial = open_trial(promotion, memory.promotions, currency=kept.currency, at=row.begun_at)

    def take_part(self) -> None:
        """Price the next hundred receipts, or as many as are left."""
        left = self._row.most - self.figures.receipts - self.passed_over
        found, self.after = sold_between(
            self._row.since, self._row.until, after=self.after, limit=min(AT_ONCE, left)
        )  # fmt: skip
        mine = [receipt for receipt in found if receipt.currency == self.figures.currency]
        self.passed_over += len(found) - len(mine)
        self.figures = try_out(self._trial, self._sold(mine), self.figures)
        self.parts += 1
        self.is_finished = self.after is None or len(found) >= left

    def _sold(self, receipts: Sequence[SoldReceipt]) -> list[Sold]:
        """Return receipts as baskets, in seven statements for all."""
        ids = {line.product_id for receipt in receipts for line in receipt.lines}
        products = products_by_id(ids)
        places = places_by_id({receipt.place_id for receipt in receipts})
        currencies = {place.id: place.currency for place in places.values()}
        book = price_book(currencies, ids, at=self._row.begun_at, loyalty=True)
        groups = self._groups(products)
        numbers = {receipt.loyalty_number for receipt in receipts if receipt.loyalty_number}
        people = shoppers(numbers, at=self._row.begun_at) if numbers else {}
        who = persons({facts.loyalty_number: facts.numbers for facts in people.values()})
        return [
            Sold(
                reference=str(receipt.id),
                name=f"{places[receipt.place_id].name}, receipt {receipt.number}",
                items=tuple(_items(receipt, products, book, groups)),
                shopper=self._shopper(people.get(receipt.loyalty_number), who),
                place=places[receipt.place_id].code,
            )
            for receipt in receipts
        ]

    def _groups(self, products: Mapping[int, ProductFacts]) -> dict[int, frozenset[str]]:
        known = self.memory.products({product.id: product.sku for product in products.values()})
        found = {}
        for identity, product in products.items():
            own = groups_of(product.department, product.category, product.brand)
            named = {list_group(of_list) for of_list, members in self._members.items() if identity in members}
            found[identity] = own | known.get(identity, NO_TERMS).groups | named
        return found

    def _shopper(self, facts: ShopperFacts | None, who: Mapping[str, Holder]) -> Shopper:
        if facts is None or not facts.member:
            return Shopper()
        campaigns = who[facts.loyalty_number].campaigns
        segments = self.memory.coupons.segments(campaigns, self._row.begun_at) | facts.segments
        return Shopper(member=True, staff=facts.staff, loyalty_number=facts.loyalty_number, segments=segments)


def _items(
    receipt: SoldReceipt,
    products: Mapping[int, ProductFacts],
    book: PriceBook,
    groups: Mapping[int, frozenset[str]],
) -> list[Item]:
    found = []
    for line in receipt.lines:
        product = products[line.product_id]
        card = book.find_loyalty((receipt.place_id, product.id))
        found.append(
            Item(
                number=line.number,
                sku=product.sku,
                quantity=line.quantity,
                shelf=UnitPrice(line.list_amount, line.quantity),
                unit_steps=10**product.decimals,
                loyalty=UnitPrice(card.amount, card.per_quantity, card.id) if card else None,
                groups=groups[product.id],
            )
        )
    return found
