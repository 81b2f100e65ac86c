"""Pricing measured in process: beside the plain sum of the same lines, and how often the search comes to its bound.

Times are of the processor, so that what runs beside it is not counted.
"""

import time
from collections.abc import Sequence

from onebasket.commerce.pricing.rules.basket import Item, PricedBasket, Shopper, TaxRate, Terms
from onebasket.commerce.pricing.rules.compiling import PromotionSet, compile_promotions
from onebasket.commerce.pricing.rules.pricing import NODES, price_basket
from onebasket.kernel.money import price_for
from onebasket.project.bench.driver import percentile
from onebasket.project.bench.pricing_goods import (
    SINCE,
    World,
    made_up_world,
    make_promotions,
    real_world,
    shown_coupons,
)
from onebasket.project.bench.report import Figure, share

SHOPPER = Shopper(member=True, loyalty_number="1")
TERMS = Terms(
    "B01", "web", "USD", SINCE, taxes=tuple(TaxRate("state", f"department:{number}", 88_750) for number in range(20))
)
GOODS, BASKETS, PROMOTIONS = 5_000, 400, 1_000
REAL_BASKETS, EVERY = 4_000, 38


def bench_pricing(*, real: bool) -> list[Figure]:
    """Price made-up baskets of 50 and 5 lines, and real ones where the data is there, with 1,000 live promotions."""
    figures = []
    for lines, live in ((50, PROMOTIONS), (5, PROMOTIONS), (5, 0)):
        world = made_up_world(goods=GOODS, baskets=BASKETS, lines=lines, seed=lines)
        figures.append(_figure(world, live, f"made-up baskets of {lines} lines"))
    if real:
        world = real_world(most=REAL_BASKETS, every=EVERY)
        figures.append(_figure(world, PROMOTIONS, f"{len(world.baskets):,} real baskets"))
    return figures


def _figure(world: World, live: int, what: str) -> Figure:
    promotions = compile_promotions(make_promotions(world.goods, live, seed=7))
    times, priced = _price_all(world.baskets, promotions)
    sums = _sum_all(world.baskets)
    reached = sum(basket.method != "exact" for basket in priced)
    nodes = sorted(basket.nodes for basket in priced)
    median, limit = percentile(times, 50), percentile(sums, 50)
    return Figure(
        "pricing",
        f"{what}, {live:,} live promotions",
        median,
        "µs median",
        limit=limit,
        limit_is="plain sum of the same lines",
        ratio=share(limit, median),
        details={
            "p99 µs": percentile(times, 99),
            "promotions that a line could take": sum(len(line.notes) for basket in priced for line in basket.lines)
            / max(1, sum(len(basket.lines) for basket in priced)),
            "nodes median": nodes[len(nodes) // 2],
            "nodes p99": nodes[len(nodes) * 99 // 100],
            f"came to the bound of {NODES:,} nodes": f"{reached} of {len(priced)}",
        },
    )


def _price_all(baskets: Sequence[Sequence[Item]], promotions: PromotionSet) -> tuple[list[float], list[PricedBasket]]:
    times, priced = [], []
    coupons = shown_coupons()
    for items in baskets:
        begins = time.thread_time()
        priced.append(price_basket(items, promotions, SHOPPER, TERMS, coupons=coupons))
        times.append((time.thread_time() - begins) * 1e6)
    return sorted(times), priced


def _sum_all(baskets: Sequence[Sequence[Item]]) -> list[float]:
    """Add up shelf prices: what pricing costs when nothing is decided."""
    times = []
    for items in baskets:
        begins = time.thread_time()
        sum(
            price_for(item.shelf.amount, per_quantity=item.shelf.per_quantity, quantity=item.quantity) for item in items
        )
        times.append((time.thread_time() - begins) * 1e6)
    return sorted(times)
