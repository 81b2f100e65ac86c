"""Which taxes hold where and when, how they are reckoned, and of which class goods are."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from onebasket.commerce.pricing.rules.basket import TaxRate
from onebasket.commerce.pricing.rules.book import EARLIEST, LATEST
from onebasket.commerce.pricing.rules.messages import Rounding, TaxEnd, TaxItem, TaxTermsItem


class TaxSpan(msgspec.Struct, frozen=True, gc=False):
    """A rate of a tax on a class over [valid_from, valid_to), at a place or, without one, in the whole chain."""

    code: str
    tax_class: str
    place_id: int | None
    rate: int
    valid_from: datetime
    valid_to: datetime | None


class Reckoning(msgspec.Struct, frozen=True, gc=False):
    """How taxes are reckoned from an instant on."""

    valid_from: datetime
    included: bool = True
    rounding: Rounding = "line"
    cash_step: int = 1


PLAIN = Reckoning(EARLIEST)
"""How taxes are reckoned where nobody has said so: prices contain them, each line is rounded, cash is not."""


class ClassRules(msgspec.Struct, frozen=True):
    """Tax classes by category and by department; those of single products are asked for apart."""

    categories: Mapping[str, str] = {}
    departments: Mapping[str, str] = {}

    def find(self, *, category: str, department: str) -> str:
        """Return the class of goods that have none of their own."""
        return self.categories.get(category) or self.departments.get(department, "")


class TaxBook(msgspec.Struct, frozen=True):
    """Every tax and how it is reckoned: by place id, None being the chain."""

    spans: Mapping[int | None, tuple[TaxSpan, ...]] = {}
    reckonings: Mapping[int | None, tuple[Reckoning, ...]] = {}
    classes: ClassRules = ClassRules()

    def rates(self, place_id: int, at: datetime) -> tuple[TaxRate, ...]:
        """Return the rates that hold at a place and instant: the place's own before the chain's."""
        found = {}
        for place in (None, place_id):
            for span in self.spans.get(place, ()):
                if span.valid_from <= at and (span.valid_to is None or at < span.valid_to):
                    found[span.code, span.tax_class] = TaxRate(span.code, span.tax_class, span.rate)
        return tuple(found[label] for label in sorted(found))

    def reckoning(self, place_id: int, at: datetime) -> Reckoning:
        """Return how taxes are reckoned at a place and instant: as the place says, else as the chain does."""
        for place in (place_id, None):
            begun = [one for one in self.reckonings.get(place, ()) if one.valid_from <= at]
            if begun:
                return max(begun, key=lambda one: one.valid_from)
        return PLAIN


def tax_book(
    spans: Iterable[TaxSpan], reckonings: Iterable[tuple[int | None, Reckoning]], classes: ClassRules
) -> TaxBook:  # fmt: skip
    """Return taxes sorted by place."""
    by_place: dict[int | None, list[TaxSpan]] = {}
    for span in spans:
        by_place.setdefault(span.place_id, []).append(span)
    reckoned: dict[int | None, list[Reckoning]] = {}
    for place, reckoning in reckonings:
        reckoned.setdefault(place, []).append(reckoning)
    return TaxBook(
        {place: tuple(found) for place, found in by_place.items()},
        {place: tuple(found) for place, found in reckoned.items()},
        classes,
    )


def tax_problem(item: TaxItem | TaxEnd | TaxTermsItem) -> str:
    """Say what is wrong with the instants of a statement about taxes, or nothing."""
    ends = getattr(item, "valid_to", None)
    for name in ("valid_from", "valid_to", "ends_at"):
        instant = getattr(item, name, None)
        if instant is not None and not EARLIEST <= instant < LATEST:
            return f"{name}: {instant.isoformat()} lies outside the years {EARLIEST.year} to {LATEST.year - 1}."
    if ends is not None and isinstance(item, TaxItem) and ends <= item.valid_from:
        return "valid_to: a tax ends after it begins. Give a later valid_to, or none."
    return ""
