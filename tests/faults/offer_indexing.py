"""A process of its own that keeps the index of offers: started by tests, killed at any moment, and its index looked at.

`open`: make a partner, its offers and the index. `state <seed>`: change offers without end, in transactions of several,
the way an import does. `keep <seed>`: follow what changes, and build anew now and then; both say `ready` first.
`check`: say as JSON what the index finds as it lies there, and what is wrong with it after it was brought up to date.
"""

import random
import sys
from collections.abc import Sequence

import django
import msgspec

if __name__ == "__main__":
    django.setup()

from django.db import connection  # Django must be set up before models are imported

from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions.importing import state_offers
from onebasket.commerce.partners.models import Offer
from onebasket.commerce.partners.queries.partners import partner_by_code
from onebasket.commerce.partners.rules.port import OfferStated
from onebasket.commerce.search.actions import OfferKeeper, rebuild_offers
from onebasket.commerce.search.queries.finding_offers import find_offers
from onebasket.commerce.search.rules.offer_messages import LONGEST_OFFER_PAGE, Narrowing
from tests.builders import make_chain
from tests.partnering import make_partner

OFFERS = 300
COLOURS = ("amber", "beige", "coral", "denim", "ebony", "ivory", "khaki", "lilac", "mauve", "olive")


def stated(number: int, colour: str, *, gone: bool = False) -> OfferStated:
    return OfferStated(
        reference=f"n{number}", title=f"{colour.title()} widget", price=1000 + number, currency="USD", gone=gone,
        stated_at=database_now(),
    )  # fmt: skip


def write(offers: Sequence[OfferStated]) -> None:
    partner = partner_by_code("lantern", at=database_now())
    assert partner is not None
    state_offers(partner.id, offers, now=database_now())


def open_index() -> None:
    make_chain()
    make_partner("lantern")
    write([stated(number, COLOURS[0]) for number in range(OFFERS)])
    rebuild_offers()


def state(seed: int) -> None:
    """Change offers without end, some of which end and come back."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    print("ready", flush=True)  # noqa: T201 - how it talks to the test
    while True:
        numbers = chance.sample(range(OFFERS), 20)
        write([stated(number, chance.choice(COLOURS), gone=chance.random() < 0.2) for number in numbers])


def keep(seed: int) -> None:
    """Follow without end; a kill may come between any two lines."""
    chance, keeper = random.Random(seed), OfferKeeper()  # noqa: S311 - repeatable, no secret
    print("ready", flush=True)  # noqa: T201 - how it talks to the test
    while True:
        keeper.turn()
        if chance.random() < 0.1:
            rebuild_offers()


def total(text: str = "") -> int:
    return find_offers(text, currency="USD").total


def faults() -> list[str]:
    """Return how the index differs from the offers."""
    there = dict(Offer.objects.filter(gone=False).values_list("reference", "title"))
    found = [] if total() == len(there) else [f"{total()} offers found, {len(there)} there"]
    for colour in COLOURS:
        wanted = {reference for reference, title in there.items() if title.startswith(colour.title())}
        hits: set[str] = set()
        for offset in range(0, OFFERS, LONGEST_OFFER_PAGE):
            narrowing = Narrowing(offset=offset, limit=LONGEST_OFFER_PAGE)
            page = find_offers(f"{colour} ", currency="USD", narrowing=narrowing)
            hits |= {group.first.offer.reference for group in page.groups if page.suggestion == ""}
        if hits != wanted:
            found.append(f"{colour}: {len(hits - wanted)} found wrongly, {len(wanted - hits)} not found")
    return found


def check() -> dict[str, object]:
    # As it lies there: whole, if not up to date.
    before = total()
    keeper, turns = OfferKeeper(), 0
    while keeper.turn():
        turns += 1
    return {"before": before, "turns": turns, "faults": faults()}


def main(what: str, seed: int = 0) -> None:
    if what == "open":
        open_index()
    elif what == "check":
        print(msgspec.json.encode(check()).decode())  # noqa: T201 - how it talks to the test
    else:
        {"state": state, "keep": keep}[what](seed)
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
