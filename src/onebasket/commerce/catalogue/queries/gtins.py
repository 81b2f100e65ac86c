"""GTINs of products, and products of GTINs: by what a partner's offer is known to be the same thing."""

from collections.abc import Iterable

from onebasket.base import bulk
from onebasket.commerce.catalogue.queries import products_by_code


def gtins_of(product_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Return the GTIN-14 codes of products, the oldest first; a product without any is left out. One statement."""
    found: dict[int, tuple[str, ...]] = {}
    rows = bulk.fetch(
        "SELECT product_id, code FROM catalogue_barcode "  # noqa: S608 - a constant
        f"WHERE {bulk.in_list('product_id')} AND kind = 'gtin' ORDER BY id",
        [bulk.list_parameter(set(product_ids))],
    )
    for product_id, code in rows:
        found[product_id] = (*found.get(product_id, ()), code)
    return found


def products_of(gtins: Iterable[str]) -> dict[str, int]:
    """Return the id of the product of each GTIN-14 that is ours and still sold; two statements, none for nothing."""
    wanted = {("gtin", gtin) for gtin in gtins if gtin}
    if not wanted:
        return {}
    found = products_by_code(wanted)
    return {gtin: product.id for (_, gtin), product in found.items() if product.active}
