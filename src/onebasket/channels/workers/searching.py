"""The jobs of the indexer: the indexes follow the news, and what sells is counted now and then."""

from onebasket.channels.workers.loop import Job
from onebasket.commerce.search.actions import IndexKeeper, OfferKeeper, count_sales_if_due

IDLE_SECONDS = 0.5
BUSY_SECONDS = 0.2
"""News come in many: a turn for several of them costs one commit of the index."""
COUNT_SECONDS = 60.0


def search_jobs() -> list[Job]:
    """Return what keeps the search index: first what sells is counted, so that the first index knows it."""
    keeper = IndexKeeper()
    return [
        Job("sales counts", count_sales_if_due, COUNT_SECONDS),
        Job("search index", keeper.turn, IDLE_SECONDS, BUSY_SECONDS),
    ]


def offer_jobs() -> list[Job]:
    """Return what keeps the index of partners' offers, in a thread of its own: a million new ones take a minute."""
    return [Job("offer index", OfferKeeper().turn, IDLE_SECONDS, BUSY_SECONDS)]
