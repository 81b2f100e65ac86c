"""A process of its own that writes the search index: started by tests, killed at any moment, and its index looked at.

`open`: make the chain and the index. `churn <seed>`: change products, take in the news and build the index anew, for
ever; says `ready` first. `check`: say as JSON what the index finds as it lies there, and what is wrong with it after it
was brought up to date.
"""

import random
import sys

import django
import msgspec

if __name__ == "__main__":
    django.setup()

from django.db import connection  # Django must be set up before models are imported

from onebasket.commerce.access.queries import sources_by_code
from onebasket.commerce.catalogue.models import Product
from onebasket.commerce.search.actions import IndexKeeper, rebuild_index
from onebasket.commerce.search.queries import find
from onebasket.commerce.search.rules.messages import SearchQuery
from tests.searching import build, number_all, open_store, put_products

PRODUCTS = 300
COLOURS = ("amber", "beige", "coral", "denim", "ebony", "ivory", "khaki", "lilac", "mauve", "olive")


def stated(number: int, colour: str) -> dict[str, tuple[str, str, str, str, int]]:
    return {f"n{number}": (f"{colour.title()} widget number {number}", "Toys", "Widgets", "Acme", 100)}


def open_index() -> None:
    source = open_store()
    for number in range(PRODUCTS):
        put_products(source, stated(number, COLOURS[0]))
    build()


def churn(seed: int) -> None:
    """Change products without end; a kill may come between any two lines."""
    chance, keeper = random.Random(seed), IndexKeeper()  # noqa: S311 - repeatable, no secret
    source = sources_by_code(["erp"])["erp"].id
    print("ready", flush=True)  # noqa: T201 - how it talks to the test
    turn = 0
    while True:
        turn += 1
        for number in chance.sample(range(PRODUCTS), 20):
            put_products(source, stated(number, chance.choice(COLOURS)), stem=f"{seed}-{turn}-")
        number_all()
        keeper.turn()
        if turn % 3 == 0:
            rebuild_index()


def faults() -> list[str]:
    """Return how the index differs from the catalogue."""
    named = dict(Product.objects.values_list("sku", "name"))
    page = find(SearchQuery(limit=1))
    found = [] if page.total == len(named) else [f"{page.total} products found, {len(named)} there"]
    for colour in COLOURS:
        there = {sku for sku, name in named.items() if name.startswith(colour.title())}
        hits = {
            hit.sku
            for offset in (0, 200)
            for hit in find(SearchQuery(text=f"{colour} ", offset=offset, limit=200)).hits
        }
        if hits != there:
            found.append(f"{colour}: {len(hits - there)} found wrongly, {len(there - hits)} not found")
    return found


def check() -> dict[str, object]:
    # As it lies there: whole, if not up to date.
    before = find(SearchQuery(limit=1)).total
    number_all()
    keeper, turns = IndexKeeper(), 0
    while keeper.turn():
        turns += 1
    return {"before": before, "turns": turns, "faults": faults()}


def main(what: str, seed: int = 0) -> None:
    if what == "open":
        open_index()
    elif what == "churn":
        churn(seed)
    else:
        print(msgspec.json.encode(check()).decode())  # noqa: T201 - how it talks to the test
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
