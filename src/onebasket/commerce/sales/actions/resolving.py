"""What each line's code or SKU means, for a whole batch in a fixed number of statements."""

from collections.abc import Collection, Sequence

from onebasket.commerce.catalogue.queries import products_by_scan, products_by_sku
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.sales.rules.receipt import Line, Receipt


class Resolved:
    """Products by scanned code and by SKU, as far as the catalogue knows them."""

    def __init__(self, by_code: dict[str, ProductFacts], by_sku: dict[str, ProductFacts]) -> None:
        """Keep what was found."""
        self._by_code = by_code
        self._by_sku = by_sku

    def products_of(self, lines: Sequence[Line]) -> list[ProductFacts | None]:
        """Return each line's product: its SKU goes before its code, and a code may itself be a SKU."""
        by_code, by_sku = self._by_code, self._by_sku
        return [(by_sku.get(line.sku) if line.sku else None) or by_code.get(line.code) for line in lines]


def resolve(receipts: Collection[Receipt]) -> Resolved:
    """Look up every code and SKU of the receipts."""
    codes = {line.code for receipt in receipts for line in receipt.lines}
    skus = {line.sku for receipt in receipts for line in receipt.lines if line.sku}
    by_code = products_by_scan(codes) if codes else {}
    unknown = codes - by_code.keys()
    by_sku = products_by_sku(skus | unknown) if skus or unknown else {}
    return Resolved(by_code | {code: by_sku[code] for code in unknown if code in by_sku}, by_sku)
