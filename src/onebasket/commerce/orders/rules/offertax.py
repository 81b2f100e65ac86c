"""The chain's tax on what it sells as principal: the class of the offer's category, at the place that the order is of.

An offer's category is its partner's own path, such as "Home > Lighting > Lamps". Its tax class is that of the longest
part of the path for which the chain has stated a class by category; else that of its first step as a department; else
that of the category "Partner goods"; else it is empty, as for the chain's own goods of which nobody stated a class.
"""

from datetime import datetime

from onebasket.commerce.partners.rules.selling import TaxTerm
from onebasket.commerce.pricing.rules.taxes import ClassRules, TaxBook

PARTNER_GOODS = "Partner goods"
"""The category whose tax class holds for all of partners' goods that no other class names."""
_STEP = " > "


def tax_class_of(category: str, classes: ClassRules) -> str:
    """Return the tax class of a partner's category."""
    steps = category.split(_STEP)
    paths = [_STEP.join(steps[:count]) for count in range(len(steps), 0, -1)]
    found = next((classes.categories[path] for path in paths if path in classes.categories), "")
    return found or classes.departments.get(steps[0], "") or classes.categories.get(PARTNER_GOODS, "")


def offer_tax(category: str, taxes: TaxBook, *, place_id: int, at: datetime) -> TaxTerm:
    """Return the tax on a partner's goods; several taxes on one class count as one of their rates together."""
    tax_class = tax_class_of(category, taxes.classes)
    rates = [one for one in taxes.rates(place_id, at) if one.tax_class == tax_class]
    if not rates:
        return TaxTerm()
    code = " + ".join(one.code for one in rates)[:64]
    return TaxTerm(code, sum(one.rate for one in rates), taxes.reckoning(place_id, at).included)
