"""What each line's code or SKU means, for a whole batch in a fixed number of statements."""

from collections.abc import Iterable

from onebasket.commerce.catalogue.queries import products_by_code, products_by_sku
from onebasket.commerce.catalogue.queries.templates import barcode_templates
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.sales.rules.receipt import Line, Receipt
from onebasket.kernel.barcodes import lookup_keys


class Resolved:
    """Products by scanned code and by SKU, as far as the catalogue knows them."""

    def __init__(self, by_code: dict[str, ProductFacts], by_sku: dict[str, ProductFacts]) -> None:
        """Keep what was found."""
        self._by_code = by_code
        self._by_sku = by_sku

    def product_of(self, line: Line) -> ProductFacts | None:
        """Return the line's product: its SKU goes before its code, and a code may itself be a SKU."""
        if line.sku and (found := self._by_sku.get(line.sku)):
            return found
        return self._by_code.get(line.code)


def resolve(receipts: Iterable[Receipt]) -> Resolved:
    """Look up every code and SKU of the receipts."""
    codes: set[str] = set()
    skus: set[str] = set()
    for receipt in receipts:
        for line in receipt.lines:
            codes.add(line.code)
            if line.sku:
                skus.add(line.sku)
    templates = barcode_templates()
    keys = {code: lookup_keys(code, templates) for code in codes}
    found = products_by_code({key for each in keys.values() for key in each}) if keys else {}
    by_code: dict[str, ProductFacts] = {}
    for code, each in keys.items():
        for key in each:
            if key in found:
                by_code[code] = found[key]
                break
    unknown = codes - by_code.keys()
    by_sku = products_by_sku(skus | unknown) if skus or unknown else {}
    by_code |= {code: by_sku[code] for code in unknown if code in by_sku}
    return Resolved(by_code, by_sku)
