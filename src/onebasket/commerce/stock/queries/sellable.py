"""Where products are on the shelf, for search: one statement, whatever the number of products."""

from collections.abc import Iterable

from onebasket.base import bulk


def stocked_places(product_ids: Iterable[int]) -> dict[int, str]:
    """Return the ids of the places where more of each product is on hand than is promised, with spaces between.

    A product that is nowhere is left out. Holds count until they are released, and buffers do not: this says where it
    is worth looking, not what may be promised. One text a product: a chain has hundreds of thousands of shelves.
    """
    listed = "string_agg(place_id::text, ' ')" if bulk.is_postgresql() else "group_concat(place_id, ' ')"
    sql = (
        f"SELECT product_id, {listed} FROM stock_shelf WHERE state = 1 "  # noqa: S608 - constants
        f"AND on_hand - reserved - held > 0 AND {bulk.in_list('product_id')} GROUP BY product_id"
    )
    return dict(bulk.fetch(sql, [bulk.list_parameter(set(product_ids))]))
