"""Every write about partners that the API offers, as requests that may be sent any number of times."""

from collections.abc import Iterator

from tests.concurrency.hubs import Hubs
from tests.concurrency.webwrites import EACH, Given, Write

NO_OFFER = "999999"


def partner_phases(_hubs: Hubs, given: Given) -> Iterator[list[Write]]:
    """Yield the writes in phases, each of which needs the answers to the one before."""
    each = range(EACH)
    yield [write for number in each for write in _stated(number)]
    yield [write for number in each for write in _agreed(number, given)]
    yield [_requoted(number, given) for number in each]


def _put(title: str, route: str, **item: object) -> Write:
    return Write(title, "PUT", route, {"items": [{"key": f"t-{title.replace(' ', '-')}"} | item]})


def _stated(number: int) -> Iterator[Write]:
    own = {"name": f"Partner {number}", "gateway": "feed", "currency": "GBP"}
    yield _put(f"partner {number}", "/partners", code=f"partner{number}", **own)
    since = f"2026-01-0{1 + number}T00:00:00Z"
    rate = {"base": "GBP", "quote": "USD", "billionths": 1_250_000_000 + number, "valid_from": since}
    yield _put(f"rate {number}", "/exchange-rates", **rate)
    yield Write(f"basket offered {number}", "POST", "/baskets", {"place": "p1"}, f"t-offered-{number}")


def _agreed(number: int, given: Given) -> Iterator[Write]:
    terms = {"starts_on": "2026-01-01", "currency": "USD", "merchant": "agent", "commission": [{"rate": 70_000}]}
    yield _put(f"agreement {number}", "/partners/agreements", partner=f"partner{number}", **terms)
    basket = given[f"basket offered {number}"]["id"]
    wanted = Write("", "PUT", "/baskets/{basket_id}/offers/{offer_id}", {"quantity": 1}, f"t-offer-{number}", basket)
    yield wanted._replace(name=f"offer {number}", rest=NO_OFFER)
    note = {"note": "There is no such oddity."}
    yield Write(f"odd-partner {number}", "POST", "/oddities/{oddity_id}/settle", note, f"t-odd-{number}", "999999")


def _requoted(number: int, given: Given) -> Write:
    basket = given[f"basket offered {number}"]["id"]
    return Write(f"requote {number}", "POST", "/baskets/{basket_id}/requote", {}, named=basket)
