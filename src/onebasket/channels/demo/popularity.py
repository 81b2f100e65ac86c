"""What shoppers want: each store's products by how often they really sell there, and the scarce ones."""

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from onebasket.channels.demo.chain import Chain
from onebasket.channels.demo.journey import read_lines

WANTED = 400
"""How many products of each store shoppers ask for: its most sold."""


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """A product at a store: on how many receipt lines of the year it stands; `weighed` ones are asked for in grams."""

    sku: str
    lines: int
    weighed: bool


class Popularity(msgspec.Struct, frozen=True):
    """Wanted products by place code, and the SKUs that are left scarce."""

    places: dict[str, tuple[Wanted, ...]]
    scarce: tuple[str, ...]


def derive_popularity(chain: Chain, scarce: tuple[str, ...]) -> Popularity:
    """Count the year's lines of each product at each store; tracked goods with a price only."""
    lines = read_lines(("store_id", "product_id", "quantity"))
    lines = lines.filter(pc.is_in(lines["store_id"], pa.array(sorted(chain.store_ids), pa.int64())))
    counted = lines.group_by(["store_id", "product_id"]).aggregate([("quantity", "count")])
    order = [("store_id", "ascending"), ("quantity_count", "descending"), ("product_id", "ascending")]
    columns = counted.sort_by(order).to_pydict()
    priced = {price.sku for price in chain.prices if not price.place}
    places: dict[str, list[Wanted]] = {place.code: [] for place in chain.places}
    for store, product_id, count in zip(
        columns["store_id"], columns["product_id"], columns["quantity_count"], strict=True
    ):
        product = chain.products.get(product_id)
        wanted = places[str(store)]
        if product and product.tracked and product.sku in priced and len(wanted) < WANTED:
            wanted.append(Wanted(product.sku, count, product.weighed))
    return Popularity({code: tuple(wanted) for code, wanted in places.items() if wanted}, scarce)
