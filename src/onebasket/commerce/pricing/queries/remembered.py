"""Promotions, coupons and taxes that this process has read and compiled, kept for as long as they stay as they were.

Every change of them gives pricing a new revision in the same transaction. A look-up reads the revision first and what
it lacks afterwards, so what it returns is never older than the revision it read; a revision is random, so one that was
rolled back never comes again. Without a revision nothing is kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.base.columns import as_instant
from onebasket.base.instants import instant_parameter
from onebasket.commerce.pricing.models.taxes import SUBJECTS
from onebasket.commerce.pricing.rules.compiling import PromotionSet, compile_promotions
from onebasket.commerce.pricing.rules.coupons import CampaignFacts, CouponBook
from onebasket.commerce.pricing.rules.lists import list_group, lists_of
from onebasket.commerce.pricing.rules.messages import MEDIUM_NAMES, ROUNDING_NAMES, STATE_NUMBERS
from onebasket.commerce.pricing.rules.promotions import Promotion, decode_promotion
from onebasket.commerce.pricing.rules.taxes import ClassRules, Reckoning, TaxBook, TaxSpan, tax_book
from onebasket.commerce.pricing.rules.till_uses import Counting

KEPT_AFTER = timedelta(days=7)
"""For so long after its end a promotion is still compiled: what is priced as of a while ago finds it."""
MOST_KEPT = 250_000
"""Products whose lists and class are remembered."""
_PRODUCT = next(number for number, name in SUBJECTS if name == "product")
_CATEGORY = next(number for number, name in SUBJECTS if name == "category")


@dataclass(slots=True)
class ProductTerms:
    """What pricing knows of a product: the groups of the lists it is on, and its own tax class."""

    groups: frozenset[str] = frozenset()
    tax_class: str = ""


NO_TERMS = ProductTerms()


@dataclass
class Memory:
    """What was read under one revision."""

    token: int
    promotions: tuple[Promotion, ...] = ()
    coupons: CouponBook = field(default_factory=CouponBook)
    taxes: TaxBook = field(default_factory=TaxBook)
    by_product: dict[int, ProductTerms] = field(default_factory=dict)

    @cached_property
    def compiled(self) -> PromotionSet:
        """Return the live promotions as the engine takes them."""
        return compile_promotions(self.promotions)

    @cached_property
    def limits(self) -> Mapping[str, int]:
        """Return how often a customer may use each promotion that has such a limit."""
        return {one.code: one.limits.per_customer for one in self.promotions if one.limits.per_customer}

    @cached_property
    def counting(self) -> Counting:
        """Return the promotions whose uses at tills count."""
        return Counting(self.promotions)

    @cached_property
    def lists(self) -> frozenset[int]:
        """Return the lists of SKUs that live promotions name."""
        return frozenset(found for promotion in self.promotions for found in lists_of(promotion))

    def products(self, products: Mapping[int, str]) -> Mapping[int, ProductTerms]:
        """Return what pricing knows of products (SKUs by id), in one statement for those not known yet."""
        missing = products.keys() - self.by_product.keys()
        if missing:
            if len(self.by_product) + len(missing) > MOST_KEPT:
                self.by_product = {}
                missing = set(products)
            found = _product_terms({identity: products[identity] for identity in missing}, self.lists)
            self.by_product.update(found)
        return self.by_product


_kept: dict[str, Memory] = {}


def recall() -> Memory:
    """Return promotions, coupons and taxes as they stand: one statement, six more when they have changed."""
    return ask_recall()()


def ask_recall() -> bulk.Later[Memory]:
    """Ask for pricing's revision; promotions, coupons and taxes as they stand, or later, when they are wanted."""
    asked = bulk.ask("SELECT token FROM pricing_revision")

    def recalled() -> Memory:
        rows = asked.rows()
        token = rows[0][0] if rows else 0
        memory = _kept.get("pricing")
        if memory is None or memory.token != token or not token:
            memory = _kept["pricing"] = _read(token) if token else Memory(0)
        return memory

    return recalled


def _read(token: int) -> Memory:
    promotions = _promotions()
    return Memory(token, promotions, _coupons(promotions), _taxes())


def _promotions() -> tuple[Promotion, ...]:
    since = instant_parameter(database_now() - KEPT_AFTER)
    rows = bulk.fetch(
        "SELECT terms FROM pricing_promotion WHERE superseded_at IS NULL AND state = %s "
        "AND (valid_to IS NULL OR valid_to > %s) ORDER BY code",
        [STATE_NUMBERS["live"], since],
    )
    return tuple(decode_promotion(terms) for (terms,) in rows)


def _coupons(promotions: Iterable[Promotion]) -> CouponBook:
    media, barcodes = {}, dict[str, list[str]]()
    for code, medium, barcode in bulk.fetch(
        "SELECT code, medium, barcode FROM pricing_coupon WHERE superseded_at IS NULL AND active ORDER BY code"
    ):
        media[code] = MEDIUM_NAMES[medium]
        if barcode:
            barcodes.setdefault(barcode, []).append(code)
    worth: dict[str, list[Promotion]] = {}
    for promotion in promotions:
        if promotion.coupon:
            worth.setdefault(promotion.coupon.code, []).append(promotion)
    campaigns = {
        code: CampaignFacts(code, _instant(valid_from), as_instant(valid_to))
        for code, valid_from, valid_to in bulk.fetch(
            "SELECT code, valid_from, valid_to FROM pricing_campaign WHERE superseded_at IS NULL"
        )
    }
    return CouponBook(
        media,
        {barcode: tuple(codes) for barcode, codes in barcodes.items()},
        {code: tuple(found) for code, found in worth.items()},
        campaigns,
    )


def _taxes() -> TaxBook:
    spans = [
        TaxSpan(code, tax_class, place, rate, _instant(valid_from), as_instant(valid_to))
        for code, tax_class, place, rate, valid_from, valid_to in bulk.fetch(
            "SELECT code, tax_class, place_id, rate, valid_from, valid_to FROM pricing_tax WHERE superseded_at IS NULL"
        )
    ]
    reckonings = [
        (place, Reckoning(_instant(valid_from), bool(included), ROUNDING_NAMES[rounding], cash_step))
        for place, valid_from, included, rounding, cash_step in bulk.fetch(
            "SELECT place_id, valid_from, included, rounding, cash_step FROM pricing_taxterms "
            "WHERE superseded_at IS NULL"
        )
    ]
    categories: dict[str, str] = {}
    departments: dict[str, str] = {}
    for subject, name, tax_class in bulk.fetch(
        "SELECT subject, name, tax_class FROM pricing_taxclass WHERE subject <> %s AND tax_class <> ''", [_PRODUCT]
    ):
        (categories if subject == _CATEGORY else departments)[name] = tax_class
    return tax_book(spans, reckonings, ClassRules(categories, departments))


def _product_terms(products: Mapping[int, str], lists: frozenset[int]) -> dict[int, ProductTerms]:
    """Return the lists and the own class of products; one statement."""
    sql = (
        "SELECT product_id, sku_list_id, NULL AS name, NULL AS tax_class FROM pricing_skulistentry "  # noqa: S608
        f"WHERE {bulk.in_list('product_id')} UNION ALL "
        "SELECT NULL, NULL, name, tax_class FROM pricing_taxclass WHERE subject = %s AND "
        f"{bulk.in_list('name')}"
    )
    rows = bulk.fetch(
        sql, [bulk.list_parameter(products.keys()), _PRODUCT, bulk.list_parameter(products.values())]
    )  # fmt: skip
    groups: dict[int, list[str]] = {}
    classes: dict[str, str] = {}
    for product, of_list, sku, tax_class in rows:
        if sku is not None:
            classes[sku] = tax_class
        elif of_list in lists:
            groups.setdefault(product, []).append(list_group(of_list))
    return {
        identity: ProductTerms(frozenset(groups.get(identity, ())), classes.get(sku, ""))
        if identity in groups or sku in classes
        else NO_TERMS
        for identity, sku in products.items()
    }


def _instant(value: datetime | str) -> datetime:
    found = as_instant(value)
    assert found is not None  # noqa: S101 - the column is not null
    return found


__all__: Sequence[str] = ("KEPT_AFTER", "Memory", "ProductTerms", "recall")
