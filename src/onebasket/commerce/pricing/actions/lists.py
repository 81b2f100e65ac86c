"""Keep long lists of SKUs, each once."""

from collections.abc import Iterable, Mapping

from onebasket.base import bulk
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.pricing.models import SkuList, SkuListEntry
from onebasket.kernel.identity import fingerprint


def keep_lists(sets: Iterable[frozenset[str]], products: Mapping[str, ProductFacts]) -> dict[frozenset[str], int]:
    """Return the id of the list that holds each set of SKUs; those that are not there yet are made."""
    members = {skus: sorted(products[sku].id for sku in skus) for skus in sets}
    digests = {skus: fingerprint(ids) for skus, ids in members.items()}
    if not digests:
        return {}
    sizes = {digest: len(members[skus]) for skus, digest in digests.items()}
    made: dict[str, int] = dict(
        bulk.insert_missing(SkuList, ("digest", "size"), sorted(sizes.items()), ("digest", "id"))
    )  # fmt: skip
    rows = sorted(
        (product, made[digest]) for skus, digest in digests.items() if digest in made for product in members[skus]
    )
    bulk.insert(SkuListEntry, ("product", "sku_list"), rows)
    sql = f"SELECT digest, id FROM pricing_skulist WHERE {bulk.in_list('digest')}"  # noqa: S608 - constants
    known: dict[str, int] = dict(bulk.fetch(sql, [bulk.list_parameter(sizes)]))
    return {skus: known[digest] for skus, digest in digests.items()}
