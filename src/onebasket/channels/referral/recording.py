"""How a click is written down: by the committer within its moment, else in the spool; what is done between clicks."""

import logging
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import msgspec
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from onebasket.base.committer import BrokenRequestError, QueueFullError, UnavailableError
from onebasket.channels.referral.spool import Spool
from onebasket.commerce.hotpath.actions.asking import PATIENCE_SECONDS, committer, run
from onebasket.commerce.partners.actions.referring import where_to
from onebasket.commerce.partners.actions.showing import book_shown, return_shown, take_shown
from onebasket.commerce.partners.rules.referrals import Followed, FollowLink

ACTION = "links"
MOMENT_SECONDS = 0.15
"""For so long a shopper waits for the committer."""
REST_SECONDS = 2.0
"""After the committer was late, clicks go to the spool for so long without asking it: nobody waits in a row of many."""
LATE = (TimeoutError, QueueFullError, UnavailableError, BrokenRequestError)
logger = logging.getLogger(__name__)


class _Rest:
    """Until when the committer is not asked."""

    until = 0.0


@cache
def spool() -> Spool:
    """Return this process's spool, in the installation's folder."""
    return Spool(Path(settings.ONEBASKET_HOME) / "clicks")


def record(click: FollowLink) -> Followed:
    """Write a click down and say where its link leads; durable when this returns, within moments whatever happens.

    While the committer is late or away the address is read here, and the click waits in the spool with where it led.

    Raises:
        DatabaseError, InterfaceError: the committer is away and the address cannot be read either; the click is kept.
    """
    if time.monotonic() >= _Rest.until:
        try:
            (found,) = committer().commit(ACTION, [click], weights=[1], seconds=MOMENT_SECONDS)
        except LATE as error:
            _Rest.until = time.monotonic() + REST_SECONDS
            logger.warning("clicks go to the spool: %s", str(error) or "the committer is late")
        else:
            return found  # type: ignore[no-any-return] # as the action has it
    try:
        led = where_to(click.offer_id, click.click, now=datetime.now(UTC))
    except (DatabaseError, InterfaceError):
        _keep(click)
        raise
    _keep(msgspec.structs.replace(click, led=led.address))
    return led


def _keep(click: FollowLink) -> None:
    try:
        spool().keep(click)
    except OSError:
        # The shopper goes on all the same; this purchase will be stated with a click that we do not know.
        logger.exception("a click is lost: neither committer nor disk take it")


def book_spooled() -> int:
    """Have the committer book what waits in the spool; return how many clicks."""
    return spool().book(
        lambda clicks: committer().commit(ACTION, clicks, weights=[1] * len(clicks), seconds=PATIENCE_SECONDS)
    )


def write_shown() -> int:
    """Write down what was counted as shown and clicked in this process; return how many figures."""
    counts = take_shown()
    if not counts:
        return 0
    try:
        return run(lambda: book_shown(counts))
    except Exception:
        return_shown(counts)
        raise
