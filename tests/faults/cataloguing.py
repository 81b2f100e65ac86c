"""A process that reads partners' catalogues on the database of DATABASE_URL.

`open <address> <access token> <refresh token>`: make a partner there. `read [<step> <page>]`: read until a whole pass
is done, and say what it came to; with a step, say so when it comes to it with that page, and wait to be killed.
"""

import sys
import threading
import time
from datetime import timedelta
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from onebasket.base.clock import database_now  # Django must be set up before models are imported
from onebasket.commerce.partners.actions import reading
from onebasket.commerce.partners.actions.importing import write_offers
from onebasket.commerce.partners.actions.registering import set_credentials
from onebasket.commerce.partners.models import Offer, OfferImport
from onebasket.commerce.partners.queries.partners import Credentials
from onebasket.commerce.partners.rules.port import Tokens
from tests.partnering import make_partner
from tests.sandboxing import APP_KEY, SECRET

STEPS = ("claimed", "asked", "written", "committed")


def _say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def _stop(step: str) -> None:
    _say(step)
    threading.Event().wait()


class _Stopping:
    """Stops at a step of a page."""

    def __init__(self, step: str, page: int) -> None:
        self._step, self._page, self._pages = step, page, 0

    def at(self, step: str) -> None:
        self._pages += step == "claimed"
        if (step, self._pages) == (self._step, self._page):
            _stop(step)


def _watch(stopping: _Stopping) -> None:
    """Tell of each step of a page where the reading comes to it."""
    asked, write, take_in = reading._asked, write_offers, reading._take_in

    def asking(*arguments: Any) -> Any:
        stopping.at("claimed")
        found = asked(*arguments)
        stopping.at("asked")
        return found

    def writing(*arguments: Any, **more: Any) -> Any:
        found = write(*arguments, **more)
        stopping.at("written")
        return found

    def taking(*arguments: Any, **more: Any) -> Any:
        found = take_in(*arguments, **more)
        stopping.at("committed")
        return found

    vars(reading).update(_asked=asking, write_offers=writing, _take_in=taking)


def _open(address: str, access: str, refresh: str) -> None:
    make_partner("lantern", gateway="iop", endpoint=address, partner_currency="GBP", currency="GBP")
    tokens = Tokens(access, refresh, database_now() + timedelta(hours=1))
    set_credentials("lantern", Credentials(APP_KEY, SECRET, tokens), actor="tests")
    _say("done")


def _read() -> None:
    reading.LEASE = timedelta(seconds=1)  # so long a worker that was killed is waited for
    while not OfferImport.objects.exclude(state=OfferImport.State.RUNNING).exists():
        if not reading.read_catalogues():
            time.sleep(0.05)
    (whole,) = OfferImport.objects.all()
    live = Offer.objects.filter(gone=False).count()
    _say(f"{whole.state} read={whole.read} created={whole.created} live={live}")


def main() -> None:
    """Do what the command line says."""
    work, *rest = sys.argv[1:]
    if work == "open":
        _open(*rest)
        return
    if rest:
        _watch(_Stopping(rest[0], int(rest[1])))
    _read()


if __name__ == "__main__":
    main()
