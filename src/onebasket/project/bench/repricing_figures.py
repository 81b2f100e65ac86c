"""The year's receipts priced again: what is read from the data for it, and the figures that are published."""

from collections import Counter, defaultdict

import pyarrow.compute as pc
import pyarrow.parquet as pq

from onebasket.channels.demo.chain import GALLON, derive_chain
from onebasket.channels.demo.journey import data_file, read_baskets, read_lines, read_products
from onebasket.channels.demo.slices import ALL_STORES, ChainSlice
from onebasket.project.bench.price_learning import CouponBook, CouponKey, by_week, random_weight, tie_redemptions
from onebasket.project.bench.report import Figure
from onebasket.project.bench.repricing import CHAIN, HERE, PLAIN, Agreement, Facts, Tally, reprice

PERCENT = 100


def bench_reprice(*, at_most: int | None = None) -> list[Figure]:
    """Price the year's receipts again from one another: all, or every so-manieth so that there are `at_most`.

    Prices are learnt from all receipts, whichever are priced.
    """
    receipts = pc.count_distinct(read_lines(("basket_id",))["basket_id"]).as_py()
    every = -(-receipts // at_most) if at_most else 1
    return figures(reprice(read_baskets(), read_facts(), every=every), every=every)


def read_facts() -> Facts:
    """Read from the data what is known beside the receipts."""
    goods: dict[CouponKey, set[int]] = defaultdict(set)
    for row in pq.read_table(data_file("coupons")).to_pylist():
        goods[row["campaign_id"], row["coupon_upc"]].add(row["product_id"])
    redemptions = [
        (row["household_id"], row["redemption_date"].date(), (row["campaign_id"], row["coupon_upc"]))
        for row in pq.read_table(data_file("coupon_redemptions")).to_pylist()
    ]
    coupons = CouponBook(tie_redemptions(read_baskets(), redemptions, goods))
    return Facts(_kinds(), coupons, goods)


def _kinds() -> dict[int, str]:
    """Return of each product why it is not priced, nothing for goods of a fixed price."""
    types = {int(str(row["product_id"])): f"{row['product_category']}/{row['product_type']}" for row in read_products()}
    weighed = random_weight(by_week(read_baskets()), types)
    kinds = {}
    for number, product in derive_chain(ChainSlice(stores=ALL_STORES)).products.items():
        if product.unit is GALLON:
            kinds[number] = "fuel"
        elif not product.tracked:
            kinds[number] = "money"
        else:
            kinds[number] = "random weight" if number in weighed else ""
    return kinds


def figures(tally: Tally, *, every: int) -> list[Figure]:
    """Return what is published: coverage and agreement apart, and the reasons for the rest."""
    baskets = sum(count for name, count in tally.baskets.items() if not name.startswith(PLAIN))
    sample = f"{baskets:,} receipts" + (f", every {every}th" if every > 1 else "")
    covered = (HERE, CHAIN)
    return [
        _coverage(f"{sample}: lines of which other receipts tell a price", tally.lines, covered),
        _coverage(
            f"{sample}: other receipts tell the price of each line",
            Counter({name: count for name, count in tally.baskets.items() if not name.startswith(PLAIN)}),
            covered,
        ),
        _coverage(
            f"{sample}: the same, of goods of a fixed price alone",
            Counter({name[len(PLAIN) :]: count for name, count in tally.baskets.items() if name.startswith(PLAIN)}),
            covered,
        ),
        _agreement("line", "covered lines paid as predicted, to the cent", tally),
        _agreement("basket", "covered receipts paid as predicted, to the cent", tally),
        *(_reasons(what, counted, tally) for what, counted in sorted(tally.reasons.items())),
    ]


def _coverage(what: str, counted: Counter[str], covered: tuple[str, ...]) -> Figure:
    value = _percent(sum(counted[name] for name in covered), counted.total())
    details = {name: f"{count:,} ({_percent(count, counted.total()):.2f} %)" for name, count in counted.most_common()}
    return Figure("reprice", what, value, "%", details=details)


def _agreement(unit: str, what: str, tally: Tally) -> Figure:
    details: dict[str, object] = {
        ", ".join(filter(None, key)): _told(agreement)
        for key, agreement in sorted(tally.agreements.items())
        if key[0].startswith("basket") == (unit == "basket")
    }
    if unit == "basket":
        details["came to the bound of the search"] = tally.greedy
    paid = tally.agreements[f"{unit} paid", ""]
    return Figure("reprice", what, _percent(paid.exact, paid.compared), "%", details=details)


def _told(agreement: Agreement) -> str:
    exact, close = (_percent(count, agreement.compared) for count in (agreement.exact, agreement.close))
    sums = f"{agreement.predicted / PERCENT:,.2f} predicted for {agreement.real / PERCENT:,.2f}"
    return f"{exact:.2f} % to the cent, {close:.2f} % within 1 %, of {agreement.compared:,}; {sums}"


def _reasons(what: str, counted: Counter[str], tally: Tally) -> Figure:
    lines = tally.agreements[f"line {what}", ""].compared
    details = {name: f"{count:,} ({_percent(count, lines):.2f} %)" for name, count in counted.most_common()}
    return Figure(
        "reprice", f"covered lines that differ, {what}", _percent(counted.total(), lines), "%", details=details
    )


def _percent(part: int, whole: int) -> float:
    return PERCENT * part / whole if whole else 0.0
