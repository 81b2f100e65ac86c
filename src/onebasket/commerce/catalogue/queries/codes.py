"""The codes under which products are found."""

from collections.abc import Iterable

from onebasket.base import bulk


def gtins_of(product_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Return the GTINs (14 digits) of products by id, those without one left out; one statement."""
    ids = set(product_ids)
    if not ids:
        return {}
    sql = (
        "SELECT product_id, code FROM catalogue_barcode "  # noqa: S608 - constants
        f"WHERE kind = 'gtin' AND {bulk.in_list('product_id')} ORDER BY product_id, code"
    )
    found: dict[int, tuple[str, ...]] = {}
    for product, code in bulk.fetch(sql, [bulk.list_parameter(ids)]):
        found[product] = (*found.get(product, ()), code)
    return found
