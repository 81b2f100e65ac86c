"""State changes of the catalogue."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from onebasket.base import bulk, outbox
from onebasket.commerce.access.actions.intake import take_in
from onebasket.commerce.access.rules import CREATED, UNCHANGED, UPDATED, ItemOutcome, invalid
from onebasket.commerce.catalogue import queries
from onebasket.commerce.catalogue.actions.rows import load_products, renew_revision, write_products
from onebasket.commerce.catalogue.models import Product, Unit
from onebasket.commerce.catalogue.rules import (
    ProductItem,
    ProductRetirement,
    UnitChanged,
    UnitItem,
    normal_barcodes,
    stated_product,
)

_UNIT_NAMES = ("code", "decimals", "name")


def upsert_units(source_id: int, items: Sequence[UnitItem]) -> list[ItemOutcome]:
    """Make or rename units, one transaction for the batch; return one outcome for each item, in order.

    The same key again returns the first outcome. A unit's decimals cannot change: quantities are counted in them.
    """
    return take_in("unit", source_id, items, book="catalogue", decide=_upsert_units)


def upsert_products(source_id: int, items: Sequence[ProductItem]) -> list[ItemOutcome]:
    """Make, change or bring back products with their barcodes, one transaction for the batch; one outcome an item.

    The same key again returns the first outcome. A code that belongs to another product is refused, as is another
    unit than the product has; the items beside it go on.
    """
    return take_in("product", source_id, items, book="catalogue", decide=_upsert_products)


def retire_products(source_id: int, items: Sequence[ProductRetirement]) -> list[ItemOutcome]:
    """Retire products: tills still read their codes, nobody can order them. Outcomes as `upsert_products` gives."""
    return take_in("product.retire", source_id, items, book="catalogue", decide=_retire_products)


def _upsert_units(items: Sequence[UnitItem], now: datetime) -> list[ItemOutcome]:
    before = {unit.code: UnitChanged(unit.code, unit.decimals, unit.name) for unit in queries.units().values()}
    units = dict(before)
    outcomes, news = [], []
    for item in items:
        known, stated = units.get(item.code), UnitChanged(item.code, item.decimals, item.name)
        if known is not None and known.decimals != item.decimals:
            outcomes.append(
                invalid(
                    f"decimals: {item.code} has {known.decimals}, and quantities are counted in them. "
                    "Load a unit with another code."
                )
            )
        elif stated == known:
            outcomes.append(UNCHANGED)
        else:
            units[item.code] = stated
            outcomes.append(CREATED if known is None else UPDATED)
            news.append(outbox.News("unit.changed", f"unit/{item.code}", now, msgspec.to_builtins(stated)))
    changed = [units[code] for code in sorted(before) if before[code] != units[code]]
    fresh = [units[code] for code in sorted(units.keys() - before.keys())]
    bulk.insert(Unit, _UNIT_NAMES, [msgspec.structs.astuple(unit) for unit in fresh])
    bulk.update_guarded(Unit, _UNIT_NAMES[:1], _UNIT_NAMES[1:], [msgspec.structs.astuple(unit) for unit in changed])
    outbox.record(news)
    return outcomes


def _upsert_products(items: Sequence[ProductItem], now: datetime) -> list[ItemOutcome]:
    units = queries.units()
    stated_codes = [normal_barcodes(item) for item in items]
    book = load_products(items, stated_codes)
    outcomes, news = [], []
    for item, codes in zip(items, stated_codes, strict=True):
        known = book.products.get(item.sku)
        stated = stated_product(item, known, codes=codes, units=units, owners=book.owners)
        if isinstance(stated, str):
            outcomes.append(invalid(stated))
            continue
        if stated == known and book.active[item.sku]:
            outcomes.append(UNCHANGED)
            continue
        book.put(stated)
        outcomes.append(CREATED if known is None else UPDATED)
        data = msgspec.json.encode(stated).decode()
        news.append(outbox.News("product.changed", f"product/{item.sku}", now, data))
    write_products(book)
    outbox.record(news)
    return outcomes


def _retire_products(items: Sequence[ProductRetirement], now: datetime) -> list[ItemOutcome]:
    before = {sku: product.active for sku, product in queries.products_by_sku(item.sku for item in items).items()}
    active = dict(before)
    outcomes, news = [], []
    for item in items:
        if item.sku not in active:
            outcomes.append(invalid(f"sku: there is no product {item.sku!r}. Check the SKU."))
        elif not active[item.sku]:
            outcomes.append(UNCHANGED)
        else:
            active[item.sku] = False
            outcomes.append(UPDATED)
            news.append(outbox.News("product.retired", f"product/{item.sku}", now, {"sku": item.sku}))
    retired = [(sku, False) for sku in sorted(before) if before[sku] != active[sku]]
    if retired:
        renew_revision()
        bulk.update_guarded(Product, ("sku",), ("active",), retired)
    outbox.record(news)
    return outcomes
